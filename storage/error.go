package storage

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an Error is. One table decides both the HTTP status and whether a
// retry can help.
type Kind int

// The kinds. Internal is the zero value: an error that nobody classified.
const (
	Internal        Kind = iota
	Invalid              // the request makes no sense as sent
	Unauthenticated      // nobody is signed in, or the credential is wrong
	Forbidden            // known, but not allowed; used only where existence is no secret
	NotFound             // not there, or may not be seen
	Conflict             // the thing has moved on: offset mismatch, other bytes, already there
	Gone                 // existed, but has ended: expired upload
	TooLarge             // over a size limit
	UnsupportedType      // a media or content type that is not accepted
	Unprocessable        // understood, but the content is wrong
	Limited              // too many tries
	Mismatch             // a checksum does not match its bytes
	Fenced               // somebody else has the lease now: stop, change nothing
	Unavailable          // a back end cannot be reached
	Full                 // no room on the disk
	Damaged              // what is stored is not what its row says: cut, grown or gone
	Stalled              // work that made no progress: perhaps the machine's fault
)

type kindRow struct {
	name      string
	status    int
	retryable bool
}

var kinds = [...]kindRow{
	Internal:        {"internal", 500, true},
	Invalid:         {"invalid", 400, false},
	Unauthenticated: {"unauthenticated", 401, false},
	Forbidden:       {"forbidden", 403, false},
	NotFound:        {"not-found", 404, false},
	Conflict:        {"conflict", 409, false},
	Gone:            {"gone", 410, false},
	TooLarge:        {"too-large", 413, false},
	UnsupportedType: {"unsupported-type", 415, false},
	Unprocessable:   {"unprocessable", 422, false},
	Limited:         {"limited", 429, true},
	Mismatch:        {"mismatch", 422, false},
	Fenced:          {"fenced", 409, false},
	Unavailable:     {"unavailable", 503, true},
	Full:            {"full", 507, true},
	Damaged:         {"damaged", 500, false},
	Stalled:         {"stalled", 500, true},
}

// String is the kind's name in logs and in problem types.
func (k Kind) String() string { return kinds[k].name }

// Status is the HTTP status of the kind (RFC 9110).
func (k Kind) Status() int { return kinds[k].status }

// Retryable reports whether a retry of the same call may succeed.
func (k Kind) Retryable() bool { return kinds[k].retryable }

// Error is the one error type of the project. Message is for people: a sentence that says what to
// do next; Err is for the log.
type Error struct {
	Kind    Kind
	Message string
	Err     error
}

// E makes an Error. err may be nil.
func E(kind Kind, message string, err error) *Error {
	return &Error{Kind: kind, Message: message, Err: err}
}

// Error joins the sentence and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Kind, e.Message)
	}
	return fmt.Sprintf("%s: %s: %v", e.Kind, e.Message, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in err's chain, Internal if there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// MessageOf returns the sentence for people in err's chain, or "" if there is none.
func MessageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}

// NoMedia returns the NotFound error of an address that opens nothing.
func NoMedia(err error) error { return E(NotFound, "There is nothing at this address.", err) }

// OrOther returns other in place of a NotFound, else err unchanged.
func OrOther(err, other error) error {
	if KindOf(err) == NotFound {
		return other
	}
	return err
}
