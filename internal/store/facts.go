package store

import (
	"context"
	"time"

	"zapis/internal/salon"
)

// Facts are counts for the doctor: they name nobody.
type Facts struct {
	CodesSent, CodesUsed int // SMS codes since a moment: asked for, and entered rightly
	Attention            int // bookings that wait for the operator
}

// Facts counts. It only reads.
func (s *Store) Facts(ctx context.Context, since time.Time) (f Facts, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.row(ctx, `SELECT count(*) FROM code_events WHERE kind = 'send' AND at > $1`, millis(since)).Scan(&f.CodesSent); err != nil {
			return err
		}
		if err := tx.row(ctx, `SELECT count(*) FROM code_events WHERE kind = 'try' AND outcome = 'right' AND at > $1`, millis(since)).Scan(&f.CodesUsed); err != nil {
			return err
		}
		return tx.row(ctx, `SELECT count(*) FROM bookings WHERE status = $1`, string(salon.NeedsAttention)).Scan(&f.Attention)
	})
	return f, err
}
