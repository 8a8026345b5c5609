//go:build !linux

package cli

// dropPending does nothing where terminals have no call for it.
func dropPending(int) {}
