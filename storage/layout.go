package storage

import (
	"fmt"
	"slices"
)

// Layout says where the camera's bubble is shown in the picture. Each key frame holds until the
// next.
type Layout struct {
	Bubbles []Bubble `json:"bubbles"`
}

// Bubble is one key frame of a layout. X and Y are the bubble's centre, 0…1 of the picture's width
// and height; Size is its diameter, 0.05…1 of the picture's shorter side.
type Bubble struct {
	AtMS    int64   `json:"at_ms"`
	X       float64 `json:"x"`
	Y       float64 `json:"y"`
	Size    float64 `json:"size"`
	Visible bool    `json:"visible"`
}

// maxBubbles bounds a layout.
const maxBubbles = 500

// DefaultLayout is the bubble in the lower left corner, where captions and controls leave room.
func DefaultLayout() Layout {
	return Layout{Bubbles: []Bubble{{X: 0.12, Y: 0.8, Size: 0.28, Visible: true}}}
}

// Check fails with Invalid if a player could not draw the layout. Key frames come in order of time.
func (l Layout) Check() error {
	if len(l.Bubbles) == 0 || len(l.Bubbles) > maxBubbles {
		return E(Invalid, fmt.Sprintf("A layout has 1 to %d key frames.", maxBubbles), nil)
	}
	if l.Bubbles[0].AtMS != 0 ||
		!slices.IsSortedFunc(l.Bubbles, func(a, b Bubble) int { return int(min(max(a.AtMS-b.AtMS, -1), 1)) }) {
		return E(Invalid, "The key frames of a layout begin at 0 and come in order of time.", nil)
	}
	for _, b := range l.Bubbles {
		if !(b.X >= 0 && b.X <= 1 && b.Y >= 0 && b.Y <= 1 && b.Size >= 0.05 && b.Size <= 1) {
			return E(Invalid, "A bubble lies inside the picture: x and y from 0 to 1, size from 0.05 to 1.", nil)
		}
	}
	return nil
}

// Shown reports whether the camera is ever visible.
func (l Layout) Shown() bool {
	return slices.ContainsFunc(l.Bubbles, func(b Bubble) bool { return b.Visible })
}
