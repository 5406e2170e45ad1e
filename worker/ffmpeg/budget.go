package ffmpeg

import (
	"time"

	"meanwhile/storage"
	"meanwhile/worker/plan"
)

// What a copy costs in CPU-seconds; what a ladder costs is plan.LadderCost.
const (
	copyCost     = 0.010 // a second of media copied
	copyByteCost = 8e-9  // a byte copied: read, written, moved for the index
)

// Budget is the CPU time after which a ladder is ended: three times its cost, for slower machines,
// and a minute.
func Budget(p storage.Probe, l storage.Ladder) time.Duration {
	return 3*plan.LadderCost(p, l) + time.Minute
}

// copyBudget is for work that decodes nothing.
func copyBudget(p storage.Probe) time.Duration {
	return 3*seconds(float64(p.DurationMS)/1000*copyCost+float64(p.SizeBytes)*copyByteCost) + time.Minute
}

// wallFor gives a slow disk and a busy machine room; the watchdog ends what hangs long before.
func wallFor(cpu time.Duration) time.Duration { return 4 * cpu }

// fileLimit bounds what one job may write.
func fileLimit(p storage.Probe) int64 { return 3*p.SizeBytes + 64<<20 }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
