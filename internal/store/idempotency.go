package store

import (
	"context"
	"time"
)

// IdempotencyTTL is how long a key is remembered.
const IdempotencyTTL = 24 * time.Hour

// IdempotencyState is what a key turned out to be.
type IdempotencyState string

// The answers of BeginIdempotent.
const (
	IdempotencyNew      IdempotencyState = "new"      // ours to run: finish, bind (CreateBooking, AddIntent) or release it
	IdempotencyRunning  IdempotencyState = "running"  // another request runs it, or it was bound and its answer never stored
	IdempotencyDone     IdempotencyState = "done"     // repeat the stored answer
	IdempotencyMismatch IdempotencyState = "mismatch" // the key came with another body before
)

// IdempotencyRef names a key that this caller runs.
type IdempotencyRef struct {
	OwnerKey string // person id, or PhoneHMAC of a guest
	Key      string
	Fence    int64 // from BeginIdempotent: a request that was taken over can no longer write
	// Keep is what a repeat needs and cannot compute again, such as the guest's booking secret. It is written,
	// sealed, together with the booking.
	Keep []byte
}

// Idempotent is the state of a key.
type Idempotent struct {
	State      IdempotencyState
	Ref        IdempotencyRef // Fence to go on with when new; Keep when there is a booking
	BookingID  string         // once bound: the present state of this booking is the answer to a repeat
	IntentID   string
	StatusCode int
	Response   []byte
}

// BeginIdempotent asks for a key. A row that runs without a booking past its lease was left by a process that died
// before it made anything, and starts anew.
func (s *Store) BeginIdempotent(ctx context.Context, ownerKey, key, fingerprint string, lease time.Duration) (found Idempotent, err error) {
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.lock(ctx, "idempotency:"+ownerKey+"/"+key); err != nil {
			return err
		}
		now := s.now()
		n, err := tx.exec(ctx, `INSERT INTO idempotency (owner_key, idem_key, fingerprint, state, fence, lease_until, booking_id, intent_id, status_code, expires_at)
			VALUES ($1, $2, $3, 'running', 1, $4, '', '', 0, $5)
			ON CONFLICT (owner_key, idem_key) DO UPDATE SET fingerprint = excluded.fingerprint, state = excluded.state, fence = idempotency.fence + 1,
				lease_until = excluded.lease_until, booking_id = '', intent_id = '', status_code = 0, sealed_keep = NULL, sealed_response = NULL,
				expires_at = excluded.expires_at
			WHERE idempotency.expires_at <= $6
				OR (idempotency.state = 'running' AND idempotency.booking_id = '' AND idempotency.lease_until <= $6 AND idempotency.fingerprint = excluded.fingerprint)`,
			ownerKey, key, fingerprint, millis(now.Add(lease)), millis(now.Add(IdempotencyTTL)), millis(now))
		if err != nil {
			return err
		}
		var theirs string
		found, theirs, err = s.idempotent(ctx, tx, ownerKey, key)
		switch {
		case err != nil:
			return err
		case n == 1:
			found.State = IdempotencyNew
		case theirs != fingerprint:
			found = Idempotent{State: IdempotencyMismatch}
		}
		return nil
	})
	return found, err
}

// Idempotent reads a key without asking for it: how a repeat watches a running one.
func (s *Store) Idempotent(ctx context.Context, ownerKey, key string) (found Idempotent, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		found, _, err = s.idempotent(ctx, tx, ownerKey, key)
		return err
	})
	return found, err
}

// FinishIdempotent stores the answer that every repeat will get, byte for byte. ErrConflict: it was taken over, or who
// asked was erased since, and nothing that repeats their words is kept.
func (s *Store) FinishIdempotent(ctx context.Context, ref IdempotencyRef, statusCode int, response []byte) error {
	return s.outcome(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.lock(ctx, "person:"+ref.OwnerKey); err != nil {
			return err
		}
		n, err := tx.exec(ctx, `UPDATE idempotency SET state = 'done', status_code = $4, sealed_response = $5
			WHERE owner_key = $1 AND idem_key = $2 AND fence = $3 AND state = 'running'
			AND (owner_key NOT LIKE 'p-%' OR EXISTS (SELECT 1 FROM people p WHERE p.id = idempotency.owner_key))
			AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.id = idempotency.booking_id AND (b.erase_wanted = 1 OR b.sealed_client IS NULL))`,
			ref.OwnerKey, ref.Key, ref.Fence, statusCode, s.seal("idempotency.response", ref.id(), response))
		if err == nil && n == 0 {
			return ErrConflict
		}
		return err
	})
}

// ReleaseIdempotent forgets a key whose request was refused before anything was made. ErrConflict: a booking is
// bound to it, or it was taken over.
func (s *Store) ReleaseIdempotent(ctx context.Context, ref IdempotencyRef) error {
	return s.outcome(ctx, func(ctx context.Context, tx *Tx) error {
		n, err := tx.exec(ctx, `DELETE FROM idempotency WHERE owner_key = $1 AND idem_key = $2 AND fence = $3 AND state = 'running' AND booking_id = ''`,
			ref.OwnerKey, ref.Key, ref.Fence)
		if err == nil && n == 0 {
			return ErrConflict
		}
		return err
	})
}

// bindIdempotent ties the key to what is being made. A zombie whose key was taken over fails here, and with it the
// whole transaction.
func (s *Store) bindIdempotent(ctx context.Context, tx *Tx, ref IdempotencyRef, bookingID, intentID string) error {
	n, err := tx.exec(ctx, `UPDATE idempotency SET booking_id = $4, intent_id = $5, sealed_keep = $6
		WHERE owner_key = $1 AND idem_key = $2 AND fence = $3 AND state = 'running' AND booking_id = ''`,
		ref.OwnerKey, ref.Key, ref.Fence, bookingID, intentID, s.seal("idempotency.keep", ref.id(), ref.Keep))
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}

func (s *Store) idempotent(ctx context.Context, tx *Tx, ownerKey, key string) (found Idempotent, fingerprint string, err error) {
	ref := IdempotencyRef{OwnerKey: ownerKey, Key: key}
	var state string
	var keep, response []byte
	err = tx.row(ctx, `SELECT fingerprint, state, fence, booking_id, intent_id, status_code, sealed_keep, sealed_response
		FROM idempotency WHERE owner_key = $1 AND idem_key = $2`, ownerKey, key).
		Scan(&fingerprint, &state, &ref.Fence, &found.BookingID, &found.IntentID, &found.StatusCode, &keep, &response)
	if err != nil {
		return found, "", err
	}
	found.State = IdempotencyState(state)
	if ref.Keep, err = s.open("idempotency.keep", ref.id(), keep); err != nil {
		return found, "", err
	}
	found.Response, err = s.open("idempotency.response", ref.id(), response)
	found.Ref = ref
	return found, fingerprint, err
}

func (r IdempotencyRef) id() string { return r.OwnerKey + "/" + r.Key }
