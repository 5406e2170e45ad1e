package storage

import "time"

// Guest is a browser, or a program, that writes without an account. Each workspace knows it under
// another key.
type Guest struct {
	// Key is made from the token that the guest shows. The token cannot be read back from it.
	Key        string
	AddressKey string // of the network that it came from last, made in the same way
	Name       string // as it was given last
}

// AddressBlockFor is how long a blocked guest's address is blocked, too. The next one there may be
// somebody else.
const AddressBlockFor = 24 * time.Hour
