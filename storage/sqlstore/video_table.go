package sqlstore

import (
	"strconv"
	"strings"
	"time"

	"meanwhile/storage"
)

// videoFields are the columns of a video, in the order in which they are read. Each stands here
// once: lists, single reads, inserts and updates take it from here.
var videoFields = []struct {
	column string
	read   string // what a query selects, where that is not v.column
	into   func(*storage.Video) any
	value  func(storage.Video) any // nil for a column that a new video leaves alone
	// change is the new value, nil where the owner does not change it; nil for a column that is not
	// the owner's choice.
	change func(storage.VideoChange) any
}{
	{
		column: "id",
		into:   func(v *storage.Video) any { return &v.ID },
		value:  func(v storage.Video) any { return string(v.ID) },
	},
	{
		column: "workspace_id",
		into:   func(v *storage.Video) any { return &v.WorkspaceID },
		value:  func(v storage.Video) any { return string(v.WorkspaceID) },
	},
	{
		column: "owner_id",
		into:   func(v *storage.Video) any { return &v.OwnerID },
		value:  func(v storage.Video) any { return string(v.OwnerID) },
	},
	{
		column: "author_name", // of a former member; else the owner's name counts
		read:   "COALESCE(NULLIF(v.author_name, ''), o.name)",
		into:   func(v *storage.Video) any { return &v.OwnerName },
	},
	{
		column: "title",
		into:   func(v *storage.Video) any { return &v.Title },
		value:  func(v storage.Video) any { return v.Title },
		change: func(c storage.VideoChange) any { return chosen(c.Title) },
	},
	{
		column: "source",
		into:   func(v *storage.Video) any { return &v.Source },
		value:  func(v storage.Video) any { return v.Source },
	},
	{
		column: "state",
		into:   func(v *storage.Video) any { return &v.State },
		value:  func(v storage.Video) any { return string(v.State) },
	},
	{
		column: "failure",
		into:   func(v *storage.Video) any { return &v.Failure },
		value:  func(v storage.Video) any { return v.Failure },
	},
	{
		column: "duration_ms",
		into:   func(v *storage.Video) any { return durationInto{&v.Duration} },
		value:  func(v storage.Video) any { return v.Duration.Milliseconds() },
	},
	{
		column: "width",
		into:   func(v *storage.Video) any { return &v.Width },
		value:  func(v storage.Video) any { return v.Width },
	},
	{
		column: "height",
		into:   func(v *storage.Video) any { return &v.Height },
		value:  func(v storage.Video) any { return v.Height },
	},
	{
		column: "generation",
		into:   func(v *storage.Video) any { return &v.Generation },
		value:  func(v storage.Video) any { return v.Generation },
	},
	{
		column: "published",
		into:   func(v *storage.Video) any { return &v.Published },
		value:  func(v storage.Video) any { return v.Published },
	},
	{
		column: "created_ms",
		into:   func(v *storage.Video) any { return timeInto{&v.CreatedAt} },
		value:  func(v storage.Video) any { return toMS(v.CreatedAt) },
	},
	{
		column: "updated_ms",
		into:   func(v *storage.Video) any { return timeInto{&v.UpdatedAt} },
		value:  func(v storage.Video) any { return toMS(v.UpdatedAt) },
	},
	{
		column: "trashed_ms",
		into:   func(v *storage.Video) any { return nullTimeInto{&v.TrashedAt} },
		value:  func(v storage.Video) any { return toNullMS(v.TrashedAt) },
	},
}

var (
	// videoColumns is what a query selects from videos v and users o, its owner.
	videoColumns = strings.Join(videoReads(), ", ")
	// videoNames are the columns as a query in FROM passes them on.
	videoNames = strings.Join(videoColumnNames(), ", ")
)

func videoReads() []string {
	var reads []string
	for _, f := range videoFields {
		read := f.read
		if read == "" {
			read = "v." + f.column
		}
		reads = append(reads, read)
	}
	return reads
}

func videoColumnNames() []string {
	var names []string
	for _, f := range videoFields {
		names = append(names, f.column)
	}
	return names
}

// videoInto are the places that a row of videoColumns is read into.
func videoInto(v *storage.Video) []any {
	var into []any
	for _, f := range videoFields {
		into = append(into, f.into(v))
	}
	return into
}

// chosen is the value behind p, nil without one.
func chosen[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// updateVideo is the statement that changes what the owner chose.
func updateVideo(id storage.VideoID, c storage.VideoChange, at time.Time) (text string, args []any) {
	text, args = "UPDATE videos SET updated_ms = $2", []any{string(id), toMS(at)}
	set := func(column string, value any) {
		args = append(args, value)
		text += ", " + column + " = " + places(len(args), 1)
	}
	for _, f := range videoFields {
		if f.change == nil {
			continue
		}
		if value := f.change(c); value != nil {
			set(f.column, value)
		}
	}
	if c.Title != nil {
		set("title_folded", fold(*c.Title))
	}
	return text + " WHERE id = $1", args
}

// insertVideo is the statement that adds v.
func insertVideo(v storage.Video) (text string, args []any) {
	columns := []string{"title_folded"}
	args = []any{fold(v.Title)}
	for _, f := range videoFields {
		if f.value != nil {
			columns = append(columns, f.column)
			args = append(args, f.value(v))
		}
	}
	return "INSERT INTO videos (" + strings.Join(columns, ", ") + ") VALUES (" + places(1, len(args)) + ")", args
}

// libraryOrder is the order of the library. table is videos with its dot, or empty. A place in it
// is storage.VideoKey; web/src/library/rows.ts has the same order (isBefore).
func libraryOrder(table string) string {
	return table + "created_ms DESC, " + table + "id DESC"
}

// afterKey is the condition for the rows behind a place in that order. place adds an argument and
// returns its placeholder.
func afterKey(key storage.VideoKey, place func(any) string) string {
	return "(created_ms, id) < (" + place(toMS(key.CreatedAt)) + ", " + place(string(key.ID)) + ")"
}

// places are the placeholders of n arguments, beginning with number first: "$1, $2".
func places(first, n int) string {
	var list []string
	for i := range n {
		list = append(list, "$"+strconv.Itoa(first+i))
	}
	return strings.Join(list, ", ")
}
