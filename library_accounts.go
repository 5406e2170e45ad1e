package meanwhile

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// How long credentials live.
const (
	SessionFor   = 30 * 24 * time.Hour
	SessionIdle  = 14 * 24 * time.Hour // without use
	LoginLinkFor = 24 * time.Hour
)

// MinPasswordRunes is the shortest password that is taken (NIST SP 800-63B asks for 8; we ask for more).
const MinPasswordRunes = 10

// Account is what makes a new account.
type Account struct {
	Email    string
	Name     string
	Password string // empty: the person signs in by a login link and sets one then
	TimeZone string // what their browser says; what is no time zone counts as unknown
	Role     Role
}

// SetUpToken is the secret of the one link that makes the first account. It stays the same over restarts, and opens nothing once there
// is an account.
func (l *Library) SetUpToken() string {
	mac := hmac.New(sha256.New, l.Secret)
	mac.Write([]byte("set-up"))
	return idEncoding.EncodeToString(mac.Sum(nil))[:32]
}

// NeedsSetUp reports whether there is no account yet.
func (l *Library) NeedsSetUp(ctx context.Context) (bool, error) {
	n, err := l.Store.CountUsers(ctx)
	return n == 0, err
}

// CheckSetUp answers nil while token opens the set-up page, NotFound otherwise.
func (l *Library) CheckSetUp(ctx context.Context, token string) error {
	needed, err := l.NeedsSetUp(ctx)
	if err != nil {
		return fmt.Errorf("look for accounts: %w", err)
	}
	if !needed || subtle.ConstantTimeCompare([]byte(token), []byte(l.SetUpToken())) != 1 {
		return E(NotFound, "This set-up link is not valid. If the first account exists already, sign in.", nil)
	}
	return nil
}

// SetUp makes the workspace and its owner, once, and signs the owner in.
func (l *Library) SetUp(ctx context.Context, token, workspace string, acc Account, device string) (cookie string, err error) {
	if err := l.CheckSetUp(ctx, token); err != nil {
		return "", err
	}
	acc.Role = RoleOwner
	u, err := l.newUser(ctx, acc)
	if err != nil {
		return "", err
	}
	err = l.Store.InTx(ctx, func(tx Store) error {
		n, err := tx.CountUsers(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return E(NotFound, "The first account exists already. Sign in instead.", nil)
		}
		return l.createUser(ctx, tx, u, acc.Role, workspace)
	})
	if err != nil {
		return "", err
	}
	return l.startSession(ctx, u.ID, device)
}

// SignUpOpen reports whether anyone may make an account.
func (l *Library) SignUpOpen() bool { return l.OpenSignUp }

// SignUp makes a member's account where the operator lets anyone do so, and signs it in. Forbidden where sign-up is closed.
func (l *Library) SignUp(ctx context.Context, acc Account, device string) (cookie string, err error) {
	if !l.OpenSignUp {
		return "", E(Forbidden, "Sign-up is closed here. Ask the owner of this site for an account.", nil)
	}
	needed, err := l.NeedsSetUp(ctx)
	if err != nil {
		return "", err
	}
	if needed {
		return "", E(Forbidden, "The first account is made by the set-up link that the program printed at start.", nil)
	}
	acc.Role = RoleMember
	u, err := l.newUser(ctx, acc)
	if err != nil {
		return "", err
	}
	err = l.Store.InTx(ctx, func(tx Store) error { return l.createUser(ctx, tx, u, acc.Role, "") })
	if err != nil {
		return "", err
	}
	return l.startSession(ctx, u.ID, device)
}

// AddUser makes an account for the operator and returns the secret of a link that signs it in once. The first account makes the
// workspace, too, and is its owner whatever its role says.
func (l *Library) AddUser(ctx context.Context, acc Account) (User, string, error) {
	u, err := l.newUser(ctx, acc)
	if err != nil {
		return User{}, "", err
	}
	secret := NewSecret()
	err = l.Store.InTx(ctx, func(tx Store) error {
		if err := l.createUser(ctx, tx, u, acc.Role, ""); err != nil {
			return err
		}
		now := l.Now()
		return tx.CreateLoginLink(ctx, LoginLink{Hash: SecretHash(secret), UserID: u.ID, CreatedAt: now, ExpiresAt: now.Add(LoginLinkFor)})
	})
	if err != nil {
		return User{}, "", err
	}
	return u, secret, nil
}

func (l *Library) newUser(ctx context.Context, acc Account) (User, error) {
	email, err := cleanEmail(acc.Email)
	if err != nil {
		return User{}, err
	}
	name := cleanLine(acc.Name, MaxNameRunes)
	if name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	u := User{ID: UserID(l.NewID()), Email: email, Name: name, CreatedAt: l.Now()}
	if ValidTimeZone(acc.TimeZone) {
		u.TimeZone = acc.TimeZone
	}
	if acc.Password == "" {
		return u, nil
	}
	u.PasswordHash, err = l.hashPassword(ctx, acc.Password)
	return u, err
}

