package redisbus

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Spare makes the client of a queue's worker check for tasks before it runs a script over them, and
// returns the client. asynq asks for work by a script, and an idle process asks fifty times a
// second. In the embedded Redis each script first makes an interpreter, which costs twenty times a
// check. A client of another kind stays as it is.
func Spare(client any) any {
	if c, ok := client.(redis.UniversalClient); ok {
		c.AddHook(sparing{})
	}
	return client
}

// sparing replies instead of scripts that take from a list or a set that is not there.
type sparing struct{}

// DialHook changes nothing.
func (sparing) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing.
func (sparing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook checks first. What arrives between the check and the reply is found next time.
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

// takes returns the key that an asynq script takes tasks from, and its reply if there are none: for
// the next task of a queue, and for how many tasks have become due. nil for any other command.
func takes(cmd redis.Cmder) (key string, none func() error) {
	script, ok := cmd.(*redis.Cmd)
	args := cmd.Args()
	if name := strings.ToLower(cmd.Name()); !ok || name != "evalsha" && name != "eval" || len(args) < 4 {
		return "", nil
	}
	key, _ = args[3].(string) // after the script and the number of its keys
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
