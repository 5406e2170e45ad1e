package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"meanwhile/server/access"
	"meanwhile/storage"
)

type wirePasskey struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	CreatedAt  stamp  `json:"created_at"`
	LastUsedAt *stamp `json:"last_used_at,omitempty"`
}

func passkeyOf(p storage.Passkey) wirePasskey {
	return wirePasskey{ID: string(p.ID), Name: p.Name, CreatedAt: stamp(p.CreatedAt), LastUsedAt: stampOf(p.LastUsed)}
}

type wirePasskeys struct {
	Items []wirePasskey `json:"items" nullable:"false"`
}

type passkeysOutput struct{ Body wirePasskeys }

func (s *server) listPasskeys(ctx context.Context, _ *struct{}) (*passkeysOutput, error) {
	list, err := s.SignIn.Passkeys(ctx, visitOf(ctx).actor)
	if err != nil {
		return nil, err
	}
	out := &passkeysOutput{Body: wirePasskeys{Items: []wirePasskey{}}}
	for _, p := range list {
		out.Body.Items = append(out.Body.Items, passkeyOf(p))
	}
	return out, nil
}

type wireChallenge struct {
	Options   json.RawMessage `json:"options" doc:"What the browser's credentials.create or credentials.get takes as publicKey, in its JSON form (WebAuthn level 3)"`
	Challenge string          `json:"ceremony" doc:"Send it back with the browser's response, once, within ten minutes"`
}

type challengeOutput struct{ Body wireChallenge }

// beginPasskey asks the browser for a new passkey that works without a user name.
func (s *server) beginPasskey(ctx context.Context, _ *struct{}) (*challengeOutput, error) {
	v := visitOf(ctx)
	have, err := s.SignIn.Passkeys(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	rp, err := s.relyingParty(v)
	if err != nil {
		return nil, err
	}
	who, err := passkeyUserOf(v.actor.UserID, v.actor.Email, v.actor.Name, have...)
	if err != nil {
		return nil, err
	}
	options, session, err := rp.BeginRegistration(who,
		webauthn.WithExclusions(webauthn.Credentials(who.credentials).CredentialDescriptors()),
		webauthn.WithConveyancePreference(protocol.PreferNoAttestation),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification:   protocol.VerificationRequired,
		}))
	if err != nil {
		return nil, fmt.Errorf("begin passkey: %w", err)
	}
	return s.challenge(ctx, v.actor, storage.ChallengeNewPasskey, options.Response, session)
}

func (s *server) challenge(
	ctx context.Context,
	a access.Actor,
	kind storage.ChallengeKind,
	options any,
	session *webauthn.SessionData,
) (*challengeOutput, error) {
	session.Expires = time.Time{} // the use case's clock ends it
	state, err := json.Marshal(session)
	if err != nil {
		return nil, fmt.Errorf("write challenge: %w", err)
	}
	asked, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("write options: %w", err)
	}
	secret, err := s.SignIn.BeginChallenge(ctx, a, kind, string(state))
	if err != nil {
		return nil, err
	}
	return &challengeOutput{Body: wireChallenge{Options: asked, Challenge: secret}}, nil
}

// resume takes the challenge that a response belongs to.
func (s *server) resume(
	ctx context.Context,
	a access.Actor,
	kind storage.ChallengeKind,
	secret string,
) (session webauthn.SessionData, err error) {
	state, err := s.SignIn.TakeChallenge(ctx, a, kind, secret)
	if err != nil {
		return session, err
	}
	if err := json.Unmarshal([]byte(state), &session); err != nil {
		return session, fmt.Errorf("read challenge: %w", err)
	}
	return session, nil
}

type wireNewPasskey struct {
	Challenge  string          `json:"ceremony" maxLength:"100"`
	Name       string          `json:"name,omitempty" maxLength:"1000" doc:"A name for it, such as the device's name"`
	Credential json.RawMessage `json:"credential" doc:"The browser's response, in its JSON form"`
}

type newPasskeyInput struct{ Body wireNewPasskey }

type passkeyOutput struct{ Body wirePasskey }

func (s *server) addPasskey(ctx context.Context, in *newPasskeyInput) (*passkeyOutput, error) {
	v := visitOf(ctx)
	session, err := s.resume(ctx, v.actor, storage.ChallengeNewPasskey, in.Body.Challenge)
	if err != nil {
		return nil, err
	}
	rp, err := s.relyingParty(v)
	if err != nil {
		return nil, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(in.Body.Credential)
	if err != nil {
		return nil, badPasskey(err)
	}
	who, err := passkeyUserOf(v.actor.UserID, v.actor.Email, v.actor.Name)
	if err != nil {
		return nil, err
	}
	made, err := rp.CreateCredential(who, session, answer)
	if err != nil {
		return nil, badPasskey(err)
	}
	kept, err := json.Marshal(made)
	if err != nil {
		return nil, fmt.Errorf("write credential: %w", err)
	}
	p, err := s.SignIn.AddPasskey(ctx, v.actor, storage.Passkey{
		Name:         in.Body.Name,
		CredentialID: credentialName(made.ID),
		Credential:   string(kept),
		SignCount:    int64(made.Authenticator.SignCount),
	})
	if err != nil {
		return nil, err
	}
	return &passkeyOutput{Body: passkeyOf(p)}, nil
}

type passkeyInput struct {
	ID string `path:"id" maxLength:"100"`
}

func (s *server) removePasskey(ctx context.Context, in *passkeyInput) (*struct{}, error) {
	return nil, s.SignIn.RemovePasskey(ctx, visitOf(ctx).actor, storage.PasskeyID(in.ID))
}

// beginPasskeyLogIn asks the browser for any passkey of this site. The response says whose it is.
func (s *server) beginPasskeyLogIn(ctx context.Context, _ *struct{}) (*challengeOutput, error) {
	v := visitOf(ctx)
	if err := s.try(ctx, v); err != nil {
		return nil, err
	}
	rp, err := s.relyingParty(v)
	if err != nil {
		return nil, err
	}
	options, session, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("begin log-in by passkey: %w", err)
	}
	return s.challenge(ctx, access.Guest(), storage.ChallengePasskey, options.Response, session)
}

