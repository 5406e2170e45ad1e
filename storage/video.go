package storage

import (
	"slices"
	"time"
)

// State is the state of a video.
type State string

// The states that the API shows. Trash is not one of them: it is Video.TrashedAt.
const (
	StateRecording  State = "recording"
	StateUploading  State = "uploading"
	StateProcessing State = "processing"
	StateReady      State = "ready"
	StateFailed     State = "failed"
)

// transitions is the state machine: the next states of each state.
var transitions = map[State][]State{
	StateRecording:  {StateProcessing, StateFailed},
	StateUploading:  {StateProcessing, StateFailed},
	StateProcessing: {StateReady, StateFailed},
	StateReady:      {}, // a later generation improves it in place and never takes it offline
	// what was given up, or never began, may go on after all
	StateFailed: {StateProcessing, StateRecording, StateUploading},
}

// CanBecome reports whether the state machine allows s to become next.
func (s State) CanBecome(next State) bool { return slices.Contains(transitions[s], next) }

// From lists the states that may become s.
func (s State) From() []State {
	var from []State
	for _, f := range []State{StateRecording, StateUploading, StateProcessing, StateReady, StateFailed} {
		if f.CanBecome(s) {
			from = append(from, f)
		}
	}
	return from
}

// Video is one update, from its first byte to the trash.
type Video struct {
	ID          VideoID
	WorkspaceID WorkspaceID
	OwnerID     UserID
	// joined by the store when read: who made it, if that is not its owner, else the owner
	OwnerName  string
	Title      string
	Source     string // "file" or "recording"
	State      State
	Failure    string // a sentence, when State is failed
	Duration   time.Duration
	Width      int
	Height     int
	Generation int // the latest pass of processing; 0 before the first
	Published  int // the generation that viewers read; 0 while there is none
	CreatedAt  time.Time
	UpdatedAt  time.Time
	TrashedAt  *time.Time
}

// VideoSummary is a video as a list shows it.
type VideoSummary struct {
	Video
	LinkToken     string
	Comments      int
	Progress      float64 // 0…1 of the running generation's work; 1 if nothing is running
	Improving     bool    // something is being made for a video that already plays
	Warning       string  // why a later generation or an extra failed, while the video stays ready
	HasPoster     bool
	UploadedBytes int64
	LengthBytes   int64 // -1 while unknown
	Arrived       bool  // at least one byte of it is in the store
	Sealed        bool  // its upload is complete, or as complete as it gets
	// LeavesAt is when it goes into the trash automatically, because its workspace keeps it no
	// longer; nil without a notice.
	LeavesAt *time.Time
	Damage   Damage // of what was published
}

// Damage is how much of what was published is damaged in the storage.
type Damage string

// The degrees of damage.
const (
	DamageNone Damage = ""
	DamageSome Damage = "some" // something still plays
	DamageAll  Damage = "all"  // nothing does
)

// Shown is the summary as people see it. A video of which nothing plays any more is not ready: it
// has failed, or is being processed again.
func (s VideoSummary) Shown() VideoSummary {
	switch {
	case s.State != StateReady || s.Damage != DamageAll:
		return s
	case s.Improving:
		s.State = StateProcessing
	case s.Warning != "": // it was processed again, and that failed
		s.State, s.Failure = StateFailed, s.Warning
	default:
		s.State, s.Failure = StateFailed, "This video is damaged in the storage. Process it again to make it anew."
	}
	return s
}

// Done is the progress of the video in its present state, 0…1: of the upload while it is uploading,
// then of the work after that.
func (s VideoSummary) Done() float64 {
	if s.State != StateUploading {
		return s.Progress
	}
	if s.LengthBytes <= 0 {
		return 0
	}
	return float64(s.UploadedBytes) / float64(s.LengthBytes)
}

// VideoQuery selects videos of one owner.
type VideoQuery struct {
	OwnerID UserID
	// WorkspaceID limits the query to one workspace; empty for all.
	WorkspaceID WorkspaceID
	Search      string // words that must all be in the title, in any case; empty for all
	Trashed     bool
	Limit       int
	Before      *VideoKey // rows after this one in the order of the library
}

// VideoKey is a place in the order of the library: newest first.
type VideoKey struct {
	CreatedAt time.Time
	ID        VideoID
}

// Key is the video's place in the order of the library.
func (v Video) Key() VideoKey { return VideoKey{CreatedAt: v.CreatedAt, ID: v.ID} }

// VideoChange is what an owner chooses about a video. A nil field leaves it as it is.
type VideoChange struct {
	Title *string
}

// MaxTitleRunes bounds a title.
const MaxTitleRunes = 200
