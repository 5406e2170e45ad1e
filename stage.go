package meanwhile

import "time"

// Step is a kind of work in the pipeline. What each does stands in worker's step table.
type Step string

// The steps of one generation, in the order in which they become due.
const (
	StepInspect Step = "inspect" // sniff and probe: decides what else is to be done
	StepCopy    Step = "copy"    // stream copy of what browsers can play as it came
	StepPoster  Step = "poster"
	StepEncode  Step = "encode" // the rendition that plays everywhere
)

// QueueName is one of the queues of the pipeline. Nothing that a person waits for stands behind an encode.
type QueueName string

// The queues.
const (
	QueueInstant QueueName = "instant"
	QueueShort   QueueName = "short"
	QueueEncode  QueueName = "encode"
)

// stepRow is what the Library must know of a step. Weight is its share of a video's progress.
type stepRow struct {
	queue    QueueName
	attempts int // tries before the stage fails
	weight   float64
	needed   bool // without it the generation fails; else a warning
}

// steps is the table; a new step starts here and gets its work in worker/pipeline.go.
var steps = map[Step]stepRow{
	StepInspect: {queue: QueueInstant, attempts: 3, weight: 0.02, needed: true},
	StepCopy:    {queue: QueueInstant, attempts: 3, weight: 0.08, needed: false},
	StepPoster:  {queue: QueueShort, attempts: 3, weight: 0.02, needed: false},
	StepEncode:  {queue: QueueEncode, attempts: 3, weight: 0.88, needed: true},
}

// StageState is where a stage stands.
type StageState string

// The states of a stage.
const (
	StageDue     StageState = "due"
	StageRunning StageState = "running"
	StageDone    StageState = "done"
	StageFailed  StageState = "failed"
)

// Lease times (reliability.md, Queue): the beat that a worker renews at, and how long a silent one keeps its stage.
const (
	LeaseBeat = 15 * time.Second
	LeaseFor  = 60 * time.Second
)

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
}

// JobFor is the job that wakes a worker for s.
func JobFor(s Stage) Job {
	return Job{Stage: s.ID, Queue: steps[s.Step].queue, Attempt: s.Attempt, Send: s.Sends}
}

// ProgressOf sums up a generation: how much of its work is done (0…1, by the steps' weights), whether work is still to come, and the
// sentence of a step that failed without failing the video.
func ProgressOf(stages []Stage) (progress float64, improving bool, warning string) {
	if len(stages) == 0 {
		return 1, false, ""
	}
	var done, all float64
	for _, s := range stages {
		row := steps[s.Step]
		all += row.weight
		switch s.State {
		case StageDone:
			done += row.weight
		case StageFailed:
			done += row.weight
			warning = s.Message
		case StageDue, StageRunning:
			done += row.weight * s.Progress
			improving = true
		}
	}
	if all == 0 {
		return 1, improving, warning
	}
	return done / all, improving, warning
}
