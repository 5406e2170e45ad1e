package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

var videoTests = []storeTest{
	{"a video is read as it was written", testVideo},
	{"a state moves only from where it may, once", testVideoState},
	{"generations go up, and what is published never goes back", testGenerations},
	{"a missing video is not found by any change", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		_, missing := s.VideoByID(ctx, "none")
		wantKind(t, "VideoByID", missing, storage.NotFound)
		_, missing = s.VideoSummary(ctx, "none")
		wantKind(t, "VideoSummary", missing, storage.NotFound)
		wantKind(
			t,
			"ChangeVideo",
			s.ChangeVideo(ctx, "none", storage.VideoChange{Title: new("x")}, noon),
			storage.NotFound,
		)
		wantKind(t, "SetVideoTrashed", s.SetVideoTrashed(ctx, "none", nil), storage.NotFound)
		wantKind(t, "SetVideoMedia", s.SetVideoMedia(ctx, "none", 0, 0, 0, noon), storage.NotFound)
		wantKind(
			t,
			"SetVideoState",
			s.SetVideoState(
				ctx,
				"none",
				[]storage.State{storage.StateUploading},
				storage.StateProcessing,
				"",
				noon,
			),
			storage.NotFound,
		)
		wantKind(t, "PublishGeneration", s.PublishGeneration(ctx, "none", 1, noon), storage.NotFound)
		_, missing = s.StartGeneration(ctx, "none", noon)
		wantKind(t, "StartGeneration", missing, storage.NotFound)
	}},
	{"a summary gathers what stands in other rows", testSummary},
	{"a list shows its owner's videos newest first, page by page", testListPages},
	{"the trash is a list of its own", testTrash},
	{"a search finds titles that hold every word in any case", testSearch},
	{"a list gives each video once, however many stages it has", testListStages},
}

func testVideo(t *testing.T, s storage.Store) {
	want := mustVideo(t, s)
	ctx := t.Context()
	if diff := cmp.Diff(want, mustGet(s.VideoByID(ctx, want.ID))(t)); diff != "" {
		t.Errorf("VideoByID() (-want +got):\n%s", diff)
	}
	wantKind(t, "CreateVideo a second time", s.CreateVideo(ctx, want), storage.Conflict)

	want.Title, want.Duration, want.Width, want.Height = "Retro", 61_234*time.Millisecond, 1920, 1080
	want.UpdatedAt, want.TrashedAt = noon.Add(2*time.Second), after(3*time.Second)
	must(t, s.ChangeVideo(ctx, want.ID, storage.VideoChange{Title: new(want.Title)}, noon.Add(time.Second)))
	must(t, s.SetVideoMedia(ctx, want.ID, want.Duration, want.Width, want.Height, want.UpdatedAt))
	must(t, s.SetVideoTrashed(ctx, want.ID, want.TrashedAt))
	if diff := cmp.Diff(want, mustGet(s.VideoByID(ctx, want.ID))(t)); diff != "" {
		t.Errorf("VideoByID() after changes (-want +got):\n%s", diff)
	}
	must(t, s.SetVideoTrashed(ctx, want.ID, nil))
	if got := mustGet(s.VideoByID(ctx, want.ID))(t); got.TrashedAt != nil {
		t.Errorf("TrashedAt = %v, want nil", got.TrashedAt)
	}
}

func testVideoState(t *testing.T, s storage.Store) {
	v := mustVideo(t, s)
	ctx := t.Context()
	from := []storage.State{storage.StateRecording, storage.StateUploading}
	wantOneWinner(t, together(4, func(int) error {
		return s.SetVideoState(ctx, v.ID, from, storage.StateProcessing, "", noon.Add(time.Second))
	}), storage.Conflict)
	wantKind(
		t,
		"SetVideoState from no state",
		s.SetVideoState(ctx, v.ID, nil, storage.StateReady, "", noon),
		storage.Conflict,
	)

	must(
		t,
		s.SetVideoState(
			ctx,
			v.ID,
			[]storage.State{storage.StateProcessing},
			storage.StateFailed,
			"This file contains no video.",
			noon,
		),
	)
	got := mustGet(s.VideoByID(ctx, v.ID))(t)
	if got.State != storage.StateFailed || got.Failure != "This file contains no video." {
		t.Errorf("got state %q, failure %q", got.State, got.Failure)
	}
}

