//go:build unix

package config

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// accessible asks the system. Root may write everywhere, says the system, even in /proc, where nobody can: a folder
// whose mode lets nobody write is taken at its word.
func accessible(dir string, info os.FileInfo) error {
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if info.Mode().Perm()&0o222 == 0 {
		return fmt.Errorf("%s: %w", dir, os.ErrPermission)
	}
	return nil
}
