package main_test

import (
	"database/sql"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the test raises the oldest schema as a newer program's migration does
)

// TestOvertakenProgramEnds is about two versions on one database: the newer one adds a restriction.
func TestOvertakenProgramEnds(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "MEANWHILE_LEASE=4s") // it looks twice a lease
	p.owner()
	p.start()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.data, "meanwhile.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), `UPDATE site SET oldest_schema = 9999`); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func(cmd *exec.Cmd) { ended <- cmd.Wait() }(p.cmd)
	select {
	case err := <-ended:
		if code := p.cmd.ProcessState.ExitCode(); code != 1 {
			t.Errorf("it ended with %v, want exit code 1", err)
		}
		p.cmd = nil
	case <-time.After(time.Minute):
		t.Fatal("the older program serves on")
	}
	const sentence = "A newer Meanwhile has brought this database to schema 9999"
	if !strings.Contains(p.log.String(), sentence) {
		t.Error("it does not say why it ended")
	}
	if _, stderr, code := p.run("serve"); code != 1 || !strings.Contains(stderr, sentence) {
		t.Errorf("a second start: %d, %s", code, stderr)
	}
	if _, stderr, code := p.run("user", "add", "eve@example.org"); code != 1 || !strings.Contains(stderr, sentence) {
		t.Errorf("a command: %d, %s", code, stderr)
	}
}
