package storage

import (
	"context"
	"time"
)

// LinkRuleStore keeps the rules of links, and what waits for a moderator. Mail addresses are folded
// (FoldEmail).
type LinkRuleStore interface {
	// LinksByVideo lists a video's links, oldest first, with their people and how often each was
	// opened.
	LinksByVideo(ctx context.Context, id VideoID) ([]LinkWithPeople, error)
	// LinkPeople lists the addresses of a link, sorted; SetLinkPeople replaces them.
	LinkPeople(ctx context.Context, id LinkID) ([]string, error)
	SetLinkPeople(ctx context.Context, id LinkID, emails []string) error
	// CountOpen counts one opening of the link's page.
	CountOpen(ctx context.Context, id LinkID) error

	CreateAccessLink(ctx context.Context, m AccessLink) error
	// AccessLinkByHash reads a link without using it. NotFound.
	AccessLinkByHash(ctx context.Context, hash string) (AccessLink, error)
	// UseAccessLink marks the link as used, once. NotFound if absent, used already, or expired at
	// now.
	UseAccessLink(ctx context.Context, hash string, now time.Time) (AccessLink, error)

	// HeldComments lists what waits for approval under the videos of an owner, or of a whole
	// workspace if owner is empty; oldest first.
	HeldComments(ctx context.Context, ws WorkspaceID, owner UserID, limit int) ([]HeldComment, error)
	// HasHeld reports whether a comment under the video waits for approval.
	HasHeld(ctx context.Context, id VideoID) (bool, error)
	// ApproveComment lets everybody see a held comment, with a new sequence number. NotFound if it
	// no longer waits.
	ApproveComment(ctx context.Context, id CommentID) (Comment, error)
	// BlockGuest stops a guest from commenting under the videos of a workspace, and their last
	// address until then; twice is no error.
	BlockGuest(ctx context.Context, ws WorkspaceID, guestKey string, by UserID, at, addressUntil time.Time) error
	// GuestBlocked reports whether a guest, or their address, may not comment there at now.
	GuestBlocked(ctx context.Context, ws WorkspaceID, g Guest, now time.Time) (bool, error)
	// ForgetGuests deletes up to limit guests who were not seen since then and have no comment, and
	// blocks that have ended at now. It returns how many guests.
	ForgetGuests(ctx context.Context, then, now time.Time, limit int) (int, error)
	// CommentsOfGuest lists a guest's comments under the videos of a workspace, without deleted
	// ones.
	CommentsOfGuest(ctx context.Context, ws WorkspaceID, guestKey string) ([]Comment, error)
}

// AccessLink is mailed to one person whom a link names. It proves their address once.
type AccessLink struct {
	Hash      string
	LinkID    LinkID
	Email     string // folded
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// HeldComment is a comment that waits for approval, and where it is.
type HeldComment struct {
	Comment
	VideoTitle string
	LinkToken  string // a link to open the video; empty if there is none
}
