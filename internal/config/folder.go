package config

import (
	"fmt"
	"os"
)

// CanWrite reports why files cannot be made in a folder, without making one; nil when it seems they can.
func CanWrite(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	return accessible(dir, info)
}
