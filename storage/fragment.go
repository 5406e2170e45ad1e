package storage

import (
	"time"
)

// Fragment is one movie fragment of a fragmented MP4: a moof and the mdat behind it.
type Fragment struct {
	Offset    int64 // bytes into the file
	SizeBytes int64
	Start     time.Duration // decode time of its first picture
	Duration  time.Duration
}

// SoundPiece is a piece of a recording's sound in AAC, made while it is recorded. There is no gap
// between pieces: each begins with the frame after the last one of the piece before. All frames lie
// on one grid from the beginning of the recording.
type SoundPiece struct {
	UploadID      UploadID
	Track         string
	N             int
	FirstFragment int
	Fragments     int
	FirstFrame    int64
	Frames        int
	// The next piece decodes from this fragment on, whose sound begins at this sample: an encoder
	// and a decoder need the sound that came before.
	ResumeFragment int
	ResumeSamples  int64
	Key            string // in Objects
	SizeBytes      int64
}
