package storage

import (
	"time"
)

// The tracks of a recording. Screen is the main one and carries the sound. A recording of only a
// camera or a microphone has only this one.
const (
	ScreenTrack = "screen"
	CameraTrack = "camera"
)

// SilentFor is how long a recording may send neither chunk nor heartbeat before it is sealed as it
// is.
const SilentFor = 15 * time.Minute

// ReopenedFor is how long a recording that was thrown away waits for its recorder after somebody
// brought it back. Then it is sealed as it is.
const ReopenedFor = 30 * time.Second

// Of short takes that a person threw away while they were recorded, the last KeptTakes stay in the
// trash: who starts over again and again would fill it. Longer ones stay as long as everything
// else.
const (
	KeptTakes = 3
	ShortTake = 5 * time.Minute // from the first second to the last, with pauses
)

// Bounds of one recording.
const (
	MaxChunks      = 200_000 // numbers of a track: days of two-second chunks
	MaxPauses      = 1000
	MaxMediaType   = 120
	maxFragmentBuf = 8 << 20 // bytes of one movie fragment's head
)

// Recording is what is known of a video that a browser records, beside its upload.
type Recording struct {
	UploadID       UploadID
	State          string // "recording" or "paused", as its client last said
	StartedAt      *time.Time
	Pauses         []Pause
	CameraOffsetMS int64
	HeardAt        time.Time // last chunk or heartbeat
	Recovered      bool      // sealed by silence, not by its client: late chunks may follow
	SealedChunks   int       // of all tracks, when it was last sealed
}

// Pause is a time without recording, by the recorder's clock.
type Pause struct {
	From time.Time  `json:"from"`
	To   *time.Time `json:"to,omitempty"`
}

// Chunk is an ordered piece of a recording's track. Chunks come in any order; what is contiguous
// from 0 can be played.
type Chunk struct {
	Track     string
	N         int // from 0
	SizeBytes int64
	SHA256    string // hexadecimal
	Key       string // in Objects
}

// Track is the progress of a recording's track: how much of it is contiguous, and how much of that
// is indexed.
type Track struct {
	UploadID UploadID
	Name     string
	// as its client said with its first chunk: for display and as a hint, never trusted
	MediaType string
	// of an MP4's ftyp and moov; 0 until they are there, and if it is no MP4
	InitBytes    int64
	IndexedBytes int64  // where the next box begins
	Timing       string // what fragments need of the movie header, JSON
	Fragments    int
	DurationMS   int64 // of the fragments
	Width        int
	Height       int
	Codecs       string // RFC 6381
}

// TrackState is what a client needs to continue.
type TrackState struct {
	Next    int   // the first missing number
	Bytes   int64 // of the contiguous part
	Chunks  int   // all that are there
	Missing []int // missing numbers below the highest
}

// StateOfTrack sums up chunks, given in the order of their numbers.
func StateOfTrack(chunks []Chunk) TrackState {
	var s TrackState
	want := 0
	for _, c := range chunks {
		for ; want < c.N && len(s.Missing) < 1000; want++ {
			s.Missing = append(s.Missing, want)
		}
		if len(s.Missing) == 0 {
			s.Bytes += c.SizeBytes
		}
		want = c.N + 1
		s.Chunks++
	}
	s.Next = want
	if len(s.Missing) > 0 {
		s.Next = s.Missing[0]
	}
	return s
}

// Contiguous returns the chunks from 0 to the first gap, as parts of a source.
func Contiguous(chunks []Chunk) []Part {
	var parts []Part
	var offset int64
	for i, c := range chunks {
		if c.N != i {
			break
		}
		parts = append(
			parts,
			Part{Track: c.Track, N: c.N, OffsetBytes: offset, SizeBytes: c.SizeBytes, SHA256: c.SHA256, Key: c.Key},
		)
		offset += c.SizeBytes
	}
	return parts
}
