package app

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/store"
)

// A backup is taken while a server has the database open and writes, and goes into another folder under the same key.
func TestBackupAndRestore(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	key, err := secret.Load("", filepath.Join(from, "key"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := store.Open(t.Context(), store.Config{Path: filepath.Join(from, databaseFile), Key: key, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.Keep(t.Context(), "before", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "zapis.backup")
	options := func(data, file string) BackupOptions {
		return BackupOptions{Config: &config.Config{DataDir: data}, File: file}
	}

	head, err := Backup(t.Context(), options(from, file))
	if err != nil {
		t.Fatal(err)
	}
	if head.Key != key.Fingerprint() || head.Rows < 2 {
		t.Errorf("got %+v", head)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info, err)
	}
	refused(t, "over an existing file", func() error { _, err := Backup(t.Context(), options(from, file)); return err }, problem.FolderUnusable, fs.ErrExist)
	refused(t, "of nothing", func() error { _, err := Backup(t.Context(), options(to, file+"2")); return err }, problem.StoreUnavailable, nil)
	if err := server.Keep(t.Context(), "after", []byte("lost")); err != nil {
		t.Fatal(err)
	}

	restore := func(data, file string) error { _, err := Restore(t.Context(), options(data, file)); return err }
	refused(t, "without the key", func() error { return restore(to, file) }, problem.KeyWrong, fs.ErrNotExist)
	if err := refused(t, "without the key", func() error { return restore(to, file) }, problem.KeyWrong, nil); !strings.Contains(err.Detail, key.Fingerprint()) {
		t.Errorf("%q does not name the key", err.Detail)
	}
	text, err := os.ReadFile(filepath.Join(from, "key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "key"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.backup")
	if err := os.WriteFile(cut, whole[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "a cut file", func() error { return restore(to, cut) }, problem.BackupUnusable, nil)
	refused(t, "no file", func() error { return restore(to, file+"?") }, problem.FolderUnusable, fs.ErrNotExist)
	if err := restore(to, file); err != nil {
		t.Fatal(err)
	}
	refused(t, "twice", func() error { return restore(to, file) }, problem.StoreNotEmpty, nil)

	twin, err := store.Open(t.Context(), store.Config{Path: filepath.Join(to, databaseFile), Key: key, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer twin.Close()
	for name, want := range map[string]string{"before": "kept", "after": ""} {
		if got, err := twin.Kept(t.Context(), name); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	// Through pipes, as in `zapis backup - | ssh …`.
	var pipe bytes.Buffer
	o := options(from, "-")
	o.Stdout = &pipe
	if _, err := Backup(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	third := t.TempDir()
	o = options(third, "-")
	o.Config.Key, o.Stdin = secret.Text(strings.TrimSpace(string(text))), &pipe
	if _, err := Restore(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// refused wants a problem of the table, and the cause beneath it where there is one to want.
func refused(t *testing.T, what string, do func() error, code problem.Code, cause error) *problem.Error {
	t.Helper()
	err := do()
	known, ok := errors.AsType[*problem.Error](err)
	if !ok || known.Code != code || cause != nil && !errors.Is(err, cause) && !strings.Contains(known.Detail, cause.Error()) {
		t.Fatalf("%s: got %v, want %s", what, err, code)
	}
	return known
}
