package storage

import (
	"context"
	"time"
)

// RuleStore remembers the rules of share links, and what waits for a moderator. Mail addresses are
// folded (FoldEmail).
type RuleStore interface {
	// SharesByVideo lists a video's links, oldest first, with their people and how often each was
	// opened.
	SharesByVideo(ctx context.Context, id VideoID) ([]SharedLink, error)
	// SharePeople lists the addresses of a link, sorted; SetSharePeople replaces them.
	SharePeople(ctx context.Context, id ShareID) ([]string, error)
	SetSharePeople(ctx context.Context, id ShareID, emails []string) error
	// CountOpen counts that somebody opened the link's page.
	CountOpen(ctx context.Context, id ShareID) error

	CreateShareMail(ctx context.Context, m ShareMail) error
	// ShareMailByHash reads a link without using it. NotFound.
	ShareMailByHash(ctx context.Context, hash string) (ShareMail, error)
	// UseMail marks the link as used, once. NotFound if absent, used already, or expired at
	// now.
	UseShareMail(ctx context.Context, hash string, now time.Time) (ShareMail, error)

	// Held lists what waits for approval under the videos of an owner, or of a whole
	// workspace where owner is empty; oldest first.
	HeldComments(ctx context.Context, ws WorkspaceID, owner UserID, limit int) ([]HeldComment, error)
	// Approve lets everybody see a held comment, with a new sequence number. NotFound if it
	// does not wait any more.
	ApproveComment(ctx context.Context, id CommentID) (Comment, error)
	// BlockGuest keeps a guest from commenting under the videos of a workspace; twice is no error.
	// GuestBlocked tells.
	BlockGuest(ctx context.Context, ws WorkspaceID, guestKey string, by UserID, at time.Time) error
	GuestBlocked(ctx context.Context, ws WorkspaceID, guestKey string) (bool, error)
	// CommentsOfGuest lists the comments, not deleted, that a guest has under the videos of a
	// workspace.
	CommentsOfGuest(ctx context.Context, ws WorkspaceID, guestKey string) ([]Comment, error)
}

// ShareMail is a link, mailed to one person named by a share, that proves the address once.
type ShareMail struct {
	Hash      string
	ShareID   ShareID
	Email     string // folded
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// HeldComment is a comment that waits for approval, and where it is.
type HeldComment struct {
	Comment
	VideoTitle string
	ShareToken string // a link of the video, for who wants to look; empty where there is none
}
