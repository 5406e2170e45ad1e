package signin

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/server/people"
	"meanwhile/storage"
)

// SignUpMailFor is the lifetime of a mailed link that makes an account.
const SignUpMailFor = 30 * time.Minute

var (
	errSignUpClosed = storage.E(
		storage.Forbidden, "Sign-up is closed here. Ask the owner of this site for an account.", nil)
	errNoSignUpLink = storage.E(
		storage.NotFound, "This link made an account already, or has ended. Sign in, or sign up again.", nil)
)

// SignUpOpen reports whether anyone may make an account.
func (s *Service) SignUpOpen() bool { return s.openSignUp }

// SignUpByMail reports whether a new account needs the proof of its address first.
func (s *Service) SignUpByMail() bool { return s.notify.On() }

// mayBeSignedUp returns nil while anyone may make an account.
func (s *Service) mayBeSignedUp(ctx context.Context) error {
	if !s.openSignUp {
		return errSignUpClosed
	}
	needed, err := s.NeedsSetUp(ctx)
	if err == nil && needed {
		err = storage.E(
			storage.Forbidden,
			"The first account is made by the set-up link that the program printed at start.",
			nil,
		)
	}
	return err
}

// SignUp makes an account with a workspace of its own and signs it in, if the operator lets anyone
// do so. It is for a site that sends no mail. Forbidden if sign-up is closed, or if the address is
// to be proved first.
func (s *Service) SignUp(ctx context.Context, acc Account, from Entry) (cookie string, err error) {
	if err := s.mayBeSignedUp(ctx); err != nil {
		return "", err
	}
	if s.SignUpByMail() {
		return "", storage.E(storage.Forbidden, "Ask for the mail that makes your account.", nil)
	}
	u, err := s.newUser(ctx, acc)
	if err != nil {
		return "", err
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		cookie, err = s.openAccount(ctx, tx, u, from)
		return err
	})
	return cookie, err
}

// openAccount makes an account with a workspace of its own, and signs it in. Which team a stranger
// works in is for that team to decide.
func (s *Service) openAccount(ctx context.Context, tx storage.Store, u storage.User, from Entry) (string, error) {
	w := storage.Workspace{
		ID:        storage.WorkspaceID(s.core.NewID()),
		Name:      storage.CleanLine(u.Name+"’s updates", storage.MaxNameRunes),
		CreatedAt: s.core.Now(),
	}
	if err := tx.CreateWorkspace(ctx, w); err != nil {
		return "", fmt.Errorf("create workspace: %w", err)
	}
	if err := s.addUser(ctx, tx, u, w.ID, storage.RoleOwner); err != nil {
		return "", err
	}
	if err := s.core.Audit(ctx, tx, access.Actor{}, w.ID, people.ActionWorkspace, w.Name, u.Email); err != nil {
		return "", err
	}
	return s.logInNew(ctx, tx, u.ID, "sign-up", from)
}

// mailedSignUp is what a mailed link says of the account that it makes. Nothing of it is stored
// before somebody opens the link.
type mailedSignUp struct {
	Email    string    `json:"e"`
	Name     string    `json:"n"`
	TimeZone string    `json:"z"`
	EndsAt   time.Time `json:"x"`
}

// MailSignUpLink mails a link that makes an account. Who has one already gets a link that signs
// them in. The result and the time are the same in both cases. Forbidden if sign-up is closed,
// Invalid for what is no mail address.
func (s *Service) MailSignUpLink(ctx context.Context, acc Account, base string) error {
	if err := s.mayBeSignedUp(ctx); err != nil {
		return err
	}
	if !s.notify.On() {
		return errNoMail
	}
	u, err := s.newUser(ctx, Account{Email: acc.Email, Name: acc.Name, TimeZone: acc.TimeZone})
	if err != nil {
		return err
	}
	s.notify.Later(ctx, "sign-up link", func(ctx context.Context) error { return s.mailSignUpLink(ctx, u, base) })
	return nil
}

func (s *Service) mailSignUpLink(ctx context.Context, u storage.User, base string) error {
	_, err := s.core.Store.IdentityByEmail(ctx, u.Email)
	if err == nil {
		return s.mailLogInLink(ctx, u.Email, base)
	}
	if storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find account: %w", err)
	}
	ends := s.core.Now().Add(SignUpMailFor)
	token, err := s.signUpToken(mailedSignUp{Email: u.Email, Name: u.Name, TimeZone: u.TimeZone, EndsAt: ends})
	if err != nil {
		return err
	}
	return s.notify.Send(ctx, storage.Mail{
		To:      u.Email,
		Subject: "Make your account",
		Text: fmt.Sprintf(
			"Hello,\n\nthis link makes your account. It works until %s:\n\n%s/signup/%s\n\nIf you did not ask for "+
				"it, ignore this mail: nothing happens.\n",
			ends.UTC().Format("15:04 UTC"),
			base,
			token,
		),
	})
}

const signUpPurpose = "sign-up "

func (s *Service) signUpToken(m mailedSignUp) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("encode sign-up: %w", err)
	}
	code := base64.RawURLEncoding
	return code.EncodeToString(text) + "." + code.EncodeToString(s.core.Sign(signUpPurpose, string(text))), nil
}

// CheckSignUpLink returns the account that a mailed link makes, NotFound if it makes none (any
// more). It does not use the link up, because mail scanners open links.
func (s *Service) CheckSignUpLink(ctx context.Context, token string) (Account, error) {
	m, ok := s.readSignUp(token)
	if !s.openSignUp || !ok || !s.core.Now().Before(m.EndsAt) {
		return Account{}, errNoSignUpLink
	}
	_, err := s.core.Store.IdentityByEmail(ctx, m.Email)
	if err == nil {
		return Account{}, errNoSignUpLink
	}
	if storage.KindOf(err) != storage.NotFound {
		return Account{}, fmt.Errorf("find account: %w", err)
	}
	return Account{Email: m.Email, Name: m.Name, TimeZone: m.TimeZone}, nil
}

func (s *Service) readSignUp(token string) (m mailedSignUp, ok bool) {
	left, right, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(left)
	if err != nil {
		return m, false
	}
	sum, err := base64.RawURLEncoding.DecodeString(right)
	if err != nil || !hmac.Equal(sum, s.core.Sign(signUpPurpose, string(text))) {
		return m, false
	}
	return m, json.Unmarshal(text, &m) == nil
}

// SignUpByLink makes the account of a mailed link, with a workspace of its own, and signs it in.
// The link proves its address. It fails like CheckSignUpLink; Invalid for a password that is too
// short.
func (s *Service) SignUpByLink(ctx context.Context, token, password string, from Entry) (cookie string, err error) {
	acc, err := s.CheckSignUpLink(ctx, token)
	if err != nil {
		return "", err
	}
	acc.Password = password
	u, err := s.newUser(ctx, acc)
	if err != nil {
		return "", err
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if cookie, err = s.openAccount(ctx, tx, u, from); err != nil {
			return err
		}
		if err := tx.VerifyEmail(ctx, u.ID, s.core.Now()); err != nil {
			return fmt.Errorf("verify mail address: %w", err)
		}
		return nil
	})
	return cookie, err
}
