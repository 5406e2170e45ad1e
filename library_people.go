package meanwhile

import (
	"context"
	"fmt"
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
	least Role
	scope Scope
}

var duties = map[duty]right{
	dutySeeSelf:     {"", ScopeRead},
	dutyChangeSelf:  {"", ScopeWrite},
	dutyCredentials: {"", ""},
	dutyFound:       {"", ""},
	dutyKeys:        {RoleMember, ""},
	dutyLeave:       {RoleMember, ""},
	dutySeePicture:  {RoleMember, ScopeRead},
	dutySeePeople:   {RoleMember, ScopeAdmin},
	dutySeeSettings: {RoleMember, ScopeAdmin},
	dutySettings:    {RoleAdmin, ScopeAdmin},
	dutyInvite:      {RoleAdmin, ScopeAdmin},
	dutyPeople:      {RoleAdmin, ScopeAdmin},
	dutyLogInLinks:  {RoleAdmin, ""},
	dutyHandOver:    {RoleOwner, ""},
	dutyExport:      {RoleAdmin, ScopeAdmin},
	dutyReadLog:     {RoleOwner, ScopeAdmin},
	dutySite:        {"", ""}, // and the role in the first workspace: SeesSite
}

// ranks order the roles; somebody in no workspace has none.
var ranks = map[Role]int{RoleMember: 1, RoleAdmin: 2, RoleOwner: 3}

// below reports whether r may do less than other.
func (r Role) below(other Role) bool { return ranks[r] < ranks[other] }

// may is the one decision about workspaces, people and accounts. What it lets through may still
// meet a person who stands above the actor.
func (l *Library) may(a Actor, what duty) error {
	row, ok := duties[what]
	switch {
	case !ok:
		return fmt.Errorf("may: unknown duty %q", what)
	case !a.SignedIn():
		return E(Unauthenticated, "Sign in first.", nil)
	case a.Scopes != nil && row.scope == "":
		return E(Forbidden, "No API key can do this. Sign in and do it on the site.", nil)
	case !a.has(row.scope):
		return E(Forbidden, fmt.Sprintf("This API key lacks the scope %q.", row.scope), nil)
	case row.least != "" && a.WorkspaceID == "":
		return errNoWorkspace
	case a.Role.below(row.least):
		return E(
			Forbidden,
			fmt.Sprintf("Only an %s of this workspace can do this. Ask one of them.", orAbove(row.least)),
			nil,
		)
	}
	return nil
}

func orAbove(r Role) string {
	if r == RoleOwner {
		return "owner"
	}
	return "owner or admin"
}

var errNoWorkspace = E(Forbidden, "You are in no workspace. Open an invite to one, or make your own.", nil)

// What the log of a workspace says about its people.
const (
	ActionWorkspace  Action = "workspace-made"
	ActionSettings   Action = "settings-changed"
	ActionJoined     Action = "member-joined"
	ActionLeft       Action = "member-left"
	ActionRemoved    Action = "member-removed"
	ActionRole       Action = "role-changed"
	ActionOwner      Action = "ownership-handed-over"
	ActionInvited    Action = "invite-made"
	ActionAsked      Action = "invite-asked-for"
	ActionUninvited  Action = "invite-revoked"
	ActionLoginLink  Action = "log-in-link-made"
	ActionPassword   Action = "password-changed"
	ActionSession    Action = "session-ended"
	ActionKey        Action = "key-made"
	ActionKeyDeleted Action = "key-deleted"
)

// noteOwn writes a line about the actor's own account into the log of where they are, if anywhere.
func (l *Library) noteOwn(ctx context.Context, tx Store, a Actor, action Action, subject, detail string) error {
	if a.WorkspaceID == "" {
		return nil
	}
	return l.note(ctx, tx, a, a.WorkspaceID, action, subject, detail)
}

func noMember(err error) error {
	return E(NotFound, "There is nobody like that in this workspace.", err)
}

// Members lists the people of the actor's workspace.
func (l *Library) Members(ctx context.Context, a Actor) ([]Member, error) {
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
	id UserID,
	what duty,
	fn func(tx Store, mine Role, other Member) error,
) error {
	if err := l.may(a, what); err != nil {
		return err
	}
	return l.Store.InTx(ctx, func(tx Store) error {
		if err := tx.HoldWorkspace(ctx, a.WorkspaceID); err != nil {
			return fmt.Errorf("hold workspace: %w", err)
		}
		me, err := tx.MemberByID(ctx, a.WorkspaceID, a.UserID)
		if err != nil {
			return orOther(err, errNoWorkspace)
		}
		now := a
		now.Role = me.Role
		if err := l.may(now, what); err != nil {
			return err
		}
		other, err := tx.MemberByID(ctx, a.WorkspaceID, id)
		if err != nil {
			return orOther(err, noMember(err))
		}
		if me.Role.below(other.Role) {
			return E(Forbidden, "This person is an owner. Only an owner can do this to them.", nil)
		}
		return fn(tx, me.Role, other)
	})
}

