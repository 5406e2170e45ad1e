// Package ffmpeg looks at media files and makes others from them. It is the only package that
// starts ffmpeg or ffprobe.
//
// A source is whatever a stranger sent, so ffmpeg is taken to be owned by it: the sandbox is the
// control, and the whitelists of demuxers, decoders and protocols are the second layer. Sniff
// decides in Go what a file is, and ffmpeg is never left to guess.
//
// Tools runs the programs; the functions whose names end in Args are pure and say what they are run
// with; Cost and Budget say what that may take before any of it starts.
package ffmpeg
