//go:build !unix

package doctor

func freeSpace(string) (uint64, error) { return 0, ErrUnknown }
func openFiles() (uint64, error)       { return 0, ErrUnknown }
