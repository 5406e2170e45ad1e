package people

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/server/notify"
	"meanwhile/storage"
)

// How long invites live, and how many may be open in a workspace.
const (
	InviteFor      = 7 * 24 * time.Hour
	maxInviteDays  = 90
	askedFor       = 30 * 24 * time.Hour // how long a request to join waits for an admin
	askAgainAfter  = 5 * time.Minute     // asking again sooner sends no second mail
	maxOpenInvites = 500
)

// NewInvite is an invite to make.
type NewInvite struct {
	Email string // empty: anyone with the link
	Role  storage.Role
	Days  int // InviteFor when zero
}

// Invitation is an invite whose link was just made. The secret in the URL is stored nowhere.
type Invitation struct {
	storage.Invite
	URL    string
	Mailed bool
}

// Invite makes a link that lets one person join the actor's workspace, and mails it if there is an
// address and a mail server. address makes the link of its secret. An older invite to the same
// address ends. Forbidden for a role above the actor's.
func (s *Service) Invite(
	ctx context.Context,
	a access.Actor,
	n NewInvite,
	address func(secret string) string,
) (Invitation, error) {
	if err := s.core.May(ctx, a, access.InvitePeople); err != nil {
		return Invitation{}, err
	}
	if _, err := storage.ParseRole(string(n.Role)); err != nil {
		return Invitation{}, err
	}
	if n.Days < 0 || n.Days > maxInviteDays {
		return Invitation{}, storage.E(
			storage.Invalid,
			fmt.Sprintf("An invite can be open for 1 to %d days.", maxInviteDays),
			nil,
		)
	}
	if n.Email != "" {
		email, err := storage.CleanEmail(n.Email)
		if err != nil {
			return Invitation{}, err
		}
		n.Email = email
	}
	now, secret := s.core.Now(), storage.NewSecret()
	i := storage.Invite{
		ID: storage.InviteID(
			s.core.NewID(),
		),
		WorkspaceID:   a.WorkspaceID,
		Hash:          storage.SecretHash(secret),
		Email:         n.Email,
		Role:          n.Role,
		CreatedBy:     a.UserID,
		CreatedByName: a.Name,
		CreatedAt:     now,
		ExpiresAt:     now.Add(InviteFor),
	}
	if n.Days > 0 {
		i.ExpiresAt = now.Add(time.Duration(n.Days) * 24 * time.Hour)
	}
	err := s.core.Store.InTx(ctx, func(tx storage.Store) error {
		open, err := s.openToInvites(ctx, tx, a, &i)
		if err != nil {
			return err
		}
		for _, older := range open {
			if i.Email == "" || !sameAddress(older.Email, i.Email) {
				continue
			}
			if err := tx.DeleteInvite(ctx, a.WorkspaceID, older.ID); err != nil {
				return fmt.Errorf("end older invite: %w", err)
			}
		}
		if err := tx.CreateInvite(ctx, i); err != nil {
			return fmt.Errorf("create invite: %w", err)
		}
		return s.core.Audit(ctx, tx, a, a.WorkspaceID, ActionInvited, whom(i), string(i.Role))
	})
	if err != nil {
		return Invitation{}, err
	}
	return s.sendInvite(ctx, i, address(secret)), nil
}

// openToInvites returns the open invites of the actor's workspace, if i may be added to it.
func (s *Service) openToInvites(
	ctx context.Context,
	tx storage.Store,
	a access.Actor,
	i *storage.Invite,
) ([]storage.Invite, error) {
	me, w, settings, err := s.inviter(ctx, tx, a)
	if err != nil {
		return nil, err
	}
	i.WorkspaceName = w.Name
	if settings.SignUp == storage.SignUpClosed {
		return nil, errClosed
	}
	if access.Outranks(i.Role, me.Role) {
		return nil, access.Above(a, "Only an owner can invite somebody as an owner.")
	}
	if i.Email != "" {
		_, err := tx.MemberByEmail(ctx, a.WorkspaceID, i.Email)
		if err == nil {
			return nil, storage.E(storage.Conflict, "This person is in the workspace already.", nil)
		}
		if storage.KindOf(err) != storage.NotFound {
			return nil, fmt.Errorf("find member: %w", err)
		}
	}
	open, err := tx.OpenInvites(ctx, a.WorkspaceID, i.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("list invites: %w", err)
	}
	if len(open) >= maxOpenInvites {
		return nil, errManyInvites
	}
	return open, nil
}

