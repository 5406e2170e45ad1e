package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"meanwhile/storage"
)

// Flat says how screen and camera of a recording become one picture, for places that cannot compose
// them.
type Flat struct {
	Name          string // FlatName of its input
	Width, Height int
	// constant: a still screen has few frames, and the camera would freeze with it
	FPS          float64
	CRF          int
	MaxrateBPS   int64
	CopyAudio    bool
	NoAudio      bool
	GainDB       float64
	CameraOffset time.Duration // how long after the screen the camera begins
	Bubbles      []FlatBubble  // by time, the first at 0; each valid until the next
}

// FlatBubble is the camera's place in the picture, in pixels, from a time on.
type FlatBubble struct {
	From      time.Duration
	Left, Top int
	Size      int // diameter, even
	Visible   bool
}

// FlatName names the flattened rendition of a layout by its content. Another layout has another
// name, so an old rendition is never taken for the new layout's.
func FlatName(l storage.Layout, cameraOffsetMS int64) string {
	text, err := json.Marshal(l)
	if err != nil { // its numbers were checked before
		text = fmt.Appendf(nil, "%v", l)
	}
	sum := sha256.Sum256(fmt.Appendf(text, " camera+%d", cameraOffsetMS))
	return "flat-" + hex.EncodeToString(sum[:8]) + ".mp4"
}

// flatMaxFPS is the maximum frame rate of a flattened rendition: it is for places that show it
// small, or for keeping.
const flatMaxFPS = 30

// DecideFlat says how to flatten a recording. Unprocessable if it would take more than the limits
// allow.
func DecideFlat(
	screen, camera storage.Probe,
	l storage.Layout,
	cameraOffsetMS int64,
	limits storage.Limits,
) (Flat, error) {
	v := screen.Video
	if v == nil || camera.Video == nil {
		return Flat{}, storage.E(storage.Unprocessable, "There are no two pictures to put together.", nil)
	}
	w, h := fit(v.Width, v.Height, goodShortSide)
	sound := ladderOf(screen, false)
	f := Flat{
		Name: FlatName(
			l,
			cameraOffsetMS,
		),
		Width:        w,
		Height:       h,
		CRF:          topCRF,
		MaxrateBPS:   int64(rungMaxrateBPS * math.Min(1.5, math.Sqrt(float64(w*h)/fullHDPixels))),
		FPS:          min(max(math.Ceil(max(v.FPS, camera.Video.FPS)), 1), flatMaxFPS),
		CopyAudio:    sound.CopyAudio,
		NoAudio:      sound.NoAudio,
		GainDB:       sound.GainDB,
		CameraOffset: time.Duration(cameraOffsetMS) * time.Millisecond,
		Bubbles:      flatBubbles(l, w, h),
	}
	if cost := FlatCost(screen, camera, f); cost > limits.MaxCPU {
		return Flat{}, storage.E(
			storage.Unprocessable,
			fmt.Sprintf(
				"One picture of screen and camera would take about %s of computing, more than this site allows (%s).",
				spoken(cost),
				spoken(limits.MaxCPU),
			),
			nil,
		)
	}
	return f, nil
}

// flatBubbles are the layout's key frames in pixels, as the player draws them: inside the picture,
// whatever their centre. Key frames that change nothing are left out.
func flatBubbles(l storage.Layout, width, height int) []FlatBubble {
	var list []FlatBubble
	for _, b := range l.Bubbles {
		size := max(2, int(math.Round(b.Size*float64(min(width, height))/2))*2)
		within := func(part float64, end int) int {
			return min(max(int(math.Round(part*float64(end)))-size/2, 0), max(end-size, 0))
		}
		next := FlatBubble{
			From:    time.Duration(b.AtMS) * time.Millisecond,
			Left:    within(b.X, width),
			Top:     within(b.Y, height),
			Size:    size,
			Visible: b.Visible,
		}
		n := len(list)
		if n > 0 && list[n-1].From == next.From { // at the same time, the later one wins
			list = list[:n-1]
			n--
		}
		if n > 0 {
			same := list[n-1]
			if same.From = next.From; same == next || !same.Visible && !next.Visible {
				continue
			}
		}
		list = append(list, next)
	}
	return list
}
