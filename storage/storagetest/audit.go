package storagetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

var auditTests = []storeTest{
	{"the log of a workspace is read newest first, page by page", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		must(t, s.CreateWorkspace(t.Context(), storage.Workspace{ID: "other", Name: "Other", CreatedAt: noon}))
		var want []storage.Audit
		for i := range 5 {
			at := noon.Add(time.Duration(i) * time.Second)
			a := storage.Audit{
				ID:          storage.NewOrderedID(at),
				WorkspaceID: w.workspace.ID,
				At:          at,
				ActorID:     w.user.ID,
				ActorName:   w.user.Name,
				Action:      "log-in",
				Subject:     fmt.Sprint("thing ", i),
				Detail:      "a → b",
				Address:     "192.0.2.1",
			}
			if i == 2 {
				a.WorkspaceID = "other"
			} else {
				want = append([]storage.Audit{a}, want...)
			}
			must(t, s.AddAudit(t.Context(), a))
		}
		q := storage.AuditQuery{WorkspaceID: w.workspace.ID, Limit: 3}
		got := mustGet(s.ListAudit(t.Context(), q))(t)
		if diff := cmp.Diff(want[:3], got); diff != "" {
			t.Errorf("ListAudit() (-want +got):\n%s", diff)
		}
		q.Before = got[2].ID
		if diff := cmp.Diff(want[3:], mustGet(s.ListAudit(t.Context(), q))(t)); diff != "" {
			t.Errorf("the second page (-want +got):\n%s", diff)
		}
	}},
}
