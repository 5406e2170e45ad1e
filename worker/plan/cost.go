package plan

import (
	"time"

	"meanwhile/storage"
)

// What things cost in CPU-seconds, from the measurements that the project rests on, on the dear
// side: a camera's noise, not a screen's calm.
const (
	decodeCost = 0.004 // a megapixel decoded and scaled: HEVC 2160p60
	// a megapixel to x264 veryfast: 1080p30 of a noisy camera takes 0.99 a second
	encodeCost   = 0.016
	toneMapCost  = 0.040 // a megapixel mapped, in floating point
	audioCost    = 0.020 // a second of sound from Opus to AAC
	copyCost     = 0.010 // a second of media copied
	copyByteCost = 8e-9  // a byte copied: read, written, moved for the index
	bubbleCost   = 0.010 // a megapixel composed: the camera scaled and cut, both put together
)

// LadderCost is the CPU time that l is expected to take of source p on one ordinary core, before
// any work is done: a 4K60 phone clip is measured at 3.9 CPU-seconds a second, a noisy 1080p30
// camera at 1 for its largest rung (reliability.md, P6).
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

// FlatCost is the CPU time that f is expected to take: 0.97 a second of a noisy 1080p30 screen,
// 0.43 of a calm one at 720p.
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