func testGenerations(t *testing.T, s storage.Store) {
	v := mustVideo(t, s)
	ctx := t.Context()
	for want := 1; want <= 2; want++ {
		if got := mustGet(s.StartGeneration(ctx, v.ID, noon))(t); got != want {
			t.Errorf("StartGeneration() = %d, want %d", got, want)
		}
	}
	must(t, s.PublishGeneration(ctx, v.ID, 2, noon))
	must(t, s.PublishGeneration(ctx, v.ID, 1, noon))
	if got := mustGet(s.VideoByID(ctx, v.ID))(t); got.Generation != 2 || got.Published != 2 {
		t.Errorf("generation %d, published %d, want 2 and 2", got.Generation, got.Published)
	}
	seen := make([]int, 8)
	errs := together(len(seen), func(i int) (err error) {
		seen[i], err = s.StartGeneration(ctx, v.ID, noon)
		return err
	})
	must(t, errors.Join(errs...))
	numbers := map[int]bool{}
	for _, n := range seen {
		numbers[n] = true
	}
	if len(numbers) != len(seen) {
		t.Errorf("generations %v, want them all different", seen)
	}
}

func testSummary(t *testing.T, s storage.Store) {
	v := mustVideo(t, s)
	ctx := t.Context()
	want := storage.VideoSummary{Video: v, Progress: 1, LengthBytes: -1}
	if diff := cmp.Diff(want, mustGet(s.VideoSummary(ctx, v.ID))(t)); diff != "" {
		t.Errorf("VideoSummary() of a bare video (-want +got):\n%s", diff)
	}

	oldest := newLink(v.ID, 0)
	must(t, s.CreateLink(ctx, newLink(v.ID, time.Second)))
	must(t, s.CreateLink(ctx, oldest))
	must(t, s.CreateUpload(ctx, newUpload(v.ID, 0)))
	newest := newUpload(v.ID, time.Second)
	newest.LengthBytes, newest.OffsetBytes = 1000, 250
	must(t, s.CreateUpload(ctx, newest))
	kept := newComment(v.ID, 0)
	mustGet(s.CreateComment(ctx, kept, storage.Guest{}))(t)
	gone := mustGet(s.CreateComment(ctx, newComment(v.ID, 0), storage.Guest{}))(t)
	mustGet(s.DeleteComment(ctx, gone.ID, noon))(t)
	mustGet(s.StartGeneration(ctx, v.ID, noon))(t)
	must(t, s.CreateAsset(ctx, newAsset(v.ID, 1, "poster.jpg")))
	encode := newStage(v.ID, 1, storage.StepEncode)
	must(t, s.CreateStage(ctx, encode))
	claimed := mustGet(s.ClaimStage(ctx, encode.ID, "w", time.Minute))(t)
	must(t, s.SetStageProgress(ctx, encode.ID, claimed.Fence, 0.5))

	want.Generation, want.LinkToken, want.Comments = 1, oldest.Token, 1
	want.Progress, _, _ = storage.ProgressOf(mustGet(s.StagesByVideo(ctx, v.ID, 1))(t))
	if want.Progress <= 0 || want.Progress >= 1 {
		t.Errorf("Progress = %v of a stage that is half done, want it between", want.Progress)
	}
	want.HasPoster, want.UploadedBytes, want.LengthBytes, want.Arrived = true, 250, 1000, true
	if diff := cmp.Diff(want, mustGet(s.VideoSummary(ctx, v.ID))(t)); diff != "" {
		t.Errorf("VideoSummary() (-want +got):\n%s", diff)
	}

	// The published generation is still shown while a later one, without a poster yet, is made.
	must(t, s.PublishGeneration(ctx, v.ID, 1, noon))
	mustGet(s.StartGeneration(ctx, v.ID, noon))(t)
	must(t, s.CreateStage(ctx, newStage(v.ID, 2, storage.StepEncode)))
	want.Generation, want.Published, want.Progress, want.Improving = 2, 1, 0, true
	if diff := cmp.Diff(want, mustGet(s.VideoSummary(ctx, v.ID))(t)); diff != "" {
		t.Errorf("VideoSummary() while it is improved (-want +got):\n%s", diff)
	}
}

func testListPages(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	ctx := t.Context()
	other := newUser("eve@example.org", "Eve")
	must(t, s.CreateUser(ctx, other, w.member(other.ID)))
	foreign := w.video("Not mine", 0)
	foreign.OwnerID = other.ID
	must(t, s.CreateVideo(ctx, foreign))

	// Three from one millisecond stand between others: their ids decide the order, and no page may
	// lose or repeat one.
	var titles []string
	for i, d := range []time.Duration{0, time.Second, time.Second, time.Second, 2 * time.Second} {
		must(t, s.CreateVideo(ctx, w.video(fmt.Sprintf("Video %d", i), d)))
	}
	query := storage.VideoQuery{OwnerID: w.user.ID, Limit: 2}
	var last *storage.VideoSummary
	for {
		page := mustGet(s.ListVideos(ctx, query))(t)
		if len(page) > query.Limit {
			t.Fatalf("a page of %d, want at most %d", len(page), query.Limit)
		}
		for _, v := range page {
			if last != nil && !newerThan(last.Video, v.Video) {
				t.Errorf("%q stands before %q", last.Title, v.Title)
			}
			last = &v
			titles = append(titles, v.Title)
		}
		if len(page) < query.Limit {
			break
		}
		key := last.Key()
		query.Before = &key
	}
	seen := map[string]bool{}
	for _, title := range titles {
		seen[title] = true
	}
	if len(titles) != 5 || len(seen) != 5 || seen["Not mine"] {
		t.Errorf("listed %q, want each of the five once", titles)
	}
}

