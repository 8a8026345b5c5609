package store

import (
	"context"
	"errors"
)

// keptPrefix keeps the names of Keep apart from the store's own settings.
const keptPrefix = "kept."

// Keep remembers a small value under a name, over restarts and for all replicas: what must be known when YCLIENTS
// cannot be asked, such as a branch's phone. It is public data and not sealed; the value is text.
func (s *Store) Keep(ctx context.Context, name string, value []byte) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, keptPrefix+name, string(value))
		return err
	})
}

// Kept reads what Keep wrote, nil when there is nothing.
func (s *Store) Kept(ctx context.Context, name string) (value []byte, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		var text string
		err := tx.row(ctx, `SELECT value FROM settings WHERE name = $1`, keptPrefix+name).Scan(&text)
		value = []byte(text)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return value, err
}

// FreeKey is for the transaction of Refuse: it forgets the key that an intent is bound to, so that the same request
// can be made again under it. A booking that was refused for its SMS code comes back with another code, and the code
// is not part of what a key compares.
func (s *Store) FreeKey(intentID string) TxFunc {
	return func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM idempotency WHERE intent_id = $1 AND state = 'running'`, intentID)
		return err
	}
}
