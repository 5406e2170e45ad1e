package ffmpeg

import (
	"time"

	"meanwhile/storage"
	"meanwhile/worker/plan"
)

// The cost of a copy in CPU-seconds. The cost of a ladder is plan.LadderCost.
const (
	copyCost     = 0.010 // for a second of media
	copyByteCost = 8e-9  // for a byte: read, written, moved for the index
)

// Budget is the CPU time after which a ladder is killed: three times its cost, for slower machines,
// plus a minute.
func Budget(p storage.Probe, l storage.Ladder) time.Duration {
	return 3*plan.LadderCost(p, l) + time.Minute
}

// copyBudget is for jobs that decode nothing.
func copyBudget(p storage.Probe) time.Duration {
	return 3*seconds(float64(p.DurationMS)/1000*copyCost+float64(p.SizeBytes)*copyByteCost) + time.Minute
}

// wallFor leaves time for a slow disk and a busy machine. The watchdog kills a process that hangs
// long before that.
func wallFor(cpu time.Duration) time.Duration { return 4 * cpu }

// fileLimit bounds what one job may write.
func fileLimit(p storage.Probe) int64 { return 3*p.SizeBytes + 64<<20 }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
