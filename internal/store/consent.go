package store

import (
	"context"
	"time"

	"zapis/internal/salon"
	"zapis/internal/secret"
)

// Consent is one consent to the processing of personal data: who, where, to which text, when.
type Consent struct {
	AccountID string
	BranchID  salon.BranchID
	Who       string // person id, or PhoneHMAC of a guest
	Version   string
	BookingID string // empty when given outside of a booking
	At        time.Time
}

// AddConsent records a consent. CreateBooking does so by itself.
func (s *Store) AddConsent(ctx context.Context, c Consent) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error { return insertConsent(ctx, tx, c) })
}

func insertConsent(ctx context.Context, tx *Tx, c Consent) error {
	_, err := tx.exec(ctx, `INSERT INTO consents (id, account_id, branch_id, who, version, booking_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		secret.NewID("c"), c.AccountID, c.BranchID, c.Who, c.Version, c.BookingID, millis(c.At))
	return err
}

// LastConsent is the newest consent of somebody in a branch, or ErrNotFound.
func (s *Store) LastConsent(ctx context.Context, who string, branch salon.BranchID) (c Consent, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		var at int64
		err := tx.row(ctx, `SELECT account_id, branch_id, who, version, booking_id, at FROM consents
			WHERE who = $1 AND branch_id = $2 ORDER BY at DESC, id DESC LIMIT 1`, who, branch).
			Scan(&c.AccountID, &c.BranchID, &c.Who, &c.Version, &c.BookingID, &at)
		c.At = moment(at)
		return err
	})
	return c, err
}
