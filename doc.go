// Package meanwhile names the things of an async video-update service and decides about them.
//
// A Video is one update. It arrives through an Upload (an ordered list of immutable Parts), is
// worked on in Stages, gains Assets, is seen through Shares and talked about in Comments. The
// Library holds every use case and every permission decision; it reaches the outside only through
// the ports in ports.go: Store, Objects, Queue and Bus.
//
// The package imports nothing but the standard library, and neither net/http, database/sql nor
// os/exec: the rooms around it (storage, worker, server) translate between it and their outside
// worlds.
package meanwhile
