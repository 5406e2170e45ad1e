package meanwhile

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// Config is what a Library works with. Now, NewID, Log, Limits and LayoutSettles have defaults;
// DiskUsed may be nil.
type Config struct {
	Store   storage.Store
	Objects storage.Objects
	Queue   storage.Queue
	Bus     storage.Bus
	Hasher  storage.Hasher
	// Mailer is nil where no mail server is set: then links are shown to who may hand them on.
	Mailer storage.Mailer
	// Site is the address of the site without a slash at its end, for links in mail that no request
	// asked for; empty where no mail is sent.
	Site string
	Log  *slog.Logger

	// Secret keys the grants and the set-up link: 32 random bytes that stay the same over restarts.
	Secret []byte
	Limits storage.Limits
	// OpenSignUp lets anyone make an account.
	OpenSignUp bool
	// DiskUsed answers which part of the storage is used, 0…1. Nil where that cannot be known.
	DiskUsed func() float64
	// LayoutSettles is how long a layout stays as it is before it is flattened, 10 s when zero:
	// while it is dragged about, nothing is encoded.
	LayoutSettles time.Duration
	// Lease is how long a worker that says nothing keeps its stage, LeaseFor when zero. A worker
	// that lives says so four times in that time.
	Lease time.Duration

	Now   func() time.Time
	NewID func() string
}

// Library holds every use case and every permission decision. All methods may be called from many
// goroutines.
type Library struct {
	Config
	grants beliefs[storage.Asset]
	keys   beliefs[keyHolder]
	live   media.LiveCache
	sounds soundCache

	background sync.WaitGroup // what nobody waits for but Drain
}

// New makes a Library and fills what has a default.
func New(c Config) *Library {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = storage.NewRandomID
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.LayoutSettles == 0 {
		c.LayoutSettles = 10 * time.Second
	}
	if c.Lease == 0 {
		c.Lease = storage.LeaseFor
	}
	if c.Limits == (storage.Limits{}) {
		c.Limits = storage.DefaultLimits()
	}
	return &Library{Config: c}
}

// Actor is who asks. The zero Actor is a guest.
type Actor struct {
	UserID storage.UserID
	Name   string
	Email  string
	// WorkspaceID, its name and Role are empty for a person who is in no workspace.
	WorkspaceID storage.WorkspaceID
	// WorkspaceName is for display.
	WorkspaceName string
	Role          storage.Role
	// Scopes bounds what an API key may do; nil for a person with a session.
	Scopes []storage.Scope
	// Upload is set when the actor holds only the write-only credential of one upload.
	Upload storage.UploadID
	// Verified says that Email has been shown to be theirs.
	Verified bool
	// Passes are what a browser holds of links that ask for something.
	Passes []storage.Pass
	// Address is the network address that the actor came from, for the log of the workspace;
	// Network is what of it one customer has.
	Address, Network string
}

// SignedIn reports whether the actor has an account.
func (a Actor) SignedIn() bool { return a.UserID != "" }

func (a Actor) has(s storage.Scope) bool {
	if a.Scopes == nil {
		return true
	}
	for _, have := range a.Scopes {
		if have == s {
			return true
		}
	}
	return false
}

// verb is what somebody wants to do with a video.
type verb string

const (
	verbView     verb = "view"
	verbComment  verb = "comment"
	verbModerate verb = "moderate" // delete any comment
	verbEdit     verb = "edit"     // rename, delete, restore, process again
	verbOriginal verb = "original" // fetch what was uploaded
	verbDownload verb = "download" // fetch the rendition as a file
	verbUpload   verb = "upload"
	verbShare    verb = "share" // make, change and revoke links
)

// access is one row of the decision: which scope an API key needs, and whether the holder of an
// open share link may do it as well.
type access struct {
	scope   storage.Scope
	byShare func(storage.Share) bool
}

func always(storage.Share) bool          { return true }
func never(storage.Share) bool           { return false }
func whenDownload(sh storage.Share) bool { return sh.AllowDownload }

