package store

import (
	"context"
)

// OpenAt makes the tables as they were at a version. Most methods need the newest.
func OpenAt(ctx context.Context, cfg Config, version int64) (*Store, error) {
	cfg.upTo = version
	return Open(ctx, cfg)
}

// NewestMigration is the version this program makes.
var NewestMigration = newestMigration

// Fill writes rows of a backup, leaving out the columns that the tables do not have.
func (s *Store) Fill(ctx context.Context, table string, columns []string, values []any) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		rows, err := tx.query(ctx, `SELECT * FROM `+table+` WHERE 1 = 0`)
		if err != nil {
			return err
		}
		have, err := rows.columns()
		rows.close()
		if err != nil {
			return err
		}
		known := map[string]bool{}
		for _, name := range have {
			known[name] = true
		}
		var kept []string
		var args []any
		for i, name := range columns {
			if known[name] {
				kept, args = append(kept, name), append(args, values[i])
			}
		}
		insert, err := backupTable{table, kept}.insert()
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, insert, args...)
		return err
	})
}

// BackupRow reads a row of a backup.
var BackupRow = backupRow
