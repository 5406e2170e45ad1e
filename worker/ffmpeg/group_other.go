//go:build !linux

package ffmpeg

import "syscall"

// ownGroup starts a child as the leader of a process group. Without Linux nothing ends it when this
// process is killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