var verbs = map[verb]access{
	verbView:     {storage.ScopeRead, always},
	verbComment:  {storage.ScopeComment, always},
	verbModerate: {storage.ScopeComment, never},
	verbEdit:     {storage.ScopeWrite, never},
	verbOriginal: {storage.ScopeRead, never},
	verbDownload: {storage.ScopeRead, whenDownload},
	verbUpload:   {storage.ScopeUpload, never},
	verbShare:    {storage.ScopeWrite, never},
}

// notThere is what anyone hears of what they may not see: the same as of what does not exist.
func notThere(err error) error {
	return storage.E(storage.NotFound, "There is no such video, or it is not shared with you.", err)
}

// authorize is the one decision about a video. share is the link that the actor came by, with its
// people, nil if none. A video in the trash can only be restored or read by its owner through the
// verbs that say so.
func (l *Library) authorize(a Actor, v storage.Video, share *storage.SharedLink, what verb) error {
	row, ok := verbs[what]
	if !ok {
		return fmt.Errorf("authorize: unknown verb %q", what)
	}
	if l.isOwner(a, v) {
		if !a.has(row.scope) {
			return storage.E(storage.Forbidden, fmt.Sprintf("This API key lacks the scope %q.", row.scope), nil)
		}
		return nil
	}
	if v.TrashedAt != nil || share == nil || share.VideoID != v.ID || !share.Open(l.Now()) ||
		!row.byShare(share.Share) {
		return notThere(nil)
	}
	if err := l.admit(a, v, *share); err != nil {
		return err
	}
	if !a.has(row.scope) {
		return storage.E(storage.Forbidden, fmt.Sprintf("This API key lacks the scope %q.", row.scope), nil)
	}
	return nil
}

// admit decides whether a link lets the actor in. Who is not among its members hears the same as of
// what does not exist; who could give a password or an address is told so.
func (l *Library) admit(a Actor, v storage.Video, link storage.SharedLink) error {
	switch link.Audience {
	case storage.AudienceLink:
		return nil
	case storage.AudiencePassword:
		if !a.passes(link.Share) {
			return ErrPasswordNeeded
		}
		return nil
	case storage.AudienceMembers:
		if !l.isMember(a, v) {
			return notThere(nil)
		}
		return nil
	case storage.AudienceNamed:
		for _, email := range a.proved(link.Share) {
			if slices.Contains(link.People, email) {
				return nil
			}
		}
		return ErrAddressNeeded
	}
	return notThere(fmt.Errorf("unknown audience %q", link.Audience))
}

// isMember reports whether a belongs to the video's workspace.
func (l *Library) isMember(a Actor, v storage.Video) bool {
	return a.SignedIn() && a.WorkspaceID == v.WorkspaceID
}

// isOwner reports whether a made the video or looks after its workspace.
func (l *Library) isOwner(a Actor, v storage.Video) bool {
	if !a.SignedIn() || a.WorkspaceID != v.WorkspaceID {
		return false
	}
	return a.UserID == v.OwnerID || a.Role == storage.RoleOwner || a.Role == storage.RoleAdmin
}

// videoFor loads a video for one of its owner's verbs.
func (l *Library) videoFor(ctx context.Context, a Actor, id storage.VideoID, what verb) (storage.Video, error) {
	v, err := l.Store.VideoByID(ctx, id)
	if storage.KindOf(err) == storage.NotFound && err != nil {
		return storage.Video{}, notThere(err)
	}
	if err != nil {
		return storage.Video{}, fmt.Errorf("load video: %w", err)
	}
	if err := l.authorize(a, v, nil, what); err != nil {
		return storage.Video{}, err
	}
	return v, nil
}

// tell says "look again" about a video. A lost message costs a viewer a refetch, so failure is only
// logged.
func (l *Library) tell(ctx context.Context, v storage.Video, event string) {
	publish := func(topic, text string) {
		if err := l.Bus.Publish(ctx, topic, text); err != nil {
			l.Log.Warn("event not published", "video_id", v.ID, "event", event, "error", err)
		}
	}
	var both sync.WaitGroup // at once, so that they go out together
	both.Go(func() { publish(storage.OwnerTopic(v.WorkspaceID, v.OwnerID), string(v.ID)) })
	publish(storage.VideoTopic(v.ID), event)
	both.Wait()
}