func (l *Library) hashPassword(ctx context.Context, password string) (string, error) {
	if utf8.RuneCountInString(password) < MinPasswordRunes {
		return "", E(Invalid, fmt.Sprintf("A password needs at least %d characters. A short sentence is a good one.", MinPasswordRunes), nil)
	}
	return l.hash(ctx, password)
}

// hash hashes a password that is long enough for what it guards. Invalid for one that is too long to hash.
func (l *Library) hash(ctx context.Context, password string) (string, error) {
	if len(password) > 1000 {
		return "", E(Invalid, "A password can have at most 1000 bytes.", nil)
	}
	hash, err := l.Hasher.Hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

func (l *Library) createUser(ctx context.Context, tx Store, u User, role Role, workspace string) error {
	ws, err := tx.FirstWorkspace(ctx)
	if err != nil && KindOf(err) != NotFound {
		return fmt.Errorf("find workspace: %w", err)
	}
	if err != nil {
		name := cleanLine(workspace, MaxNameRunes)
		if name == "" {
			name = "Our updates"
		}
		ws = Workspace{ID: WorkspaceID(l.NewID()), Name: name, CreatedAt: l.Now()}
		role = RoleOwner
		if err := tx.CreateWorkspace(ctx, ws); err != nil {
			return fmt.Errorf("create workspace: %w", err)
		}
	}
	if err := l.addUser(ctx, tx, u, ws.ID, role); err != nil {
		return err
	}
	return l.note(ctx, tx, Actor{}, ws.ID, ActionJoined, u.Email, string(role))
}

// addUser makes an account in a workspace. Conflict if the mail address is taken.
func (l *Library) addUser(ctx context.Context, tx Store, u User, w WorkspaceID, role Role) error {
	err := tx.CreateUser(ctx, u, Membership{WorkspaceID: w, UserID: u.ID, Role: role, CreatedAt: l.Now()})
	if KindOf(err) == Conflict && err != nil {
		return E(Conflict, "There is an account with this mail address already. Sign in with it first.", err)
	}
	return err
}

// FoldEmail is what mail addresses are compared by.
func FoldEmail(email string) string { return strings.ToLower(email) }

func cleanEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || len(s) > 254 {
		return "", E(Invalid, "This does not look like a mail address. It needs a name, an @ and a domain.", err)
	}
	return s, nil
}

var errWrongLogin = E(Unauthenticated, "Mail address and password do not match. Try again.", nil)

// LogIn checks a password and starts a session: the cookie's value. Unauthenticated, the same and as slow whether or not the address
// is known.
func (l *Library) LogIn(ctx context.Context, email, password, device string) (cookie string, err error) {
	id, err := l.Store.IdentityByEmail(ctx, strings.TrimSpace(email))
	if err != nil && KindOf(err) != NotFound {
		return "", fmt.Errorf("find account: %w", err)
	}
	hash := id.User.PasswordHash
	if hash == "" {
		hash = dummyHash
	}
	ok, err := l.Hasher.Verify(ctx, password, hash)
	if err != nil {
		return "", fmt.Errorf("check password: %w", err)
	}
	if !ok || id.User.PasswordHash == "" {
		return "", errWrongLogin
	}
	return l.startSession(ctx, id.User.ID, device)
}

// dummyHash costs as much to check as a real one (argon2id, 19 MiB, t=2) and belongs to nobody.
const dummyHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// CheckLoginLink answers nil while secret can still sign in, NotFound otherwise. It does not use the link up: mail scanners open links.
func (l *Library) CheckLoginLink(ctx context.Context, secret string) error {
	link, err := l.Store.LoginLinkByHash(ctx, SecretHash(secret))
	if err != nil && KindOf(err) != NotFound {
		return fmt.Errorf("find login link: %w", err)
	}
	if err != nil || link.UsedAt != nil || !l.Now().Before(link.ExpiresAt) {
		return E(NotFound, "This log-in link was used already or has ended. Ask for a new one.", err)
	}
	return nil
}

// LogInByLink uses a login link, sets the password if one is given, which ends the person's other sessions, and starts one. NotFound when the link is used or over.
func (l *Library) LogInByLink(ctx context.Context, secret, password, device string) (cookie string, err error) {
	if err := l.CheckLoginLink(ctx, secret); err != nil {
		return "", err
	}
	var hash string
	if password != "" {
		if hash, err = l.hashPassword(ctx, password); err != nil {
			return "", err
		}
	}
	var user UserID
	err = l.Store.InTx(ctx, func(tx Store) error {
		link, err := tx.LoginLinkByHash(ctx, SecretHash(secret))
		if err != nil {
			return err
		}
		if user, err = tx.UseLoginLink(ctx, link.Hash, l.Now()); err != nil {
			return err
		}
		if link.Mailed {
			if err := tx.VerifyEmail(ctx, user, l.Now()); err != nil {
				return err
			}
		}
		if hash == "" {
			return nil
		}
		if err := tx.SetPassword(ctx, user, hash); err != nil {
			return err
		}
		if err := tx.DropLoginLinks(ctx, user); err != nil {
			return err
		}
		return tx.EndSessions(ctx, user, "") // whoever had the old password is out
	})
	if err != nil {
		return "", fmt.Errorf("use login link: %w", err)
	}
	return l.startSession(ctx, user, device)
}

