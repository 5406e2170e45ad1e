package queue

import (
	"errors"
	"fmt"

	"github.com/hibiken/asynq"

	"meanwhile/storage"
)

// Workers counts the processes that take jobs from the Redis that opt names. A killed one counts
// for ten seconds more. The call takes as long as opt's own time limits allow. Unavailable if Redis
// is away.
func Workers(opt asynq.RedisConnOpt) (n int, err error) {
	inspector := asynq.NewInspector(opt)
	defer func() { err = errors.Join(err, inspector.Close()) }()
	servers, err := inspector.Servers()
	if err != nil {
		return 0, storage.E(storage.Unavailable, "The queue does not answer.", err)
	}
	processes := map[string]bool{} // each has a server for every queue
	for _, s := range servers {
		processes[fmt.Sprintf("%s:%d", s.Host, s.PID)] = true
	}
	return len(processes), nil
}
