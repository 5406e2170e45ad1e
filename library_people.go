package meanwhile

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// duty is what somebody wants to do with a workspace, its people, or their own account.
type duty string

const (
	dutySeeSelf     duty = "see one's profile"
	dutyChangeSelf  duty = "change one's profile"
	dutyCredentials duty = "manage one's sessions and password, or go to another workspace"
	dutyFound       duty = "make a workspace"
	dutyKeys        duty = "manage one's API keys"
	dutyLeave       duty = "leave"
	dutySeePicture  duty = "see a colleague's picture"
	dutySeePeople   duty = "see who is in the workspace"
	dutySeeSettings duty = "see the settings"
	dutySettings    duty = "change the settings"
	dutyInvite      duty = "invite people"
	dutyPeople      duty = "change what people are, or remove them"
	dutyLogInLinks  duty = "make log-in links for others"
	dutyHandOver    duty = "hand ownership over"
	dutyExport      duty = "take everything of the workspace along"
	dutyReadLog     duty = "read the log"
	dutySite        duty = "see how the site does"
)

// right is one row of the decision: the least role in the workspace, empty for anyone with an
// account; and the scope that an API key needs, empty where no key may, whatever its scopes are.
type right struct {
	least storage.Role
	scope storage.Scope
}

var duties = map[duty]right{
	dutySeeSelf:     {"", storage.ScopeRead},
	dutyChangeSelf:  {"", storage.ScopeWrite},
	dutyCredentials: {"", ""},
	dutyFound:       {"", ""},
	dutyKeys:        {storage.RoleMember, ""},
	dutyLeave:       {storage.RoleMember, ""},
	dutySeePicture:  {storage.RoleMember, storage.ScopeRead},
	dutySeePeople:   {storage.RoleMember, storage.ScopeAdmin},
	dutySeeSettings: {storage.RoleMember, storage.ScopeAdmin},
	dutySettings:    {storage.RoleAdmin, storage.ScopeAdmin},
	dutyInvite:      {storage.RoleAdmin, storage.ScopeAdmin},
	dutyPeople:      {storage.RoleAdmin, storage.ScopeAdmin},
	dutyLogInLinks:  {storage.RoleAdmin, ""},
	dutyHandOver:    {storage.RoleOwner, ""},
	dutyExport:      {storage.RoleAdmin, storage.ScopeAdmin},
	dutyReadLog:     {storage.RoleOwner, storage.ScopeAdmin},
	dutySite:        {"", ""}, // and the role in the first workspace: SeesSite
}

// ranks order the roles; somebody in no workspace has none.
var ranks = map[storage.Role]int{storage.RoleMember: 1, storage.RoleAdmin: 2, storage.RoleOwner: 3}

// below reports whether r may do less than other.
func below(r storage.Role, other storage.Role) bool { return ranks[r] < ranks[other] }

// may is the one decision about workspaces, people and accounts. What it lets through may still
// meet a person who stands above the actor.
func (l *Library) may(a Actor, what duty) error {
	row, ok := duties[what]
	switch {
	case !ok:
		return fmt.Errorf("may: unknown duty %q", what)
	case !a.SignedIn():
		return storage.E(storage.Unauthenticated, "Sign in first.", nil)
	case a.Scopes != nil && row.scope == "":
		return storage.E(storage.Forbidden, "No API key can do this. Sign in and do it on the site.", nil)
	case !a.has(row.scope):
		return storage.E(storage.Forbidden, fmt.Sprintf("This API key lacks the scope %q.", row.scope), nil)
	case row.least != "" && a.WorkspaceID == "":
		return errNoWorkspace
	case below(a.Role, row.least):
		return storage.E(
			storage.Forbidden,
			fmt.Sprintf("Only an %s of this workspace can do this. Ask one of them.", orAbove(row.least)),
			nil,
		)
	}
	return nil
}

func orAbove(r storage.Role) string {
	if r == storage.RoleOwner {
		return "owner"
	}
	return "owner or admin"
}

var errNoWorkspace = storage.E(
	storage.Forbidden,
	"You are in no workspace. Open an invite to one, or make your own.",
	nil,
)

// What the log of a workspace says about its people.
const (
	ActionWorkspace  storage.Action = "workspace-made"
	ActionSettings   storage.Action = "settings-changed"
	ActionJoined     storage.Action = "member-joined"
	ActionLeft       storage.Action = "member-left"
	ActionRemoved    storage.Action = "member-removed"
	ActionRole       storage.Action = "role-changed"
	ActionOwner      storage.Action = "ownership-handed-over"
	ActionInvited    storage.Action = "invite-made"
	ActionAsked      storage.Action = "invite-asked-for"
	ActionUninvited  storage.Action = "invite-revoked"
	ActionLoginLink  storage.Action = "log-in-link-made"
	ActionPassword   storage.Action = "password-changed"
	ActionSession    storage.Action = "session-ended"
	ActionKey        storage.Action = "key-made"
	ActionKeyDeleted storage.Action = "key-deleted"
)

