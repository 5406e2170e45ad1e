package media

import (
	"math/rand/v2"
	"testing"
	"time"

	"meanwhile/storage"
)

// A list that grew with the recording reads the same as one made of all fragments at once, whenever
// somebody looked.
func TestLiveListGrowsIntoTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		x := FragmentIndex{InitBytes: 1200}
		at, start := x.InitBytes, time.Duration(0)
		var kept LiveList
		for range 60 {
			f := storage.Fragment{
				Offset:    at,
				SizeBytes: 1 + random.Int64N(9000),
				Start:     start,
				Duration:  time.Duration(random.IntN(3000)) * time.Millisecond,
			}
			// now and then another box lies between two
			at += f.SizeBytes + random.Int64N(2)*8
			// the last frame's duration is a guess
			start += f.Duration + time.Duration(random.IntN(40))*time.Millisecond
			x.Fragments = append(x.Fragments, f)
			if random.IntN(3) > 0 {
				continue
			}
			seen := func() []storage.Fragment { return append([]storage.Fragment{}, x.Fragments...) }
			kept = kept.With(seen()[kept.Settled:])
			for _, ended := range []bool{false, true} {
				want := LivePlaylist(FragmentIndex{InitBytes: x.InitBytes, Fragments: seen()}, "screen.mp4", ended)
				if got := kept.Playlist(x.InitBytes, "screen.mp4", ended); got != want {
					t.Fatalf(
						"seed %d, %d fragments, ended %t: the grown list is\n%s\nwant\n%s",
						seed,
						len(x.Fragments),
						ended,
						got,
						want,
					)
				}
			}
		}
		if behind := len(x.Fragments) - kept.Settled; behind > 20 {
			t.Errorf("seed %d: %d fragments of %d are read again each time", seed, behind, len(x.Fragments))
		}
	}
}
