package access

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// The rights of an actor have no exported name. Code that wants to know what somebody may do calls
// one of the functions here.

// From returns the actor with the data of the request: the network address, the part of it that one
// customer has, and the unlocks of links that it shows. They are read when a link asks for one.
func (a Actor) From(address, network string, unlocks []string) Actor {
	a.Address, a.Network, a.unlocks = address, network, unlocks
	return a
}

// RoleName is the role in the actor's open workspace, for display.
func (a Actor) RoleName() string { return string(a.role) }

// UploadID is the upload whose own credential the actor has. Empty for everyone else.
func (a Actor) UploadID() storage.UploadID { return a.upload }

// Holds reports whether the actor has the credential of this upload.
func (a Actor) Holds(id storage.UploadID) bool { return id != "" && a.upload == id }

// InPerson allows only people who are signed in, not programs that act for them.
func InPerson(a Actor) error {
	if !a.SignedIn() {
		return storage.E(storage.Unauthenticated, "Sign in first.", nil)
	}
	if a.scopes != nil {
		return storage.E(storage.Forbidden, "An API key cannot do this. Sign in on the page.", nil)
	}
	return nil
}

// ByProgram reports whether the actor uses an API key, which belongs to one workspace.
func (a Actor) ByProgram() bool { return a.scopes != nil }

// SignedInFor allows people who are signed in, and keys with that scope. signIn is the message for
// a guest.
func SignedInFor(a Actor, scope storage.Scope, signIn string) error {
	if !a.SignedIn() {
		return storage.E(storage.Unauthenticated, signIn, nil)
	}
	if !a.has(scope) {
		return storage.E(storage.Forbidden, fmt.Sprintf("This API key lacks the scope %q.", scope), nil)
	}
	return nil
}

// LooksAfterAll reports whether the actor looks after the videos of everybody in their workspace,
// as an owner or admin does.
func (a Actor) LooksAfterAll() bool {
	return a.role == storage.RoleOwner || a.role == storage.RoleAdmin
}

// MayNow is May with the role read again, in a transaction in which nobody else changes who is what
// in the workspace. It returns the actor's current membership. Its role is the highest that the
// actor may change or give: for an API key, that is member, so that a key never gets more than it
// was made with.
func (c *Core) MayNow(ctx context.Context, tx storage.Store, a Actor, what Permission) (storage.Member, error) {
	if err := tx.HoldWorkspace(ctx, a.WorkspaceID); err != nil {
		return storage.Member{}, fmt.Errorf("hold workspace: %w", err)
	}
	me, err := tx.MemberByID(ctx, a.WorkspaceID, a.UserID)
	if err != nil {
		return storage.Member{}, storage.OrOther(err, ErrNoWorkspace)
	}
	a.role = me.Role
	if err := c.May(ctx, a, what); err != nil {
		return storage.Member{}, err
	}
	if a.ByProgram() {
		me.Role = storage.RoleMember
	}
	return me, nil
}

// Above is the error where a person or an invite ranks above what the actor may change or give.
// sentence is for people; for an API key that ceiling is the role member.
func Above(a Actor, sentence string) error {
	if a.ByProgram() {
		sentence = "An API key changes and gives no role above member. Sign in and do it on the site."
	}
	return storage.E(storage.Forbidden, sentence, nil)
}
