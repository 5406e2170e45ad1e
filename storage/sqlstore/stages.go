package sqlstore

import (
	"context"
	"time"

	"meanwhile/storage"
)

const stageColumns = `id, video_id, generation, step, state, attempt, fence, sends, owner, progress, message,
created_ms`

func scanStage(row scanner) (st storage.Stage, err error) {
	err = row.Scan(
		&st.ID,
		&st.VideoID,
		&st.Generation,
		&st.Step,
		&st.State,
		&st.Attempt,
		&st.Fence,
		&st.Sends,
		&st.Owner,
		&st.Progress,
		&st.Message,
		timeInto{&st.CreatedAt},
	)
	return st, err
}

// CreateStage adds a stage that is due at once. Conflict if the generation has one for that step.
func (s *Store) CreateStage(ctx context.Context, st storage.Stage) error {
	_, err := s.exec(
		ctx,
		"create stage",
		`INSERT INTO stages (`+stageColumns+`, due_ms, sent_ms, lease_ms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, CLOCK_MS, NULL, 0)`,
		string(st.ID),
		string(st.VideoID),
		st.Generation,
		string(st.Step),
		string(st.State),
		st.Attempt,
		st.Fence,
		st.Sends,
		st.Owner,
		st.Progress,
		st.Message,
		toMS(st.CreatedAt),
	)
	return err
}

// StageByID finds a stage. NotFound.
func (s *Store) StageByID(ctx context.Context, id storage.StageID) (storage.Stage, error) {
	return one(
		ctx,
		s,
		reading,
		"find stage",
		scanStage,
		`SELECT `+stageColumns+` FROM stages WHERE id = $1`,
		string(id),
	)
}

// StagesByVideo lists the stages of one generation, oldest first.
func (s *Store) StagesByVideo(ctx context.Context, id storage.VideoID, generation int) ([]storage.Stage, error) {
	return all(
		ctx,
		s,
		reading,
		"list stages of video",
		scanStage,
		`SELECT `+stageColumns+` FROM stages WHERE video_id = $1 AND generation = $2 ORDER BY created_ms, id`,
		string(id),
		generation,
	)
}

// ClaimStage takes the lease of a stage that is due or whose lease ran out. Conflict if somebody
// holds it, if it is not due yet, or if it has ended; NotFound.
func (s *Store) ClaimStage(
	ctx context.Context,
	id storage.StageID,
	owner string,
	lease time.Duration,
) (storage.Stage, error) {
	const op = "claim stage"
	st, err := one(
		ctx,
		s,
		writing,
		op,
		scanStage,
		`UPDATE stages SET state = 'running', attempt = attempt + 1, fence = fence + 1, owner = $2,
			lease_ms = CLOCK_MS + $3
		WHERE id = $1 AND ((state = 'due' AND due_ms <= CLOCK_MS) OR (state = 'running' AND lease_ms <= CLOCK_MS))
		RETURNING `+stageColumns,
		string(id),
		owner,
		lease.Milliseconds(),
	)
	if storage.KindOf(err) != storage.NotFound {
		return st, err
	}
	return st, s.conflictIfThere(ctx, op, `SELECT 1 FROM stages WHERE id = $1`, string(id))
}

// held is the condition for every write by the holder of a lease.
const held = ` WHERE id = $1 AND fence = $2 AND state = 'running'`

// HoldStage renews the lease if fence is still the row's, else Fenced.
func (s *Store) HoldStage(ctx context.Context, id storage.StageID, fence int64, lease time.Duration) error {
	return s.changeOr(ctx, storage.Fenced, "hold stage",
		`UPDATE stages SET lease_ms = CLOCK_MS + $3`+held, string(id), fence, lease.Milliseconds())
}

// SetStageProgress writes 0…1. Fenced.
func (s *Store) SetStageProgress(ctx context.Context, id storage.StageID, fence int64, progress float64) error {
	return s.changeOr(ctx, storage.Fenced, "set stage progress",
		`UPDATE stages SET progress = $3`+held, string(id), fence, min(max(progress, 0), 1))
}

// EndStage ends the stage as done or failed, with a sentence for people. Fenced; Invalid for
// another state.
func (s *Store) EndStage(
	ctx context.Context,
	id storage.StageID,
	fence int64,
	state storage.StageState,
	message string,
) error {
	if state != storage.StageDone && state != storage.StageFailed {
		return storage.E(storage.Invalid, "A stage ends as done or failed.", nil)
	}
	return s.changeOr(
		ctx,
		storage.Fenced,
		"end stage",
		`UPDATE stages SET state = $3, message = $4, owner = '', lease_ms = 0, progress = CASE WHEN $3 = 'done' THEN 1
			ELSE progress END`+held,
		string(id),
		fence,
		string(state),
		message,
	)
}

