package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"meanwhile/storage"
)

// kindOfCode maps the error codes of S3 to our kinds. The last three rows are for servers that keep
// objects as files.
var kindOfCode = map[string]storage.Kind{
	"NoSuchKey":                      storage.NotFound,
	"NotFound":                       storage.NotFound, // HEAD has no body to say more in
	"PreconditionFailed":             storage.Conflict,
	"EntityTooLarge":                 storage.TooLarge,
	"QuotaExceeded":                  storage.Full,
	"XMinioAdminBucketQuotaExceeded": storage.Full,
	"ObjectParentIsFile":             storage.Conflict,
	"ExistingObjectIsDirectory":      storage.Conflict,
	"KeyTooLongError":                storage.Invalid,
}

// messages are the sentences for people.
var messages = map[storage.Kind]string{
	storage.NotFound:    "This object is not there.",
	storage.Conflict:    "There is an object of this name already.",
	storage.TooLarge:    "This is too large for one object in the object storage.",
	storage.Full:        "There is no room left in the object storage.",
	storage.Invalid:     "This is not the name of an object.",
	storage.Unavailable: "The object storage cannot be used just now.",
}

// classify gives an error of the server, or of the request to it, its kind. op names the operation
// in the log. The end of ctx comes first: it is the caller's own doing. Refused credentials and a
// missing bucket count as Unavailable: no other request would do better.
func classify(ctx context.Context, op string, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%s: %w: %w", op, ended, err)
	}
	kind := storage.Unavailable
	if k, ok := kindOfCode[codeOf(err)]; ok {
		kind = k
	} else if statusOf(err) == http.StatusInsufficientStorage {
		kind = storage.Full
	}
	return storage.E(kind, messages[kind], fmt.Errorf("%s: %w", op, err))
}

// codeOf returns the S3 code in err's chain, such as NoSuchKey, or "".
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// statusOf returns the HTTP status in err's chain, or 0.
func statusOf(err error) int {
	var res *awshttp.ResponseError
	if errors.As(err, &res) && res.Response != nil {
		return res.HTTPStatusCode()
	}
	return 0
}

// refusesConditions reports whether the server has no conditional writes.
func refusesConditions(err error) bool {
	return codeOf(err) == "NotImplemented" || statusOf(err) == http.StatusNotImplemented
}

// conditionFailed reports whether the server says that another write was first.
func conditionFailed(err error) bool {
	status := statusOf(err)
	return status == http.StatusPreconditionFailed || status == http.StatusConflict
}

// cutShort makes the SDK retry one more error: a connection that ended in the middle of an answer,
// which the SDK takes for a malformed answer.
func cutShort(err error) aws.Ternary {
	for _, cut := range []error{io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, cut) {
			return aws.TrueTernary
		}
	}
	return aws.UnknownTernary
}