// inviter returns the actor's current membership. Nobody else changes it until the transaction
// ends.
func (s *Service) inviter(
	ctx context.Context,
	tx storage.Store,
	a access.Actor,
) (storage.Member, storage.Workspace, storage.Settings, error) {
	me, err := s.core.MayNow(ctx, tx, a, access.InvitePeople)
	if err != nil {
		return storage.Member{}, storage.Workspace{}, storage.Settings{}, err
	}
	w, settings, err := tx.WorkspaceByID(ctx, a.WorkspaceID)
	return me, w, settings, err
}

var (
	errClosed = storage.E(
		storage.Conflict,
		"Nobody new can join this workspace. An owner or admin can change that in its settings.",
		nil,
	)
	errManyInvites = storage.E(
		storage.Conflict,
		fmt.Sprintf("There are %d open invites, which is the most. Revoke those that nobody will use.", maxOpenInvites),
		nil,
	)
	// ErrNoInvite is the error for an invite that opens nothing.
	ErrNoInvite = storage.E(
		storage.NotFound,
		"This invite was used already, was revoked, or has ended. Ask for a new one.",
		nil,
	)
)

func whom(i storage.Invite) string {
	if i.Email == "" {
		return "anyone with the link"
	}
	return i.Email
}

//nolint:staticcheck // as the store folds them
func sameAddress(a, b string) bool { return strings.ToLower(a) == strings.ToLower(b) }

// sendInvite mails the link if possible. If the mail cannot be sent, that is no error, because the
// response has the link.
func (s *Service) sendInvite(ctx context.Context, i storage.Invite, url string) Invitation {
	made := Invitation{Invite: i, URL: url}
	if !s.notify.On() || i.Email == "" {
		return made
	}
	if err := s.mailInvite(ctx, i, url); err != nil {
		// the error may contain the address
		s.core.Log.Warn("invite not mailed", "invite_id", i.ID, "kind", storage.KindOf(err).String())
		return made
	}
	made.Mailed = true
	return made
}

func (s *Service) mailInvite(ctx context.Context, i storage.Invite, url string) error {
	who := i.CreatedByName + " invites you to " + i.WorkspaceName
	if i.CreatedBy == "" {
		who = "You asked to join " + i.WorkspaceName
	}
	ctx, cancel := context.WithTimeout(ctx, notify.MailWithin)
	defer cancel()
	return s.notify.Send(ctx, storage.Mail{
		To:      i.Email,
		Subject: who,
		Text: who + ", where people record short video updates and answer each other in their own time.\n\nOpen " +
			"this link to join. It works once, until " +
			i.ExpiresAt.UTC().
				Format("2 January 2006, 15:04 UTC") +
			":\n\n" + url + "\n\nIf you did not expect this mail, do nothing: nobody has joined.\n",
	})
}

// Invites lists the open invites of the actor's workspace, newest first.
func (s *Service) Invites(ctx context.Context, a access.Actor) ([]storage.Invite, error) {
	if err := s.core.May(ctx, a, access.InvitePeople); err != nil {
		return nil, err
	}
	return s.core.Store.OpenInvites(ctx, a.WorkspaceID, s.core.Now())
}

// RevokeInvite ends an open invite. NotFound if there is none. Forbidden if its role is above the
// actor's.
func (s *Service) RevokeInvite(ctx context.Context, a access.Actor, id storage.InviteID) error {
	return s.onInvite(ctx, a, id, func(tx storage.Store, i storage.Invite) error {
		return s.core.Audit(ctx, tx, a, a.WorkspaceID, ActionUninvited, whom(i), string(i.Role))
	})
}

// RenewInvite makes another link for an open invite, or the first one for somebody who asked to
// join, and mails it if possible. The old link ends. NotFound if there is no such invite.
func (s *Service) RenewInvite(
	ctx context.Context,
	a access.Actor,
	id storage.InviteID,
	address func(secret string) string,
) (Invitation, error) {
	var fresh storage.Invite
	secret := storage.NewSecret()
	err := s.onInvite(ctx, a, id, func(tx storage.Store, i storage.Invite) error {
		fresh = i
		fresh.Hash, fresh.CreatedBy, fresh.CreatedByName, fresh.CreatedAt = storage.SecretHash(
			secret,
		), a.UserID, a.Name, s.core.Now()
		fresh.ExpiresAt = fresh.CreatedAt.Add(InviteFor)
		if err := tx.CreateInvite(ctx, fresh); err != nil {
			return fmt.Errorf("renew invite: %w", err)
		}
		return s.core.Audit(ctx, tx, a, a.WorkspaceID, ActionInvited, whom(i), string(i.Role))
	})
	if err != nil {
		return Invitation{}, err
	}
	return s.sendInvite(ctx, fresh, address(secret)), nil
}

