package server

import (
	"context"
	"encoding/csv"
	"net/http"
	"strings"
	"time"

	"meanwhile/server/access"
)

type wireAudit struct {
	ID      string `json:"id"`
	At      stamp  `json:"at"`
	Actor   string `json:"actor" doc:"Their name as it was then; empty for the program itself"`
	Action  string `json:"action"`
	Subject string `json:"subject" doc:"What it was done to, in words"`
	Detail  string `json:"detail"`
	Address string `json:"address,omitempty" doc:"The network address that it came from"`
}

type wireAuditLog struct {
	Items      []wireAudit `json:"items" nullable:"false"`
	NextCursor string      `json:"next_cursor,omitempty" doc:"Where the next page begins; absent at the end"`
}

type auditInput struct {
	Limit  int    `query:"limit" minimum:"0" doc:"Lines of a page: 50 by default, 200 at most"`
	Cursor string `query:"cursor" maxLength:"1000"`
}

type auditOutput struct{ Body wireAuditLog }

func (s *server) auditLog(ctx context.Context, in *auditInput) (*auditOutput, error) {
	before, err := readCursor[string](in.Cursor)
	if err != nil {
		return nil, err
	}
	if before == nil {
		before = new(string)
	}
	rows, next, err := s.People.AuditLog(ctx, visitOf(ctx).actor, in.Limit, *before)
	if err != nil {
		return nil, err
	}
	out := wireAuditLog{Items: make([]wireAudit, len(rows))}
	for i, a := range rows {
		out.Items[i] = wireAudit{
			ID:      a.ID,
			At:      stamp(a.At),
			Actor:   a.ActorName,
			Action:  string(a.Action),
			Subject: a.Subject,
			Detail:  a.Detail,
			Address: a.Address,
		}
	}
	if next != "" {
		out.NextCursor, err = cursorOf(&next)
	}
	return &auditOutput{Body: out}, err
}

// auditCSV streams the whole log, newest first.
func (s *server) auditCSV(w http.ResponseWriter, r *http.Request) error {
	a := visitOf(r.Context()).actor
	rows, next, err := s.People.AuditLog(r.Context(), a, access.MaxPage, "")
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", attachment("audit-"+s.Core.Now().UTC().Format(time.DateOnly)+".csv", "audit.csv"))
	h.Set("Cache-Control", "private, no-store")
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	_ = out.Write([]string{"at", "actor", "action", "subject", "detail", "address"})
	for {
		for _, row := range rows {
			_ = out.Write(
				[]string{
					row.At.UTC().Format(time.RFC3339),
					cell(row.ActorName),
					cell(string(row.Action)),
					cell(row.Subject),
					cell(row.Detail),
					cell(row.Address),
				},
			)
		}
		out.Flush()
		if err := out.Error(); err != nil || next == "" {
			return err // then the client has gone
		}
		if rows, next, err = s.People.AuditLog(r.Context(), a, access.MaxPage, next); err != nil {
			return s.breakOff(w, r, err)
		}
	}
}

// cell keeps a spreadsheet from reading text as a formula (OWASP, CSV injection). People's text may
// begin like one.
func cell(text string) string {
	if strings.IndexAny(text, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}
