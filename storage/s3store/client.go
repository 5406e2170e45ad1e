package s3store

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// patience is how long and how often to wait for the server.
type patience struct {
	// without a byte in either direction for this long, a connection counts as dead
	silence  time.Duration
	attempts int           // of one request
	maxPause time.Duration // between two attempts; the first ones are shorter
}

// usual is the patience outside tests. 5 attempts with pauses of up to 2, 4, 5 and 5 s outlast the
// restart of a server.
var usual = patience{silence: time.Minute, attempts: 5, maxPause: 5 * time.Second}

// connect makes two clients: one for our own requests, one that only signs addresses for browsers.
func (s *Store) connect(ctx context.Context, set settings) error {
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.LoggerFunc(s.note))}
	if set.region != "" {
		options = append(options, config.WithRegion(set.region))
	}
	if set.accessKey != "" {
		options = append(
			options,
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(set.accessKey, set.secretKey, "")),
		)
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return fmt.Errorf("read AWS settings: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // what servers without regions take
	}
	// it may hold the certificates of AWS_CA_BUNDLE
	base, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		base = awshttp.NewBuildableClient()
	}
	s.http = s.patience.client(base)
	common := func(o *s3.Options) {
		o.HTTPClient = s.http
		o.UsePathStyle = set.pathStyle
		o.Retryer = s.patience.retryer()
		o.RequestChecksumCalculation = set.requestChecksum()
		o.ResponseChecksumValidation = set.responseChecksum()
		o.DisableLogOutputChecksumValidationSkipped = true
		if set.endpoint != "" {
			o.BaseEndpoint = aws.String(set.endpoint)
		}
	}
	s.client = s3.NewFromConfig(cfg, common)
	s.signer = s3.NewPresignClient(s3.NewFromConfig(cfg, common, func(o *s3.Options) {
		if set.publicEndpoint != "" {
			o.BaseEndpoint = aws.String(set.publicEndpoint)
		}
	}))
	return nil
}

// note logs what the SDK would write to standard error: remarks that may or may not lead to an
// error.
func (s *Store) note(class logging.Classification, format string, args ...any) {
	s.log.Debug("object storage client", "class", string(class), "note", fmt.Sprintf(format, args...))
}

func (p patience) retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = p.attempts, p.maxPause
		o.Backoff = retry.NewExponentialJitterBackoff(p.maxPause)
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(cutShort))
	})
}

// client gives base connections that do not wait for ever. The SDK's own read timeout is off: it
// starts with the request, so a part that takes longer to send than the timeout would never arrive.
func (p patience) client(base *awshttp.BuildableClient) aws.HTTPClient {
	dialer := base.GetDialer()
	dialer.Timeout = min(dialer.Timeout, p.silence)
	return base.WithReadTimeout(0).WithTransportOptions(func(tr *http.Transport) {
		tr.ForceAttemptHTTP2 = false // in HTTP/2 a busy stream would hide a silent one
		tr.TLSHandshakeTimeout = min(tr.TLSHandshakeTimeout, p.silence)
		tr.IdleConnTimeout = min(tr.IdleConnTimeout, p.silence/2) // before its read gives up
		tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err // the SDK checks it to decide on a retry
			}
			return &conn{Conn: c, silence: p.silence}, nil
		}
	}).Freeze()
}

// conn fails if for silence no byte arrives and none can be sent.
type conn struct {
	net.Conn
	silence time.Duration
}

// Read waits for silence at most, but longer while something is being sent.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, fmt.Errorf("set read deadline: %w", err)
	}
	return c.Conn.Read(p) // net/http compares with io.EOF
}

// writePiece must be sent within one silence: less than 64 KiB in a minute counts as nothing.
const writePiece = 64 << 10

// Write sends in pieces. Each piece extends the deadline, also for a read that waits for the answer
// meanwhile.
func (c *conn) Write(p []byte) (int, error) {
	written := 0
	for {
		if err := c.SetDeadline(time.Now().Add(c.silence)); err != nil {
			return written, fmt.Errorf("set deadline: %w", err)
		}
		n, err := c.Conn.Write(p[written:min(len(p), written+writePiece)])
		written += n
		if err != nil {
			return written, err // net/http checks it
		}
		if written == len(p) {
			return written, c.SetReadDeadline(time.Now().Add(c.silence))
		}
	}
}

// pause waits before the next attempt, longer each time, or until ctx ends.
func (p patience) pause(ctx context.Context, attempt int) error {
	wait := min(100*time.Millisecond<<min(attempt, 10), p.maxPause)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the object storage: %w", ctx.Err())
	}
}
