package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"meanwhile/storage"
)

// checkMediaAddress requests the address that players are sent to, as a browser on one of our pages
// would.
func checkMediaAddress(ctx context.Context, p patient) finding {
	if p.config.MediaDelivery != "redirect" {
		return ok("media comes from the server (MEANWHILE_MEDIA_DELIVERY is proxy)")
	}
	if p.parts.objects == nil {
		return warn("not checked: the objects cannot be used", "Fix the objects first.")
	}
	key := "doctor/" + storage.NewRandomID()
	address, err := p.parts.objects.SignURL(ctx, key, time.Minute)
	if err != nil && storage.KindOf(err) == storage.Invalid {
		return warn(
			"media comes from the server: a folder cannot sign addresses",
			"Set MEANWHILE_MEDIA_DELIVERY=proxy, or keep objects in s3://.",
		)
	}
	if err != nil {
		return fail(errors.New(sentence(err)), "Check that MEANWHILE_OBJECTS_URL has credentials.")
	}
	if _, err := p.parts.objects.Put(ctx, key, strings.NewReader(mediaProbe)); err != nil {
		return fail(errors.New(sentence(err)), "Check that the bucket of the objects can be written.")
	}
	found := p.askAsBrowser(ctx, address)
	if err := p.parts.objects.Delete(ctx, key); err != nil && found.Result == "ok" {
		return warn(found.Detail+", but its test object stays: "+sentence(err), "Let the credentials delete objects.")
	}
	return found
}

// mediaProbe is the content of the trial object.
const mediaProbe = "meanwhile"

// askAsBrowser reads a piece of the trial object from another origin, and sends the preflight
// request that some browsers send.
func (p patient) askAsBrowser(ctx context.Context, address string) finding {
	u, err := url.Parse(address)
	if err != nil {
		return fail(
			errors.New("what the storage signs is not a URL"),
			"Check that public_endpoint in MEANWHILE_OBJECTS_URL is right.",
		)
	}
	there, origin := u.Scheme+"://"+u.Host, p.origin()
	if u.Scheme == "http" && strings.HasPrefix(origin, "https:") {
		return fail(
			fmt.Errorf("%s is plain http, and the site is https: browsers refuse that", there),
			"Give public_endpoint in MEANWHILE_OBJECTS_URL an https:// address.",
		)
	}
	reach := "Check that browsers can reach " +
		there + " (public_endpoint in MEANWHILE_OBJECTS_URL), and that a proxy in front of it does not change Host, " +
		"Range or the query."
	cors := fmt.Sprintf("Let the bucket's CORS rules allow GET with the header Range from %s.", origin)

	//nolint:bodyclose // browse has closed it
	res, body, err := browse(
		ctx,
		http.MethodGet,
		address,
		http.Header{"Origin": {origin}, "Range": {"bytes=4-8"}},
	)
	if err != nil {
		return fail(fmt.Errorf("%s does not answer: %w", there, hideAddress(err)), reach)
	}
	if res.StatusCode != http.StatusPartialContent || body != mediaProbe[4:9] {
		return fail(fmt.Errorf("%s answers a request for a range with %s", there, res.Status), reach)
	}
	if !allowsOrigin(res.Header, origin) {
		return fail(fmt.Errorf("%s does not let pages of %s read it", there, origin), cors)
	}
	ask := http.Header{
		"Origin":                         {origin},
		"Access-Control-Request-Method":  {http.MethodGet},
		"Access-Control-Request-Headers": {"range"},
	}
	res, _, err = browse(ctx, http.MethodOptions, address, ask) //nolint:bodyclose // as above
	if err != nil || res.StatusCode >= http.StatusMultipleChoices || !allowsOrigin(res.Header, origin) ||
		!allowsRange(res.Header) {
		return warn(there+" serves ranges, but refuses the preflight request of some browsers", cors)
	}
	return ok(there + " serves ranges to pages of " + origin)
}

// origin returns the Origin that browsers send for our pages.
func (p patient) origin() string {
	if p.config.BaseURL != "" {
		return p.config.BaseURL
	}
	return "http://" + friendly(p.config.Listen)
}

func browse(ctx context.Context, method, address string, header http.Header) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, "", err
	}
	req.Header = header
	res, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return nil, "", err
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	return res, string(b), errors.Join(err, res.Body.Close())
}

// hideAddress keeps a signed address out of the report: a reader could use it.
func hideAddress(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

func allowsOrigin(h http.Header, origin string) bool {
	allowed := h.Get("Access-Control-Allow-Origin")
	return allowed == "*" || strings.EqualFold(allowed, origin)
}

func allowsRange(h http.Header) bool {
	for name := range strings.SplitSeq(strings.Join(h.Values("Access-Control-Allow-Headers"), ","), ",") {
		if name = strings.TrimSpace(name); name == "*" || strings.EqualFold(name, "range") {
			return true
		}
	}
	return false
}
