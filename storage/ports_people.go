package storage

import (
	"context"
	"time"
)

// PeopleStore remembers who is in which workspace, who is asked to join, and what people say of
// themselves and are signed in with.
type PeopleStore interface {
	// HoldWorkspace puts the transaction behind every other that holds the workspace, until it
	// ends: as its first statement, what it reads of the people stays so. NotFound.
	HoldWorkspace(ctx context.Context, id WorkspaceID) error
	WorkspaceByID(ctx context.Context, id WorkspaceID) (Workspace, Settings, error)
	// SaveWorkspace writes name and settings. NotFound.
	SaveWorkspace(ctx context.Context, id WorkspaceID, name string, s Settings) error
	// WorkspacesForDomains lists the workspaces that people of some domains may join by themselves,
	// oldest first.
	WorkspacesForDomains(ctx context.Context) ([]DomainSignUp, error)

	// AddMembership: Conflict if the user is in the workspace already, NotFound if either is not
	// there.
	AddMembership(ctx context.Context, m Membership) error
	// Memberships lists a person's workspaces, the oldest membership first.
	Memberships(ctx context.Context, id UserID) ([]WorkspaceRole, error)
	// Members lists a workspace's people by when they joined.
	Members(ctx context.Context, id WorkspaceID) ([]Member, error)
	// MemberByID: NotFound.
	MemberByID(ctx context.Context, w WorkspaceID, id UserID) (Member, error)
	// MemberByEmail goes by the address in any case of letters. NotFound.
	MemberByEmail(ctx context.Context, w WorkspaceID, email string) (Member, error)
	CountOwners(ctx context.Context, id WorkspaceID) (int, error)
	// SetRole and Remove: NotFound.
	SetRole(ctx context.Context, w WorkspaceID, id UserID, role Role) error
	RemoveMember(ctx context.Context, w WorkspaceID, id UserID) error
	// RaiseEpochs ends the grants that were given for any video of the workspace.
	RaiseEpochs(ctx context.Context, id WorkspaceID) error

	CreateInvite(ctx context.Context, i Invite) error
	// InviteByHash finds an invite, over or not. NotFound.
	InviteByHash(ctx context.Context, hash string) (Invite, error)
	// OpenInvites lists what is neither used nor over at now, newest first.
	OpenInvites(ctx context.Context, id WorkspaceID, now time.Time) ([]Invite, error)
	// UseInvite marks the invite as used by that person, once. NotFound if absent, used already, or
	// over at now.
	UseInvite(ctx context.Context, hash string, now time.Time, by UserID) error
	// DeleteInvite: NotFound, also when it was used.
	DeleteInvite(ctx context.Context, w WorkspaceID, id InviteID) error
	// DeleteInvitesOf takes back what the person has handed out, and what stands open for their own
	// address.
	DeleteInvitesOf(ctx context.Context, w WorkspaceID, id UserID) error

	// SetProfile writes Name, TimeZone and Language. NotFound.
	SetProfile(ctx context.Context, u User) error
	// SetPicture writes the key of a picture, empty for none. NotFound.
	SetPicture(ctx context.Context, id UserID, key string) error

	// Sessions lists what has not ended at now, last used first.
	Sessions(ctx context.Context, id UserID, now time.Time) ([]Session, error)
	// SwitchSession writes the workspace that a session works in. NotFound.
	SwitchSession(ctx context.Context, hash string, w WorkspaceID) error
	// EndSessions ends all of a person's sessions but the one of that hash.
	EndSessions(ctx context.Context, id UserID, except string) error
	// EndSessionsIn ends a person's sessions that work in that workspace, and those that may.
	EndSessionsIn(ctx context.Context, w WorkspaceID, id UserID) error

	// APIKeys lists a person's keys of a workspace, newest first, those that have ended, too.
	APIKeys(ctx context.Context, w WorkspaceID, id UserID) ([]APIKey, error)
	// DeleteAPIKey: NotFound.
	DeleteAPIKey(ctx context.Context, w WorkspaceID, id UserID, key APIKeyID) error
	// DeleteAPIKeysIn deletes all of a person's keys of a workspace.
	DeleteAPIKeysIn(ctx context.Context, w WorkspaceID, id UserID) error

	// DropLoginLinks and DropLoginLinksIn take back unused log-in links: a person's, and those of
	// all people of a workspace.
	DropLoginLinks(ctx context.Context, id UserID) error
	DropLoginLinksIn(ctx context.Context, id WorkspaceID) error
}