// onInvite deletes an open invite and runs fn in the same transaction.
func (s *Service) onInvite(
	ctx context.Context,
	a access.Actor,
	id storage.InviteID,
	fn func(storage.Store, storage.Invite) error,
) error {
	if err := s.core.May(ctx, a, access.InvitePeople); err != nil {
		return err
	}
	return s.core.Store.InTx(ctx, func(tx storage.Store) error {
		me, _, _, err := s.inviter(ctx, tx, a)
		if err != nil {
			return err
		}
		open, err := tx.OpenInvites(ctx, a.WorkspaceID, s.core.Now())
		if err != nil {
			return fmt.Errorf("list invites: %w", err)
		}
		n := slices.IndexFunc(open, func(i storage.Invite) bool { return i.ID == id })
		if n < 0 {
			return storage.E(storage.NotFound, "There is no such invite any more.", nil)
		}
		if access.Outranks(open[n].Role, me.Role) {
			return access.Above(a, "This invite makes somebody an owner. Only an owner can change it.")
		}
		if err := tx.DeleteInvite(ctx, a.WorkspaceID, id); err != nil {
			return fmt.Errorf("delete invite: %w", err)
		}
		return fn(tx, open[n])
	})
}

// InviteBySecret returns the invite of a link for the actor, who may be a guest. NotFound if it was
// used, revoked or has ended. Forbidden if the actor is signed in with another address than the
// invite's.
func (s *Service) InviteBySecret(ctx context.Context, a access.Actor, secret string) (storage.Invite, error) {
	return s.InviteFor(ctx, s.core.Store, a.Email, secret)
}

// InviteFor returns the open invite of a secret for a person with this address. The address is
// empty for a person who is not known yet.
func (s *Service) InviteFor(ctx context.Context, st storage.Store, email, secret string) (storage.Invite, error) {
	i, err := st.InviteByHash(ctx, storage.SecretHash(secret))
	if err != nil {
		return storage.Invite{}, storage.OrOther(err, ErrNoInvite)
	}
	if i.UsedAt != nil || !s.core.Now().Before(i.ExpiresAt) {
		return storage.Invite{}, ErrNoInvite
	}
	_, settings, err := st.WorkspaceByID(ctx, i.WorkspaceID)
	if err != nil {
		return storage.Invite{}, storage.OrOther(err, ErrNoInvite)
	}
	if settings.SignUp == storage.SignUpClosed {
		return storage.Invite{}, ErrNoInvite
	}
	if i.Email != "" && email != "" && !sameAddress(i.Email, email) {
		return storage.Invite{}, storage.E(
			storage.Forbidden,
			"This invite is for another mail address. Sign in with that one, or ask for an invite to yours.",
			nil,
		)
	}
	return i, nil
}

// Join adds the signed-in actor to the workspace of an invite, and switches their session to it. It
// fails like InviteBySecret. Conflict if they are in it already, which does not use the invite up.
func (s *Service) Join(ctx context.Context, a access.Actor, secret, cookie string) error {
	if err := s.core.May(ctx, a, access.ManageCredentials); err != nil {
		return err
	}
	return s.core.Store.InTx(ctx, func(tx storage.Store) error {
		i, err := s.InviteFor(ctx, tx, a.Email, secret)
		if err != nil {
			return err
		}
		if err := tx.UseInvite(ctx, i.Hash, s.core.Now(), a.UserID); err != nil {
			return storage.OrOther(err, ErrNoInvite)
		}
		if err := s.join(
			ctx,
			tx,
			storage.Membership{WorkspaceID: i.WorkspaceID, UserID: a.UserID, Role: i.Role, CreatedAt: s.core.Now()},
		); err != nil {
			return err
		}
		if err := tx.SwitchSession(ctx, storage.SecretHash(cookie), i.WorkspaceID); err != nil {
			return fmt.Errorf("switch session: %w", err)
		}
		return s.core.Audit(ctx, tx, a, i.WorkspaceID, ActionJoined, a.Email, JoinedBy(i))
	})
}

// JoinedBy is a text for the log: the role of a new person, and who invited them.
func JoinedBy(i storage.Invite) string {
	if i.CreatedByName == "" {
		return string(i.Role)
	}
	return string(i.Role) + ", invited by " + i.CreatedByName
}

