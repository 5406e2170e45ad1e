package storage

import (
	"context"
	"time"
)

// PeopleStore keeps who is in which workspace, who is invited, and people's profiles, sessions and
// keys.
type PeopleStore interface {
	// HoldWorkspace locks the workspace against other calls of HoldWorkspace until the transaction
	// ends. If it is the first statement, what the transaction reads of the people stays true.
	// NotFound.
	HoldWorkspace(ctx context.Context, id WorkspaceID) error
	WorkspaceByID(ctx context.Context, id WorkspaceID) (Workspace, Settings, error)
	// SaveWorkspace writes name and settings. NotFound.
	SaveWorkspace(ctx context.Context, id WorkspaceID, name string, s Settings) error
	// WorkspacesForDomains lists the workspaces that people of some domains may join by themselves,
	// oldest first.
	WorkspacesForDomains(ctx context.Context) ([]DomainSignUp, error)

	// AddMembership adds a member. Conflict if the user is in the workspace already, NotFound if
	// either is not there.
	AddMembership(ctx context.Context, m Membership) error
	// Memberships lists a person's workspaces, the oldest membership first.
	Memberships(ctx context.Context, id UserID) ([]WorkspaceRole, error)
	// Members lists a workspace's people by when they joined.
	Members(ctx context.Context, id WorkspaceID) ([]Member, error)
	// SeeOpenSignUps forgets who became a member of the workspace by open sign-up. They stay.
	SeeOpenSignUps(ctx context.Context, id WorkspaceID) error
	// MemberByID finds a member. NotFound.
	MemberByID(ctx context.Context, w WorkspaceID, id UserID) (Member, error)
	// MemberByEmail finds a member by the address, in any case of letters. NotFound.
	MemberByEmail(ctx context.Context, w WorkspaceID, email string) (Member, error)
	CountOwners(ctx context.Context, id WorkspaceID) (int, error)
	// SetRole and RemoveMember: NotFound.
	SetRole(ctx context.Context, w WorkspaceID, id UserID, role Role) error
	RemoveMember(ctx context.Context, w WorkspaceID, id UserID) error
	// RaiseEpochs ends the grants for all videos of the workspace.
	RaiseEpochs(ctx context.Context, id WorkspaceID) error

	CreateInvite(ctx context.Context, i Invite) error
	// InviteByHash finds an invite, ended or not. NotFound.
	InviteByHash(ctx context.Context, hash string) (Invite, error)
	// OpenInvites lists the invites that are neither used nor expired at now, newest first.
	OpenInvites(ctx context.Context, id WorkspaceID, now time.Time) ([]Invite, error)
	// UseInvite marks the invite as used by that person, once. NotFound if absent, used already, or
	// expired at now.
	UseInvite(ctx context.Context, hash string, now time.Time, by UserID) error
	// DeleteInvite deletes an invite. NotFound, also if it was used.
	DeleteInvite(ctx context.Context, w WorkspaceID, id InviteID) error
	// DeleteInvitesOf deletes the invites that the person has made, and the open ones for their own
	// address.
	DeleteInvitesOf(ctx context.Context, w WorkspaceID, id UserID) error

	// SetProfile writes Name, TimeZone and Language. NotFound.
	SetProfile(ctx context.Context, u User) error
	// SetPicture writes the key of a picture, empty for none. NotFound.
	SetPicture(ctx context.Context, id UserID, key string) error

	// Sessions lists the sessions that have not ended at now, last used first.
	Sessions(ctx context.Context, id UserID, now time.Time) ([]Session, error)
	// SwitchSession sets the workspace that a session uses. NotFound.
	SwitchSession(ctx context.Context, hash string, w WorkspaceID) error
	// EndSessions ends all of a person's sessions except the one with that hash.
	EndSessions(ctx context.Context, id UserID, except string) error
	// EndSessionsIn ends a person's sessions that use that workspace, and those that may.
	EndSessionsIn(ctx context.Context, w WorkspaceID, id UserID) error

	// APIKeys lists a person's keys of a workspace, newest first, also those that have ended.
	APIKeys(ctx context.Context, w WorkspaceID, id UserID) ([]APIKey, error)
	// DeleteAPIKey deletes a key. NotFound.
	DeleteAPIKey(ctx context.Context, w WorkspaceID, id UserID, key APIKeyID) error
	// DeleteAPIKeysIn deletes all of a person's keys of a workspace.
	DeleteAPIKeysIn(ctx context.Context, w WorkspaceID, id UserID) error

	// DropLoginLinks and DropLoginLinksIn delete unused log-in links: a person's, and those of all
	// people of a workspace.
	DropLoginLinks(ctx context.Context, id UserID) error
	DropLoginLinksIn(ctx context.Context, id WorkspaceID) error
}
