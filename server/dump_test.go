package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

// oneWayHasher hashes passwords well enough for a test.
type oneWayHasher struct{}

func (oneWayHasher) Hash(_ context.Context, p string) (string, error) {
	sum := sha256.Sum256([]byte("salt" + p))
	return hex.EncodeToString(sum[:]), nil
}

func (h oneWayHasher) Verify(ctx context.Context, p, hash string) (bool, error) {
	own, err := h.Hash(ctx, p)
	return own == hash, err
}

// everySecret makes one of each kind of credential, as people get them, and returns each by name.
// Of a signed one it returns the signature, because the text before that is no secret.
func (w *fixture) everySecret() map[string]string {
	w.t.Helper()
	signature := func(token string) string { return token[strings.LastIndexByte(token, '.')+1:] }
	secrets := map[string]string{
		"password":        servertest.OwnerPassword,
		"link's password": linkPassword,
		"key":             w.key,
		"set-up link":     w.SignIn.SetUpToken(),
		"key that signs":  string(servertest.Secret()),
	}
	_, session, _ := strings.Cut(w.logIn(servertest.OwnerEmail, servertest.OwnerPassword), "=")
	secrets["session"] = session

	_, logIn, err := w.SignIn.AddUser(
		w.t.Context(),
		signin.Account{Email: "bob@example.org", Name: "Bob", Role: storage.RoleMember},
	)
	if err != nil {
		w.t.Fatal(err)
	}
	secrets["log-in link"] = logIn
	byLink := w.want(w.do("POST", "/enter/"+logIn, formOf("password", "one more long password"), formType), 303)
	_, secrets["session by link"], _ = strings.Cut(cookieOf(w.t, byLink), "=")
	secrets["password by link"] = "one more long password"

	secrets["ceremony"] = w.want(w.do("POST", "/api/v1/passkey-log-in/begin", nil, namedHost), 200).
		text(w.t, "ceremony")
	secrets["invite"] = secretIn(w.newInvite("").text(w.t, "url"))

	secrets["upload token"] = w.createUpload(5).token
	recording := w.newRecording()
	secrets["recording token"] = signature(recording.token)
	renewed := w.want(w.do("POST", "/api/v1/videos/"+recording.video+"/upload-token", nil, w.asOwner()), 201)
	secrets["renewed token"] = signature(renewed.text(w.t, "token"))
	secrets["name of the request"] = "chosen-by-the-recorder"
	w.want(
		w.do(
			"POST",
			"/api/v1/videos",
			object{"source": "recording"},
			w.asOwner(),
			"Idempotency-Key: chosen-by-the-recorder",
		),
		201,
	)

	u := w.newReadyVideo()
	said := w.want(
		w.do("POST", "/api/v1/shares/"+u.link+"/comments", object{"at_ms": 0, "body": "hi", "name": "Gus"}),
		201,
	)
	secrets["edit token"] = said.text(w.t, "edit_token")
	secrets["guest token"] = said.header.Get("Meanwhile-Guest")
	media, _ := w.mediaOf(u)
	secrets["grant"] = signature(strings.Split(media, "/")[2])
	w.rules(u, object{"audience": "password", "password": linkPassword})
	unlock := w.want(w.do("POST", "/api/v1/shares/"+u.link+"/password", object{"password": linkPassword}), 200)
	secrets["unlock"] = signature(unlock.text(w.t, "pass"))

	w.rules(u, object{"audience": "named", "people": []string{"client@example.com"}})
	w.want(w.do("POST", "/api/v1/shares/"+u.link+"/mail", object{"email": "client@example.com"}), 202)
	mail := w.mails()
	if len(mail) != 1 {
		w.t.Fatalf("%d mails", len(mail))
	}
	mailed := accessLink.FindString(mail[0].Text)
	secrets["access link"] = mailed[strings.LastIndexByte(mailed, '/')+1:]
	used := w.want(w.do("POST", mailed, nil), 303)
	secrets["unlock by mail"] = signature(cookieOf(w.t, used))
	return secrets
}

// partLength is how much of a secret may appear nowhere. Even of the shortest, the rest is then too
// long to guess.
const partLength = 10

// TestADatabaseDumpOpensNothing reads every column of every table. Tokens of links are there,
// because they are addresses that their owner sees again. Nothing there can sign in, upload, edit,
// or open a link that asks for something.
func TestADatabaseDumpOpensNothing(t *testing.T) {
	t.Parallel()
	database, rows := withDatabase(t)
	w := newFixture(t, database, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) {
		lc.Hasher, lc.Secret = oneWayHasher{}, []byte("QWERTZUIOPASDFGHJKLYXCVBNM987654")
	})
	secrets := w.everySecret()
	all, log := dump(t, rows), w.Log.String()
	for name, secret := range secrets {
		if len(secret) < partLength {
			t.Fatalf("%s %q is too short to look for", name, secret)
		}
		for i := 0; i+partLength <= len(secret); i++ {
			part := secret[i : i+partLength]
			for table, content := range all {
				if strings.Contains(content, part) {
					t.Fatalf("%s holds a part of the %s", table, name)
				}
			}
			if strings.Contains(log, part) {
				t.Fatalf("the log holds a part of the %s", name)
			}
		}
	}
	for _, table := range []string{
		"users", "sessions", "api_keys", "login_links", "ceremonies", "invites", "uploads", "comments", "shares",
	} {
		if all[table] == "" {
			t.Errorf("no row of %s was read", table)
		}
	}
}
