package fsstore

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openBeneath opens key for reading. One system call stays in the folder, as os.Root does one path
// part at a time (openat2(2), RESOLVE_BENEATH). If the kernel gives no clear answer, os.Root
// decides: the kernel may be too old or may not be asked (ENOSYS, EPERM), a rename may be under way
// (EAGAIN), a link may lead out (EXDEV).
func (s *Store) openBeneath(key string) (*os.File, error) {
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	}
	var (
		fd  int
		err error
	)
	reached := s.beneath.Control(func(root uintptr) { fd, err = unix.Openat2(int(root), key, &how) })
	switch {
	case reached == nil && err == nil:
		return os.NewFile(uintptr(fd), key), nil
	case reached == nil && errors.Is(err, unix.ENOENT):
		return nil, &fs.PathError{Op: "openat2", Path: key, Err: err}
	}
	return s.root.Open(key)
}
