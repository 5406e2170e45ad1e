package storage

import (
	"slices"
	"time"
)

// Step is a kind of work in the pipeline. worker's step table says what each does.
type Step string

// The steps of one generation, in the order in which they become due.
const (
	StepInspect Step = "inspect" // sniff and probe: decides what else is to be done
	StepCopy    Step = "copy"    // stream copy of what browsers can play as it came
	// the second track, for the player to compose, if it can be copied
	StepCamera Step = "camera"
	StepPoster Step = "poster"
	StepListen Step = "listen" // loudness, peaks, and the sound that speech recognition wants
	StepEncode Step = "encode" // the ladder: every rendition that plays everywhere

	// Only if no picture is encoded; else they come out of the ladder's decode.
	StepPreview    Step = "preview"    // the moving picture of the library
	StepStoryboard Step = "storyboard" // the seek bar's pictures

	// the second track if it cannot be copied, which StepCamera finds out
	StepCameraEncode Step = "camera-encode"

	StepSound Step = "sound" // Opus to AAC while it is recorded, in generation 0
	// screen and camera as one picture, made again whenever the layout changes
	StepFlatten Step = "flatten"
)

// QueueName is one of the queues of the pipeline. Nothing that a person waits for queues behind an
// encode.
type QueueName string

// The queues.
const (
	QueueInstant QueueName = "instant"
	QueueShort   QueueName = "short"
	QueueEncode  QueueName = "encode"
	QueueSound   QueueName = "sound"  // every few seconds of each recording
	QueueCamera  QueueName = "camera" // small encodes, beside which people watch the other track
	QueueLater   QueueName = "later"  // nobody waits for it
)

// stepRow holds the properties of a step. Weight is its share of a video's progress.
type stepRow struct {
	queue    QueueName
	Attempts int // tries before the stage fails
	weight   float64
	Needed   bool // without it the generation fails; else only a warning
	// it works on what has arrived of a recording, before the whole is known
	Live  bool
	quiet bool   // not part of the progress: people do not wait for it
	after []Step // it becomes due when the first of these in the plan has ended, done or failed
}

// Steps is the table; a new step starts here and gets its work in worker/pipeline.go.
var Steps = map[Step]stepRow{
	StepInspect:    {queue: QueueInstant, Attempts: 3, weight: 0.02, Needed: true},
	StepCopy:       {queue: QueueInstant, Attempts: 3, weight: 0.06, after: []Step{StepInspect}},
	StepCamera:     {queue: QueueInstant, Attempts: 3, weight: 0.02, after: []Step{StepCopy, StepInspect}},
	StepPoster:     {queue: QueueShort, Attempts: 3, weight: 0.02, after: []Step{StepCopy, StepInspect}},
	StepListen:     {queue: QueueShort, Attempts: 3, weight: 0.02, after: []Step{StepCopy, StepInspect}},
	StepPreview:    {queue: QueueShort, Attempts: 3, weight: 0.01, after: []Step{StepPoster}},
	StepStoryboard: {queue: QueueShort, Attempts: 3, weight: 0.02, after: []Step{StepPoster}},
	StepEncode: {
		queue:    QueueEncode,
		Attempts: 3,
		weight:   0.80,
		Needed:   true,
		after:    []Step{StepListen, StepCopy, StepInspect},
	},
	// StepCamera adds it
	StepCameraEncode: {queue: QueueCamera, Attempts: 3, weight: 0.03},
	StepSound:        {queue: QueueSound, Attempts: 5, quiet: true, Live: true},
	StepFlatten:      {queue: QueueLater, Attempts: 3, quiet: true, after: []Step{StepEncode, StepCamera}},
}

// DueAfter lists what becomes due when a step has ended: the planned steps that wait for it.
// Somebody may be waiting for a copy, so slower steps wait for it, too. The ladder waits for the
// loudness of the sound.
func DueAfter(over Step, planned []Step) []Step {
	var due []Step
	for _, step := range planned {
		for _, first := range Steps[step].after {
			if first == over {
				due = append(due, step)
			}
			if first == over || slices.Contains(planned, first) {
				break
			}
		}
	}
	return due
}

// StageState is the state of a stage.
type StageState string

// The states of a stage.
const (
	StageDue     StageState = "due"
	StageRunning StageState = "running"
	StageDone    StageState = "done"
	StageFailed  StageState = "failed"
)

// LeaseFor is how long a silent worker keeps its stage by default.
const LeaseFor = 60 * time.Second

// Stage is one step of one generation of one video: outbox entry, lease and result in one row.
type Stage struct {
	ID         StageID
	VideoID    VideoID
	Generation int
	Step       Step
	State      StageState
	Attempt    int   // raised before work
	Fence      int64 // raised with every lease; carried by every write of its holder
	Sends      int   // how often it was handed to the queue
	Owner      string
	Progress   float64
	Message    string // why it failed, for people
	CreatedAt  time.Time
}

// Job is what a queue carries: only names. The row says what to do.
type Job struct {
	Stage   StageID
	Queue   QueueName
	Attempt int
	Send    int
	Delay   time.Duration // not before
}

// JobFor returns the job that wakes a worker for s.
func JobFor(s Stage) Job {
	return Job{Stage: s.ID, Queue: Steps[s.Step].queue, Attempt: s.Attempt, Send: s.Sends}
}

// ProgressOf sums up a generation: how much of its work is done (0…1, by the steps' weights, whose
// sum is 1), whether work is left, and the sentence of a step that failed without failing the
// video, or that found something missing. Steps that are not planned yet count as not done, so that
// the progress never goes back.
func ProgressOf(stages []Stage) (progress float64, improving bool, warning string) {
	for _, s := range stages {
		row := Steps[s.Step]
		if row.quiet && s.State != StageFailed {
			continue
		}
		switch s.State {
		case StageDone, StageFailed:
			progress += row.weight
			if s.Message != "" {
				warning = s.Message
			}
		case StageDue, StageRunning:
			progress += row.weight * s.Progress
			improving = true
		}
	}
	if !improving {
		return 1, false, warning
	}
	return min(progress, 1), true, warning
}
