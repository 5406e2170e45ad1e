package access

import (
	"context"
	"fmt"
	"time"

	"meanwhile/storage"
)

// ErrPasswordNeeded and ErrAddressNeeded are the errors of a link that asks for something. An
// unlock opens it.
var (
	ErrPasswordNeeded = storage.E(
		storage.Unauthenticated,
		"This link asks for a password. Give the one that came with it.",
		nil,
	)
	ErrAddressNeeded = storage.E(
		storage.Unauthenticated,
		"This link is for some people only. Give your mail address. If the link names it, we mail you an access link.",
		nil,
	)
)

// NewLink returns a link with the rules that the video's workspace sets for new links.
func (c *Core) NewLink(ctx context.Context, v storage.Video, now time.Time) (storage.Link, error) {
	_, set, err := c.Store.WorkspaceByID(ctx, v.WorkspaceID)
	if err != nil {
		return storage.Link{}, fmt.Errorf("read workspace: %w", err)
	}
	return storage.Link{
		ID:        storage.LinkID(c.NewID()),
		VideoID:   v.ID,
		Token:     c.NewID(),
		LinkRules: rules(set),
		CreatedAt: now,
	}, nil
}

// rules are the rules of a new link. The usual audience and the usual comments are stored empty.
func rules(s storage.Settings) storage.LinkRules {
	r := storage.LinkRules{
		Audience:      storage.Audience(s.DefaultAudience),
		Comments:      storage.CommentRule(s.DefaultComments),
		AllowDownload: s.DefaultDownload,
	}
	if r.Audience == "link" {
		r.Audience = storage.AudienceLink
	}
	if r.Comments == "on" {
		r.Comments = storage.CommentsOn
	}
	return r
}
