package servertest

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"

	"meanwhile/server/access"
	"meanwhile/server/signin"
	"meanwhile/storage"
	"meanwhile/storage/fsstore"
	"meanwhile/storage/sqlstore/sqlstoretest"
)

// The account that New makes.
const (
	OwnerEmail    = "ada@example.org"
	OwnerPassword = "a long enough password"
)

// Secret is the key that signs in every fixture.
func Secret() []byte { return bytes.Repeat([]byte("k"), 32) }

// Fixture has every subject on a real database and a real folder. Only the queue, the bus, the
// hasher, the mail and the clock belong to the test.
type Fixture struct {
	*Services
	Queue *Queue
	Bus   *Bus
	Mail  *Mailbox
	Clock *Clock
	Log   *Log         // everything that was logged
	Owner access.Actor // in the workspace Crew; a guest if nobody has set the site up
}

// New makes a site with a workspace and its owner. changes apply to the Config first.
func New(t testing.TB, changes ...func(*Config)) *Fixture {
	t.Helper()
	f := NewEmpty(t, changes...)
	f.SetUp(t)
	return f
}

// SetUp makes the workspace and its owner.
func (f *Fixture) SetUp(t testing.TB) {
	t.Helper()
	cookie, err := f.SignIn.SetUp(
		t.Context(),
		f.SignIn.SetUpToken(),
		"Crew",
		signin.Account{Email: OwnerEmail, Name: "Ada", Password: OwnerPassword},
		signin.Entry{Device: "test"},
	)
	if err != nil {
		t.Fatal(err)
	}
	f.Owner = f.bySession(t, cookie)
}

// NewEmpty makes a site that nobody has set up.
func NewEmpty(t testing.TB, changes ...func(*Config)) *Fixture {
	t.Helper()
	objects, err := fsstore.New(filepath.Join(t.TempDir(), "objects"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	f := &Fixture{Queue: &Queue{}, Bus: &Bus{}, Mail: &Mailbox{}, Clock: &Clock{}, Log: &Log{}}
	c := Config{
		Objects: objects,
		Queue:   f.Queue,
		Bus:     f.Bus,
		Hasher:  Hasher{},
		Mailer:  f.Mail,
		Log:     slog.New(slog.NewTextHandler(f.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Secret:  Secret(),
		Now:     f.Clock.Now,
	}
	c.Store = sqlstoretest.Open(t, c.Log)
	for _, change := range changes {
		change(&c)
	}
	f.Services = Wire(c)
	return f
}

// LogIn returns the person with that password.
func (f *Fixture) LogIn(t testing.TB, email, password string) access.Actor {
	t.Helper()
	cookie, err := f.SignIn.LogIn(t.Context(), email, password, signin.Entry{Device: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return f.bySession(t, cookie)
}

func (f *Fixture) bySession(t testing.TB, cookie string) access.Actor {
	t.Helper()
	a, err := f.Core.BySession(t.Context(), cookie)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Jobs are the stages of one step among the jobs that came since the last call. It drops the
// others.
func (f *Fixture) Jobs(t testing.TB, step storage.Step) (stages []storage.StageID) {
	t.Helper()
	for _, j := range f.Queue.Take() {
		st, err := f.Core.Store.StageByID(t.Context(), j.Stage)
		if err != nil {
			t.Fatal(err)
		}
		if st.Step == step {
			stages = append(stages, j.Stage)
		}
	}
	return stages
}
