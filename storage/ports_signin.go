package storage

import (
	"context"
	"time"
)

// SignInStore keeps what people sign in with besides a password.
type SignInStore interface {
	// VerifyEmail stores that the person's mail address is proven; the first time counts. NotFound.
	VerifyEmail(ctx context.Context, id UserID, at time.Time) error
	// HoldUser locks the user against other transactions that change what they sign in with, until
	// the transaction ends. If it is the first statement, what the transaction reads of that stays
	// true. NotFound.
	HoldUser(ctx context.Context, id UserID) error
	// DropCredentials removes what the person signs in with, and what is signed in: password,
	// sessions, API keys, unused log-in links, passkeys and accounts at providers.
	DropCredentials(ctx context.Context, id UserID) error
	// InvitesTo lists the invites with a link for that address, in any case of letters, that are
	// open at now, in workspaces that accept people; newest first.
	InvitesTo(ctx context.Context, email string, now time.Time) ([]Invite, error)

	// CreateChallenge stores a challenge and deletes all that have expired at now.
	CreateChallenge(ctx context.Context, c Challenge, now time.Time) error
	// TakeChallenge returns a challenge and deletes it. NotFound if absent, of another kind, taken
	// already, or expired at now.
	TakeChallenge(ctx context.Context, hash string, kind ChallengeKind, now time.Time) (Challenge, error)

	// CreatePasskey adds a passkey. Conflict if its credential is known.
	CreatePasskey(ctx context.Context, p Passkey) error
	// Passkeys lists a user's passkeys, oldest first.
	Passkeys(ctx context.Context, id UserID) ([]Passkey, error)
	// PasskeyByCredential finds a passkey by its CredentialID. NotFound.
	PasskeyByCredential(ctx context.Context, credentialID string) (Passkey, error)
	// UsePasskey records a use. Conflict unless the authenticator's count has grown (one that does
	// not count sends 0 each time), or if the passkey is gone.
	UsePasskey(ctx context.Context, use PasskeyUse, at time.Time) error
	// DeletePasskey removes a passkey of that user. NotFound.
	DeletePasskey(ctx context.Context, id UserID, passkey PasskeyID) error

	// CreateProviderAccount connects an account at a provider with a user. Conflict if it is
	// connected already.
	CreateProviderAccount(ctx context.Context, p ProviderAccount) error
	// UserByProvider returns the user of an account at the provider. NotFound.
	UserByProvider(ctx context.Context, issuer, subject string) (UserID, error)
}
