package worker_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"meanwhile/server/servertest"
	"meanwhile/server/uploads"
	"meanwhile/storage"
	"meanwhile/worker/ffmpeg/ffmpegtest"
)

const (
	damageSource = "-f lavfi -i testsrc2=s=320x180:r=30:d=8 -f lavfi -i sine=r=48000:d=8 -c:v libx264 " +
		"-preset ultrafast -g 30 -pix_fmt yuv420p -c:a aac "
	damagePieces = 8
)

// workAll works on everything that is due, until nothing is, as a worker does.
func (s *fixture) workAll(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for jobs := s.Queue.Take(); len(jobs) > 0; jobs = s.Queue.Take() {
		for _, j := range jobs {
			s.worker.Handle(ctx, j.Stage)
		}
	}
	if ctx.Err() != nil {
		t.Fatal("the work did not end")
	}
}

func (s *fixture) summary(t *testing.T, id storage.VideoID) storage.VideoSummary {
	t.Helper()
	sum, err := s.Core.Store.VideoSummary(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// pieces are a clip's bytes, cut into as many parts.
func pieces(t *testing.T, path string) (all [][]byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := len(b)/damagePieces + 1
	for ; len(b) > size; b = b[size:] {
		all = append(all, b[:size])
	}
	return append(all, b)
}

// sentFile uploads a clip in parts, recorded sends it in chunks.
func (s *fixture) sentFile(t *testing.T) storage.VideoID {
	t.Helper()
	parts := pieces(t, ffmpegtest.Clip(t, "a.mp4", damageSource+"-movflags +faststart"))
	length := int64(len(bytes.Join(parts, nil)))
	ticket, err := s.Uploads.Create(t.Context(), s.Owner, uploads.NewUpload{Filename: "a.mp4", LengthBytes: length})
	if err != nil {
		t.Fatal(err)
	}
	var at int64
	for _, p := range parts {
		if at, err = s.Uploads.Write(t.Context(), s.Owner, ticket.Upload.ID, at, bytes.NewReader(p), nil); err != nil {
			t.Fatal(err)
		}
	}
	return ticket.Video.ID
}

func (s *fixture) recorded(t *testing.T) storage.VideoID {
	t.Helper()
	clip := ffmpegtest.Clip(t, "a.mp4", damageSource+"-movflags frag_keyframe+empty_moov+default_base_moof")
	take := s.record(t)
	for _, p := range pieces(t, clip) {
		s.put(t, take, p)
	}
	s.complete(t, take)
	return take.Video.ID
}

// spoil damages the middle of an original.
func (s *fixture) spoil(t *testing.T, id storage.VideoID, damage string) {
	t.Helper()
	servertest.Spoil(t, s.Core.Objects, s.PartKeys(t, id, storage.ScreenTrack)[damagePieces/2], damage)
}

// TestADamagedFileFailsAtOnceAndSaysSo damages a file before it is processed.
func TestADamagedFileFailsAtOnceAndSaysSo(t *testing.T) {
	t.Parallel()
	for _, damage := range servertest.Damages {
		t.Run(damage, func(t *testing.T) {
			t.Parallel()
			s := newFixture(t)
			id := s.sentFile(t)
			s.spoil(t, id, damage)
			s.workAll(t)
			v := s.summary(t, id)
			if v.State != storage.StateFailed ||
				v.Failure != "The original is damaged in the storage: from 50 % on it cannot be read." {
				t.Errorf("%s: %q", v.State, v.Failure)
			}
			all, err := s.Core.Store.StagesByVideo(t.Context(), id, 1)
			if err != nil || len(all) != 1 || all[0].Attempt != 1 {
				t.Errorf("stages %+v (%v), want one attempt", all, err)
			}
		})
	}
}

// TestADamagedFileKeepsPlaying damages an original that was processed.
func TestADamagedFileKeepsPlaying(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]func(*fixture, *testing.T) storage.VideoID{
		"file": (*fixture).sentFile, "recording": (*fixture).recorded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFixture(t)
			id := sent(s, t)
			s.workAll(t)
			before := s.summary(t, id)
			if before.State != storage.StateReady || before.Warning != "" {
				t.Fatalf("before the damage: %s, %q", before.State, before.Warning)
			}
			s.spoil(t, id, "cut")
			if err := s.Videos.Reprocess(t.Context(), s.Owner, id); err != nil {
				t.Fatal(err)
			}
			s.workAll(t)
			after := s.summary(t, id)
			if after.State != storage.StateReady || after.Published != before.Published ||
				after.Duration != before.Duration {
				t.Errorf("%s, generation %d, %s", after.State, after.Published, after.Duration)
			}
			if !strings.Contains(after.Warning, "is damaged in the storage: from ") ||
				!strings.HasSuffix(after.Warning, " What plays now stays as it is.") {
				t.Errorf("the owner reads %q", after.Warning)
			}
		})
	}
}

// TestADamagedRecordingPlaysUpToTheDamage damages a recording of which nothing was made yet, or of
// which everything that was made is damaged, too.
func TestADamagedRecordingPlaysUpToTheDamage(t *testing.T) {
	t.Parallel()
	for _, before := range []bool{false, true} {
		s := newFixture(t)
		id := s.recorded(t)
		if before {
			s.workAll(t)
			assets, err := s.Core.Store.AssetsByVideo(t.Context(), id, 1)
			if err != nil {
				t.Fatal(err)
			}
			now := s.Core.Now()
			for _, a := range assets {
				if _, err := s.Core.Store.MarkAsset(t.Context(), a.ID, &now); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Videos.Reprocess(t.Context(), s.Owner, id); err != nil {
				t.Fatal(err)
			}
		}
		s.spoil(t, id, "gone")
		s.workAll(t)
		v := s.summary(t, id)
		if v.State != storage.StateReady || v.Published != v.Generation || v.Damage != storage.DamageNone ||
			v.Duration < 2*time.Second || v.Duration > 5*time.Second {
			t.Errorf(
				"processed before: %t: %s, generation %d of %d, %s",
				before,
				v.State,
				v.Published,
				v.Generation,
				v.Duration,
			)
		}
		if !strings.Contains(v.Warning, "The original is damaged in the storage: from 0:0") {
			t.Errorf("processed before: %t: the owner reads %q", before, v.Warning)
		}
	}
}

// TestAFailureClaimsAnOriginalOnlyIfThereIsOne refuses a file that is no video.
func TestAFailureClaimsAnOriginalOnlyIfThereIsOne(t *testing.T) {
	t.Parallel()
	for damage, want := range map[string]string{
		"none": " The original is kept.",
		"gone": " The original is damaged in the storage: it cannot be read.",
	} {
		lib, id := uploaded(t, "this is no film")
		task, err := lib.Stages.Claim(t.Context(), lib.Jobs(t, storage.StepInspect)[0], "test")
		if err != nil {
			t.Fatal(err)
		}
		if damage != "none" {
			servertest.Spoil(t, lib.Core.Objects, lib.PartKeys(t, id, storage.ScreenTrack)[0], damage)
		}
		cause := storage.E(storage.Unprocessable, "This file contains no video.", nil)
		if err := lib.Stages.Fail(t.Context(), task, cause); err != nil {
			t.Fatal(err)
		}
		v, err := lib.Core.Store.VideoByID(t.Context(), id)
		if err != nil || v.Failure != cause.Message+want {
			t.Errorf("%s: %q (%v), want %q", damage, v.Failure, err, cause.Message+want)
		}
	}
}
