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
}

// WorkspaceRole is a workspace as one of its people sees it.
type WorkspaceRole struct {
	Workspace Workspace
	Role      Role
	JoinedAt  time.Time
}

// Invite lets one person join a workspace, once.
type Invite struct {
	ID            InviteID
	WorkspaceID   WorkspaceID
	WorkspaceName string // joined by the store on reading
	// SecretHash of the link's secret; empty while somebody asks to join and nobody has made a link
	// of it
	Hash          string
	Email         string // who alone may use it; empty for whoever has the link
	Role          Role
	CreatedBy     UserID // empty where a person asked to join by themselves
	CreatedByName string // joined by the store on reading
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UsedAt        *time.Time
}

// ProvesAddress reports whether who has the link has read the mail of its address: the link of
// somebody who asked to join by themselves is told to nobody else.
func (i Invite) ProvesAddress() bool { return i.Email != "" && i.CreatedBy == "" && i.Hash != "" }

// SignUpRule is how people come into a workspace.
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
	// KeepDays is after how many days a video goes into the trash by itself; 0 for never.
	KeepDays int
	// What a new link begins with.
	DefaultAudience string // "link" or "members"
	DefaultComments string // "on", "off" or "held"
	DefaultDownload bool
}

// DomainSignUp is a workspace that people of some domains may join by themselves.
type DomainSignUp struct {
	Workspace Workspace
	Domains   []string
}
