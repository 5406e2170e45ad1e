package access

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// Permission is something to do with a workspace, its people, or one's own account.
type Permission string

// The permissions for a workspace, its people, or one's own account.
const (
	SeeSelf           Permission = "see one's profile"
	ChangeSelf        Permission = "change one's profile"
	ManageCredentials Permission = "manage one's sessions and password, or go to another workspace"
	FoundWorkspace    Permission = "make a workspace"
	ManageKeys        Permission = "manage one's API keys"
	LeaveWorkspace    Permission = "leave"
	SeePicture        Permission = "see a colleague's picture"
	SeePeople         Permission = "see who is in the workspace"
	SeeSettings       Permission = "see the settings"
	ChangeSettings    Permission = "change the settings"
	InvitePeople      Permission = "invite people"
	ManagePeople      Permission = "change what people are, or remove them"
	MakeLogInLinks    Permission = "make log-in links for others"
	HandOver          Permission = "hand ownership over"
	ExportWorkspace   Permission = "take everything of the workspace along"
	ReadLog           Permission = "read the log"
	SeeSite           Permission = "see how the site does"
)

// right is one row of the decision. least is the lowest role in the workspace, empty for anyone
// with an account. scope is the scope that an API key needs, empty if no key may, whatever its
// scopes are.
type right struct {
	least storage.Role
	scope storage.Scope
}

var permissions = map[Permission]right{
	SeeSelf:           {"", storage.ScopeRead},
	ChangeSelf:        {"", storage.ScopeWrite},
	ManageCredentials: {"", ""},
	FoundWorkspace:    {"", ""},
	ManageKeys:        {storage.RoleMember, ""},
	LeaveWorkspace:    {storage.RoleMember, ""},
	SeePicture:        {storage.RoleMember, storage.ScopeRead},
	SeePeople:         {storage.RoleMember, storage.ScopeAdmin},
	SeeSettings:       {storage.RoleMember, storage.ScopeAdmin},
	ChangeSettings:    {storage.RoleAdmin, storage.ScopeAdmin},
	InvitePeople:      {storage.RoleAdmin, storage.ScopeAdmin},
	ManagePeople:      {storage.RoleAdmin, storage.ScopeAdmin},
	MakeLogInLinks:    {storage.RoleAdmin, ""},
	HandOver:          {storage.RoleOwner, ""},
	ExportWorkspace:   {storage.RoleAdmin, storage.ScopeAdmin},
	ReadLog:           {storage.RoleOwner, storage.ScopeAdmin},
	SeeSite:           {"", ""}, // and what ownsSite asks
}

// ranks order the roles. Somebody without a workspace has none.
var ranks = map[storage.Role]int{storage.RoleMember: 1, storage.RoleAdmin: 2, storage.RoleOwner: 3}

// Outranks reports whether role a may do more than role b.
func Outranks(a, b storage.Role) bool { return ranks[a] > ranks[b] }

// May is the one decision about workspaces, people and accounts. The person whom it is about may
// still rank above the actor, which the caller checks.
func (c *Core) May(ctx context.Context, a Actor, what Permission) error {
	row, ok := permissions[what]
	switch {
	case !ok:
		return fmt.Errorf("may: unknown permission %q", what)
	case !a.SignedIn():
		return storage.E(storage.Unauthenticated, "Sign in first.", nil)
	case a.scopes != nil && row.scope == "":
		return storage.E(storage.Forbidden, "No API key can do this. Sign in and do it on the site.", nil)
	case !a.has(row.scope):
		return storage.E(storage.Forbidden, fmt.Sprintf("This API key lacks the scope %q.", row.scope), nil)
	case row.least != "" && a.WorkspaceID == "":
		return ErrNoWorkspace
	case Outranks(row.least, a.role):
		return storage.E(
			storage.Forbidden,
			fmt.Sprintf("Only an %s of this workspace can do this. Ask one of them.", orAbove(row.least)),
			nil,
		)
	}
	if what == SeeSite {
		return c.ownsSite(ctx, a)
	}
	return nil
}

// ownsSite allows only the owner and the admins of the workspace that set-up made, whichever
// workspace they have open. Anyone may make a workspace and own it, so that gives no
// permission for the machine below.
func (c *Core) ownsSite(ctx context.Context, a Actor) error {
	refused := storage.E(storage.Forbidden, "Only an admin of the site's first workspace can do this.", nil)
	first, err := c.Store.SiteWorkspace(ctx)
	if err != nil {
		return storage.OrOther(err, refused)
	}
	m, err := c.Store.MemberByID(ctx, first.ID, a.UserID)
	if err != nil {
		return storage.OrOther(err, refused)
	}
	if Outranks(storage.RoleAdmin, m.Role) {
		return refused
	}
	return nil
}

func orAbove(r storage.Role) string {
	if r == storage.RoleOwner {
		return "owner"
	}
	return "owner or admin"
}

// ErrNoWorkspace is the error for somebody without a workspace.
var ErrNoWorkspace = storage.E(
	storage.Forbidden,
	"You are in no workspace. Open an invite to one, or make your own.",
	nil,
)
