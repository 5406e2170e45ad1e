package servertest

import (
	"context"
	"errors"
	"fmt"
)

// Tidied says how much each chore did, by the name of its count. Chores that did nothing are not in
// it.
type Tidied map[string]int

// TidyUp does the program's chores once.
func (s *Services) TidyUp(ctx context.Context) (Tidied, error) {
	t := Tidied{}
	var errs []error
	for _, chore := range s.Chores() {
		n, err := chore.Do(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", chore.What, err))
		}
		if n > 0 && chore.Counts != "" {
			t[chore.Counts] = n
		}
	}
	return t, errors.Join(errs...)
}
