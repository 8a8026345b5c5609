//go:build !unix

package rehearse

import (
	"os"
	"path/filepath"
)

// lock keeps a file open without sharing it: the system refuses a second one and gives it back when the process ends.
func lock(dataDir string) (unlock func(), err error) {
	path := filepath.Join(dataDir, lockFile)
	_ = os.Remove(path) // what a crash has left can be removed, what is open cannot
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, ErrRunning
	}
	return func() { _, _ = f.Close(), os.Remove(path) }, nil
}