type wirePasskeyLogIn struct {
	Challenge  string          `json:"ceremony" maxLength:"100"`
	Credential json.RawMessage `json:"credential" doc:"The browser's response, in its JSON form"`
}

type passkeyLogInInput struct {
	UserAgent string `header:"User-Agent" hidden:"true"`
	Cookie    string `header:"Cookie" hidden:"true"`
	Body      wirePasskeyLogIn
}

func (s *server) logInByPasskey(ctx context.Context, in *passkeyLogInInput) (*sessionOutput, error) {
	v := visitOf(ctx)
	if err := s.try(ctx, v); err != nil {
		return nil, err
	}
	session, err := s.resume(ctx, access.Guest(), storage.ChallengePasskey, in.Body.Challenge)
	if err != nil {
		return nil, err
	}
	p, use, err := s.checkPasskey(ctx, v, session, in.Body.Credential)
	if err != nil {
		return nil, err
	}
	cookie, err := s.SignIn.LogInByPasskey(ctx, p, use, v.entry(in.UserAgent))
	if err != nil {
		return nil, err
	}
	return s.sessionBegun(ctx, v, in.Cookie, cookie)
}

// checkPasskey finds the passkey that a response names, and checks its signature.
func (s *server) checkPasskey(
	ctx context.Context,
	v *visit,
	session webauthn.SessionData,
	credential []byte,
) (p storage.Passkey, use storage.PasskeyUse, err error) {
	rp, err := s.relyingParty(v)
	if err != nil {
		return p, use, err
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return p, use, badPasskey(err)
	}
	if p, err = s.SignIn.PasskeyOf(ctx, credentialName(answer.RawID)); err != nil {
		return p, use, err
	}
	who, err := passkeyUserOf(p.UserID, "", "", p)
	if err != nil {
		return p, use, err
	}
	_, used, err := rp.ValidatePasskeyLogin(
		func(_, _ []byte) (webauthn.User, error) { return who, nil },
		session,
		answer,
	)
	if err != nil {
		return p, use, badPasskey(err)
	}
	kept, err := json.Marshal(used)
	if err != nil {
		return p, use, fmt.Errorf("write credential: %w", err)
	}
	return p, storage.PasskeyUse{
		Credential: string(kept),
		SignCount:  int64(answer.Response.AuthenticatorData.Counter),
	}, nil
}

// badPasskey is the error for a response that is not valid. The details go to the log.
func badPasskey(err error) error {
	var told *protocol.Error
	if errors.As(err, &told) {
		err = fmt.Errorf("%s: %s: %s", told.Type, told.Details, told.DevInfo)
	}
	return storage.E(
		storage.Unauthenticated,
		"This passkey could not be checked. Try again, or sign in another way.",
		err,
	)
}

// relyingParty is this site as browsers know it. Passkeys belong to its host.
func (s *server) relyingParty(v *visit) (*webauthn.WebAuthn, error) {
	base, err := url.Parse(s.baseURL(v))
	if err != nil {
		return nil, invalid("The address of this site cannot be read. Open it by its usual name.", err)
	}
	rp, err := webauthn.New(
		&webauthn.Config{
			RPID:          base.Hostname(),
			RPDisplayName: siteName,
			RPOrigins:     []string{base.Scheme + "://" + base.Host},
		},
	)
	if err != nil {
		return nil, invalid(
			"Passkeys work only where a site has a name, not a number. Open it by its name, such as localhost.",
			err,
		)
	}
	return rp, nil
}

// credentialName is the stored form of a credential's ID.
func credentialName(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// passkeyUser is a person in the form that the passkey library needs.
type passkeyUser struct {
	id          storage.UserID
	email, name string
	credentials []webauthn.Credential
}

func passkeyUserOf(id storage.UserID, email, name string, keys ...storage.Passkey) (*passkeyUser, error) {
	u := &passkeyUser{id: id, email: email, name: name}
	for _, k := range keys {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(k.Credential), &c); err != nil {
			return nil, fmt.Errorf("read passkey %s: %w", k.ID, err)
		}
		u.credentials = append(u.credentials, c)
	}
	return u, nil
}

// WebAuthnID is the ID that devices store with a passkey.
func (u *passkeyUser) WebAuthnID() []byte { return []byte(u.id) }

// WebAuthnName is the name that devices show for a passkey.
func (u *passkeyUser) WebAuthnName() string { return u.email }

// WebAuthnDisplayName is a second name that devices may show.
func (u *passkeyUser) WebAuthnDisplayName() string { return u.name }

// WebAuthnCredentials are the credentials to check.
func (u *passkeyUser) WebAuthnCredentials() []webauthn.Credential { return u.credentials }