// DomainsOpen reports whether people of some mail domain may ask to join a workspace on this site.
func (s *Service) DomainsOpen(ctx context.Context) (bool, error) {
	open, err := s.core.Store.WorkspacesForDomains(ctx)
	return len(open) > 0, err
}

// AskToJoin mails an invite to an address whose domain a workspace accepts. Without a mail server,
// the request waits until an admin makes a link of it. The result does not depend on whether there
// is an account. Forbidden for other domains, Unavailable if the mail could not be sent.
func (s *Service) AskToJoin(
	ctx context.Context,
	from, email string,
	address func(secret string) string,
) (mailed bool, err error) {
	if email, err = storage.CleanEmail(email); err != nil {
		return false, err
	}
	w, err := s.WorkspaceForDomain(ctx, s.core.Store, email)
	if err != nil {
		return false, err
	}
	now, secret := s.core.Now(), storage.NewSecret()
	i := storage.Invite{
		ID:            storage.InviteID(s.core.NewID()),
		WorkspaceID:   w.ID,
		WorkspaceName: w.Name,
		Email:         email,
		Role:          storage.RoleMember,
		CreatedAt:     now,
		ExpiresAt:     now.Add(askedFor),
	}
	if s.notify.On() {
		i.Hash, i.ExpiresAt = storage.SecretHash(secret), now.Add(InviteFor)
	}
	known := false
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if known, err = s.alreadyAsked(ctx, tx, i); err != nil || known {
			return err
		}
		if err := tx.CreateInvite(ctx, i); err != nil {
			return fmt.Errorf("create invite: %w", err)
		}
		return s.core.Audit(ctx, tx, access.Actor{Address: from}, w.ID, ActionAsked, email, "")
	})
	if err != nil || known || !s.notify.On() {
		return s.notify.On(), err
	}
	if err := s.mailInvite(ctx, i, address(secret)); err != nil {
		// the error may contain the address
		s.core.Log.Warn("invite not mailed", "invite_id", i.ID, "kind", storage.KindOf(err).String())
		if err := s.core.Store.DeleteInvite(context.WithoutCancel(ctx), w.ID, i.ID); err != nil {
			return false, fmt.Errorf("delete invite that was not mailed: %w", err)
		}
		return false, storage.E(
			storage.Unavailable,
			"The mail could not be sent just now. Try again in a few minutes.",
			err,
		)
	}
	return true, nil
}

// WorkspaceForDomain returns the workspace that accepts people with such an address. Forbidden if
// there is none.
func (s *Service) WorkspaceForDomain(ctx context.Context, st storage.Store, email string) (storage.Workspace, error) {
	open, err := st.WorkspacesForDomains(ctx)
	if err != nil {
		return storage.Workspace{}, fmt.Errorf("list workspaces: %w", err)
	}
	domain := strings.ToLower(email[strings.LastIndexByte(email, '@')+1:])
	for _, w := range open {
		if slices.Contains(w.Domains, domain) {
			return w.Workspace, nil
		}
	}
	return storage.Workspace{}, storage.E(
		storage.Forbidden,
		"People with an address of this domain cannot join by themselves. Ask for an invite.",
		nil,
	)
}

// alreadyAsked reports whether a request to join needs nothing more: the person is in the workspace
// already, or has just asked. An older request of theirs is deleted for the new one.
func (s *Service) alreadyAsked(ctx context.Context, tx storage.Store, i storage.Invite) (bool, error) {
	if err := tx.HoldWorkspace(ctx, i.WorkspaceID); err != nil {
		return false, fmt.Errorf("hold workspace: %w", err)
	}
	_, err := tx.MemberByEmail(ctx, i.WorkspaceID, i.Email)
	if err == nil || storage.KindOf(err) != storage.NotFound {
		return true, err
	}
	open, err := tx.OpenInvites(ctx, i.WorkspaceID, i.CreatedAt)
	if err != nil {
		return false, fmt.Errorf("list invites: %w", err)
	}
	for _, older := range open {
		if older.CreatedBy != "" || !sameAddress(older.Email, i.Email) {
			continue
		}
		if i.Hash == "" && older.Hash == "" || i.CreatedAt.Sub(older.CreatedAt) < askAgainAfter {
			return true, nil
		}
		return false, tx.DeleteInvite(ctx, i.WorkspaceID, older.ID)
	}
	if len(open) >= maxOpenInvites {
		return true, errManyInvites
	}
	return false, nil
}
