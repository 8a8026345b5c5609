package store_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"zapis/internal/store"
	"zapis/internal/store/storetest"
)

// TestReplicasStartTogether opens one empty database many times at once: each ends with the same tables.
func TestReplicasStartTogether(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "zapis.db")
		together(t, 4, store.Config{Path: path})
	})
	t.Run("postgres", func(t *testing.T) { together(t, 4, store.Config{URL: storetest.PostgresURL(t)}) })
}

func together(t *testing.T, n int, cfg store.Config) {
	cfg.Key = storetest.Key()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			s, err := store.Open(t.Context(), cfg)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestPostgresRefusesNewerDatabase(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	storetest.Open(t, store.Config{URL: url})
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`)
	must(t, errors.Join(err, conn.Close(t.Context())))
	_, err = store.Open(t.Context(), store.Config{URL: url, Key: storetest.Key()})
	wantErr(t, err, store.ErrNewerDatabase)
}
