package ffmpeg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sandbox says how a job's program is started so that it can access its input, its output folder
// and nothing else.
type sandbox interface {
	name() string
	// inside returns the paths of the input and the output folder that the program sees.
	inside(in, outDir string) (string, string)
	// beside is inside for the n-th extra input.
	beside(n int, in string) string
	// command is the whole argument vector. The program to start comes first. It fails if the
	// sandbox is not available.
	command(j job) ([]string, error)
}

// maxMemory bounds the address space. A 2160p HDR source to 1080p needs 0.9 GiB of it with four
// threads and two malloc arenas.
const maxMemory = 1536 << 20

// maxFiles bounds open files: input, output, pipes and the files that the loader opens for a
// moment.
const maxFiles = 64

// environment is the whole environment of a program. One malloc arena for each thread would reserve
// 64 MiB of address space each.
var environment = []string{"LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1", "MALLOC_ARENA_MAX=2", "PATH=/usr/bin:/bin"}

// limits are a job's resource limits. At the soft limit on CPU ffmpeg exits by itself, and its
// exit code is 255. At the hard limit it is killed.
type limits struct {
	memory, cpuSeconds, fileBytes uint64
	files                         uint64
}

func (j job) limits() limits {
	return limits{
		memory:     maxMemory,
		cpuSeconds: uint64(j.cpu.Round(time.Second)/time.Second) + 1,
		fileBytes:  uint64(j.fsize),
		files:      maxFiles,
	}
}

const cpuGrace = 5 // seconds between the soft and the hard limit

// bubblewrap is the preferred sandbox: own PID, network, IPC, user and mount namespaces, and no
// writable place but the output folder.
type bubblewrap struct{}

func (bubblewrap) name() string { return "bwrap" }

func (bubblewrap) inside(string, string) (in, out string) { return "/in", "/out" }

func (bubblewrap) beside(n int, _ string) string { return "/beside" + strconv.Itoa(n) }

func (bubblewrap) command(j job) ([]string, error) {
	bwrap, err := exec.LookPath("bwrap")
	if err != nil {
		return nil, err
	}
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		return nil, err
	}
	argv := []string{bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"}
	for _, pair := range environment {
		key, value, _ := strings.Cut(pair, "=")
		argv = append(argv, "--setenv", key, value)
	}
	argv = append(argv, systemBinds()...)
	for _, program := range []string{j.bin, prlimit} {
		if !strings.HasPrefix(program, "/usr/") && !strings.HasPrefix(program, "/bin/") {
			argv = append(argv, "--ro-bind", program, program)
		}
	}
	argv = append(argv, "--dev", "/dev", "--remount-ro", "/dev")
	if j.in != "" {
		argv = append(argv, "--ro-bind", j.in, "/in")
	}
	for n, path := range j.beside {
		argv = append(argv, "--ro-bind", path, bubblewrap{}.beside(n, path))
	}
	if j.outDir != "" {
		argv = append(argv, "--bind", j.outDir, "/out")
	}
	// The root of the sandbox is a tmpfs: if it were writable, a program could fill the machine's
	// memory.
	argv = append(argv, "--remount-ro", "/", "--chdir", "/", "--", prlimit)
	l := j.limits()
	argv = append(argv,
		"--as="+number(l.memory), "--cpu="+number(l.cpuSeconds)+":"+number(l.cpuSeconds+cpuGrace),
		"--fsize="+number(l.fileBytes), "--nofile="+number(l.files), "--core=0", "--", j.bin)
	return append(argv, j.args...), nil
}

// systemFolders hold programs and libraries. loaderFiles are other files that the loader reads
// (Debian links BLAS by alternatives).
var (
	systemFolders = []string{"/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin"}
	loaderFiles   = []string{"/etc/alternatives", "/etc/ld.so.cache"}
)

// systemBinds mounts the system read-only, with links where the machine has links.
func systemBinds() []string {
	var args []string
	for _, folder := range systemFolders {
		if target, err := os.Readlink(folder); err == nil {
			args = append(args, "--symlink", target, folder)
			continue
		}
		if _, err := os.Stat(folder); err == nil {
			args = append(args, "--ro-bind", folder, folder)
		}
	}
	for _, path := range loaderFiles {
		args = append(args, "--ro-bind-try", path, path)
	}
	return args
}

// confined starts this program again with its hidden command "confine", which limits itself and
// becomes ffmpeg. With Landlock, other files and TCP are out of reach. It has no PID namespace, and
// only newer kernels block UDP, so P6 is weaker there.
type confined struct{ landlock bool }

func (c confined) name() string {
	if c.landlock {
		return "landlock"
	}
	return "off"
}

func (confined) inside(in, outDir string) (string, string) { return in, outDir }

func (confined) beside(_ int, in string) string { return in }

func (c confined) command(j job) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := j.limits()
	argv := []string{
		self, ConfineCommand, "-memory=" + number(l.memory), "-cpu=" + number(l.cpuSeconds),
		"-file-size=" + number(l.fileBytes), "-files=" + number(l.files),
	}
	if c.landlock {
		argv = append(argv, "-landlock", "-write="+j.outDir)
		for _, path := range append([]string{j.in}, j.beside...) {
			argv = append(argv, "-read="+path)
		}
	}
	argv = append(argv, "--", j.bin)
	return append(argv, j.args...), nil
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// resolve makes a path absolute and resolves its links, which a bind or a rule needs.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}
