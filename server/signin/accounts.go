package signin

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"
	"unicode/utf8"

	"meanwhile/server/access"
	"meanwhile/server/people"
	"meanwhile/storage"
)

// How long credentials live.

// MinPasswordRunes is the length of the shortest accepted password (NIST SP 800-63B asks for 8; we
// ask for more).
const MinPasswordRunes = 10

// Account has the data of a new account.
type Account struct {
	Email    string
	Name     string
	Password string // empty: the person signs in by a log-in link and can set one then
	TimeZone string // from their browser; an unknown zone is stored as unknown
	Role     storage.Role
}

// SetUpToken is the secret of the one link that makes the first account. It stays the same over
// restarts. It opens nothing once there is an account.
func (s *Service) SetUpToken() string {
	return storage.IDEncoding.EncodeToString(s.core.Sign("set-up", ""))[:32]
}

// NeedsSetUp reports whether there is no account yet.
func (s *Service) NeedsSetUp(ctx context.Context) (bool, error) {
	n, err := s.core.Store.CountUsers(ctx)
	return n == 0, err
}

// CheckSetUp returns nil while token opens the set-up page, NotFound otherwise.
func (s *Service) CheckSetUp(ctx context.Context, token string) error {
	needed, err := s.NeedsSetUp(ctx)
	if err != nil {
		return fmt.Errorf("look for accounts: %w", err)
	}
	if !needed || subtle.ConstantTimeCompare([]byte(token), []byte(s.SetUpToken())) != 1 {
		return storage.E(
			storage.NotFound,
			"This set-up link is not valid. If the first account exists already, sign in.",
			nil,
		)
	}
	return nil
}

// SetUp makes the workspace and its owner, once, and signs the owner in.
func (s *Service) SetUp(
	ctx context.Context,
	token, workspace string,
	acc Account,
	from Entry,
) (cookie string, err error) {
	if err := s.CheckSetUp(ctx, token); err != nil {
		return "", err
	}
	acc.Role = storage.RoleOwner
	u, err := s.newUser(ctx, acc)
	if err != nil {
		return "", err
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		n, err := tx.CountUsers(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return storage.E(storage.NotFound, "The first account exists already. Sign in instead.", nil)
		}
		if err := s.createUser(ctx, tx, u, acc.Role, workspace); err != nil {
			return err
		}
		// whoever has the set-up link runs the site
		if err := tx.VerifyEmail(ctx, u.ID, s.core.Now()); err != nil {
			return fmt.Errorf("verify mail address: %w", err)
		}
		cookie, err = s.logInNew(ctx, tx, u.ID, "set-up link", from)
		return err
	})
	return cookie, err
}

// AddUser makes an account for the operator. It returns the secret of a link that signs the account
// in once. The first account also makes the workspace and is its owner, whatever its role says.
func (s *Service) AddUser(ctx context.Context, acc Account) (storage.User, string, error) {
	u, err := s.newUser(ctx, acc)
	if err != nil {
		return storage.User{}, "", err
	}
	secret := storage.NewSecret()
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := s.createUser(ctx, tx, u, acc.Role, ""); err != nil {
			return err
		}
		now := s.core.Now()
		return tx.CreateLoginLink(
			ctx,
			storage.LoginLink{
				Hash:      storage.SecretHash(secret),
				UserID:    u.ID,
				CreatedAt: now,
				ExpiresAt: now.Add(storage.LoginLinkFor),
			},
		)
	})
	if err != nil {
		return storage.User{}, "", err
	}
	return u, secret, nil
}

func (s *Service) newUser(ctx context.Context, acc Account) (storage.User, error) {
	email, err := storage.CleanEmail(acc.Email)
	if err != nil {
		return storage.User{}, err
	}
	name := storage.CleanLine(acc.Name, storage.MaxNameRunes)
	if name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	u := storage.User{ID: storage.UserID(s.core.NewID()), Email: email, Name: name, CreatedAt: s.core.Now()}
	if people.ValidTimeZone(acc.TimeZone) {
		u.TimeZone = acc.TimeZone
	}
	if acc.Password == "" {
		return u, nil
	}
	u.PasswordHash, err = s.hashPassword(ctx, acc.Password)
	return u, err
}

