package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/store"
)

// probeLimit bounds a probe: a database that drops packets would keep a doctor waiting for minutes.
const probeLimit = 10 * time.Second

// ProbeStore says why a server with this configuration could not use its store; nil when it could. It makes no
// folder, key or database and migrates nothing: what is missing only has to be possible to make.
func ProbeStore(ctx context.Context, cfg *config.Config) error {
	if err := probeFolder(cfg.DataDir); err != nil {
		return problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	keyFile := filepath.Join(cfg.DataDir, "key")
	newKey := cfg.Key.IsZero() && !exists(keyFile)
	key, err := probeKey(cfg, keyFile, newKey)
	if err != nil {
		return problem.Because(problem.KeyWrong, err).Detailf("%v", err)
	}
	c := store.Config{URL: cfg.DatabaseURL.Reveal(), Path: filepath.Join(cfg.DataDir, databaseFile), Key: key, Existing: true, Logger: slog.New(slog.DiscardHandler)}
	if c.URL == "" && !exists(c.Path) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	s, err := store.Open(ctx, c)
	if err == nil {
		err = s.Close()
	}
	switch {
	case err == nil, errors.Is(err, store.ErrOlderDatabase): // a server migrates it
		return nil
	case errors.Is(err, store.ErrOtherKey) && newKey:
		return problem.Because(problem.KeyWrong, err).Detailf("%s: %v", keyFile, fs.ErrNotExist)
	case errors.Is(err, store.ErrOtherKey):
		return problem.Because(problem.KeyWrong, err)
	case errors.Is(err, store.ErrNewerDatabase):
		return problem.Because(problem.StoreNewer, err)
	}
	return problem.Because(problem.StoreUnavailable, err).Detailf("%v", err)
}

// probeKey reads the key. Where a server would make one, a key of the moment stands in for it: no database was
// ever written under it.
func probeKey(cfg *config.Config, file string, makeOne bool) (*secret.Key, error) {
	if makeOne {
		return secret.NewKey(make([]byte, 32))
	}
	return secret.Load(cfg.Key.Reveal(), file)
}

// probeFolder asks whether the folder can be written, or made in the nearest one that there is.
func probeFolder(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for {
		err := config.CanWrite(dir)
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return err
		}
		dir = filepath.Dir(dir)
	}
}

// exists holds for what cannot be looked at, too: opening it will tell why.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
