//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives the new file the owner of the old one: setup run by root must not take the file away from
// the service that reads it. Where it is not permitted, the writer owns the file, as with any editor.
func keepOwner(tmp *os.File, was fs.FileInfo) {
	if was == nil {
		return
	}
	if st, ok := was.Sys().(*syscall.Stat_t); ok {
		_ = tmp.Chown(int(st.Uid), int(st.Gid))
	}
}
