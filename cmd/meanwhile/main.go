// Command meanwhile hosts recorded video updates: everything in one process, or one role of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata"

	"github.com/alecthomas/kong"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
)

// cli is the whole command line: commands and, through Config, settings.
type cli struct {
	Config

	HelpConfig helpConfig `name:"help-config" help:"Print every setting with its default, then exit."`

	Serve   serveCmd   `cmd:"" default:"1" help:"Server and worker in one process (default)."`
	Server  serverCmd  `cmd:"" help:"Only the server; needs postgres:// and redis://."`
	Worker  workerCmd  `cmd:"" help:"Only a worker; needs postgres:// and redis://."`
	Migrate migrateCmd `cmd:"" help:"Update the database's schema, or show its status."`
	Doctor  doctorCmd  `cmd:"" help:"Check what the program needs, one line per check."`
	User    userCmd    `cmd:"" help:"Accounts."`
	Token   tokenCmd   `cmd:"" help:"API keys."`
	Push    pushCmd    `cmd:"" help:"Upload files and print their watch links."`
	Export  exportCmd  `cmd:"" help:"Write videos and their comments into a folder."`
	OpenAPI openAPICmd `cmd:"" name:"openapi" help:"Print the OpenAPI document."`
}

type helpConfig bool

// BeforeApply prints the table of settings and ends, as --help does.
func (helpConfig) BeforeApply(app *kong.Kong) error {
	if err := printConfig(app.Stdout); err != nil {
		return err
	}
	app.Exit(0)
	return nil
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == ffmpeg.ConfineCommand {
		fmt.Fprintln(os.Stderr, "meanwhile:", ffmpeg.Confine(os.Args[2:]))
		os.Exit(exitFailed)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs one command and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if err := secretsFromFiles(); err != nil {
		fmt.Fprintln(stderr, "meanwhile:", err)
		return exitUsage
	}
	var c cli
	exited := -1
	parser, err := kong.New(
		&c,
		kong.Name("meanwhile"),
		kong.Description("Record, share a link, comment at a moment in the video, each in their own time."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code; panic(exitPanic{}) }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&c.Config),
		kong.Bind(out{stdout, stderr}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "meanwhile:", err)
		return exitFailed
	}
	k, err := parse(parser, args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "meanwhile: %v\nTry: meanwhile --help\n", err)
		return exitUsage
	}
	if err := k.Run(); err != nil {
		say(stderr, err)
		var usage usageError
		if errors.As(err, &usage) {
			return exitUsage
		}
		return exitFailed
	}
	return exitOK
}

// out is where a command writes its output.
type out struct{ stdout, stderr io.Writer }

// usageError marks what the user can correct in the command itself.
type usageError struct{ error }

type exitPanic struct{}

// parse lets --help and similar flags end the parse without ending the process.
func parse(p *kong.Kong, args []string) (k *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exitPanic); !ok {
				panic(r)
			}
		}
	}()
	return p.Parse(args)
}

// say prints an error for the user: the sentence if there is one, then the cause.
func say(w io.Writer, err error) {
	var known *storage.Error
	if errors.As(err, &known) && known.Message != "" {
		fmt.Fprintln(w, "meanwhile:", known.Message)
		if known.Err != nil {
			fmt.Fprintln(w, "  cause:", known.Err)
		}
		return
	}
	fmt.Fprintln(w, "meanwhile:", err)
}

// version is the module's version as the toolchain stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
