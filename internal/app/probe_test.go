package app

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/store"
)

func TestProbeStoreTellsWhatAServerWouldMeet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	used := usedFolder(t)
	lost := usedFolder(t)
	if err := os.Remove(filepath.Join(lost, "key")); err != nil {
		t.Fatal(err)
	}
	broken := usedFolder(t)
	if err := os.WriteFile(filepath.Join(broken, databaseFile), []byte("this is no database at all, and long enough to be read as one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := secret.Text(base64.StdEncoding.EncodeToString([]byte("another key of thirty-two bytes!")))
	for name, tt := range map[string]struct {
		cfg  config.Config
		want problem.Code
	}{
		"nothing yet":           {config.Config{DataDir: filepath.Join(dir, "a", "b")}, ""},
		"an empty folder":       {config.Config{DataDir: t.TempDir()}, ""},
		"a used folder":         {config.Config{DataDir: used}, ""},
		"where nobody writes":   {config.Config{DataDir: "/proc/x"}, problem.FolderUnusable},
		"a file for a folder":   {config.Config{DataDir: file}, problem.FolderUnusable},
		"below a file":          {config.Config{DataDir: filepath.Join(file, "x")}, problem.FolderUnusable},
		"another key":           {config.Config{DataDir: used, Key: other}, problem.KeyWrong},
		"the key is lost":       {config.Config{DataDir: lost}, problem.KeyWrong},
		"not a database":        {config.Config{DataDir: broken}, problem.StoreUnavailable},
		"no PostgreSQL there":   {config.Config{DataDir: used, DatabaseURL: secret.Text("postgres://127.0.0.1:1/x")}, problem.StoreUnavailable},
		"no PostgreSQL, no key": {config.Config{DataDir: dir, DatabaseURL: secret.Text("postgres://127.0.0.1:1/x")}, problem.StoreUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			err := ProbeStore(t.Context(), &tt.cfg)
			var known *problem.Error
			if errors.As(err, &known); err != nil && known == nil {
				t.Fatalf("got %T: %v", err, err)
			}
			if got := codeOf(known); got != tt.want {
				t.Errorf("got %q: %v, want %q", got, err, tt.want)
			}
		})
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the probe left %v behind", entries)
	}
	if exists(filepath.Join(lost, "key")) {
		t.Error("the probe made a key")
	}
}

func codeOf(p *problem.Error) problem.Code {
	if p == nil {
		return ""
	}
	return p.Code
}

// usedFolder is a data folder as a server leaves it.
func usedFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	key, err := secret.Load("", filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{Path: filepath.Join(dir, databaseFile), Key: key, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}
