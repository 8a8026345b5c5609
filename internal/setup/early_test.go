package setup_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"zapis/internal/problem"
	"zapis/internal/setup"
)

// Ctrl-C in the middle of a call is no silence of YCLIENTS: nobody is sent to look for a network that works.
func TestInterruptedSetupIsNoRefusal(t *testing.T) {
	b := newBundle(t)
	ctx, interrupt := context.WithCancel(t.Context())
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		interrupt()
		<-r.Context().Done()
	}))
	defer silent.Close()
	b.BaseURL = silent.URL
	before := b.file(t)
	if _, err := setup.Run(ctx, b.Options); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the interruption", err)
	}
	if b.file(t) != before {
		t.Error("an interrupted setup wrote")
	}
}

// A file that git tracks is told at the beginning: nobody types a password first.
func TestTrackedFileIsToldBeforeAnybodyIsAsked(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("git is missing: install it, what it tracks is part of this test")
	}
	b := newBundle(t)
	for _, args := range [][]string{{"init", "-q", "."}, {"add", "backend.env"}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = filepath.Dir(b.path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	_, failed := b.run(t)
	if failed == nil || failed.Stage.Code != "env_file" || failed.ExitCode() != 3 || b.asked != 0 || len(b.sb.Ledger()) != 0 {
		t.Errorf("%v, asked for the password %d times", failed, b.asked)
	}
	e := setup.Engine{EnvFile: b.path, BaseURL: b.BaseURL, NewClient: b.NewClient}
	wants(t, e.CheckEnv(t.Context()), problem.EnvTracked)
	if err := os.WriteFile(b.path, []byte("broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, e.CheckEnv(t.Context()), problem.ConfigInvalid)
	e.EnvFile = filepath.Join(t.TempDir(), "none", ".env")
	wants(t, e.CheckEnv(t.Context()), problem.FolderUnusable)
	e.EnvFile = filepath.Join(t.TempDir(), ".env")
	if err := e.CheckEnv(t.Context()); err != nil {
		t.Errorf("a new file is refused: %v", err)
	}
}