// noteOwn writes a line about the actor's own account into the log of where they are, if anywhere.
func (l *Library) noteOwn(
	ctx context.Context,
	tx storage.Store,
	a Actor,
	action storage.Action,
	subject, detail string,
) error {
	if a.WorkspaceID == "" {
		return nil
	}
	return l.note(ctx, tx, a, a.WorkspaceID, action, subject, detail)
}

func noMember(err error) error {
	return storage.E(storage.NotFound, "There is nobody like that in this workspace.", err)
}

// Members lists the people of the actor's workspace.
func (l *Library) Members(ctx context.Context, a Actor) ([]storage.Member, error) {
	if err := l.may(a, dutySeePeople); err != nil {
		return nil, err
	}
	return l.Store.Members(ctx, a.WorkspaceID)
}

// onMember runs fn in a transaction in which nobody else changes who is what in the workspace, with
// the actor's role as it is now, and the person that it is about. It refuses whoever stands above
// the actor.
func (l *Library) onMember(
	ctx context.Context,
	a Actor,
	id storage.UserID,
	what duty,
	fn func(tx storage.Store, mine storage.Role, other storage.Member) error,
) error {
	if err := l.may(a, what); err != nil {
		return err
	}
	return l.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.HoldWorkspace(ctx, a.WorkspaceID); err != nil {
			return fmt.Errorf("hold workspace: %w", err)
		}
		me, err := tx.MemberByID(ctx, a.WorkspaceID, a.UserID)
		if err != nil {
			return storage.OrOther(err, errNoWorkspace)
		}
		now := a
		now.Role = me.Role
		if err := l.may(now, what); err != nil {
			return err
		}
		other, err := tx.MemberByID(ctx, a.WorkspaceID, id)
		if err != nil {
			return storage.OrOther(err, noMember(err))
		}
		if below(me.Role, other.Role) {
			return storage.E(storage.Forbidden, "This person is an owner. Only an owner can do this to them.", nil)
		}
		return fn(tx, me.Role, other)
	})
}

// keepAnOwner is Conflict when m is the only owner.
func keepAnOwner(ctx context.Context, tx storage.Store, w storage.WorkspaceID, m storage.Member) error {
	if m.Role != storage.RoleOwner {
		return nil
	}
	n, err := tx.CountOwners(ctx, w)
	if err == nil && n < 2 {
		return storage.E(
			storage.Conflict,
			"A workspace needs an owner, and there is no other one. Hand ownership over first.",
			nil,
		)
	}
	return err
}

// ChangeRole makes a person of the workspace something else, and ends their sessions there: they
// sign in again. NotFound for who is not in it, Forbidden where a role above the actor's is at
// stake, Conflict for the only owner.
func (l *Library) ChangeRole(ctx context.Context, a Actor, id storage.UserID, role storage.Role) error {
	if _, err := storage.ParseRole(string(role)); err != nil {
		return err
	}
	err := l.onMember(ctx, a, id, dutyPeople, func(tx storage.Store, mine storage.Role, other storage.Member) error {
		if below(mine, role) {
			return storage.E(storage.Forbidden, "Only an owner can make somebody an owner.", nil)
		}
		if other.Role == role {
			return nil
		}
		if err := keepAnOwner(ctx, tx, a.WorkspaceID, other); err != nil {
			return err
		}
		return l.setRole(ctx, tx, a, other, role)
	})
	l.keys.forget()
	return err
}

// setRole changes a role and takes back what the person could do by the old one.
func (l *Library) setRole(ctx context.Context, tx storage.Store, a Actor, m storage.Member, role storage.Role) error {
	id := m.User.ID
	if err := tx.SetRole(ctx, a.WorkspaceID, id, role); err != nil {
		return fmt.Errorf("set role: %w", err)
	}
	if below(role, m.Role) {
		if err := takeBack(ctx, tx, a.WorkspaceID, id); err != nil {
			return err
		}
	}
	if err := tx.EndSessionsIn(ctx, a.WorkspaceID, id); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return l.note(ctx, tx, a, a.WorkspaceID, ActionRole, m.User.Email, fmt.Sprintf("%s → %s", m.Role, role))
}

// takeBack ends what a person could come back by: the invites that they made, and the log-in links
// that anyone of the workspace may hold.
func takeBack(ctx context.Context, tx storage.Store, w storage.WorkspaceID, id storage.UserID) error {
	if err := tx.DeleteInvitesOf(ctx, w, id); err != nil {
		return fmt.Errorf("take invites back: %w", err)
	}
	if err := tx.DropLoginLinksIn(ctx, w); err != nil {
		return fmt.Errorf("take log-in links back: %w", err)
	}
	return nil
}

// RemoveMember takes a person out of the workspace, or lets the actor leave it. Their videos stay;
// their sessions and keys there end, and so does what they were granted to play. NotFound,
// Forbidden and Conflict as ChangeRole.
func (l *Library) RemoveMember(ctx context.Context, a Actor, id storage.UserID) error {
	what, action := dutyPeople, ActionRemoved
	if id == a.UserID {
		what, action = dutyLeave, ActionLeft
	}
	err := l.onMember(ctx, a, id, what, func(tx storage.Store, _ storage.Role, other storage.Member) error {
		if err := keepAnOwner(ctx, tx, a.WorkspaceID, other); err != nil {
			return err
		}
		return l.remove(ctx, tx, a, other, action)
	})
	if err != nil {
		return err
	}
	l.keys.forget()
	l.grants.forget()
	l.wake(ctx, a.WorkspaceID, id)
	return nil
}

