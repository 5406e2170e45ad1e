package people

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Audit actions about the people of a workspace.
const (
	ActionWorkspace storage.Action = "workspace-made"
	ActionSettings  storage.Action = "settings-changed"
	ActionJoined    storage.Action = "member-joined"
	ActionLeft      storage.Action = "member-left"
	ActionRemoved   storage.Action = "member-removed"
	ActionRole      storage.Action = "role-changed"
	ActionOwner     storage.Action = "ownership-handed-over"
	ActionInvited   storage.Action = "invite-made"
	ActionAsked     storage.Action = "invite-asked-for"
	ActionUninvited storage.Action = "invite-revoked"
	ActionLoginLink storage.Action = "log-in-link-made"
)

func noMember(err error) error {
	return storage.E(storage.NotFound, "This person is not in this workspace.", err)
}

// Members lists the people of the actor's workspace.
func (s *Service) Members(ctx context.Context, a access.Actor) ([]storage.Member, error) {
	if err := s.core.May(ctx, a, access.SeePeople); err != nil {
		return nil, err
	}
	return s.core.Store.Members(ctx, a.WorkspaceID)
}

// SeeOpenSignUps says that the actor knows who became a member by open sign-up. They stay members.
func (s *Service) SeeOpenSignUps(ctx context.Context, a access.Actor) error {
	if err := s.core.May(ctx, a, access.ManagePeople); err != nil {
		return err
	}
	return s.core.Store.SeeOpenSignUps(ctx, a.WorkspaceID)
}

// onMember runs fn in a transaction in which nobody else changes who is what in the workspace. fn
// gets the actor's current role, and the person whom the call is about. Forbidden if that person
// ranks above the actor.
func (s *Service) onMember(
	ctx context.Context,
	a access.Actor,
	id storage.UserID,
	what access.Permission,
	fn func(tx storage.Store, mine storage.Role, other storage.Member) error,
) error {
	if err := s.core.May(ctx, a, what); err != nil {
		return err
	}
	return s.core.Store.InTx(ctx, func(tx storage.Store) error {
		me, err := s.core.MayNow(ctx, tx, a, what)
		if err != nil {
			return err
		}
		other, err := tx.MemberByID(ctx, a.WorkspaceID, id)
		if err != nil {
			return storage.OrOther(err, noMember(err))
		}
		if access.Outranks(other.Role, me.Role) {
			return access.Above(a, "This person is an owner. Only an owner can do this to them.")
		}
		return fn(tx, me.Role, other)
	})
}

// keepAnOwner fails with Conflict if m is the only owner.
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

// ChangeRole changes the role of a person in the workspace and ends their sessions there, so they
// sign in again. NotFound if they are not in it, Forbidden if the old or new role is above the
// actor's, Conflict for the only owner.
func (s *Service) ChangeRole(ctx context.Context, a access.Actor, id storage.UserID, role storage.Role) error {
	if _, err := storage.ParseRole(string(role)); err != nil {
		return err
	}
	err := s.onMember(
		ctx,
		a,
		id,
		access.ManagePeople,
		func(tx storage.Store, mine storage.Role, other storage.Member) error {
			if access.Outranks(role, mine) {
				return access.Above(a, "Only an owner can make somebody an owner.")
			}
			if other.Role == role {
				return nil
			}
			if err := keepAnOwner(ctx, tx, a.WorkspaceID, other); err != nil {
				return err
			}
			return s.setRole(ctx, tx, a, other, role)
		},
	)
	s.core.ForgetKeys()
	return err
}

// setRole changes a role and takes back what the old role allowed.
func (s *Service) setRole(
	ctx context.Context,
	tx storage.Store,
	a access.Actor,
	m storage.Member,
	role storage.Role,
) error {
	id := m.User.ID
	if err := tx.SetRole(ctx, a.WorkspaceID, id, role); err != nil {
		return fmt.Errorf("set role: %w", err)
	}
	if access.Outranks(m.Role, role) {
		if err := takeBack(ctx, tx, a.WorkspaceID, id); err != nil {
			return err
		}
	}
	if err := tx.EndSessionsIn(ctx, a.WorkspaceID, id); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return s.core.Audit(ctx, tx, a, a.WorkspaceID, ActionRole, m.User.Email, fmt.Sprintf("%s → %s", m.Role, role))
}

// takeBack deletes what a person could come back with: the invites that they made, and the log-in
// links of everybody in the workspace.
func takeBack(ctx context.Context, tx storage.Store, w storage.WorkspaceID, id storage.UserID) error {
	if err := tx.DeleteInvitesOf(ctx, w, id); err != nil {
		return fmt.Errorf("take invites back: %w", err)
	}
	if err := tx.DropLoginLinksIn(ctx, w); err != nil {
		return fmt.Errorf("take log-in links back: %w", err)
	}
	return nil
}