func newerThan(a, b storage.Video) bool {
	if a.CreatedAt.Equal(b.CreatedAt) {
		return a.ID > b.ID
	}
	return a.CreatedAt.After(b.CreatedAt)
}

func testTrash(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	kept, gone := w.video("Kept", 0), w.video("Gone", 0)
	must(t, errors.Join(s.CreateVideo(t.Context(), kept), s.CreateVideo(t.Context(), gone)))
	must(t, s.SetVideoTrashed(t.Context(), gone.ID, after(time.Hour)))
	for _, tc := range []struct {
		trashed bool
		want    []string
	}{{false, []string{"Kept"}}, {true, []string{"Gone"}}} {
		got := titlesOf(
			mustGet(
				s.ListVideos(t.Context(), storage.VideoQuery{OwnerID: w.user.ID, Trashed: tc.trashed, Limit: 10}),
			)(
				t,
			),
		)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("ListVideos(trashed %t) (-want +got):\n%s", tc.trashed, diff)
		}
	}
}

func titlesOf(list []storage.VideoSummary) []string {
	var titles []string
	for _, v := range list {
		titles = append(titles, v.Title)
	}
	return titles
}

func testSearch(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	must(t, s.CreateVideo(t.Context(), w.video("Sprint 100% Größe_Review", 2*time.Second)))
	must(t, s.CreateVideo(t.Context(), w.video("Cafe\u0301 plan for the SPRINT", time.Second)))
	renamed := w.video("Old name", 0)
	must(t, s.CreateVideo(t.Context(), renamed))
	must(t, s.ChangeVideo(t.Context(), renamed.ID, storage.VideoChange{Title: new("Ελλάδας")}, noon))
	first, second := "Sprint 100% Größe_Review", "Cafe\u0301 plan for the SPRINT"
	for _, tc := range []struct {
		search string
		want   []string
	}{
		{"sprint", []string{first, second}},
		{"  PLAN  sprint ", []string{second}},
		{"GRÖSSE", []string{first}},
		{"grosse", []string{first}},
		{"größe", []string{first}},
		{"GRÖßE", []string{first}},
		{"café", []string{second}},
		{"CAFE\u0301", []string{second}},
		{"ΕΛΛΆΔΑΣ", []string{"Ελλάδας"}},
		{"0%", []string{first}},
		{"e_r", []string{first}},
		{"t%r", nil},
		{"s_rint", nil},
		{`\`, nil},
		{"sprint missing", nil},
		{"old", nil},
	} {
		got := titlesOf(
			mustGet(
				s.ListVideos(t.Context(), storage.VideoQuery{OwnerID: w.user.ID, Search: tc.search, Limit: 10}),
			)(
				t,
			),
		)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("search %q (-want +got):\n%s", tc.search, diff)
		}
	}
}

func testListStages(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	ctx := t.Context()
	for i := range 3 {
		v := w.video(fmt.Sprintf("Video %d", i), time.Duration(i)*time.Second)
		must(t, s.CreateVideo(ctx, v))
		mustGet(s.StartGeneration(ctx, v.ID, noon))(t)
		for _, step := range []storage.Step{storage.StepInspect, storage.StepPoster, storage.StepEncode} {
			must(t, s.CreateStage(ctx, newStage(v.ID, 1, step)))
		}
		must(t, s.CreateAsset(ctx, newAsset(v.ID, 1, "poster.jpg")))
	}
	list := mustGet(s.ListVideos(ctx, storage.VideoQuery{OwnerID: w.user.ID, Limit: 2}))(t)
	if diff := cmp.Diff([]string{"Video 2", "Video 1"}, titlesOf(list)); diff != "" {
		t.Errorf("ListVideos() (-want +got):\n%s", diff)
	}
	for _, v := range list {
		if v.Progress != 0 || !v.HasPoster {
			t.Errorf("%s: progress %v, poster %t, want 0 and a poster", v.Title, v.Progress, v.HasPoster)
		}
	}
}
