package access

import (
	"context"
	"fmt"
	"slices"

	"meanwhile/storage"
)

// Actor is who asks. The zero Actor is a guest.
type Actor struct {
	UserID storage.UserID
	Name   string
	Email  string
	// WorkspaceID, its name and role are empty for a person who is in no workspace.
	WorkspaceID storage.WorkspaceID
	// WorkspaceName is for display.
	WorkspaceName string
	role          storage.Role
	// scopes bounds what an API key may do; nil for a person with a session.
	scopes []storage.Scope
	// upload is set when the actor holds only the write-only credential of one upload.
	upload storage.UploadID
	// Verified says that Email has been shown to be theirs.
	Verified bool
	// unlocks are what a browser holds of links that ask for something.
	unlocks []storage.Unlock
	// Address is the network address that the actor came from, for the log of the workspace;
	// Network is what of it one customer has.
	Address, Network string
}

// SignedIn reports whether the actor has an account.
func (a Actor) SignedIn() bool { return a.UserID != "" }

// has reports whether the actor may do what needs this scope; a person with a session needs none.
func (a Actor) has(s storage.Scope) bool {
	if a.scopes == nil {
		return true
	}
	for _, have := range a.scopes {
		if have == s {
			return true
		}
	}
	return false
}

// VideoPermission is what somebody wants to do with a video.
type VideoPermission string

// What somebody may want to do with a video.
const (
	ToView          VideoPermission = "view"
	ToComment       VideoPermission = "comment"
	ToModerate      VideoPermission = "moderate" // delete any comment
	ToEdit          VideoPermission = "edit"     // rename, delete, restore, process again
	ToFetchOriginal VideoPermission = "original" // fetch what was uploaded
	ToDownload      VideoPermission = "download" // fetch the rendition as a file
	ToUpload        VideoPermission = "upload"
	ToShare         VideoPermission = "share" // make, change and revoke links
)

// rule is one row of the decision: which scope an API key needs, and whether the holder of an
// open link may do it as well.
type rule struct {
	scope  storage.Scope
	byLink func(storage.Link) bool
}

func always(storage.Link) bool          { return true }
func never(storage.Link) bool           { return false }
func whenDownload(sh storage.Link) bool { return sh.AllowDownload }

var videoPermissions = map[VideoPermission]rule{
	ToView:          {storage.ScopeRead, always},
	ToComment:       {storage.ScopeComment, always},
	ToModerate:      {storage.ScopeComment, never},
	ToEdit:          {storage.ScopeWrite, never},
	ToFetchOriginal: {storage.ScopeRead, never},
	ToDownload:      {storage.ScopeRead, whenDownload},
	ToUpload:        {storage.ScopeUpload, never},
	ToShare:         {storage.ScopeWrite, never},
}

// NotThere is what anyone hears of what they may not see: the same as of what does not exist.
func NotThere(err error) error {
	return storage.E(storage.NotFound, "There is no such video, or it is not shared with you.", err)
}

// Authorize is the one decision about a video. share is the link that the actor came by, with its
// people, nil if none. A video in the trash can only be restored or read by its owner through the
// verbs that say so.
func (c *Core) Authorize(a Actor, v storage.Video, link *storage.LinkWithPeople, what VideoPermission) error {
	row, ok := videoPermissions[what]
	if !ok {
		return fmt.Errorf("authorize: unknown permission %q", what)
	}
	if c.Owns(a, v) {
		if !a.has(row.scope) {
			return storage.E(storage.Forbidden, fmt.Sprintf("This API key lacks the scope %q.", row.scope), nil)
		}
		return nil
	}
	if v.TrashedAt != nil || link == nil || link.VideoID != v.ID || !link.Open(c.Now()) ||
		!row.byLink(link.Link) {
		return NotThere(nil)
	}
	if err := c.admit(a, v, *link); err != nil {
		return err
	}
	if !a.has(row.scope) {
		return storage.E(storage.Forbidden, fmt.Sprintf("This API key lacks the scope %q.", row.scope), nil)
	}
	return nil
}

