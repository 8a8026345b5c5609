package store

import "context"

// PaceUpdate reads the log of grants of an egress address, lets fn change it and writes it back in one transaction:
// all replicas behind one address spend one budget. old is nil the first time. When fn fails nothing is written.
// fn may run while other callers wait for the same row: it computes and does nothing else.
func (s *Store) PaceUpdate(ctx context.Context, egress string, fn func(old []byte) ([]byte, error)) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.lock(ctx, "pace:"+egress); err != nil {
			return err
		}
		now := millis(s.now())
		_, err := tx.exec(ctx, `INSERT INTO pace (egress, updated_at) VALUES ($1, $2) ON CONFLICT (egress) DO NOTHING`, egress, now)
		if err != nil {
			return err
		}
		var old []byte
		if err := tx.row(ctx, `SELECT state FROM pace WHERE egress = $1`, egress).Scan(&old); err != nil {
			return err
		}
		fresh, err := fn(old)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `UPDATE pace SET state = $2, updated_at = $3 WHERE egress = $1`, egress, fresh, now)
		return err
	})
}
