package media

import (
	"strings"
	"sync"
	"time"

	"meanwhile/storage"
)

// LiveList is the list of segments of a recording that goes on. Segments that can no longer change
// are already text, so a playlist costs the same at the end as at the beginning.
type LiveList struct {
	Settled int           // fragments in the text
	text    string        // their segments, with placeURI as the address
	longest time.Duration // longest of them
	// the segment after them, which may still grow; none if SizeBytes is 0
	last storage.Fragment
}

// placeURI stands for the address of the bytes, which the list does not know. It occurs in no
// number.
const placeURI = "%"

// With returns the list with more fragments, which begin at Settled.
func (l LiveList) With(fragments []storage.Fragment) LiveList {
	x := FragmentIndex{Fragments: fragments}
	x.CloseGaps()
	list := Segments(x)
	if len(list) == 0 {
		return l
	}
	// If another segment follows, every fragment of a segment has its true length.
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

// Playlist is the HLS playlist of a recording whose bytes are in uri, a file that grows. It lists
// everything from the beginning, and a player begins there. While the recording goes on, the last
// part is left out if it is too short for a segment, because a listed segment may not change.
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

// LivePlaylist is the playlist of a recording as far as x knows it. See LiveList.
func LivePlaylist(x FragmentIndex, uri string, ended bool) string {
	return LiveList{}.With(x.Fragments).Playlist(x.InitBytes, uri, ended)
}

// LiveCache caches the settled part of lists. Fragments are only ever appended, so a list stays
// true whatever its age.
type LiveCache struct {
	mu    sync.Mutex
	lists map[string]LiveList
	bytes int
}

// maxLiveBytes bounds the cached texts: some fifty recordings of two hours. At the limit all are
// dropped, and each costs one read of its fragments.
const maxLiveBytes = 8 << 20

// Get returns the settled part of a track's list, empty if none is cached.
func (c *LiveCache) Get(id string) LiveList {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists[id]
}

// Put caches the settled part of a track's list.
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
