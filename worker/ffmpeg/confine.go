package ffmpeg

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// ConfineCommand is the hidden command of the program that must call Confine with the arguments
// after it.
const ConfineCommand = "confine"

// Confine limits this process and then becomes the program that args name. It returns only on
// failure. Call it only in a process that was started for nothing else.
func Confine(args []string) error {
	var l limits
	var lock bool
	var write string
	var reads []string
	flags := flag.NewFlagSet(ConfineCommand, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Uint64Var(&l.memory, "memory", maxMemory, "")
	flags.Uint64Var(&l.cpuSeconds, "cpu", 60, "")
	flags.Uint64Var(&l.fileBytes, "file-size", 64<<20, "")
	flags.Uint64Var(&l.files, "files", maxFiles, "")
	flags.BoolVar(&lock, "landlock", false, "")
	flags.Func("read", "", func(path string) error { reads = append(reads, path); return nil })
	flags.StringVar(&write, "write", "", "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	argv := flags.Args()
	if len(argv) == 0 {
		return errors.New("confine: no program is named")
	}
	if lock {
		if err := restrictFiles(argv[0], write, reads); err != nil {
			return fmt.Errorf("confine: %w", err)
		}
	}
	if err := setLimits(l); err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	if err := becomeWithin(l.memory, argv); err != nil {
		return fmt.Errorf("confine: exec %s: %w", argv[0], err)
	}
	return nil
}

// restrictFiles leaves access to the system's programs, the inputs and the output folder. It
// forbids TCP where the kernel can.
func restrictFiles(program, write string, reads []string) error {
	// The library's best effort would go on without any Landlock. We refuse that case ourselves.
	if abi, err := llsys.LandlockGetABIVersion(); err != nil || abi < 1 {
		return fmt.Errorf("the kernel has no Landlock (version %d): %w", abi, errors.ErrUnsupported)
	}
	rules := []landlock.Rule{
		landlock.RODirs(append([]string{"/etc/alternatives"}, systemFolders...)...).IgnoreIfMissing(),
		landlock.ROFiles("/etc/ld.so.cache", program).IgnoreIfMissing(),
	}
	for _, read := range reads {
		if read != "" {
			rules = append(rules, landlock.ROFiles(read))
		}
	}
	if write != "" {
		rules = append(rules, landlock.RWDirs(write))
	}
	if err := landlock.V11.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("restrict files: %w", err)
	}
	return nil
}

func setLimits(l limits) error {
	for _, limit := range []struct {
		resource   int
		soft, hard uint64
	}{
		{unix.RLIMIT_CORE, 0, 0},
		{unix.RLIMIT_CPU, l.cpuSeconds, l.cpuSeconds + cpuGrace},
		{unix.RLIMIT_FSIZE, l.fileBytes, l.fileBytes},
		{unix.RLIMIT_NOFILE, l.files, l.files},
	} {
		if err := unix.Setrlimit(limit.resource, &unix.Rlimit{Cur: limit.soft, Max: limit.hard}); err != nil {
			return fmt.Errorf("set limit %d: %w", limit.resource, os.NewSyscallError("setrlimit", err))
		}
	}
	return nil
}
