package sqlstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
	"meanwhile/storage/sqlstore"
)

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

// mustPair returns two stores on one database, as two processes have.
func mustPair(t testing.TB, e engine) [2]*sqlstore.Store {
	t.Helper()
	address := e.migrated(t)
	return [2]*sqlstore.Store{mustOpenAt(t, address), mustOpenAt(t, address)}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func mustVideos(t testing.TB, s storage.Store, ids ...storage.VideoID) {
	t.Helper()
	err := errors.Join(
		s.CreateWorkspace(t.Context(), storage.Workspace{ID: "w", Name: "Orchard", CreatedAt: noon}),
		s.CreateUser(t.Context(), storage.User{ID: "ada", Email: "ada@example.org", Name: "Ada", CreatedAt: noon},
			storage.Membership{WorkspaceID: "w", UserID: "ada", Role: storage.RoleOwner, CreatedAt: noon}))
	for _, id := range ids {
		err = errors.Join(err, s.CreateVideo(t.Context(), storage.Video{
			ID:          id,
			WorkspaceID: "w",
			OwnerID:     "ada",
			Title:       "Sprint review",
			Source:      "file",
			State:       storage.StateProcessing,
			CreatedAt:   noon,
			UpdatedAt:   noon,
		}))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoProcessesClaimEachStageOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		pair := mustPair(t, e)
		mustVideos(t, pair[0], "v")
		const stages, workers = 10, 8
		wins := make([][]int, workers)
		for n := range stages {
			err := pair[0].CreateStage(t.Context(), storage.Stage{
				ID:         storage.StageID(fmt.Sprint(n)),
				VideoID:    "v",
				Generation: n,
				Step:       storage.StepEncode,
				State:      storage.StageDue,
				CreatedAt:  noon,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		errs := together(workers, func(i int) error {
			for n := range stages {
				_, err := pair[i%2].ClaimStage(
					t.Context(),
					storage.StageID(fmt.Sprint(n)),
					fmt.Sprint("worker ", i),
					time.Minute,
				)
				switch {
				case err == nil:
					wins[i] = append(wins[i], n)
				case storage.KindOf(err) != storage.Conflict:
					return err
				}
			}
			return nil
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		holders := map[int]int{}
		for _, won := range wins {
			for _, n := range won {
				holders[n]++
			}
		}
		for n := range stages {
			if holders[n] != 1 {
				t.Errorf("stage %d was claimed by %d, want 1", n, holders[n])
			}
		}
	})
}

func TestTwoProcessesNumberCommentsWithoutGapOrRepeat(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		pair := mustPair(t, e)
		mustVideos(t, pair[0], "v")
		const writers, each = 6, 10
		seen := make([][]int64, writers)
		errs := together(writers, func(i int) error {
			for n := range each {
				c, err := pair[i%2].CreateComment(t.Context(), storage.Comment{
					ID:         storage.CommentID(fmt.Sprint(i, "-", n)),
					VideoID:    "v",
					AuthorName: "Guest",
					Body:       "Look",
					CreatedAt:  noon,
				}, storage.Guest{})
				if err != nil {
					return err
				}
				seen[i] = append(seen[i], c.Seq)
			}
			return nil
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		taken := map[int64]int{}
		for _, numbers := range seen {
			for _, n := range numbers {
				taken[n]++
			}
		}
		for n := int64(1); n <= writers*each; n++ {
			if taken[n] != 1 {
				t.Errorf("number %d was given %d times, want once", n, taken[n])
			}
		}
	})
}

// A reader who has seen number n has seen all before it: the comment of a slower writer must not
// become visible later with a lower number.
func TestCommentNumbersBecomeVisibleInTheirOrder(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	pair := mustPair(t, postgres)
	mustVideos(t, pair[0], "v")
	comment := func(id storage.CommentID) storage.Comment {
		return storage.Comment{ID: id, VideoID: "v", AuthorName: "Guest", Body: "Look", CreatedAt: noon}
	}
	second := make(chan error, 1)
	err := pair[0].InTx(t.Context(), func(tx storage.Store) error {
		if _, err := tx.CreateComment(t.Context(), comment("first"), storage.Guest{}); err != nil {
			return err
		}
		go func() {
			_, err := pair[1].CreateComment(t.Context(), comment("second"), storage.Guest{})
			second <- err
		}()
		waitForLock(t, pair[1])
		if list, err := pair[1].CommentsSince(t.Context(), "v", 0, 10); len(list) != 0 || err != nil {
			t.Errorf("a reader sees %v, %v while the first writer is at it, want nothing", list, err)
		}
		return nil
	})
	if err := errors.Join(err, <-second); err != nil {
		t.Fatal(err)
	}
	list, err := pair[0].CommentsSince(t.Context(), "v", 0, 10)
	if err != nil || len(list) != 2 || list[0].ID != "first" || list[1].ID != "second" {
		t.Errorf("CommentsSince() = %v, %v, want first, then second", list, err)
	}
}

func newServices(s storage.Store) *servertest.Services {
	return servertest.Wire(
		servertest.Config{Store: s, Hasher: servertest.Hasher{}, Secret: servertest.Secret()},
	)
}

func account(i int) signin.Account {
	return signin.Account{
		Email:    fmt.Sprintf("user%d@example.org", i),
		Name:     "Somebody",
		Password: "a long password",
		Role:     storage.RoleMember,
	}
}

func TestSetUpByManyAtOnceMakesOneAccount(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		pair := mustPair(t, e)
		winners := 0
		for _, err := range together(8, func(i int) error {
			l := newServices(pair[i%2])
			_, err := l.SignIn.SetUp(t.Context(), l.SignIn.SetUpToken(), "Team", account(i), signin.Entry{})
			return err
		}) {
			switch {
			case err == nil:
				winners++
			case storage.KindOf(err) != storage.NotFound:
				t.Errorf("who came second: %v, want the kind not-found", err)
			}
		}
		if n, err := pair[0].CountUsers(t.Context()); n != 1 || winners != 1 || err != nil {
			t.Errorf("%d accounts, %d told so, %v, want one owner", n, winners, err)
		}
	})
}

// The operator's command and the set-up link may run at the same time: afterwards there is one
// workspace and one owner.
func TestFirstAccountsByCommandAndLinkShareAWorkspace(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		pair := mustPair(t, e)
		for i, err := range together(6, func(i int) error {
			l := newServices(pair[i%2])
			if i == 0 {
				_, err := l.SignIn.SetUp(t.Context(), l.SignIn.SetUpToken(), "Team", account(i), signin.Entry{})
				if storage.KindOf(err) == storage.NotFound {
					return nil // the command was first
				}
				return err
			}
			_, _, err := l.SignIn.AddUser(t.Context(), account(i))
			return err
		}) {
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		}
		owners, workspaces := 0, map[storage.WorkspaceID]bool{}
		for i := range 6 {
			id, err := pair[0].IdentityByEmail(t.Context(), account(i).Email)
			if i == 0 && storage.KindOf(err) == storage.NotFound {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			workspaces[id.WorkspaceID] = true
			if id.Role == storage.RoleOwner {
				owners++
			}
		}
		if owners != 1 || len(workspaces) != 1 {
			t.Errorf("%d owners in %d workspaces, want one in one", owners, len(workspaces))
		}
	})
}
