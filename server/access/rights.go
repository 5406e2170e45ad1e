package access

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// The rights of an actor have no exported name. Code that wants to know what somebody may do calls
// one of the functions here.

// From returns the actor with the data of the request: the network address, the part of it that one
// customer has, and the links that their browser has unlocked.
func (a Actor) From(address, network string, unlocks []storage.Unlock) Actor {
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
// in the workspace. It returns the actor's current membership.
func (c *Core) MayNow(ctx context.Context, tx storage.Store, a Actor, what Permission) (storage.Member, error) {
	if err := tx.HoldWorkspace(ctx, a.WorkspaceID); err != nil {
		return storage.Member{}, fmt.Errorf("hold workspace: %w", err)
	}
	me, err := tx.MemberByID(ctx, a.WorkspaceID, a.UserID)
	if err != nil {
		return storage.Member{}, storage.OrOther(err, ErrNoWorkspace)
	}
	a.role = me.Role
	return me, c.May(ctx, a, what)
}
