//go:build !linux

package ffmpeg

import (
	"os"

	"golang.org/x/sys/unix"
)

// becomeWithin bounds the address space and replaces this process by the program that argv names.
func becomeWithin(memory uint64, argv []string) error {
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: memory, Max: memory}); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}
	return os.NewSyscallError("execve", unix.Exec(argv[0], argv, environment))
}
