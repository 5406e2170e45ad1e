package access

// MaxPage bounds a page of any list.
const MaxPage = 200

// PageSize is how many rows a page has: what was asked for, within MaxPage, or usual.
func PageSize(asked, usual int) int {
	if asked <= 0 {
		return usual
	}
	return min(asked, MaxPage)
}
