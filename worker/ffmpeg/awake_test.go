package ffmpeg

import (
	"testing"
	"time"
)

func TestAStoppedMachineDoesNotAge(t *testing.T) {
	t.Parallel()
	const every = 30 * time.Second
	for _, tc := range []struct {
		name  string
		after []time.Duration // since the tick before
		want  time.Duration
	}{
		{name: "ticks on time", after: []time.Duration{every, every, every}, want: 90 * time.Second},
		{name: "a tick that is a little late", after: []time.Duration{every + time.Second}, want: every},
		{
			name:  "a tick right after a late one",
			after: []time.Duration{every + time.Second, every - time.Second},
			want:  59 * time.Second,
		},
		{
			name:  "two minutes without a tick",
			after: []time.Duration{every, 2 * time.Minute, every},
			want:  90 * time.Second,
		},
		{name: "a night without a tick", after: []time.Duration{10 * time.Hour}, want: every},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(1_000_000, 0)
			a := awake{last: now}
			var got time.Duration
			for _, d := range tc.after {
				now = now.Add(d)
				got = a.tick(now, every)
			}
			if got != tc.want {
				t.Errorf("it ran for %s, want %s", got, tc.want)
			}
		})
	}
}

func TestWhoIsAwakeLongEnoughIsTold(t *testing.T) {
	t.Parallel()
	told := make(chan struct{})
	cancel := AfterAwake(20*time.Millisecond, func() { close(told) })
	defer cancel()
	<-told
	AfterAwake(time.Hour, func() { t.Error("it was told after the wait was cancelled") })()
}
