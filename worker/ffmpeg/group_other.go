//go:build !linux

package ffmpeg

import "syscall"

// ownGroup starts a child as the leader of a process group. On systems other than Linux the child
// survives when this process is killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
