// Package ffmpeg inspects media files and makes new ones from them. It is the only package that
// starts ffmpeg or ffprobe.
//
// A source is a file from a stranger, so we assume that the file can take over ffmpeg. The sandbox
// is the control. The whitelists of demuxers, decoders and protocols are the second layer. Sniff
// decides in Go what a file is, and ffmpeg never guesses.
//
// Tools runs the programs. The functions whose names end in Args are pure and return the arguments
// of a run. Cost and Budget say in advance how much CPU time a run may take.
package ffmpeg
