package access

import (
	"context"
	"fmt"
	"slices"

	"meanwhile/storage"
)

// Actor is who makes a request. The zero Actor is a guest.
type Actor struct {
	UserID storage.UserID
	Name   string
	Email  string
	// WorkspaceID, its name and role are empty for a person without a workspace.
	WorkspaceID storage.WorkspaceID
	// WorkspaceName is for display.
	WorkspaceName string
	role          storage.Role
	// scopes limits what an API key may do. nil for a person with a session.
	scopes []storage.Scope
	// upload is set when the actor holds only the write-only credential of one upload.
	upload storage.UploadID
	// Verified says that the person has proved that Email is theirs.
	Verified bool
	// unlocks are the unlocks that a request shows, unread: a browser may hold hundreds.
	unlocks []string
	// guest is the token of a guest, empty until their first write.
	guest string
	// Address is the network address of the actor, for the log of the workspace. Network is the
	// part of it that one customer has.
	Address, Network string
}

// SignedIn reports whether the actor has an account.
func (a Actor) SignedIn() bool { return a.UserID != "" }

// has reports whether the actor has this scope. A person with a session needs none.
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

// VideoPermission is something to do with a video.
type VideoPermission string

// The permissions for a video.
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

// rule is one row of the decision: the scope that an API key needs, and whether an open link gives
// the permission, too.
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

// NotThere is the error for a video that the actor may not see. It is the same as for one that does
// not exist.
func NotThere(err error) error {
	return storage.E(storage.NotFound, "There is no such video, or it is not shared with you.", err)
}

// Authorize is the one decision about a video. link is the link that the actor came by, with its
// people, nil if none. A video in the trash can only be restored or read, by its owner, through the
// methods that say so.
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

// admit decides whether a link lets the actor in. An actor who is not one of its members gets the
// same error as for a video that does not exist. An actor who could give a password or an address
// gets an error that asks for it.
func (c *Core) admit(a Actor, v storage.Video, link storage.LinkWithPeople) error {
	switch link.Audience {
	case storage.AudienceLink:
		return nil
	case storage.AudiencePassword:
		if !c.unlocked(a, link.Link) {
			return ErrPasswordNeeded
		}
		return nil
	case storage.AudienceMembers:
		if !c.IsMember(a, v) {
			return NotThere(nil)
		}
		return nil
	case storage.AudienceNamed:
		for _, email := range c.proved(a, link.Link) {
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

// Owns reports whether a made the video, or is an owner or admin of its workspace.
func (c *Core) Owns(a Actor, v storage.Video) bool {
	if !a.SignedIn() || a.WorkspaceID != v.WorkspaceID {
		return false
	}
	return a.UserID == v.OwnerID || a.role == storage.RoleOwner || a.role == storage.RoleAdmin
}

// VideoFor loads a video if the actor has this permission as its owner.
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

// FoundLink is a link and its video as they were read, before anybody was admitted. ByFoundLink
// decides about it.
type FoundLink struct {
	video storage.Video
	link  storage.LinkWithPeople
}

// Rows are the video and the link, to read what belongs to them. They are for nobody's eyes before
// ByFoundLink has decided.
func (l FoundLink) Rows() (storage.Video, storage.Link) { return l.video, l.link.Link }

// FindLink reads a link by its token. NotFound for one that opens to nobody.
func (c *Core) FindLink(ctx context.Context, token string) (FoundLink, error) {
	v, row, err := c.Store.VideoByToken(ctx, token)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return FoundLink{}, NotThere(err)
	}
	if err != nil {
		return FoundLink{}, fmt.Errorf("find video by link: %w", err)
	}
	if v.TrashedAt != nil || !row.Open(c.Now()) {
		return FoundLink{}, NotThere(nil)
	}
	link := storage.LinkWithPeople{Link: row}
	if row.Audience == storage.AudienceNamed {
		if link.People, err = c.Store.LinkPeople(ctx, row.ID); err != nil {
			return FoundLink{}, fmt.Errorf("list people of link: %w", err)
		}
	}
	return FoundLink{v, link}, nil
}

// ByFoundLink is ByLink for a link that was read before, for example for other readers, too. It
// decides by the actor and by the time of the call.
func (c *Core) ByFoundLink(
	ctx context.Context,
	a Actor,
	l FoundLink,
	what VideoPermission,
) (Actor, storage.Video, storage.LinkWithPeople, error) {
	if l.video.TrashedAt != nil || !l.link.Open(c.Now()) {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, NotThere(nil)
	}
	who, err := c.inWorkspaceOf(ctx, a, l.video)
	if err != nil {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, err
	}
	if err := c.Authorize(who, l.video, &l.link, what); err != nil {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, err
	}
	return who, l.video, l.link, nil
}

// ByLink loads a video by the token of a link. It also returns the actor as a member of the video's
// workspace, even if they have another workspace open now.
func (c *Core) ByLink(
	ctx context.Context,
	a Actor,
	token string,
	what VideoPermission,
) (Actor, storage.Video, storage.LinkWithPeople, error) {
	l, err := c.FindLink(ctx, token)
	if err != nil {
		return Actor{}, storage.Video{}, storage.LinkWithPeople{}, err
	}
	return c.ByFoundLink(ctx, a, l, what)
}

// inWorkspaceOf returns the actor as a member of the video's workspace, if they are one, whichever
// workspace they have open. A key belongs to one workspace.
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