func (l *Library) remove(
	ctx context.Context,
	tx storage.Store,
	a Actor,
	m storage.Member,
	action storage.Action,
) error {
	id := m.User.ID
	if err := takeBack(ctx, tx, a.WorkspaceID, id); err != nil {
		return err
	}
	if err := tx.DeleteAPIKeysIn(ctx, a.WorkspaceID, id); err != nil {
		return fmt.Errorf("delete keys: %w", err)
	}
	if err := tx.EndSessionsIn(ctx, a.WorkspaceID, id); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	if err := tx.RemoveMember(ctx, a.WorkspaceID, id); err != nil {
		return fmt.Errorf("remove member: %w", err)
	}
	if err := tx.RaiseEpochs(ctx, a.WorkspaceID); err != nil {
		return fmt.Errorf("end grants: %w", err)
	}
	return l.note(ctx, tx, a, a.WorkspaceID, action, m.User.Email, string(m.Role))
}

// wake makes the event streams of a person look at their rights again. A lost message costs them
// the time to the next look.
func (l *Library) wake(ctx context.Context, w storage.WorkspaceID, id storage.UserID) {
	if err := l.Bus.Publish(ctx, storage.OwnerTopic(w, id), ""); err != nil {
		l.Log.Warn("event not published", "event", "rights", "error", err)
	}
}

// HandOver makes another person the owner in the actor's place, who becomes an admin. The sessions
// of both end in this workspace; the actor gets a new one.
func (l *Library) HandOver(ctx context.Context, a Actor, id storage.UserID, device string) (cookie string, err error) {
	err = l.onMember(ctx, a, id, dutyHandOver, func(tx storage.Store, _ storage.Role, other storage.Member) error {
		if id == a.UserID {
			return storage.E(storage.Invalid, "You are the owner already. Choose somebody else.", nil)
		}
		me, err := tx.MemberByID(ctx, a.WorkspaceID, a.UserID)
		if err != nil {
			return err
		}
		if err := l.setRole(ctx, tx, a, other, storage.RoleOwner); err != nil {
			return err
		}
		if err := l.setRole(ctx, tx, a, me, storage.RoleAdmin); err != nil {
			return err
		}
		if err := l.note(ctx, tx, a, a.WorkspaceID, ActionOwner, other.User.Email, ""); err != nil {
			return err
		}
		if err := l.holdSelf(ctx, tx, a); err != nil {
			return err
		}
		cookie, err = l.startSession(ctx, tx, a.UserID, a.WorkspaceID, device)
		return err
	})
	l.keys.forget()
	return cookie, err
}

// LogInLinkFor makes a link that signs a person in once, for who has lost every other way in. The
// person has to stand below the actor in each workspace that they are in: the link opens all of
// them.
func (l *Library) LogInLinkFor(
	ctx context.Context,
	a Actor,
	id storage.UserID,
) (secret string, link storage.LoginLink, err error) {
	err = l.onMember(ctx, a, id, dutyLogInLinks, func(tx storage.Store, mine storage.Role, other storage.Member) error {
		if !below(other.Role, mine) {
			return storage.E(
				storage.Forbidden,
				"You can make a log-in link only for somebody whose role is below yours.",
				nil,
			)
		}
		if err := l.belowEverywhere(ctx, tx, a, id); err != nil {
			return err
		}
		now := l.Now()
		secret = storage.NewSecret()
		link = storage.LoginLink{
			Hash:      storage.SecretHash(secret),
			UserID:    id,
			CreatedAt: now,
			ExpiresAt: now.Add(storage.LoginLinkFor),
		}
		if err := tx.CreateLoginLink(ctx, link); err != nil {
			return fmt.Errorf("create log-in link: %w", err)
		}
		return l.note(ctx, tx, a, a.WorkspaceID, ActionLoginLink, other.User.Email, "")
	})
	return secret, link, err
}

func (l *Library) belowEverywhere(ctx context.Context, tx storage.Store, a Actor, id storage.UserID) error {
	theirs, err := tx.Memberships(ctx, id)
	if err != nil {
		return fmt.Errorf("list memberships: %w", err)
	}
	for _, their := range theirs {
		mine, err := tx.MemberByID(ctx, their.Workspace.ID, a.UserID)
		if err != nil && storage.KindOf(err) != storage.NotFound {
			return fmt.Errorf("find membership: %w", err)
		}
		if err != nil || !below(their.Role, mine.Role) || below(mine.Role, storage.RoleAdmin) {
			return storage.E(
				storage.Forbidden,
				"This person is in other workspaces, too, which the link would open. Whoever runs this site can "+
					"make one for them.",
				nil,
			)
		}
	}
	return nil
}
