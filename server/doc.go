// Package server translates HTTP to the subjects (the packages of use cases) and back: the JSON
// API, tus uploads, media bytes, event streams and the pages.
//
// Handlers decide nothing. Every route is in routes.go, errors.go turns every error into a
// response, and actor.go makes every actor. Media bytes leave through the unwrapped
// http.ResponseWriter, so that the kernel sends them.
package server