func (s *Service) hashPassword(ctx context.Context, password string) (string, error) {
	if utf8.RuneCountInString(password) < MinPasswordRunes {
		return "", storage.E(
			storage.Invalid,
			fmt.Sprintf("A password needs at least %d characters. A short sentence is a good one.", MinPasswordRunes),
			nil,
		)
	}
	return s.core.HashPassword(ctx, password)
}

func (s *Service) createUser(
	ctx context.Context,
	tx storage.Store,
	u storage.User,
	role storage.Role,
	workspace string,
) error {
	ws, err := tx.SiteWorkspace(ctx)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find workspace: %w", err)
	}
	if err != nil {
		name := storage.CleanLine(workspace, storage.MaxNameRunes)
		if name == "" {
			name = "Our updates"
		}
		ws = storage.Workspace{ID: storage.WorkspaceID(s.core.NewID()), Name: name, CreatedAt: s.core.Now()}
		role = storage.RoleOwner
		if err := tx.CreateWorkspace(ctx, ws); err != nil {
			return fmt.Errorf("create workspace: %w", err)
		}
		if err := tx.MakeSiteWorkspace(ctx, ws.ID); err != nil {
			return err
		}
	}
	if err := s.addUser(ctx, tx, u, ws.ID, role); err != nil {
		return err
	}
	return s.core.Audit(ctx, tx, access.Actor{}, ws.ID, people.ActionJoined, u.Email, string(role))
}

// addUser makes an account in a workspace. Conflict if the mail address is taken.
func (s *Service) addUser(
	ctx context.Context,
	tx storage.Store,
	u storage.User,
	w storage.WorkspaceID,
	role storage.Role,
) error {
	err := tx.CreateUser(ctx, u, storage.Membership{WorkspaceID: w, UserID: u.ID, Role: role, CreatedAt: s.core.Now()})
	if storage.KindOf(err) == storage.Conflict && err != nil {
		return storage.E(
			storage.Conflict,
			"There is an account with this mail address already. Sign in with it first.",
			err,
		)
	}
	return err
}

// SignUpByInvite makes an account in the workspace of an invite and signs it in. It fails like
// InviteBySecret. Conflict if there is an account with that address, which does not use the invite
// up.
func (s *Service) SignUpByInvite(
	ctx context.Context,
	secret string,
	acc Account,
	from Entry,
) (cookie string, err error) {
	i, err := s.people.InviteFor(ctx, s.core.Store, strings.TrimSpace(acc.Email), secret)
	if err != nil {
		return "", err
	}
	u, err := s.newUser(ctx, acc)
	if err != nil {
		return "", err
	}
	if acc.Password == "" {
		return "", storage.E(storage.Invalid, "Choose a password, so that you can sign in again.", nil)
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if i, err = s.people.InviteFor(ctx, tx, u.Email, secret); err != nil {
			return err
		}
		if err := tx.UseInvite(ctx, i.Hash, s.core.Now(), u.ID); err != nil {
			return storage.OrOther(err, people.ErrNoInvite)
		}
		if err := s.addUser(ctx, tx, u, i.WorkspaceID, i.Role); err != nil {
			return err
		}
		id := storage.Identity{User: u, WorkspaceID: i.WorkspaceID, Role: i.Role}
		if err := s.core.Audit(
			ctx,
			tx,
			actorFrom(id, from),
			i.WorkspaceID,
			people.ActionJoined,
			u.Email,
			people.JoinedBy(i),
		); err != nil {
			return err
		}
		if i.ProvesAddress() {
			if err := tx.VerifyEmail(ctx, u.ID, s.core.Now()); err != nil {
				return fmt.Errorf("verify mail address: %w", err)
			}
		}
		cookie, err = s.logIn(ctx, tx, id, i.WorkspaceID, "invite", from)
		return err
	})
	return cookie, err
}
