package redisbus

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Spare has the client of a queue's worker look whether there is anything before it runs a script
// over it, and gives the client back. asynq asks for work by a script, and an idle process asks
// fifty times a second: in the Redis inside a process each script begins by making an interpreter,
// which costs twenty times a look. A client of another kind is left as it is.
func Spare(client any) any {
	if c, ok := client.(redis.UniversalClient); ok {
		c.AddHook(sparing{})
	}
	return client
}

// sparing answers for scripts that take from a list, or from a set, that is not there.
type sparing struct{}

// DialHook changes nothing.
func (sparing) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing.
func (sparing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook looks first. What comes in between the look and the answer is found by the next one.
func (sparing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		key, none := takes(cmd)
		if none == nil {
			return next(ctx, cmd)
		}
		look := redis.NewIntCmd(ctx, "exists", key)
		if err := next(ctx, look); err != nil || look.Val() > 0 {
			return next(ctx, cmd)
		}
		return none()
	}
}

// takes is the key that a script of asynq's takes tasks from, and its answer where there are none:
// for the next task of a queue, and for how many tasks have become due. nil for any other command.
func takes(cmd redis.Cmder) (key string, none func() error) {
	script, ok := cmd.(*redis.Cmd)
	args := cmd.Args()
	if name := strings.ToLower(cmd.Name()); !ok || name != "evalsha" && name != "eval" || len(args) < 4 {
		return "", nil
	}
	key, _ = args[3].(string) // behind the script and the number of its keys
	switch {
	case strings.HasSuffix(key, ":pending"):
		return key, func() error {
			script.SetErr(redis.Nil)
			return redis.Nil
		}
	case strings.HasSuffix(key, ":scheduled"), strings.HasSuffix(key, ":retry"):
		return key, func() error {
			script.SetVal(int64(0))
			return nil
		}
	}
	return "", nil
}