// admit decides whether a link lets the actor in. Who is not among its members hears the same as of
// what does not exist; who could give a password or an address is told so.
func (c *Core) admit(a Actor, v storage.Video, link storage.LinkWithPeople) error {
	switch link.Audience {
	case storage.AudienceLink:
		return nil
	case storage.AudiencePassword:
		if !a.unlocked(link.Link) {
			return ErrPasswordNeeded
		}
		return nil
	case storage.AudienceMembers:
		if !c.IsMember(a, v) {
			return NotThere(nil)
		}
		return nil
	case storage.AudienceNamed:
		for _, email := range a.proved(link.Link) {
			if slices.Contains(link.People, email) {
				return nil
			}
		}
		return ErrAddressNeeded
	}
	return NotThere(fmt.Errorf("unknown audience %q", link.Audience))
}

// IsMember reports whether a belongs to the video's workspace.
func (c *Core) IsMember(a Actor, v storage.Video) bool {
	return a.SignedIn() && a.WorkspaceID == v.WorkspaceID
}

// Owns reports whether a made the video or looks after its workspace.
func (c *Core) Owns(a Actor, v storage.Video) bool {
	if !a.SignedIn() || a.WorkspaceID != v.WorkspaceID {
		return false
	}
	return a.UserID == v.OwnerID || a.role == storage.RoleOwner || a.role == storage.RoleAdmin
}

// VideoFor loads a video with one of its owner's permissions.
func (c *Core) VideoFor(ctx context.Context, a Actor, id storage.VideoID, what VideoPermission) (storage.Video, error) {
	v, err := c.Store.VideoByID(ctx, id)
	if storage.KindOf(err) == storage.NotFound && err != nil {
		return storage.Video{}, NotThere(err)
	}
	if err != nil {
		return storage.Video{}, fmt.Errorf("load video: %w", err)
	}
	if err := c.Authorize(a, v, nil, what); err != nil {
		return storage.Video{}, err
	}
	return v, nil
}

// ByLink is the way of everything that begins with a token. It answers as whom the actor
// comes, too: as a member of the video's workspace, also while they are at work in another of
// theirs.
func (c *Core) ByLink(
	ctx context.Context,
	a Actor,
	token string,
	what VideoPermission,
) (Actor, storage.Video, storage.LinkWithPeople, error) {
	v, row, err := c.Store.VideoByToken(ctx, token)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, NotThere(err)
	}
	if err != nil {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, fmt.Errorf("find video by link: %w", err)
	}
	if v.TrashedAt != nil || !row.Open(c.Now()) {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, NotThere(nil)
	}
	link := storage.LinkWithPeople{Link: row}
	if row.Audience == storage.AudienceNamed {
		if link.People, err = c.Store.LinkPeople(ctx, row.ID); err != nil {
			return Actor{}, storage.Video{}, storage.LinkWithPeople{}, fmt.Errorf("list people of link: %w", err)
		}
	}
	who, err := c.inWorkspaceOf(ctx, a, v)
	if err != nil {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, err
	}
	if err := c.Authorize(who, v, &link, what); err != nil {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, err
	}
	return who, v, link, nil
}

// inWorkspaceOf is the actor as a member of the video's workspace, if they are one, wherever they
// are at work. A key belongs to one workspace.
func (c *Core) inWorkspaceOf(ctx context.Context, a Actor, v storage.Video) (Actor, error) {
	if !a.SignedIn() || a.scopes != nil || a.WorkspaceID == v.WorkspaceID {
		return a, nil
	}
	m, err := c.Store.MemberByID(ctx, v.WorkspaceID, a.UserID)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return a, nil
	}
	if err != nil {
		return Actor{}, fmt.Errorf("find member: %w", err)
	}
	a.WorkspaceID, a.role = v.WorkspaceID, m.Role
	return a, nil
}

// unlocked reports whether one of the actor's unlocks opens the link by its password.
func (a Actor) unlocked(s storage.Link) bool {
	return slices.ContainsFunc(
		a.unlocks,
		func(p storage.Unlock) bool { return p.LinkID == s.ID && p.Lock == s.Lock && p.Email == "" },
	)
}

// proved are the addresses, folded, that the actor has shown to have: by an unlock of this link, or
// by the account.
func (a Actor) proved(s storage.Link) []string {
	var emails []string
	if a.SignedIn() && a.Verified {
		emails = append(emails, storage.FoldEmail(a.Email))
	}
	for _, p := range a.unlocks {
		if p.LinkID == s.ID && p.Email != "" {
			emails = append(emails, p.Email)
		}
	}
	return emails
}
