package storage

import (
	"time"
)

// InviteID names an Invite.
type InviteID string

// Member is a person of a workspace.
type Member struct {
	User     User
	Role     Role
	JoinedAt time.Time
	// OpenSignUp: they made themselves a member while sign-up was open to everybody, and nobody has
	// looked at that yet.
	OpenSignUp bool
}

// WorkspaceRole is a workspace as one of its members sees it.
type WorkspaceRole struct {
	Workspace Workspace
	Role      Role
	JoinedAt  time.Time
}

// Invite lets one person join a workspace, once.
type Invite struct {
	ID            InviteID
	WorkspaceID   WorkspaceID
	WorkspaceName string // joined by the store when read
	// SecretHash of the link's secret; empty while a person asks to join and nobody has made a link
	// for it
	Hash          string
	Email         string // the only address that may use it; empty for anyone with the link
	Role          Role
	CreatedBy     UserID // empty if a person asked to join
	CreatedByName string // joined by the store when read
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UsedAt        *time.Time
}

// ProvesAddress reports whether anyone who has the link has read the mail of its address: the link
// for a person who asked to join is sent to nobody else.
func (i Invite) ProvesAddress() bool { return i.Email != "" && i.CreatedBy == "" && i.Hash != "" }

// SignUpRule says how people join a workspace.
type SignUpRule string

// The rules.
const (
	// nobody new; the operator's command line can still add people
	SignUpClosed  SignUpRule = "closed"
	SignUpInvited SignUpRule = "invited" // who has an invite
	SignUpDomains SignUpRule = "domains" // who has an invite, or a mail address of a listed domain
)

// Settings is what a workspace's owners and admins decide for all of it.
type Settings struct {
	SignUp  SignUpRule
	Domains []string // of mail addresses, in lower case
	// EmbedHosts are the sites that may show the player inside their pages; empty for all.
	EmbedHosts []string
	// KeepDays is after how many days a video goes into the trash automatically; 0 for never.
	KeepDays int
	// Defaults of a new link.
	DefaultAudience string // "link" or "members"
	DefaultComments string // "on", "off" or "held"
	DefaultDownload bool
}

// DomainSignUp is a workspace that people of some domains may join by themselves.
type DomainSignUp struct {
	Workspace Workspace
	Domains   []string
}
