package access

import "meanwhile/storage"

// NewGuestToken makes the token by which a guest is known from its first write on: 128 random bits.
// A browser keeps it in a cookie, a program sends it in a header. The store keeps only a hash.
func NewGuestToken() string { return storage.NewRandomID() }

// WithGuest returns the actor with the guest token that a request shows. What is no such token is
// none. It means nothing for an account.
func (a Actor) WithGuest(token string) Actor {
	if !a.SignedIn() && storage.IsRandomID(token) {
		a.guest = token
	}
	return a
}

// KnownGuest reports whether the actor shows the token of a guest.
func (a Actor) KnownGuest() bool { return a.guest != "" }

// GuestLimitKey is the key under which writes of a guest are counted. All who show no token share
// one budget with the rest of their network.
func (a Actor) GuestLimitKey() string {
	if a.guest == "" {
		return "network " + a.Network
	}
	return "guest " + storage.SecretHash(a.guest)
}

// GuestOf is the actor as a guest of a workspace. Key is empty if they show no token.
func (c *Core) GuestOf(a Actor, ws storage.WorkspaceID) storage.Guest {
	g := storage.Guest{AddressKey: c.guestKey("guest/", ws, a.Network)}
	if a.guest != "" {
		g.Key = c.guestKey("guest-token/", ws, a.guest)
	}
	return g
}

// guestKey makes a key that says nothing about what it was made from, nor about another workspace.
func (c *Core) guestKey(purpose string, ws storage.WorkspaceID, text string) string {
	return storage.IDEncoding.EncodeToString(c.Sign(purpose, string(ws)+"/"+text)[:16])
}
