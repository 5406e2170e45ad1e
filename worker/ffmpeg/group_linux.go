package ffmpeg

import "syscall"

// ownGroup starts a child as the leader of a process group that dies with the thread that started
// it.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
