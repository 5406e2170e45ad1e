package media

import (
	"strings"
	"sync"
	"time"

	"meanwhile/storage"
)

// LiveList is the list of segments of a recording that goes on, for a playlist that costs the same
// at its end as at its beginning: what can change no more is text already.
type LiveList struct {
	Settled int           // how many fragments the text speaks of
	text    string        // their segments, with placeURI for the address
	longest time.Duration // of them
	// the segment behind them, which may still grow; none where SizeBytes is 0
	last storage.Fragment
}

// placeURI stands for the address of the bytes, which the list itself does not know. No number has
// it.
const placeURI = "%"

// With is the list after fragments, which begin where it is settled.
func (l LiveList) With(fragments []storage.Fragment) LiveList {
	x := FragmentIndex{Fragments: fragments}
	x.CloseGaps()
	list := Segments(x)
	if len(list) == 0 {
		return l
	}
	// Every fragment of a segment that another one follows has its true length.
	done := list[:len(list)-1]
	l.last = list[len(list)-1]
	if len(done) == 0 {
		return l
	}
	var b strings.Builder
	b.WriteString(l.text)
	writeList(&b, done, placeURI)
	l.text = b.String()
	for _, s := range done {
		l.longest = max(l.longest, s.Duration)
	}
	for _, f := range fragments {
		if f.Offset < l.last.Offset {
			l.Settled++
		}
	}
	return l
}

// Playlist is the HLS playlist of a recording whose bytes lie in uri, a file that grows: everything
// from the beginning is listed, and a player begins there. While it goes on, what is too short for
// a segment is left out, for a segment that is listed may not change.
func (l LiveList) Playlist(initBytes int64, uri string, ended bool) string {
	longest := l.longest
	var open []storage.Fragment
	if l.last.SizeBytes > 0 && (ended || l.last.Duration >= segmentFor) {
		open, longest = []storage.Fragment{l.last}, max(longest, l.last.Duration)
	}
	var b strings.Builder
	writeHead(&b, longest, ended)
	writeSegments(&b, initBytes, nil, uri)
	b.WriteString(strings.ReplaceAll(l.text, placeURI, uri))
	writeList(&b, open, uri)
	if ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

// LivePlaylist is the playlist of a recording as far as x knows it; see LiveList.
func LivePlaylist(x FragmentIndex, uri string, ended bool) string {
	return LiveList{}.With(x.Fragments).Playlist(x.InitBytes, uri, ended)
}

// LiveCache keeps what is settled of the lists that were asked for. Fragments are only ever added
// behind those that are there, so that a list is true whatever its age.
type LiveCache struct {
	mu    sync.Mutex
	lists map[string]LiveList
	bytes int
}

// maxLiveBytes bounds the texts that are kept, some fifty recordings of two hours; when it is
// reached they are all dropped, which costs a reading of fragments each.
const maxLiveBytes = 8 << 20

// Get gives what is settled of a track's list; empty when nothing is known.
func (c *LiveCache) Get(id string) LiveList {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists[id]
}

// Put keeps what is settled of a track's list.
func (c *LiveCache) Put(id string, l LiveList) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, known := c.lists[id]
	if known && old.Settled >= l.Settled {
		return
	}
	if c.lists == nil || c.bytes+len(l.text) > maxLiveBytes {
		c.lists, c.bytes, old = map[string]LiveList{}, 0, LiveList{}
	}
	c.lists[id] = l
	c.bytes += len(l.text) - len(old.text)
}