// startSession signs a person in, in the workspace that they have been in longest.
func (l *Library) startSession(ctx context.Context, user UserID, device string) (string, error) {
	return l.startSessionIn(ctx, l.Store, user, "", device)
}

// startSessionIn signs a person in, in one of their workspaces; in the oldest one when it is empty.
func (l *Library) startSessionIn(ctx context.Context, st Store, user UserID, w WorkspaceID, device string) (string, error) {
	secret := NewSecret()
	now := l.Now()
	s := Session{
		Hash: SecretHash(secret), UserID: user, WorkspaceID: w, Device: cleanLine(device, 200), CreatedAt: now, LastUsed: now, ExpiresAt: now.Add(SessionFor),
	}
	if err := st.CreateSession(ctx, s); err != nil {
		return "", fmt.Errorf("create session: %w", err)
	}
	return secret, nil
}

// LogOut ends the session. An unknown one is no error.
func (l *Library) LogOut(ctx context.Context, cookie string) error {
	return l.Store.DeleteSession(ctx, SecretHash(cookie))
}

// touchEvery bounds how often a use is written down.
const touchEvery = 5 * time.Minute

// ActorBySession is who the cookie stands for. Unauthenticated when it is unknown or over.
func (l *Library) ActorBySession(ctx context.Context, cookie string) (Actor, error) {
	s, id, err := l.Store.SessionByHash(ctx, SecretHash(cookie))
	if err != nil && KindOf(err) != NotFound {
		return Actor{}, fmt.Errorf("find session: %w", err)
	}
	now := l.Now()
	if err != nil || !now.Before(s.ExpiresAt) || now.Sub(s.LastUsed) >= SessionIdle {
		return Actor{}, E(Unauthenticated, "Your session has ended. Sign in again.", err)
	}
	if now.Sub(s.LastUsed) > touchEvery {
		if err := l.Store.TouchSession(ctx, s.Hash, now); err != nil {
			return Actor{}, fmt.Errorf("note session use: %w", err)
		}
	}
	return actorOf(id, nil), nil
}

// AddAPIKey makes a key for the account with that address, in its oldest workspace, and returns its secret, which is kept nowhere. It is the
// operator's way; people use MakeKey.
func (l *Library) AddAPIKey(ctx context.Context, email, name string, scopes []Scope, expires *time.Time) (string, error) {
	id, err := l.Store.IdentityByEmail(ctx, strings.TrimSpace(email))
	if err != nil && KindOf(err) == NotFound {
		return "", E(NotFound, "There is no account with this mail address. Make one with: meanwhile user add EMAIL", err)
	}
	if err != nil {
		return "", err
	}
	if id.WorkspaceID == "" {
		return "", E(Conflict, "This person is in no workspace, and a key works in one. Invite them to one first.", nil)
	}
	k, secret, err := l.newKey(id.User.ID, id.WorkspaceID, name, scopes, expires)
	if err != nil {
		return "", err
	}
	return secret, l.Store.InTx(ctx, func(tx Store) error { return l.addKey(ctx, tx, Actor{}, k, id.User.Email) })
}

// keyCheck is how long a key is believed after its row was read. A key's own end counts at once.
const keyCheck = 2 * time.Second

// keyHolder is a key and whose it is.
type keyHolder struct {
	key APIKey
	id  Identity
}

// ActorByKey is who the API key stands for. Unauthenticated when it is unknown or over; a row that has changed counts within keyCheck.
func (l *Library) ActorByKey(ctx context.Context, secret string) (Actor, error) {
	now := l.Now()
	hash := SecretHash(secret)
	holder, known := l.keys.get(hash, now, keyCheck)
	if !known {
		var err error
		holder.key, holder.id, err = l.Store.APIKeyByHash(ctx, hash)
		if err != nil && KindOf(err) != NotFound {
			return Actor{}, fmt.Errorf("find API key: %w", err)
		}
		if err != nil || holder.id.WorkspaceID == "" {
			return Actor{}, noKey(err) // nor does a key work on where its person has left
		}
		l.keys.put(hash, holder, now)
	}
	k := holder.key
	if k.ExpiresAt != nil && !now.Before(*k.ExpiresAt) {
		return Actor{}, noKey(nil)
	}
	if !known && (k.LastUsed == nil || now.Sub(*k.LastUsed) > touchEvery) {
		if err := l.Store.TouchAPIKey(ctx, k.ID, now); err != nil {
			return Actor{}, fmt.Errorf("note API key use: %w", err)
		}
	}
	return actorOf(holder.id, k.Scopes), nil
}

func noKey(err error) error {
	return E(Unauthenticated, "This API key is unknown or has ended. Make a new one on the site, or with: meanwhile token add", err)
}

func actorOf(id Identity, scopes []Scope) Actor {
	return Actor{UserID: id.User.ID, Name: id.User.Name, Email: id.User.Email, Verified: id.User.VerifiedAt != nil, WorkspaceID: id.WorkspaceID, Role: id.Role, Scopes: scopes}
}
