package sqlstore_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/sqlstore"
)

// lists are the lists that grow with a site. Without an index for its order, a list sorts all its
// rows for each page.
var lists = []struct {
	name  string
	list  func(ctx context.Context, s storage.Store) error
	sorts string // why it may sort what it reads, if it may
}{
	{name: "the library", list: videos(storage.VideoQuery{OwnerID: "u", Limit: 51})},
	{name: "its next page", list: videos(storage.VideoQuery{OwnerID: "u", Limit: 51, Before: &place})},
	{name: "a search in it", list: videos(storage.VideoQuery{OwnerID: "u", Limit: 51, Search: "x"})},
	{
		name: "the library of one workspace",
		list: videos(storage.VideoQuery{OwnerID: "u", WorkspaceID: "w", Limit: 51}),
	},
	{name: "the trash", list: videos(storage.VideoQuery{OwnerID: "u", Trashed: true, Limit: 51})},
	{name: "the conversation", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.ListComments(ctx, storage.CommentQuery{VideoID: "v", Limit: 51})
		return err
	}},
	{name: "the audit log", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.ListAudit(ctx, storage.AuditQuery{WorkspaceID: "w", Limit: 51})
		return err
	}},
	{name: "the links of a video", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.LinksByVideo(ctx, "v")
		return err
	}},
	{name: "the steps that are due", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.DueStages(ctx, time.Minute, 100)
		return err
	}, sorts: "PostgreSQL reads by two indexes, and puts what they give into one order"},
	{name: "recordings that went silent", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.SilentRecordings(ctx, noon, 100)
		return err
	}},
	{name: "recordings that never began", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.EmptyRecordings(ctx, noon, 100)
		return err
	}},
	{name: "uploads that expired", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.ExpiredUploads(ctx, noon, 100)
		return err
	}},
	{name: "surplus takes", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.SurplusTakes(ctx, storage.KeptTakes, storage.ShortTake, 100)
		return err
	}},
	{name: "videos that leave the trash", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.TrashedSince(ctx, noon, 100)
		return err
	}},
	{name: "videos that leave a workspace", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.LeavingVideos(ctx, noon, 100)
		return err
	}},
	{name: "accounts that leave", list: func(ctx context.Context, s storage.Store) error {
		_, err := s.AccountsToDelete(ctx, noon, 100)
		return err
	}},
}

var place = storage.Video{CreatedAt: noon, ID: "v"}.Key()

func videos(q storage.VideoQuery) func(context.Context, storage.Store) error {
	return func(ctx context.Context, s storage.Store) error {
		_, err := s.ListVideos(ctx, q)
		return err
	}
}

// wholeTable is what a plan says of a table of many rows that it reads from one end to the other.
var wholeTable = regexp.MustCompile(
	`(?i)(SCAN|Seq Scan on) (videos|comments|audit|shares|stages|recordings|uploads|assets|notices|users)\b.*`)

// slow returns what makes a plan of a list slow: it reads a whole table, or sorts before it limits.
// The page itself may be sorted again.
func slow(plan []sqlstore.PlanStep) string {
	limited := false
	for _, step := range plan {
		if whole := wholeTable.FindString(step.Text); whole != "" && !strings.Contains(whole, "INDEX") {
			return whole
		}
		limited = limited || strings.HasPrefix(step.Text, "CO-ROUTINE") || strings.Contains(step.Text, "Limit")
	}
	for _, step := range plan {
		// A sort of the last term works on rows of equal beginning: it is as good as none.
		isSort := strings.Contains(step.Text, "TEMP B-TREE FOR") && !strings.Contains(step.Text, "LAST TERM") ||
			strings.Contains(step.Text, "Sort ") && !strings.Contains(step.Text, "Incremental Sort") &&
				!strings.Contains(step.Text, "Sort Key")
		if isSort && (step.Below || !limited) {
			return step.Text
		}
	}
	return ""
}

func TestListsReadByAnIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		s := mustOpenAt(t, e.migrated(t))
		for _, tc := range lists {
			t.Run(tc.name, func(t *testing.T) {
				asked := 0
				recorded := s.Recorded(func(text string, args []any) {
					asked++
					plan, err := s.Plan(t.Context(), text, args)
					if err != nil {
						t.Errorf("explain %s: %v", text, err)
					}
					if why := slow(plan); why != "" && (tc.sorts == "" || !strings.Contains(why, "Sort")) {
						t.Errorf("%q: it wants an index for its order\n%v", why, plan)
					}
				})
				if err := tc.list(t.Context(), recorded); err != nil || asked == 0 {
					t.Fatalf("%d queries, %v", asked, err)
				}
			})
		}
	})
}

// TestSlowPlansAreSeen proves that the test above can fail, on both databases.
func TestSlowPlansAreSeen(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		s := mustOpenAt(t, e.migrated(t))
		for _, tc := range []struct{ name, text string }{
			{"a whole table", `SELECT id FROM videos WHERE height = $1`},
			{"an order without an index", `SELECT id FROM videos WHERE owner_id = $1 AND trashed_ms IS NULL
				ORDER BY title LIMIT 10`},
			{"an order without an index, below the page", `SELECT v.id FROM (SELECT id, created_ms FROM videos
				WHERE owner_id = $1 AND trashed_ms IS NULL ORDER BY title LIMIT 10) v ORDER BY v.created_ms`},
		} {
			t.Run(tc.name, func(t *testing.T) {
				plan, err := s.Plan(t.Context(), tc.text, []any{"1"})
				if err != nil || slow(plan) == "" {
					t.Errorf("plan %v, %v", plan, err)
				}
			})
		}
	})
}
