package access

// MaxPage limits a page of any list.
const MaxPage = 200

// PageSize is the number of rows of a page: asked, up to MaxPage, or usual if nothing was asked.
func PageSize(asked, usual int) int {
	if asked <= 0 {
		return usual
	}
	return min(asked, MaxPage)
}
