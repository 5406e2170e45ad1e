package comments

import (
	"context"
	"fmt"
	"sync"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// A conversation's beginning is the same for everybody who wrote nothing of it, may not moderate
// it, and has nothing hidden from them. It stays so until the video's change counter moves.
type beginning struct {
	talk    Conversation
	seq     int64
	readAt  time.Time
	bytes   int
	writers map[string]bool // who sees it in another way: their own comments are marked
}

// Bounds of what is kept: how long, because a name may change without the counter, and of how much
// text. When that is full, all are dropped, which costs a few queries. A page of long texts is not
// kept at all.
const (
	keepBeginning = 10 * time.Second
	maxBeginning  = 256 << 10 // bytes of text of one
	maxBeginnings = 16 << 20  // of all; a page and its script hold each text twice more
	rowBytes      = 1 << 10   // of a comment beside its text
)

type beginnings struct {
	mu      sync.Mutex
	byVideo map[storage.VideoID]*beginning
	bytes   int
}

// Beginning is the first page of a conversation whose counter stands at seq. It reads the database
// only if it has to.
func (s *Service) Beginning(ctx context.Context, a access.Actor, v storage.Video, seq int64) (Conversation, error) {
	if s.core.Authorize(a, v, nil, access.ToModerate) == nil {
		return s.Talk(ctx, a, v, storage.CommentQuery{})
	}
	now, writer := s.core.Now(), s.writerKey(a, v)
	if b := s.beginnings.of(v.ID); b != nil && b.seq == seq && now.Sub(b.readAt) < keepBeginning && !b.writers[writer] {
		return b.talk, nil
	}
	talk, err := s.Talk(ctx, a, v, storage.CommentQuery{})
	if err != nil {
		return Conversation{}, err
	}
	hidden, err := s.core.Store.HasHeld(ctx, v.ID)
	if err != nil {
		return Conversation{}, fmt.Errorf("look for held comments: %w", err)
	}
	b := &beginning{talk: talk, seq: seq, readAt: now, writers: map[string]bool{}}
	for _, c := range talk.Items {
		b.writers[writerOf(c.Comment)] = true
		b.bytes += len(c.Body) + rowBytes
	}
	if hidden || b.writers[writer] || b.bytes > maxBeginning {
		return talk, nil
	}
	b.bytes += rowBytes
	b.talk.Shared = &Shared{}
	s.beginnings.put(v.ID, b)
	return b.talk, nil
}

// writerKey is who the actor is among the writers of a conversation.
func (s *Service) writerKey(a access.Actor, v storage.Video) string {
	if a.SignedIn() {
		return "account " + string(a.UserID)
	}
	return "guest " + s.core.GuestOf(a, v.WorkspaceID).Key
}

func writerOf(c storage.Comment) string {
	if c.AuthorID != "" {
		return "account " + string(c.AuthorID)
	}
	if c.GuestKey == "" {
		return "somebody who left"
	}
	return "guest " + c.GuestKey
}

func (b *beginnings) of(id storage.VideoID) *beginning {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byVideo[id]
}

func (b *beginnings) put(id storage.VideoID, one *beginning) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.byVideo[id]; old != nil {
		b.bytes -= old.bytes
	}
	if b.byVideo == nil || b.bytes+one.bytes > maxBeginnings {
		b.byVideo, b.bytes = make(map[storage.VideoID]*beginning), 0
	}
	b.byVideo[id] = one
	b.bytes += one.bytes
}

// Shared is the place where a page keeps what it made of a conversation that many readers see.
type Shared struct {
	once sync.Once
	made any
	err  error
}

// Once returns what the first reader of s made with build. Without s it builds.
func Once[T any](s *Shared, build func() (T, error)) (T, error) {
	if s == nil {
		return build()
	}
	s.once.Do(func() { s.made, s.err = build() })
	made, _ := s.made.(T)
	return made, s.err
}
