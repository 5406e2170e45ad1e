package media

import (
	"fmt"
	"strings"
	"time"

	"meanwhile/storage"
)

// StoryboardCues is the WebVTT that says which tile of sheet is shown when. Players read this form
// for their seek bar: one cue for each tile, its place as a media fragment (W3C Media Fragments,
// 4.2.2).
func StoryboardCues(s storage.Storyboard, sheet string, length time.Duration) string {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for i := range s.Tiles {
		from, to := time.Duration(i)*s.Interval, time.Duration(i+1)*s.Interval
		if i == s.Tiles-1 || to > length {
			to = max(length, from+time.Millisecond)
		}
		fmt.Fprintf(&b, "\n%s --> %s\n%s#xywh=%d,%d,%d,%d\n", vttTime(from), vttTime(to), sheet,
			i%s.Columns*s.Width, i/s.Columns*s.Height, s.Width, s.Height)
	}
	return b.String()
}

// vttTime is a WebVTT timestamp.
func vttTime(d time.Duration) string {
	ms := d.Milliseconds()
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}
