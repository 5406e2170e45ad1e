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

// settings are the parts of the objects' address. They hold a secret and are never printed.
type settings struct {
	bucket         string
	prefix         string // before every key; empty or ending in "/"
	endpoint       string // empty: Amazon's own, or the AWS environment's
	publicEndpoint string // for signed addresses; empty: endpoint
	region         string // empty: from the AWS environment
	pathStyle      bool   // the bucket in the path instead of the host name
	checksumAlways bool   // send and check the SDK's checksums even if S3 does not ask for them
	accessKey      string // empty: from the AWS environment
	secretKey      string
	silence        time.Duration // after which a connection counts as dead; 0: usual.silence
}

// known are the names after the "?", in the order in which an error message lists them.
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

// maxPrefixBytes leaves most of the 1,024 bytes of an S3 name to the keys.
const maxPrefixBytes = 200

// parse reads s3://bucket[/prefix]?endpoint=…&… . Its errors name what is wrong and never show the
// address, which may hold a secret.
func parse(address string) (settings, error) {
	u, err := url.Parse(address)
	if err != nil {
		// url.Error contains the whole address
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
			"the part after ? in the address of the objects cannot be read: write a % in it as %25, and an & as %26",
		)
	}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return settings{}, fmt.Errorf(
				"the address of the objects has %q in it, which has to be one of %s",
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
	// In its own statement: in the return statement, s might be copied before these calls have set
	// it.
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
			"the folder %q in the address of the objects is not valid: it can have a-z, 0-9, _, -, . and / between "+
				"names, at most %d characters",
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

// setModes reads the two switches. Their defaults depend on whether the server is Amazon's: others
// often have no host name per bucket, and some refuse the checksums that the SDK sends by default.
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

// leastSilence is how long a server may take for an answer on any network.
const leastSilence = 100 * time.Millisecond

func (s *settings) setSilence(silence string) error {
	if silence == "" {
		return nil
	}
	d, err := time.ParseDuration(silence)
	if err != nil || d < leastSilence {
		return fmt.Errorf("silence in the address of the objects is a time such as 1m, at least %s", leastSilence)
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
