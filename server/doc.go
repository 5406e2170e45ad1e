// Package server translates HTTP to the subjects and back: the JSON API, tus uploads, media bytes,
// event streams and the pages.
//
// Handlers decide nothing. Every route stands in routes.go, every error becomes an answer in
// errors.go, and every actor comes from actor.go. Bytes that people watch leave through the
// unwrapped http.ResponseWriter, so that the kernel sends them.
package server
