package storage

import (
	"context"
	"time"
)

// SignInStore remembers what people sign in with beside a password.
type SignInStore interface {
	// VerifyEmail notes that the person's mail address is theirs; the first time counts. NotFound.
	VerifyEmail(ctx context.Context, id UserID, at time.Time) error
	// HoldUser puts the transaction behind every other that changes what the person signs in with,
	// until it ends: as its first statement, what it reads of that stays so. NotFound.
	HoldUser(ctx context.Context, id UserID) error
	// DropCredentials takes away what the person signs in with, and what is signed in: password,
	// sessions, API keys, unused log-in links, passkeys and accounts at providers.
	DropCredentials(ctx context.Context, id UserID) error
	// InvitesTo lists the invites with a link for that address, in any case of letters, that stand
	// open at now, in workspaces that take people; newest first.
	InvitesTo(ctx context.Context, email string, now time.Time) ([]Invite, error)

	// CreateChallenge keeps a challenge and forgets all that are over at now.
	CreateChallenge(ctx context.Context, c Challenge, now time.Time) error
	// TakeChallenge gives a challenge and forgets it. NotFound if absent, of another kind, taken
	// already, or over at now.
	TakeChallenge(ctx context.Context, hash string, kind ChallengeKind, now time.Time) (Challenge, error)

	// CreatePasskey adds a passkey. Conflict if its credential is known.
	CreatePasskey(ctx context.Context, p Passkey) error
	// Passkeys lists a user's passkeys, oldest first.
	Passkeys(ctx context.Context, id UserID) ([]Passkey, error)
	// PasskeyByCredential finds a passkey by the credential's own name. NotFound.
	PasskeyByCredential(ctx context.Context, credentialID string) (Passkey, error)
	// UsePasskey writes down a use. Conflict unless the authenticator's count has grown (one that
	// does not count says 0 each time), or when the passkey is gone.
	UsePasskey(ctx context.Context, use PasskeyUse, at time.Time) error
	// DeletePasskey removes a passkey of that user. NotFound.
	DeletePasskey(ctx context.Context, id UserID, passkey PasskeyID) error

	// CreateProviderAccount ties an account at a provider to a user. Conflict if it is tied
	// already.
	CreateProviderAccount(ctx context.Context, p ProviderAccount) error
	// UserByProvider is whose account at the provider it is. NotFound.
	UserByProvider(ctx context.Context, issuer, subject string) (UserID, error)
}