// RequeueStage releases the lease and makes the stage due again after wait, as if never sent.
// Fenced.
func (s *Store) RequeueStage(
	ctx context.Context,
	id storage.StageID,
	fence int64,
	wait time.Duration,
	refund bool,
) error {
	taken := 0
	if refund {
		taken = 1
	}
	return s.changeOr(
		ctx,
		storage.Fenced,
		"requeue stage",
		`UPDATE stages SET state = 'due', due_ms = CLOCK_MS + $3, sent_ms = NULL, owner = '', lease_ms = 0,
			attempt = attempt - $4`+held,
		string(id),
		fence,
		wait.Milliseconds(),
		taken,
	)
}

// RenewStage makes the stage of a step due again after wait, and fences its holder. NotFound.
func (s *Store) RenewStage(
	ctx context.Context,
	id storage.VideoID,
	generation int,
	step storage.Step,
	wait time.Duration,
) (storage.Stage, error) {
	return one(
		ctx,
		s,
		writing,
		"renew stage",
		scanStage,
		`UPDATE stages SET state = 'due', attempt = 0, fence = fence + 1, owner = '', progress = 0, message = '',
			due_ms = CLOCK_MS + $4, sent_ms = NULL, lease_ms = 0
		WHERE video_id = $1 AND generation = $2 AND step = $3 RETURNING `+stageColumns,
		string(id),
		generation,
		string(step),
		wait.Milliseconds(),
	)
}

// WakeStage adds the stage. If its step has a stage that has ended, WakeStage makes that due again;
// a running one goes on.
func (s *Store) WakeStage(ctx context.Context, st storage.Stage) (storage.Stage, error) {
	return one(
		ctx,
		s,
		writing,
		"wake stage",
		scanStage,
		`INSERT INTO stages (`+stageColumns+`, due_ms, sent_ms, lease_ms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, CLOCK_MS, NULL, 0)
		ON CONFLICT (video_id, generation, step) DO UPDATE SET
			attempt = CASE WHEN stages.state IN ('done', 'failed') THEN 0 ELSE stages.attempt END,
			message = CASE WHEN stages.state IN ('done', 'failed') THEN '' ELSE stages.message END,
			due_ms = CASE WHEN stages.state IN ('done', 'failed') THEN CLOCK_MS ELSE stages.due_ms END,
			sent_ms = CASE WHEN stages.state IN ('done', 'failed') THEN NULL ELSE stages.sent_ms END,
			state = CASE WHEN stages.state = 'running' THEN 'running' ELSE 'due' END
		RETURNING `+stageColumns,
		string(st.ID),
		string(st.VideoID),
		st.Generation,
		string(st.Step),
		string(st.State),
		st.Attempt,
		st.Fence,
		st.Sends,
		st.Owner,
		st.Progress,
		st.Message,
		toMS(st.CreatedAt),
	)
}

// DueStages lists stages to send: due and never sent, due and sent longer than resend ago, or with
// a lease that ran out. The longest overdue come first.
func (s *Store) DueStages(ctx context.Context, resend time.Duration, limit int) ([]storage.Stage, error) {
	return all(ctx, s, reading, "list due stages", scanStage,
		`SELECT `+stageColumns+` FROM (
			SELECT `+stageColumns+`, due_ms AS since_ms FROM stages
			WHERE state = 'due' AND due_ms <= CLOCK_MS AND (sent_ms IS NULL OR sent_ms <= CLOCK_MS - $1)
			UNION ALL
			SELECT `+stageColumns+`, lease_ms AS since_ms FROM stages
			WHERE state = 'running' AND lease_ms <= CLOCK_MS
		) overdue ORDER BY since_ms, id LIMIT $2`, resend.Milliseconds(), limit)
}

// MarkStageSent counts one more sending. NotFound.
func (s *Store) MarkStageSent(ctx context.Context, id storage.StageID) error {
	return s.change(
		ctx,
		"mark stage sent",
		`UPDATE stages SET sends = sends + 1, sent_ms = CLOCK_MS WHERE id = $1`,
		string(id),
	)
}

// FreeLeases makes every running stage of owner due at once and returns their number. Attempts stay
// raised.
func (s *Store) FreeLeases(ctx context.Context, owner string) (int, error) {
	n, err := s.exec(
		ctx,
		"free leases",
		`UPDATE stages SET state = 'due', due_ms = CLOCK_MS, sent_ms = NULL, owner = '', lease_ms = 0
			WHERE state = 'running' AND owner = $1`,
		owner,
	)
	return int(n), err
}

// CancelStages ends every unfinished stage of the video as failed, and so fences it. It leaves out
// generation 0.
func (s *Store) CancelStages(ctx context.Context, id storage.VideoID) error {
	_, err := s.exec(
		ctx,
		"cancel stages",
		`UPDATE stages SET state = 'failed', fence = fence + 1, owner = '', lease_ms = 0 WHERE video_id = $1
			AND generation > 0 AND state IN ('due', 'running')`,
		string(id),
	)
	return err
}
