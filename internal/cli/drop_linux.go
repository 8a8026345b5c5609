package cli

import "golang.org/x/sys/unix"

// dropPending forgets what was typed and not yet read.
func dropPending(fd int) { _ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) }
