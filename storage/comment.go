package storage

import (
	"time"
)

// MaxCommentRunes bounds the text of one comment.
const MaxCommentRunes = 10_000

// MaxNameRunes bounds a name that a guest gives.
const MaxNameRunes = 80

// Comment is text at a position of a video. A comment with a Parent is a reply; replies have no
// replies.
type Comment struct {
	ID         CommentID
	VideoID    VideoID
	Parent     CommentID // empty unless it is a reply
	Seq        int64     // the video's change counter when it was last made, edited or deleted
	AuthorID   UserID    // empty for a guest
	AuthorName string    // the guest's, or the user's, joined when read
	EditHash   string    // SecretHash of a guest's edit token
	At         time.Duration
	Until      *time.Duration
	Body       string
	CreatedAt  time.Time
	EditedAt   *time.Time
	DeletedAt  *time.Time
	HeldAt     *time.Time    // waits for approval; nil once everybody may see it
	GuestKey   string        // of Guest; empty for an account
	ThreadAt   time.Duration // At of the thread's first comment: the sort position
}

// Guest reports whether the author gave only a name. An author who has deleted their account was no
// guest.
func (c Comment) Guest() bool { return c.AuthorID == "" && c.EditHash != "" }

// Thread returns the first comment of c's thread.
func (c Comment) Thread() CommentID {
	if c.Parent == "" {
		return c.ID
	}
	return c.Parent
}

// CommentQuery selects a page of a conversation.
type CommentQuery struct {
	VideoID VideoID
	Limit   int
	Held    bool // also comments that wait for approval
	After   *CommentKey
}

// CommentKey is a place in a conversation. Threads sort by position in the video, then by identity.
// A thread has its first comment, then its replies by age.
type CommentKey struct {
	ThreadAt  time.Duration
	Thread    CommentID
	Reply     bool
	CreatedAt time.Time
	ID        CommentID
}

// Key returns the place of c.
func (c Comment) Key() CommentKey {
	return CommentKey{ThreadAt: c.ThreadAt, Thread: c.Thread(), Reply: c.Parent != "", CreatedAt: c.CreatedAt, ID: c.ID}
}
