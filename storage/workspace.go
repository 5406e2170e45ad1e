package storage

import (
	"strings"
	"time"
)

// Role is what a person may do in a workspace.
type Role string

// The roles, from most to least.
const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
)

// ParseRole reads a role's name. Invalid if there is no such role.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case RoleOwner, RoleAdmin, RoleMember:
		return r, nil
	}
	return "", E(Invalid, "A role is owner, admin or member.", nil)
}

// Workspace holds people and their videos.
type Workspace struct {
	ID        WorkspaceID
	Name      string
	CreatedAt time.Time
}

// User is a person with an account.
type User struct {
	ID           UserID
	Email        string // as typed; compared in lower case
	Name         string
	PasswordHash string // empty until one is set
	TimeZone     string // an IANA name; empty if not known
	Language     string // a BCP 47 tag; empty if not known
	PictureKey   string // the object of their picture; empty if none
	CreatedAt    time.Time
	VerifiedAt   *time.Time // when Email was proven to be theirs; nil until then
}

// Membership puts a user into a workspace.
type Membership struct {
	WorkspaceID WorkspaceID
	UserID      UserID
	Role        Role
	CreatedAt   time.Time
}

// Identity is a user in a workspace; WorkspaceID and Role are empty for a user without a workspace.
type Identity struct {
	User          User
	WorkspaceID   WorkspaceID
	WorkspaceName string
	Role          Role
}

// Session is a signed-in browser.
type Session struct {
	Hash   string // SecretHash of the cookie's value
	UserID UserID
	// WorkspaceID is the workspace that the session uses; empty for the user's oldest.
	WorkspaceID WorkspaceID
	Device      string // the user agent, shortened: display text
	CreatedAt   time.Time
	LastUsed    time.Time
	ExpiresAt   time.Time
}

// Scope is what an API key may do.
type Scope string

// The scopes.
const (
	ScopeRead    Scope = "read"
	ScopeWrite   Scope = "write"
	ScopeUpload  Scope = "upload"
	ScopeComment Scope = "comment"
	ScopeAdmin   Scope = "admin"
)

// AllScopes lists every scope, in the order of the documentation.
var AllScopes = []Scope{ScopeRead, ScopeWrite, ScopeUpload, ScopeComment, ScopeAdmin}

// ParseScopes reads a comma-separated list. Invalid for an unknown name or an empty list.
func ParseScopes(list string) ([]Scope, error) {
	var scopes []Scope
	for _, name := range strings.Split(list, ",") {
		s := Scope(strings.TrimSpace(name))
		known := false
		for _, k := range AllScopes {
			known = known || k == s
		}
		if !known {
			return nil, E(Invalid, "Scopes are read, write, upload, comment and admin, separated by commas.", nil)
		}
		scopes = append(scopes, s)
	}
	return scopes, nil
}

// APIKey lets a program act for a user, in one workspace.
type APIKey struct {
	ID          APIKeyID
	UserID      UserID
	WorkspaceID WorkspaceID // empty for the user's oldest
	Name        string
	Hash        string
	Scopes      []Scope
	CreatedAt   time.Time
	ExpiresAt   *time.Time
	LastUsed    *time.Time
}

// LoginLink signs its user in once.
type LoginLink struct {
	Hash      string
	UserID    UserID
	Mailed    bool // to the person's address, which its use verifies
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

const (
	// LoginLinkFor is how long a log-in link is valid.
	LoginLinkFor = 24 * time.Hour
)

// ID names the session in lists. It cannot be turned back into the hash that the cookie is found
// by.
func (s Session) ID() string { return SecretHash("session/" + s.Hash)[:32] }
