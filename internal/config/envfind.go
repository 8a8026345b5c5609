package config

import (
	"path/filepath"
	"strings"
)

// EnvFiles finds files of settings below a folder that a backend may be reading, .env and */.env: ours have a variable of
// YCLIENTS, others have none or cannot be read.
func EnvFiles(dir string) (ours, others []string) {
	found, _ := filepath.Glob(filepath.Join(dir, ".env"))
	below, _ := filepath.Glob(filepath.Join(dir, "*", ".env"))
	for _, path := range append(found, below...) {
		isOurs := false
		if file, err := ReadEnvFile(path); err == nil {
			for key := range file.Values() {
				isOurs = isOurs || strings.HasPrefix(key, "YCLIENTS_")
			}
		}
		if rel, err := filepath.Rel(dir, path); err == nil {
			path = rel
		}
		if isOurs {
			ours = append(ours, path)
		} else {
			others = append(others, path)
		}
	}
	return ours, others
}
