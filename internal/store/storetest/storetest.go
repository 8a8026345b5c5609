// Package storetest opens stores for tests, one fresh database each: SQLite always, PostgreSQL where
// ZAPIS_TEST_POSTGRES names a server on which databases may be created.
package storetest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"zapis/internal/secret"
	"zapis/internal/store"
)

const (
	serverVariable   = "ZAPIS_TEST_POSTGRES"
	requiredVariable = "ZAPIS_TEST_REQUIRE_POSTGRES"
)

// Key is the same in every test, so that a database can be opened twice.
func Key() *secret.Key {
	k, err := secret.NewKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		panic(err)
	}
	return k
}

// SQLite opens a store in a temporary folder. now may be nil.
func SQLite(t testing.TB, now func() time.Time) *store.Store {
	t.Helper()
	return Open(t, store.Config{Path: filepath.Join(t.TempDir(), "zapis.db"), Now: now})
}

// Postgres opens a store in a database of its own, or skips the test when there is no server.
func Postgres(t testing.TB, now func() time.Time) *store.Store {
	t.Helper()
	return Open(t, store.Config{URL: PostgresURL(t), Now: now})
}

// Open opens a store with the key of tests and closes it in the end.
func Open(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	if cfg.Key == nil {
		cfg.Key = Key()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

// Each runs the same test on both databases.
func Each(t *testing.T, run func(t *testing.T, open func(t testing.TB, now func() time.Time) *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { run(t, SQLite) })
	t.Run("postgres", func(t *testing.T) {
		server(t)
		run(t, Postgres)
	})
}

// PostgresURL creates a database and returns its address; it is dropped when the test ends.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base := server(t)
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("%s is not a URL", serverVariable)
	}
	name := "zapis_test_" + secret.NewID("x")[2:]
	do(t, base, `CREATE DATABASE `+name)
	t.Cleanup(func() { do(t, base, `DROP DATABASE `+name+` WITH (FORCE)`) })
	u.Path = "/" + name
	return u.String()
}

var loud sync.Once

func server(t testing.TB) string {
	t.Helper()
	if base := os.Getenv(serverVariable); base != "" {
		return base
	}
	if os.Getenv(requiredVariable) == "1" {
		t.Fatalf("%s=1, but %s names no server: run the tests through scripts/with-postgres.sh", requiredVariable, serverVariable)
	}
	loud.Do(warn)
	t.Skipf("%s is empty: the PostgreSQL half of this suite DID NOT RUN; `make test` runs it", serverVariable)
	return ""
}

// warn speaks to the terminal where there is one: `go test` hides what the tests of a passing package print.
func warn() {
	out := os.Stderr
	if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		defer tty.Close()
		out = tty
	}
	fmt.Fprintf(out, "\n*** POSTGRESQL IS NOT TESTED here: %s is empty. `make test` starts a server and leaves nothing out. ***\n\n", serverVariable)
}

func do(t testing.TB, base, statement string) {
	t.Helper()
	// Not the test's context: clean-up runs after that has ended.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		t.Fatalf("connect to %s: %v", serverVariable, err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
