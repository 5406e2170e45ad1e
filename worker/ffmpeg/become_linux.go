package ffmpeg

import (
	"os"
	"runtime/debug"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// becomeWithin bounds the address space and replaces this process by the program that argv names.
// Go's runtime reserves more than the bound at its start, and dies at the next allocation that
// needs another page. So everything that execve needs is prepared first, the garbage collector is
// off, and no Go code that could allocate runs between the two system calls.
func becomeWithin(memory uint64, argv []string) error {
	program, err := unix.BytePtrFromString(argv[0])
	if err != nil {
		return os.NewSyscallError("execve", err)
	}
	args, err := syscall.SlicePtrFromStrings(argv)
	if err != nil {
		return os.NewSyscallError("execve", err)
	}
	env, err := syscall.SlicePtrFromStrings(environment)
	if err != nil {
		return os.NewSyscallError("execve", err)
	}
	bound := &unix.Rlimit{Cur: memory, Max: memory}
	debug.SetGCPercent(-1)
	if _, _, errno := unix.RawSyscall6(
		unix.SYS_PRLIMIT64,
		0,
		unix.RLIMIT_AS,
		uintptr(unsafe.Pointer(bound)),
		0,
		0,
		0,
	); errno != 0 {
		return os.NewSyscallError("prlimit", errno)
	}
	_, _, errno := unix.RawSyscall(unix.SYS_EXECVE,
		uintptr(unsafe.Pointer(program)), uintptr(unsafe.Pointer(&args[0])), uintptr(unsafe.Pointer(&env[0])))
	return os.NewSyscallError("execve", errno)
}
