package sqlstore

import (
	"strconv"
	"strings"
)

// newestFirst is the order of the library, of videos or of a query that is named like them (with
// its dot, or empty). storage.VideoKey is a place in it, and web/src/library/rows.ts knows it too.
func newestFirst(table string) string {
	return table + "created_ms DESC, " + table + "id DESC"
}

// olderThan is the condition for rows behind a place in that order. createdMS and id are
// placeholders.
func olderThan(createdMS, id string) string {
	return "(created_ms, id) < (" + createdMS + ", " + id + ")"
}

// places are the placeholders of n arguments, beginning with number first: "$1, $2".
func places(first, n int) string {
	var list []string
	for i := range n {
		list = append(list, "$"+strconv.Itoa(first+i))
	}
	return strings.Join(list, ", ")
}