// orOther gives other in place of a NotFound, and the error itself otherwise.
func orOther(err, other error) error {
	if KindOf(err) == NotFound {
		return other
	}
	return err
}

// keepAnOwner is Conflict when m is the only owner.
func keepAnOwner(ctx context.Context, tx Store, w WorkspaceID, m Member) error {
	if m.Role != RoleOwner {
		return nil
	}
	n, err := tx.CountOwners(ctx, w)
	if err == nil && n < 2 {
		return E(Conflict, "A workspace needs an owner, and there is no other one. Hand ownership over first.", nil)
	}
	return err
}

// ChangeRole makes a person of the workspace something else, and ends their sessions there: they
// sign in again. NotFound for who is not in it, Forbidden where a role above the actor's is at
// stake, Conflict for the only owner.
func (l *Library) ChangeRole(ctx context.Context, a Actor, id UserID, role Role) error {
	if _, err := ParseRole(string(role)); err != nil {
		return err
	}
	err := l.onMember(ctx, a, id, dutyPeople, func(tx Store, mine Role, other Member) error {
		if mine.below(role) {
			return E(Forbidden, "Only an owner can make somebody an owner.", nil)
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
func (l *Library) setRole(ctx context.Context, tx Store, a Actor, m Member, role Role) error {
	id := m.User.ID
	if err := tx.SetRole(ctx, a.WorkspaceID, id, role); err != nil {
		return fmt.Errorf("set role: %w", err)
	}
	if role.below(m.Role) {
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
func takeBack(ctx context.Context, tx Store, w WorkspaceID, id UserID) error {
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
func (l *Library) RemoveMember(ctx context.Context, a Actor, id UserID) error {
	what, action := dutyPeople, ActionRemoved
	if id == a.UserID {
		what, action = dutyLeave, ActionLeft
	}
	err := l.onMember(ctx, a, id, what, func(tx Store, _ Role, other Member) error {
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

func (l *Library) remove(ctx context.Context, tx Store, a Actor, m Member, action Action) error {
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
func (l *Library) wake(ctx context.Context, w WorkspaceID, id UserID) {
	if err := l.Bus.Publish(ctx, OwnerTopic(w, id), ""); err != nil {
		l.Log.Warn("event not published", "event", "rights", "error", err)
	}
}

// HandOver makes another person the owner in the actor's place, who becomes an admin. The sessions
// of both end in this workspace; the actor gets a new one.
func (l *Library) HandOver(ctx context.Context, a Actor, id UserID, device string) (cookie string, err error) {
	err = l.onMember(ctx, a, id, dutyHandOver, func(tx Store, _ Role, other Member) error {
		if id == a.UserID {
			return E(Invalid, "You are the owner already. Choose somebody else.", nil)
		}
		me, err := tx.MemberByID(ctx, a.WorkspaceID, a.UserID)
		if err != nil {
			return err
		}
		if err := l.setRole(ctx, tx, a, other, RoleOwner); err != nil {
			return err
		}
		if err := l.setRole(ctx, tx, a, me, RoleAdmin); err != nil {
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
func (l *Library) LogInLinkFor(ctx context.Context, a Actor, id UserID) (secret string, link LoginLink, err error) {
	err = l.onMember(ctx, a, id, dutyLogInLinks, func(tx Store, mine Role, other Member) error {
		if !other.Role.below(mine) {
			return E(Forbidden, "You can make a log-in link only for somebody whose role is below yours.", nil)
		}
		if err := l.belowEverywhere(ctx, tx, a, id); err != nil {
			return err
		}
		now := l.Now()
		secret = NewSecret()
		link = LoginLink{Hash: SecretHash(secret), UserID: id, CreatedAt: now, ExpiresAt: now.Add(LoginLinkFor)}
		if err := tx.CreateLoginLink(ctx, link); err != nil {
			return fmt.Errorf("create log-in link: %w", err)
		}
		return l.note(ctx, tx, a, a.WorkspaceID, ActionLoginLink, other.User.Email, "")
	})
	return secret, link, err
}

func (l *Library) belowEverywhere(ctx context.Context, tx Store, a Actor, id UserID) error {
	theirs, err := tx.Memberships(ctx, id)
	if err != nil {
		return fmt.Errorf("list memberships: %w", err)
	}
	for _, their := range theirs {
		mine, err := tx.MemberByID(ctx, their.Workspace.ID, a.UserID)
		if err != nil && KindOf(err) != NotFound {
			return fmt.Errorf("find membership: %w", err)
		}
		if err != nil || !their.Role.below(mine.Role) || mine.Role.below(RoleAdmin) {
			return E(
				Forbidden,
				"This person is in other workspaces, too, which the link would open. Whoever runs this site can "+
					"make one for them.",
				nil,
			)
		}
	}
	return nil
}
