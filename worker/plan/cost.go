package plan

import (
	"time"

	"meanwhile/storage"
)

// Costs in CPU-seconds, from the project's measurements. They are on the high side: a camera's
// noise, not a calm screen.
const (
	decodeCost = 0.004 // for a megapixel decoded and scaled: HEVC 2160p60
	// for a megapixel in x264 veryfast: 1080p30 of a noisy camera takes 0.99 a second
	encodeCost   = 0.016
	toneMapCost  = 0.040 // for a megapixel tone-mapped, in floating point
	audioCost    = 0.020 // for a second of sound from Opus to AAC
	copyCost     = 0.010 // for a second of media copied
	copyByteCost = 8e-9  // for a byte copied: read, written, moved for the index
	bubbleCost   = 0.010 // for a megapixel composed: the camera scaled and cut, both joined
)

// LadderCost is the expected CPU time of l for source p on one ordinary core, before any work is
// done. Measured: 3.9 CPU-seconds per second for a 4K60 phone clip, 1 for the largest rung of a
// noisy 1080p30 camera.
func LadderCost(p storage.Probe, l storage.Ladder) time.Duration {
	duration := float64(p.DurationMS) / 1000
	total := duration*(audioCost+copyCost) + float64(p.SizeBytes)*copyByteCost
	if v := p.Video; v != nil && l.Encodes() {
		frames := max(float64(v.Frames), v.FPS*duration)
		total += frames * float64(max(v.CodedWidth*v.CodedHeight, v.Width*v.Height)) / 1e6 * decodeCost
		if l.MaxFPS > 0 {
			frames = min(frames, l.MaxFPS*duration)
		}
		mapped := false
		for _, r := range l.Rungs {
			if r.Copy {
				continue
			}
			made, madeFrames := float64(r.Width*r.Height)/1e6, frames
			if r.MaxFPS > 0 {
				madeFrames = min(frames, r.MaxFPS*duration)
			}
			total += madeFrames * made * encodeCost
			if l.ToneMap && !mapped {
				total += madeFrames * made * toneMapCost
				mapped = true
			}
		}
	}
	return time.Duration(total * float64(time.Second))
}

// FlatCost is the expected CPU time of f: 0.97 per second of a noisy 1080p30 screen, 0.43 per
// second of a calm one at 720p.
func FlatCost(screen, camera storage.Probe, f Flat) time.Duration {
	duration := float64(screen.DurationMS) / 1000
	total := duration * (audioCost + copyCost)
	for _, p := range []storage.Probe{screen, camera} {
		total += max(
			float64(p.Video.Frames),
			p.Video.FPS*duration,
		) * float64(max(p.Video.CodedWidth*p.Video.CodedHeight, p.Video.Width*p.Video.Height)) / 1e6 * decodeCost
	}
	total += duration * f.FPS * float64(f.Width*f.Height) / 1e6 * (encodeCost + bubbleCost)
	return time.Duration(total * float64(time.Second))
}
