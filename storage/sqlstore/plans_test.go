package sqlstore_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
)

// listPlans are the lists that grow with a site, and the index that each of them reads. A list that
// has no index for its order sorts all rows for each page.
var listPlans = []struct {
	name  string
	list  func(ctx context.Context, s storage.Store) error
	index string
}{
	{"the library", videos(storage.VideoQuery{OwnerID: "u", Limit: 51}), "videos_live_by_owner"},
	{"its next page", videos(storage.VideoQuery{OwnerID: "u", Limit: 51, Before: &place}), "videos_live_by_owner"},
	{"a search in it", videos(storage.VideoQuery{OwnerID: "u", Limit: 51, Search: "x"}), "videos_live_by_owner"},
	{
		"the library of one workspace",
		videos(storage.VideoQuery{OwnerID: "u", WorkspaceID: "w", Limit: 51}),
		"videos_live_by_owner",
	},
	{"the trash", videos(storage.VideoQuery{OwnerID: "u", Trashed: true, Limit: 51}), "videos_trashed_by_owner"},
	{"the conversation", func(ctx context.Context, s storage.Store) error {
		_, err := s.ListComments(ctx, storage.CommentQuery{VideoID: "v", Limit: 51})
		return err
	}, "comments_in_order"},
	{"the audit log", func(ctx context.Context, s storage.Store) error {
		_, err := s.ListAudit(ctx, storage.AuditQuery{WorkspaceID: "w", Limit: 51})
		return err
	}, "audit_by_workspace"},
	{"the links of a video", func(ctx context.Context, s storage.Store) error {
		_, err := s.LinksByVideo(ctx, "v")
		return err
	}, "shares_by_video"},
	{"the steps that are due", func(ctx context.Context, s storage.Store) error {
		_, err := s.DueStages(ctx, time.Minute, 100)
		return err
	}, "stages_due"},
	{"recordings that went silent", func(ctx context.Context, s storage.Store) error {
		_, err := s.SilentRecordings(ctx, noon, 100)
		return err
	}, "recordings_by_heard"},
	{"videos that leave the trash", func(ctx context.Context, s storage.Store) error {
		_, err := s.TrashedSince(ctx, noon, 100)
		return err
	}, "videos_trashed"},
	{"videos that leave a workspace", func(ctx context.Context, s storage.Store) error {
		_, err := s.LeavingVideos(ctx, noon, 100)
		return err
	}, "notices_by_leaving"},
	{"accounts that leave", func(ctx context.Context, s storage.Store) error {
		_, err := s.AccountsToDelete(ctx, noon, 100)
		return err
	}, "users_leaving"},
}

var place = storage.VideoKey{CreatedAt: noon, ID: "v"}

func videos(q storage.VideoQuery) func(context.Context, storage.Store) error {
	return func(ctx context.Context, s storage.Store) error {
		_, err := s.ListVideos(ctx, q)
		return err
	}
}

// wholeTable is what a plan says of a table of many rows that it reads from one end to the other.
var wholeTable = regexp.MustCompile(
	`(?i)(SCAN|Seq Scan on) (videos|comments|audit|shares|stages|recordings|uploads|assets|notices|users)\b.*`)

func TestListsReadByAnIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		s := mustOpenAt(t, e.migrated(t))
		for _, tc := range listPlans {
			t.Run(tc.name, func(t *testing.T) {
				var plans []string
				recorded := s.Recorded(func(text string, args []any) {
					plan, err := s.Plan(t.Context(), text, args)
					if err != nil {
						t.Errorf("explain %s: %v", text, err)
					}
					plans = append(plans, plan)
				})
				if err := tc.list(t.Context(), recorded); err != nil {
					t.Fatal(err)
				}
				plan := strings.Join(plans, "\n")
				if !regexp.MustCompile(`\b` + tc.index + `\b`).MatchString(plan) {
					t.Errorf("%s is not read by %s:\n%s", tc.name, tc.index, plan)
				}
				if whole := wholeTable.FindString(plan); whole != "" && !strings.Contains(whole, "INDEX") {
					t.Errorf("%s reads a whole table: %s\n%s", tc.name, whole, plan)
				}
			})
		}
	})
}

// TestAPlanShowsAWholeTable proves that the test above can fail.
func TestAPlanShowsAWholeTable(t *testing.T) {
	t.Parallel()
	s := mustOpenAt(t, sqlite.migrated(t))
	plan, err := s.Plan(t.Context(), "SELECT id FROM videos WHERE height = $1 ORDER BY title", []any{1})
	if err != nil || wholeTable.FindString(plan) == "" || !strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("plan %q, %v", plan, err)
	}
}
