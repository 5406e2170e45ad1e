package media

import (
	"slices"
	"time"

	"meanwhile/storage"
)

// Limits of encoding sound while it is recorded.
const (
	// of new media at least: each piece costs the start of a process
	SoundEvery  = 10 * time.Second
	soundAtOnce = 120 * time.Second // at most
	// a clock that is off by less is followed, not corrected: counted samples never jump
	soundSlack   = SoundRate / 10
	soundPreroll = 8 // frames an encoder gets before those we keep
	// after these samples an Opus decoder has the right state (RFC 7845, 4.6: 80 ms)
	soundSettle = 3840
	soundAhead  = 2 // frames it gets after them
)

// FirstFrameAt is the first frame of the grid that begins at start or later.
func FirstFrameAt(start time.Duration) int64 {
	samples := start.Microseconds() * SoundRate / 1_000_000
	return (samples + SoundFrame - 1) / SoundFrame
}

// layer puts packets one after the other as a decoder plays them. It fills gaps with packets of
// silence, and leaves out packets that come too early.
type layer struct {
	at  int64 // in samples, time of the next packet
	out [][]byte
}

func (l *layer) lay(packets []SoundPacket) {
	for _, p := range packets {
		switch ahead := p.at - l.at; {
		case ahead > soundSlack || l.at == 0:
			l.fill(p.at)
		case ahead < -soundSlack:
			continue
		}
		l.out = append(l.out, p.data)
		l.at += int64(opusSamples(p.data))
	}
}

// fill adds silence up to a sample, as far as packets of 2.5 ms allow.
func (l *layer) fill(to int64) {
	for _, silence := range [][]byte{opusSilence, {0xe0, 0xff, 0xfe}} {
		for length := int64(opusSamples(silence)); l.at+length <= to; l.at += length {
			l.out = append(l.out, silence)
		}
	}
}

// SoundBatch is the next piece for an encoder.
type SoundBatch struct {
	Stream   []byte // an MP4 with only Opus
	From, To int64  // the wanted samples of it, counted from its first
	Channels int
	Skip     int // output frames before those we keep
	Last     bool
	Row      storage.SoundPiece
}

// NextFragments returns where the next piece ends, or done while there are too few fragments. While
// the recording goes on, the last fragment is only read, not covered: the sound at the end of the
// one before lies partly in it.
func NextFragments(all []storage.Fragment, done int, ended bool) (end int) {
	limit := len(all)
	if !ended {
		limit--
	}
	end = done
	var length time.Duration
	for end < limit && length < soundAtOnce {
		length += all[end].Duration
		end++
	}
	if !ended && length < SoundEvery {
		return done
	}
	return end
}

// NewBatch prepares the sound of the fragments from before.FirstFragment+before.Fragments up to
// end. read returns a fragment's packets.
func NewBatch(
	s Soundtrack,
	all []storage.Fragment,
	before *storage.SoundPiece,
	end int,
	read func(i int) ([]SoundPacket, error),
) (*SoundBatch, error) {
	row := storage.SoundPiece{}
	var l layer
	if before != nil {
		row = storage.SoundPiece{
			N:              before.N + 1,
			FirstFragment:  before.FirstFragment + before.Fragments,
			FirstFrame:     before.FirstFrame + int64(before.Frames),
			ResumeFragment: before.ResumeFragment,
			ResumeSamples:  before.ResumeSamples,
		}
	}
	row.Fragments = end - row.FirstFragment
	l.at = row.ResumeSamples
	from := l.at
	last := end == len(all)
	begins := make([]int64, 0, end+1-row.ResumeFragment) // start of each fragment's sound
	for i := row.ResumeFragment; i < min(end+1, len(all)); i++ {
		packets, err := read(i)
		if err != nil {
			return nil, err
		}
		begins = append(begins, l.at)
		l.lay(packets)
	}
	until := (l.at + SoundFrame - 1) / SoundFrame
	if !last {
		until = FirstFrameAt(all[end].Start)
	}
	row.Frames = int(max(0, until-row.FirstFrame))
	until = row.FirstFrame + int64(row.Frames)
	preroll := min(soundPreroll, row.FirstFrame-(from+SoundFrame-1)/SoundFrame)
	b := &SoundBatch{
		From:     (row.FirstFrame-preroll)*SoundFrame - from,
		To:       (until+soundAhead)*SoundFrame - from,
		Channels: s.Channels,
		// an encoder's first frame holds what was before the first sample
		Skip: int(preroll) + 1,
		Last: last,
	}
	l.fill((until + soundAhead + 1) * SoundFrame)
	b.Stream = s.Alone(l.out)
	for i, at := range slices.Backward(begins[:max(0, min(len(begins), end-row.ResumeFragment))]) {
		if at <= (until-soundPreroll)*SoundFrame-soundSettle {
			row.ResumeFragment, row.ResumeSamples = row.ResumeFragment+i, at
			break
		}
	}
	b.Row = row
	return b, nil
}
