package main

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"meanwhile/server"
)

// siteChecks are the doctor's checks for the page of a running process that listens on addr. They
// examine the very parts that it uses.
func siteChecks(c *Config, p *parts, role role, addr string) []server.Check {
	running := *c
	running.Listen = addr // with the port that was given
	hide := strings.NewReplacer(secretsOf(c)...)
	var all []server.Check
	for _, check := range checks {
		if check.works && role == roleServer {
			continue
		}
		all = append(
			all,
			server.Check{
				Name: strings.Replace(check.name, "ffmpeg", "FFmpeg", 1),
				Look: func(ctx context.Context) server.Finding {
					f := check.look(ctx, patient{&running, p})
					if f.Result != "ok" {
						f.Detail = hide.Replace(f.Detail) // it may repeat the addresses
					}
					return server.Finding{Result: f.Result, Detail: f.Detail, Mend: f.Mend}
				},
			},
		)
	}
	return all
}

// hidden replaces a secret.
const hidden = "•••"

// secretsOf lists the secrets of the configuration, each followed by its replacement: the longest
// first, since one may contain another.
func secretsOf(c *Config) []string {
	secrets := []string{c.SecretKey, c.OIDCClientSecret}
	for _, address := range []string{c.DatabaseURL, c.RedisURL, c.ObjectsURL, c.SMTPURL, c.BaseURL} {
		u, err := url.Parse(address)
		if err != nil {
			secrets = append(secrets, address) // any part of it may be secret
			continue
		}
		if password, is := u.User.Password(); is {
			secrets = append(secrets, password, url.QueryEscape(password), url.PathEscape(password))
		}
		for name, values := range u.Query() {
			if strings.Contains(name, "password") || strings.Contains(name, "secret") {
				secrets = append(secrets, values...)
			}
		}
	}
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(secrets))
	for _, s := range slices.Compact(secrets) {
		pairs = append(pairs, s, hidden)
	}
	return pairs
}
