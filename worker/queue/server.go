package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"meanwhile/storage"
)

// handBackFor is how long a stopping server waits for handlers to hand their stages back.
const handBackFor = 10 * time.Second

// Handler works on one stage. It records its own outcome. When ctx ends it hands the stage back and
// returns soon.
type Handler func(ctx context.Context, id storage.StageID)

// Server takes jobs: one asynq server for each queue, so that no queue waits behind another's work.
type Server struct {
	servers []*asynq.Server
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Start begins to take jobs from each queue, with as many handlers at once as slots says. The
// caller calls Stop.
func Start(
	opt asynq.RedisConnOpt,
	slots map[storage.QueueName]int,
	handle Handler,
	log *slog.Logger,
) (*Server, error) {
	// the handlers outlive this call; Stop ends them
	stopping, stop := context.WithCancel(context.Background())
	s := &Server{stop: stop}
	for name, n := range slots {
		srv := asynq.NewServer(opt, asynq.Config{
			Concurrency:       n,
			Queues:            map[string]int{string(name): 1},
			TaskCheckInterval: lanes[name].check,
			// Without this, a retry waits for up to asynq's five seconds more.
			DelayedTaskCheckInterval: time.Second,
			ShutdownTimeout:          handBackFor,
			Logger:                   logger{log},
			LogLevel:                 asynq.WarnLevel,
		})
		if err := srv.Start(s.taker(stopping, handle)); err != nil {
			s.Stop()
			return nil, fmt.Errorf("start queue %s: %w", name, err)
		}
		s.servers = append(s.servers, srv)
	}
	return s, nil
}

// taker gives handle a context that ends when Stop is called. We must not end asynq's own context:
// asynq would count the task as failed at once and not wait until the handler hands its stage back.
func (s *Server) taker(stopping context.Context, handle Handler) asynq.HandlerFunc {
	return func(ctx context.Context, t *asynq.Task) error {
		s.running.Add(1)
		defer s.running.Done()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(stopping, cancel)()
		handle(ctx, storage.StageID(t.Payload()))
		return nil
	}
}

// Stop takes no more jobs, ends the context of the running ones and waits for them. asynq alone
// would first give a running task to another worker and end it here after that.
func (s *Server) Stop() {
	for _, srv := range s.servers {
		srv.Stop()
	}
	s.stop()
	for _, srv := range s.servers {
		srv.Shutdown()
	}
	s.running.Wait()
}

// logger sends asynq's messages to slog.
type logger struct{ log *slog.Logger }

func (l logger) say(level slog.Level, args []any) {
	// asynq has no context
	l.log.Log(context.Background(), level, "asynq", "message", fmt.Sprint(args...))
}

func (l logger) Debug(args ...any) { l.say(slog.LevelDebug, args) }
func (l logger) Info(args ...any)  { l.say(slog.LevelInfo, args) }
func (l logger) Warn(args ...any)  { l.say(slog.LevelWarn, args) }
func (l logger) Error(args ...any) { l.say(slog.LevelError, args) }
func (l logger) Fatal(args ...any) { l.say(slog.LevelError, args) }
