//go:build unix

package rehearse

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lock keeps others from cleaning up a rehearsal that is still running. The system gives it back when the process
// ends, however it ends.
func lock(dataDir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dataDir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if err == unix.EWOULDBLOCK {
			return nil, ErrRunning
		}
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
