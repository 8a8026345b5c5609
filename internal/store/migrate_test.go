package store_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"zapis/internal/store"
	"zapis/internal/store/storetest"
)

// TestMigratesFromEveryVersion fills the tables of each older version with what they can hold, and opens them.
func TestMigratesFromEveryVersion(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := storetest.SQLite(t, c.now)
	confirmed, unsent := furnish(t, s, c)
	lines := backupLines(t, s)
	newest, err := store.NewestMigration()
	must(t, err)
	for name, config := range map[string]func(t *testing.T) store.Config{
		"sqlite":   func(t *testing.T) store.Config { return store.Config{Path: filepath.Join(t.TempDir(), "zapis.db")} },
		"postgres": func(t *testing.T) store.Config { return store.Config{URL: storetest.PostgresURL(t)} },
	} {
		for version := int64(1); version < newest; version++ {
			t.Run(fmt.Sprintf("%s from %d", name, version), func(t *testing.T) {
				cfg := config(t)
				cfg.Key, cfg.Now = storetest.Key(), c.now
				old, err := store.OpenAt(t.Context(), cfg, version)
				must(t, err)
				refill(t, old, lines)
				must(t, old.Close())
				now := storetest.Open(t, cfg)
				equal(t, booking(t, now, confirmed.ID), confirmed)
				if it, err := now.LastIntent(t.Context(), unsent); err != nil || it.State != store.Ready {
					t.Errorf("got %s, %v", it.State, err)
				}
			})
		}
	}
}

func refill(t *testing.T, s *store.Store, lines []string) {
	t.Helper()
	var table struct {
		Table   string
		Columns []string
	}
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, `{"table"`) {
			must(t, json.Unmarshal([]byte(line), &table))
			continue
		}
		if !strings.HasPrefix(line, "[") || strings.HasPrefix(line, `["key_fingerprint"`) {
			continue
		}
		values, err := store.BackupRow([]byte(line))
		must(t, err)
		must(t, s.Fill(t.Context(), table.Table, table.Columns, values))
	}
}
