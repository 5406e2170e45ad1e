package meanwhile

import (
	"context"
	"fmt"
)

// What the log of a workspace says of how people sign in.
const (
	ActionLogIn          Action = "log-in"
	ActionPasskeyAdded   Action = "passkey-added"
	ActionPasskeyRemoved Action = "passkey-removed"
	ActionPasskeyRefused Action = "passkey-refused"
	ActionProviderTied   Action = "provider-tied"
)

// actorFrom is id as the actor of their own log-in.
func actorFrom(id Identity, from Entry) Actor {
	a := actorOf(id, nil)
	a.Address = from.Address
	return a
}

// logIn begins a session and notes it; way says how its person came in.
func (l *Library) logIn(ctx context.Context, tx Store, id Identity, way string, from Entry) (cookie string, err error) {
	cookie, s := l.newSession(id.User.ID, from.Device)
	if err := tx.CreateSession(ctx, s); err != nil {
		return "", fmt.Errorf("create session: %w", err)
	}
	return cookie, l.noteOwn(ctx, tx, id, ActionLogIn, way, from)
}

// noteOwn notes what somebody did with their own account, in the workspace that they are in, if any.
func (l *Library) noteOwn(ctx context.Context, tx Store, id Identity, what Action, detail string, from Entry) error {
	if id.WorkspaceID == "" {
		return nil
	}
	return l.note(ctx, tx, actorFrom(id, from), id.WorkspaceID, what, id.User.Email, detail)
}

// byPerson refuses a key what only its owner may do: how they sign in.
func byPerson(a Actor) error {
	if !a.SignedIn() {
		return E(Unauthenticated, "Sign in first.", nil)
	}
	if a.Scopes != nil {
		return E(Forbidden, "A key cannot change how its owner signs in. Sign in with a browser.", nil)
	}
	return nil
}
