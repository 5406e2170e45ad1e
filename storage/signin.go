package storage

import (
	"time"
)

// PasskeyID names a Passkey.
type PasskeyID string

// Passkey is a key pair whose private half stays on a device. It signs its user in without a name
// or a password.
type Passkey struct {
	ID     PasskeyID
	UserID UserID
	Name   string // what its user calls it
	// CredentialID is the device's own name for it (base64url). Credential is what the server needs
	// to check signatures, as JSON.
	CredentialID string
	Credential   string
	SignCount    int64 // the device's count of its signatures
	CreatedAt    time.Time
	LastUsed     *time.Time
}

// PasskeyUse is what is stored after a log-in by passkey with a valid signature.
type PasskeyUse struct {
	ID         PasskeyID
	Credential string
	SignCount  int64
}

// ProviderAccount is a user's account at a log-in provider (OpenID Connect).
type ProviderAccount struct {
	Issuer, Subject string
	UserID          UserID
	CreatedAt       time.Time
}

// Claims is what a provider says about the person who has signed in there.
type Claims struct {
	Issuer, Subject string
	Email           string
	EmailVerified   bool
	Name            string
}

// ChallengeKind is what sort of log-in waits for its second half.
type ChallengeKind string

// The kinds of challenges.
const (
	ChallengeNewPasskey ChallengeKind = "passkey-new"
	ChallengePasskey    ChallengeKind = "passkey-log-in"
	ChallengeProvider   ChallengeKind = "provider"
)

// Challenge is a log-in that has begun and waits for its second half, which may come once.
type Challenge struct {
	Hash      string // SecretHash of what the browser holds
	Kind      ChallengeKind
	UserID    UserID // empty if nobody is signed in
	State     string // what the second half is checked against
	ExpiresAt time.Time
}
