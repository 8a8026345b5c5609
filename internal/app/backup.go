package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/store"
)

// BackupOptions say what to back up, or where to restore to.
type BackupOptions struct {
	Config *config.Config
	File   string // "-" is the standard output or input
	Stdin  io.Reader
	Stdout io.Writer
}

// Backup writes everything the store holds into a new file, as it was at one moment. A server may run beside it.
func Backup(ctx context.Context, o BackupOptions) (store.BackupHead, error) {
	var head store.BackupHead
	path := filepath.Join(o.Config.DataDir, databaseFile)
	if o.Config.DatabaseURL.IsZero() && !exists(path) {
		return head, problem.New(problem.StoreUnavailable).Detailf("%s: %v", path, fs.ErrNotExist)
	}
	key, err := existingKey(o.Config)
	if err != nil {
		return head, problem.Because(problem.KeyWrong, err).Detailf("%v", err)
	}
	s, err := store.Open(ctx, store.Config{URL: o.Config.DatabaseURL.Reveal(), Path: path, Key: key, Existing: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return head, storeProblem(err)
	}
	defer s.Close()
	if o.File == "-" {
		head, err = s.Backup(ctx, o.Stdout)
		if err != nil {
			return head, problem.Because(problem.StoreUnavailable, err).Detailf("%v", err)
		}
		return head, nil
	}
	return head, writeWhole(o.File, func(w io.Writer) (err error) {
		head, err = s.Backup(ctx, w)
		return err
	})
}

// writeWhole makes a new file that is whole or not there, readable by its owner only.
func writeWhole(path string, write func(io.Writer) error) error {
	if exists(path) {
		return problem.New(problem.FolderUnusable).Detailf("%s: %v", path, fs.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".zapis-backup-*") // made with mode 0600
	if err != nil {
		return problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // a leftover is only untidy
		return problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	return nil
}

// Restore fills an empty database with a backup. The key that the backup was made under has to be there already.
func Restore(ctx context.Context, o BackupOptions) (store.BackupHead, error) {
	in, head, err := openBackup(o)
	if err != nil {
		return head, err
	}
	defer in.Close()
	key, err := existingKey(o.Config)
	if err != nil {
		return head, problem.Because(problem.KeyWrong, err).Detailf("%v (%s)", err, head.Key)
	}
	if err := os.MkdirAll(o.Config.DataDir, 0o700); err != nil {
		return head, problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	head, err = store.Restore(ctx, store.Config{
		URL: o.Config.DatabaseURL.Reveal(), Path: filepath.Join(o.Config.DataDir, databaseFile), Key: key, Logger: slog.New(slog.DiscardHandler),
	}, in)
	return head, storeProblem(err)
}

// openBackup looks at the beginning of the file first: a wrong file must not leave an empty database behind.
func openBackup(o BackupOptions) (io.ReadCloser, store.BackupHead, error) {
	in := io.NopCloser(o.Stdin)
	if o.File != "-" {
		f, err := os.Open(o.File)
		if err != nil {
			return nil, store.BackupHead{}, problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
		}
		in = f
		head, err := store.ReadBackupHead(f)
		if err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
		if err != nil {
			return nil, head, errors.Join(storeProblem(err), f.Close())
		}
		return in, head, nil
	}
	return in, store.BackupHead{}, nil
}

// existingKey loads the encryption key and never makes one.
func existingKey(cfg *config.Config) (*secret.Key, error) {
	file := filepath.Join(cfg.DataDir, "key")
	if cfg.Key.IsZero() && !exists(file) {
		return nil, fmt.Errorf("%s: %w", file, fs.ErrNotExist)
	}
	return secret.Load(cfg.Key.Reveal(), file)
}

// storeProblem puts what the store says about itself into the words of the table.
func storeProblem(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrOtherKey):
		return problem.Because(problem.KeyWrong, err).Detailf("%v", err)
	case errors.Is(err, store.ErrNewerDatabase):
		return problem.Because(problem.StoreNewer, err)
	case errors.Is(err, store.ErrNotEmpty):
		return problem.Because(problem.StoreNotEmpty, err)
	case errors.Is(err, store.ErrNotABackup):
		return problem.Because(problem.BackupUnusable, err).Detailf("%v", err)
	}
	return problem.Because(problem.StoreUnavailable, err).Detailf("%v", err)
}
