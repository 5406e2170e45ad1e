package s3store

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"meanwhile/storage"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// settings is what the address of the objects says. It holds a secret: it is never printed.
type settings struct {
	bucket         string
	prefix         string // before every key; empty or ending in "/"
	endpoint       string // empty: Amazon's own, or what the AWS environment names
	publicEndpoint string // for signed addresses; empty: endpoint
	region         string // empty: what the AWS environment says
	pathStyle      bool   // the bucket in the path instead of the host name
	checksumAlways bool   // send and check the SDK's checksums also where S3 does not ask for them
	accessKey      string // empty: what the AWS environment says
	secretKey      string
	silence        time.Duration // after which a connection counts as dead; 0: usual.silence
}

// known are the words after the "?", in the order in which the sentence for a wrong one names them.
var known = []string{
	"endpoint",
	"public_endpoint",
	"region",
	"path_style",
	"checksum",
	"access_key",
	"secret_key",
	"silence",
}

// maxPrefixBytes leaves most of the 1,024 bytes of a name in S3 to the keys.
const maxPrefixBytes = 200

// parse reads s3://bucket[/prefix]?endpoint=…&… . Its errors name what is wrong and never show the
// address, which may hold a secret.
func parse(address string) (settings, error) {
	u, err := url.Parse(address)
	if err != nil {
		// url.Error has the whole address in it
		return settings{}, errors.New("the address of the objects is not a URL")
	}
	if u.Scheme != "s3" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return settings{}, errors.New("the address of the objects needs the form s3://bucket/prefix?endpoint=https://…")
	}
	if strings.Contains(u.Host, ":") {
		return settings{}, errors.New(
			"what follows s3:// is the name of the bucket: the server's address goes into endpoint=",
		)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return settings{}, errors.New(
			"what follows the ? in the address of the objects cannot be read: is a % or & in it written as %25 or %26?",
		)
	}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return settings{}, fmt.Errorf(
				"the address of the objects has %q in it, which is none of %s",
				name,
				strings.Join(known, ", "),
			)
		}
		if len(values) > 1 {
			return settings{}, fmt.Errorf("the address of the objects has %q in it twice", name)
		}
	}
	s := settings{
		bucket:    u.Host,
		region:    query.Get("region"),
		accessKey: query.Get("access_key"),
		secretKey: query.Get("secret_key"),
		endpoint: strings.TrimSuffix(
			query.Get("endpoint"),
			"/",
		),
		publicEndpoint: strings.TrimSuffix(query.Get("public_endpoint"), "/"),
	}
	if (s.accessKey == "") != (s.secretKey == "") {
		return settings{}, errors.New(
			"access_key and secret_key go together: the address of the objects has one of them",
		)
	}
	// In a statement of its own: beside these calls, s may be copied before or after what they set.
	err = errors.Join(
		s.setPrefix(u.Path),
		s.checkEndpoints(),
		s.setModes(query.Get("path_style"), query.Get("checksum")),
		s.setSilence(query.Get("silence")),
	)
	return s, err
}

func (s *settings) setPrefix(path string) error {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	if len(path) > maxPrefixBytes || storage.CheckKey(path) != nil {
		return fmt.Errorf(
			"the folder %q in the address of the objects is not one: a-z, 0-9, _, -, . and / between names can be "+
				"in it, %d at most",
			path,
			maxPrefixBytes,
		)
	}
	s.prefix = path + "/"
	return nil
}

func (s *settings) checkEndpoints() error {
	for name, value := range map[string]string{"endpoint": s.endpoint, "public_endpoint": s.publicEndpoint} {
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
			u.RawQuery != "" ||
			u.Fragment != "" {
			return fmt.Errorf("%s in the address of the objects needs http:// or https:// and a host", name)
		}
	}
	return nil
}

// setModes reads the two switches. What they are when unsaid goes by whether Amazon serves: other
// servers often have no host name per bucket, and some refuse the checksums that the SDK sends by
// itself.
func (s *settings) setModes(pathStyle, checksum string) error {
	own := s.endpoint != ""
	s.pathStyle, s.checksumAlways = own, !own
	if pathStyle != "" {
		on, err := strconv.ParseBool(pathStyle)
		if err != nil {
			return errors.New("path_style in the address of the objects is true or false")
		}
		s.pathStyle = on
	}
	switch checksum {
	case "":
	case "when_required", "when_supported":
		s.checksumAlways = checksum == "when_supported"
	default:
		return errors.New("checksum in the address of the objects is when_required or when_supported")
	}
	return nil
}

// leastSilence is what a server may take for an answer on any network.
const leastSilence = 100 * time.Millisecond

func (s *settings) setSilence(silence string) error {
	if silence == "" {
		return nil
	}
	d, err := time.ParseDuration(silence)
	if err != nil || d < leastSilence {
		return fmt.Errorf("silence in the address of the objects is a time such as 1m, and %s at least", leastSilence)
	}
	s.silence = d
	return nil
}

func (s *settings) requestChecksum() aws.RequestChecksumCalculation {
	if s.checksumAlways {
		return aws.RequestChecksumCalculationWhenSupported
	}
	return aws.RequestChecksumCalculationWhenRequired
}

func (s *settings) responseChecksum() aws.ResponseChecksumValidation {
	if s.checksumAlways {
		return aws.ResponseChecksumValidationWhenSupported
	}
	return aws.ResponseChecksumValidationWhenRequired
}
