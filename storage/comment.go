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
	Parent     CommentID // empty for a comment of its own
	Seq        int64     // the video's change counter when it was last made, edited or deleted
	AuthorID   UserID    // empty for a guest
	AuthorName string    // the guest's, or the user's joined on reading
	EditHash   string    // SecretHash of a guest's edit token
	At         time.Duration
	Until      *time.Duration
	Body       string
	CreatedAt  time.Time
	EditedAt   *time.Time
	DeletedAt  *time.Time
	HeldAt     *time.Time    // it waits for approval; nil once everybody may see it
	GuestKey   string        // tells a guest's comments from another's; empty for an account's
	ThreadAt   time.Duration // At of the thread's first comment: where it sorts
}

// Guest reports whether the author gave no more than a name. Who had an account and has deleted it
// was none.
func (c Comment) Guest() bool { return c.AuthorID == "" && c.EditHash != "" }

// Thread is the comment that the thread began with.
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
	Held    bool // those that wait for approval, too
	After   *CommentKey
}

// CommentKey is a place in the order of a conversation: threads by position, then by identity;
// inside a thread its first comment, then replies by age.
type CommentKey struct {
	ThreadAt  time.Duration
	Thread    CommentID
	Reply     bool
	CreatedAt time.Time
	ID        CommentID
}

// Key is where c stands.
func (c Comment) Key() CommentKey {
	return CommentKey{ThreadAt: c.ThreadAt, Thread: c.Thread(), Reply: c.Parent != "", CreatedAt: c.CreatedAt, ID: c.ID}
}
