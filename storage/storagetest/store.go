// Package storagetest tests the promises of the storage ports. A new implementation starts by
// calling these tests.
package storagetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"meanwhile/storage"
)

// OpenStore returns an empty store with its schema in place, and cleans up with t.Cleanup.
type OpenStore func(t testing.TB) storage.Store

// storeTest tests one promise, with its own store.
type storeTest struct {
	name string
	run  func(t *testing.T, s storage.Store)
}

// TestStore tests every promise of storage.Store.
func TestStore(t *testing.T, open OpenStore) {
	groups := []struct {
		name  string
		tests []storeTest
	}{
		{"transactions", transactionTests},
		{"accounts", accountTests},
		{"videos", videoTests},
		{"uploads", uploadTests},
		{"recordings", recordingTests},
		{"links", linkTests},
		{"comments", commentTests},
		{"stages", stageTests},
		{"assets", assetTests},
		{"audit", auditTests},
		{"people", peopleTests},
		{"signing in", signInTests},
		{"rules", ruleTests},
		{"keeping", keepingTests},
	}
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, tc := range group.tests {
				t.Run(tc.name, func(t *testing.T) {
					t.Parallel()
					tc.run(t, open(t))
				})
			}
		})
	}
}

// noon is when the tests begin. It has a fraction, since milliseconds must survive.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 678_000_000, time.UTC)

// after returns noon plus d as a pointer, for optional times.
func after(d time.Duration) *time.Time {
	t := noon.Add(d)
	return &t
}

// wantKind fails unless err is of that kind.
func wantKind(t testing.TB, what string, err error, want storage.Kind) {
	t.Helper()
	if err == nil || storage.KindOf(err) != want {
		t.Errorf("%s: got error %v, want the kind %s", what, err, want)
	}
}

// must stops the test at an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustGet wraps a call and stops the test at its error: mustGet(s.VideoByID(ctx, id))(t).
func mustGet[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// together runs fn n times at once and returns the results.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}

// wantOneWinner fails unless exactly one error is nil and every other is of the kind losers.
func wantOneWinner(t testing.TB, errs []error, losers storage.Kind) {
	t.Helper()
	winners := 0
	for _, err := range errs {
		if err == nil {
			winners++
			continue
		}
		wantKind(t, "who came second", err, losers)
	}
	if winners != 1 {
		t.Errorf("got %d winners, want 1", winners)
	}
}

// eventually checks every 5 ms until ok, for at most 10 s.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not so after 10 s", what)
		}
	}
}

// fixture is a user with a workspace.
type fixture struct {
	workspace storage.Workspace
	user      storage.User
}

func mustFixture(t testing.TB, s storage.Store) fixture {
	t.Helper()
	w := fixture{
		workspace: storage.Workspace{
			ID:        storage.WorkspaceID(storage.NewRandomID()),
			Name:      "Orchard",
			CreatedAt: noon,
		},
		user: newUser("Ada@example.org", "Ada"),
	}
	must(t, s.CreateWorkspace(t.Context(), w.workspace))
	must(t, s.MakeSiteWorkspace(t.Context(), w.workspace.ID))
	must(t, s.CreateUser(t.Context(), w.user, w.member(w.user.ID)))
	return w
}

func newUser(email, name string) storage.User {
	return storage.User{
		ID:           storage.UserID(storage.NewRandomID()),
		Email:        email,
		Name:         name,
		PasswordHash: "hash",
		CreatedAt:    noon,
	}
}

func (w fixture) member(id storage.UserID) storage.Membership {
	return storage.Membership{WorkspaceID: w.workspace.ID, UserID: id, Role: storage.RoleOwner, CreatedAt: noon}
}

// video returns a new video of the fixture's user, made d after noon.
func (w fixture) video(title string, d time.Duration) storage.Video {
	return storage.Video{
		ID:          storage.VideoID(storage.NewRandomID()),
		WorkspaceID: w.workspace.ID,
		OwnerID:     w.user.ID,
		OwnerName:   w.user.Name,
		Title:       title,
		Source:      "file",
		State:       storage.StateUploading,
		CreatedAt:   noon.Add(d),
		UpdatedAt:   noon.Add(d),
	}
}

func mustVideo(t testing.TB, s storage.Store) storage.Video {
	t.Helper()
	v := mustFixture(t, s).video("Sprint review", 0)
	must(t, s.CreateVideo(t.Context(), v))
	return v
}

var transactionTests = []storeTest{
	{"an error in a transaction leaves nothing and comes back unchanged", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		v := w.video("Lost", 0)
		reason := errors.New("changed my mind")
		err := s.InTx(t.Context(), func(tx storage.Store) error {
			must(t, tx.CreateVideo(t.Context(), v))
			must(t, tx.CreateLink(t.Context(), newLink(v.ID, 0)))
			if _, err := tx.VideoByID(t.Context(), v.ID); err != nil {
				t.Errorf("inside the transaction: %v", err)
			}
			return reason
		})
		if err != reason { //nolint:errorlint // unchanged is the promise
			t.Errorf("InTx() = %v, want %v", err, reason)
		}
		_, err = s.VideoByID(t.Context(), v.ID)
		wantKind(t, "video", err, storage.NotFound)
		_, err = s.LinkByVideo(t.Context(), v.ID)
		wantKind(t, "share", err, storage.NotFound)
	}},
	{"a transaction keeps all of its writes", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		v := w.video("Kept", 0)
		must(t, s.InTx(t.Context(), func(tx storage.Store) error {
			return errors.Join(tx.CreateVideo(t.Context(), v), tx.CreateLink(t.Context(), newLink(v.ID, 0)))
		}))
		_, err := s.VideoByID(t.Context(), v.ID)
		must(t, err)
		_, err = s.LinkByVideo(t.Context(), v.ID)
		must(t, err)
	}},
	{"a nested transaction joins the outer one", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		v := w.video("Inner", 0)
		reason := errors.New("outer fails")
		err := s.InTx(t.Context(), func(outer storage.Store) error {
			must(
				t,
				outer.InTx(t.Context(), func(inner storage.Store) error { return inner.CreateVideo(t.Context(), v) }),
			)
			return reason
		})
		if !errors.Is(err, reason) {
			t.Errorf("InTx() = %v, want %v", err, reason)
		}
		_, err = s.VideoByID(t.Context(), v.ID)
		wantKind(t, "video of the inner transaction", err, storage.NotFound)
	}},
	{"a panic in a transaction leaves nothing and frees the store", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		v := w.video("Panicked", 0)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = s.InTx(t.Context(), func(tx storage.Store) error {
				must(t, tx.CreateVideo(t.Context(), v))
				panic("bug")
			})
		}()
		must(t, s.CreateVideo(t.Context(), w.video("Next", 0)))
		_, err := s.VideoByID(t.Context(), v.ID)
		wantKind(t, "video", err, storage.NotFound)
	}},
	{"a caller that leaves loses the transaction", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		v := w.video("Left", 0)
		ctx, cancel := context.WithCancel(t.Context())
		err := s.InTx(ctx, func(tx storage.Store) error {
			must(t, tx.CreateVideo(ctx, v))
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("InTx() = %v, want context.Canceled", err)
		}
		_, err = s.VideoByID(t.Context(), v.ID)
		wantKind(t, "video", err, storage.NotFound)
	}},
	{"of many who write at once, one who fails takes back only its own", testFailedAmongOthers},
	{"of many who write at once, one who leaves or panics harms nobody", testGoneAmongOthers},
	{"ping answers for a database that can be written", func(t *testing.T, s storage.Store) {
		must(t, s.Ping(t.Context()))
	}},
}
