package store

import (
	"context"
	"time"
)

// Retention says how long what is no longer needed is kept.
type Retention struct {
	Bookings time.Duration // after the end of the last appointment; 0 keeps them
	Sessions time.Duration // after expiry or end, so that a late reuse is still recognised; 0 means 7 days
	Consents time.Duration // after they were given; 0 keeps them
}

// Purge deletes what is past its time and returns how many rows went. It is safe to run at any moment, on all
// replicas at once.
func (s *Store) Purge(ctx context.Context, r Retention) (rows int64, err error) {
	now := s.now()
	if r.Sessions <= 0 {
		r.Sessions = 7 * 24 * time.Hour
	}
	type step struct {
		sql  string
		args []any
	}
	steps := []step{
		{`DELETE FROM idempotency WHERE expires_at <= $1`, []any{millis(now)}},
		{`DELETE FROM access_tokens WHERE expires_at <= $1`, []any{millis(now)}},
		{`DELETE FROM refresh_tokens WHERE expires_at <= $1`, []any{millis(now)}},
		{`DELETE FROM families WHERE expires_at <= $1 OR revoked_at <= $1`, []any{millis(now.Add(-r.Sessions))}},
		{`DELETE FROM code_events WHERE at <= $1`, []any{millis(now.Add(-codeKeep))}},
	}
	if r.Consents > 0 {
		steps = append(steps, step{`DELETE FROM consents WHERE at <= $1`, []any{millis(now.Add(-r.Consents))}})
	}
	if r.Bookings > 0 {
		// Never one with a change that has not ended: somebody still owes it an answer.
		const old = `ends_at <= $1 AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.booking_id = bookings.id AND i.state NOT IN ('done', 'refused'))`
		past := []any{millis(now.Add(-r.Bookings))}
		steps = append(steps, step{`DELETE FROM bookings WHERE ` + old, past},
			step{`DELETE FROM intents WHERE settled_at <= $1 AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.id = intents.booking_id)`, past})
	}
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		for _, st := range steps {
			n, err := tx.exec(ctx, st.sql, st.args...)
			if err != nil {
				return err
			}
			rows += n
		}
		return eraseWanted(ctx, tx)
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}