// Remove removes a person from the workspace, or lets the actor leave it. Their videos stay. Their
// sessions, keys and media grants there end. NotFound, Forbidden and Conflict as for ChangeRole.
func (s *Service) Remove(ctx context.Context, a access.Actor, id storage.UserID) error {
	what, action := access.ManagePeople, ActionRemoved
	if id == a.UserID {
		what, action = access.LeaveWorkspace, ActionLeft
	}
	err := s.onMember(ctx, a, id, what, func(tx storage.Store, _ storage.Role, other storage.Member) error {
		if err := keepAnOwner(ctx, tx, a.WorkspaceID, other); err != nil {
			return err
		}
		return s.removeMember(ctx, tx, a, other, action)
	})
	if err != nil {
		return err
	}
	s.core.ForgetKeys()
	s.core.ForgetGrants()
	s.wake(ctx, a.WorkspaceID, id)
	return nil
}

func (s *Service) removeMember(
	ctx context.Context,
	tx storage.Store,
	a access.Actor,
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
	return s.core.Audit(ctx, tx, a, a.WorkspaceID, action, m.User.Email, string(m.Role))
}

// wake makes the event streams of a person check their rights again. If the message is lost, that
// waits until the next regular check.
func (s *Service) wake(ctx context.Context, w storage.WorkspaceID, id storage.UserID) {
	if err := s.core.Bus.Publish(ctx, storage.OwnerTopic(w, id), ""); err != nil {
		s.core.Log.Warn("event not published", "event", "rights", "error", err)
	}
}

// HandOver makes another person the owner. The actor becomes an admin. The sessions of both end in
// this workspace, and the actor gets a new one.
func (s *Service) HandOver(
	ctx context.Context,
	a access.Actor,
	id storage.UserID,
	device string,
) (cookie string, err error) {
	err = s.onMember(ctx, a, id, access.HandOver, func(tx storage.Store, _ storage.Role, other storage.Member) error {
		if id == a.UserID {
			return storage.E(storage.Invalid, "You are the owner already. Choose somebody else.", nil)
		}
		me, err := tx.MemberByID(ctx, a.WorkspaceID, a.UserID)
		if err != nil {
			return err
		}
		if err := s.setRole(ctx, tx, a, other, storage.RoleOwner); err != nil {
			return err
		}
		if err := s.setRole(ctx, tx, a, me, storage.RoleAdmin); err != nil {
			return err
		}
		if err := s.core.Audit(ctx, tx, a, a.WorkspaceID, ActionOwner, other.User.Email, ""); err != nil {
			return err
		}
		if err := s.core.HoldSelf(ctx, tx, a); err != nil {
			return err
		}
		cookie, err = s.core.StartSession(ctx, tx, a.UserID, a.WorkspaceID, device)
		return err
	})
	s.core.ForgetKeys()
	return cookie, err
}

// LogInLinkFor makes a link that signs a person in once, for somebody who has lost every other way
// to sign in. The person must rank below the actor in each workspace that they are in, because the
// link opens all of them.
func (s *Service) LogInLinkFor(
	ctx context.Context,
	a access.Actor,
	id storage.UserID,
) (secret string, link storage.LoginLink, err error) {
	err = s.onMember(
		ctx,
		a,
		id,
		access.MakeLogInLinks,
		func(tx storage.Store, mine storage.Role, other storage.Member) error {
			if !access.Outranks(mine, other.Role) {
				return storage.E(
					storage.Forbidden,
					"You can make a log-in link only for somebody whose role is below yours.",
					nil,
				)
			}
			if err := s.belowEverywhere(ctx, tx, a, id); err != nil {
				return err
			}
			now := s.core.Now()
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
			return s.core.Audit(ctx, tx, a, a.WorkspaceID, ActionLoginLink, other.User.Email, "")
		},
	)
	return secret, link, err
}

func (s *Service) belowEverywhere(ctx context.Context, tx storage.Store, a access.Actor, id storage.UserID) error {
	theirs, err := tx.Memberships(ctx, id)
	if err != nil {
		return fmt.Errorf("list memberships: %w", err)
	}
	for _, their := range theirs {
		mine, err := tx.MemberByID(ctx, their.Workspace.ID, a.UserID)
		if err != nil && storage.KindOf(err) != storage.NotFound {
			return fmt.Errorf("find membership: %w", err)
		}
		if err != nil || !access.Outranks(mine.Role, their.Role) || access.Outranks(storage.RoleAdmin, mine.Role) {
			return storage.E(
				storage.Forbidden,
				"This person is in other workspaces, too, and the link would open them. Whoever runs this site can "+
					"make a link for them.",
				nil,
			)
		}
	}
	return nil
}
