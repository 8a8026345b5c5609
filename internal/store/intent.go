package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

// IntentKind is what a change wants done in YCLIENTS.
type IntentKind string

// The kinds of intents.
const (
	Create IntentKind = "create"
	Move   IntentKind = "move"
	Cancel IntentKind = "cancel"
)

// IntentState says how far a change has come.
//
//	ready ──▶ sent ──▶ done | refused
//	  │        ├────▶ unknown ──▶ done | refused | attention
//	  │        └────▶ ready (provably never left)
//	  └──▶ refused                attention ──▶ done | refused (the operator, or a late look)
//
// "sent" is written before the first byte leaves. So after a crash "ready" was never sent and may be, and "sent" may
// or may not have arrived: it is looked up, never sent again.
type IntentState string

// The states of intents.
const (
	Ready     IntentState = "ready"
	Sent      IntentState = "sent"
	Unknown   IntentState = "unknown"
	Done      IntentState = "done"
	Refused   IntentState = "refused"
	Attention IntentState = "attention"
)

// Open reports whether the machine still has something to do.
func (st IntentState) Open() bool { return st == Ready || st == Sent || st == Unknown }

// Settled reports an end state.
func (st IntentState) Settled() bool { return st == Done || st == Refused }

// Intent is one change we owe to YCLIENTS, written down before it is tried. Whoever holds the newest Version holds
// the intent: every transition names the version it was decided on and fails with ErrConflict on any other.
type Intent struct {
	ID          string // i-…
	BookingID   string // b-…, or r-branch-record for a record made elsewhere
	AccountID   string
	BranchID    salon.BranchID
	Kind        IntentKind
	State       IntentState
	APIID       string // our mark in the record; empty for a move or a cancel
	Payload     []byte // the exact body to send; nil once settled
	Fingerprint string
	Version     int64
	LeaseUntil  time.Time
	Attempts    int // times it went to "sent"
	Looks       int // times it was looked up in vain
	Late        int // looks that it is still owed after it was refused for not being found
	SentAt      time.Time
	NextLookAt  time.Time
	SettledAt   time.Time
	Reason      problem.Code
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// NewIntent is an intent to be written. Its maker holds it for Lease; when the maker dies, it is due at
// FirstLook from now, which should not be earlier than the lease.
type NewIntent struct {
	ID          string
	APIID       string
	Payload     []byte
	Fingerprint string
	Lease       time.Duration
	FirstLook   time.Duration
}

// NewBooking is everything that is written before a booking is tried.
type NewBooking struct {
	Booking     Booking // Status and Sequence are set by the store
	Intent      NewIntent
	Idempotency *IdempotencyRef
}

// CreateBooking writes booking, appointments, consent, intent, its place in the idempotency row and also, in one
// transaction. ErrConflict: the idempotency row was taken over, do not send. ErrNotFound: the owner was erased.
func (s *Store) CreateBooking(ctx context.Context, n NewBooking, also ...TxFunc) (b Booking, it Intent, err error) {
	b = n.Booking
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if b.Owner != "" {
			if err := holdPerson(ctx, tx, b.Owner); err != nil {
				return err
			}
		}
		now := s.now()
		if err := s.insertBooking(ctx, tx, &b, now); err != nil {
			return err
		}
		if b.ConsentVersion != "" {
			who := b.Owner
			if who == "" {
				who = s.PhoneHMAC(b.Client.Phone)
			}
			if err := insertConsent(ctx, tx, Consent{AccountID: b.AccountID, BranchID: b.BranchID, Who: who,
				Version: b.ConsentVersion, BookingID: b.ID, At: b.ConsentAt}); err != nil {
				return err
			}
		}
		it = n.Intent.at(now, Create, b.ID, b.AccountID, b.BranchID)
		return s.insertIntent(ctx, tx, it, n.Idempotency, also)
	})
	if err != nil {
		return Booking{}, Intent{}, err
	}
	return b, it, nil
}

// Change is a move or a cancel of a booking to be written.
type Change struct {
	Kind        IntentKind
	BookingID   string // b-…, or r-branch-record
	AccountID   string
	BranchID    salon.BranchID
	IfSequence  int64 // of the booking the decision was made on; not compared for r-…
	Intent      NewIntent
	Idempotency *IdempotencyRef
}

// AddIntent writes a move or a cancel. ErrOpenIntent: another change of this booking is not settled yet.
// ErrConflict: the booking changed since IfSequence was read.
func (s *Store) AddIntent(ctx context.Context, c Change, also ...TxFunc) (it Intent, err error) {
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.lock(ctx, "booking:"+c.BookingID); err != nil {
			return err
		}
		var sequence int64
		err := tx.row(ctx, `SELECT sequence FROM bookings WHERE id = $1`, c.BookingID).Scan(&sequence)
		switch ref, ok := salon.ParseRef(c.BookingID); {
		case ok && ref.Booking == "" && errors.Is(cleaned(err), ErrNotFound): // made elsewhere: we have no row to compare
		case err != nil:
			return err
		case sequence != c.IfSequence:
			return ErrConflict
		}
		it = c.Intent.at(s.now(), c.Kind, c.BookingID, c.AccountID, c.BranchID)
		return s.insertIntent(ctx, tx, it, c.Idempotency, also)
	})
	if err != nil {
		return Intent{}, err
	}
	return it, nil
}

func (n NewIntent) at(now time.Time, kind IntentKind, bookingID, accountID string, branch salon.BranchID) Intent {
	now = moment(millis(now))
	return Intent{ID: n.ID, BookingID: bookingID, AccountID: accountID, BranchID: branch, Kind: kind, State: Ready,
		APIID: n.APIID, Payload: n.Payload, Fingerprint: n.Fingerprint, Version: 1, LeaseUntil: now.Add(n.Lease),
		NextLookAt: now.Add(n.FirstLook), CreatedAt: now, UpdatedAt: now}
}

func (s *Store) insertIntent(ctx context.Context, tx *Tx, it Intent, idem *IdempotencyRef, also []TxFunc) error {
	var apiID *string
	if it.APIID != "" {
		apiID = &it.APIID
	}
	_, err := tx.exec(ctx, `INSERT INTO intents (id, booking_id, number, account_id, branch_id, kind, state, api_id, sealed_payload, fingerprint,
		version, lease_until, attempts, looks, next_look_at, reason, created_at, updated_at)
		VALUES ($1, $2, (SELECT COALESCE(max(number), 0) + 1 FROM intents WHERE booking_id = $2), $3, $4, $5, 'ready', $6, $7, $8, 1, $9, 0, 0, $10, '', $11, $11)`,
		it.ID, it.BookingID, it.AccountID, it.BranchID, string(it.Kind), apiID, s.seal("intents.payload", it.ID, it.Payload),
		it.Fingerprint, millis(it.LeaseUntil), millis(it.NextLookAt), millis(it.CreatedAt))
	if err != nil {
		return err
	}
	if idem != nil {
		if err := s.bindIdempotent(ctx, tx, *idem, it.BookingID, it.ID); err != nil {
			return err
		}
	}
	return runAlso(ctx, tx, also)
}

const intentColumns = `id, booking_id, account_id, branch_id, kind, state, COALESCE(api_id, ''), sealed_payload, fingerprint, version,
	lease_until, attempts, looks, late, sent_at, next_look_at, settled_at, reason, created_at, updated_at`

// Intent reads one intent.
func (s *Store) Intent(ctx context.Context, id string) (Intent, error) {
	return s.oneIntent(ctx, `SELECT `+intentColumns+` FROM intents WHERE id = $1`, id)
}

// LastIntent reads the newest intent of a booking.
func (s *Store) LastIntent(ctx context.Context, bookingID string) (Intent, error) {
	return s.oneIntent(ctx, `SELECT `+intentColumns+` FROM intents WHERE booking_id = $1 ORDER BY number DESC LIMIT 1`, bookingID)
}

// looked is the condition of intents that are still looked at: the open ones, those that wait for the operator, and
// those that were not found and are owed late looks. It is spelt as the index of due intents is.
const looked = `(state IN ('ready', 'sent', 'unknown', 'attention') OR late > 0)`

// DueIntents lists intents whose look is due and which nobody holds, the most overdue first: open ones, those that
// wait for the operator, and those that are owed a late look. ClaimIntent decides who gets them.
func (s *Store) DueIntents(ctx context.Context, now time.Time, limit int) (list []Intent, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.each(ctx, func(row scanner) error {
			it, err := s.scanIntent(row)
			list = append(list, it)
			return err
		}, `SELECT `+intentColumns+` FROM intents WHERE `+looked+` AND next_look_at <= $1 AND lease_until <= $1
			ORDER BY next_look_at LIMIT `+strconv.Itoa(limit), millis(now))
	})
	return list, err
}

// ClaimIntent takes an intent that is still looked at, and whose lease has run out. ErrConflict: somebody holds it, or it has ended.
func (s *Store) ClaimIntent(ctx context.Context, id string, lease time.Duration) (it Intent, err error) {
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		now := millis(s.now())
		n, err := tx.exec(ctx, `UPDATE intents SET version = version + 1, lease_until = $2, updated_at = $3
			WHERE id = $1 AND lease_until <= $3 AND `+looked, id, now+lease.Milliseconds(), now)
		if err != nil {
			return err
		}
		it, err = s.scanIntent(tx.row(ctx, `SELECT `+intentColumns+` FROM intents WHERE id = $1`, id))
		if err == nil && n == 0 {
			return ErrConflict
		}
		return err
	})
	if err != nil {
		return Intent{}, err
	}
	return it, nil
}

// MarkSent is written before the first byte leaves, and fails when the intent was taken over: then nothing may
// be sent. The lease must outlast the deadline of the request.
func (s *Store) MarkSent(ctx context.Context, it *Intent, lease time.Duration) error {
	return s.transition(ctx, it, []IntentState{Ready}, func(next *Intent, now time.Time) {
		next.State, next.SentAt, next.Attempts, next.LeaseUntil = Sent, now, it.Attempts+1, now.Add(lease)
	}, nil, nil)
}

// MarkReady takes back MarkSent, when it is certain that not one byte of the request reached YCLIENTS.
func (s *Store) MarkReady(ctx context.Context, it *Intent, nextLook time.Time, also ...TxFunc) error {
	return s.transition(ctx, it, []IntentState{Sent}, func(next *Intent, _ time.Time) {
		next.State, next.SentAt, next.NextLookAt = Ready, time.Time{}, nextLook
	}, nil, also)
}

// MarkUnknown says that the answer is lost. The lease ends: anyone may look the outcome up from nextLook on.
func (s *Store) MarkUnknown(ctx context.Context, it *Intent, nextLook time.Time, also ...TxFunc) error {
	return s.transition(ctx, it, []IntentState{Sent}, func(next *Intent, now time.Time) {
		next.State, next.NextLookAt, next.LeaseUntil = Unknown, nextLook, now
	}, nil, also)
}

// Looked counts a look that could not tell. The lease ends.
func (s *Store) Looked(ctx context.Context, it *Intent, nextLook time.Time, also ...TxFunc) error {
	return s.transition(ctx, it, []IntentState{Unknown, Attention}, func(next *Intent, now time.Time) {
		next.Looks, next.NextLookAt, next.LeaseUntil = it.Looks+1, nextLook, now
	}, nil, also)
}

// Postpone gives an intent back without having done anything with it, to be taken up again from nextLook on.
func (s *Store) Postpone(ctx context.Context, it *Intent, nextLook time.Time, also ...TxFunc) error {
	return s.transition(ctx, it, []IntentState{Ready, Sent, Unknown, Attention}, func(next *Intent, now time.Time) {
		next.NextLookAt, next.LeaseUntil = nextLook, now
	}, nil, also)
}

// outcomeKnown are the states in which YCLIENTS' answer, given or found, ends the intent.
var outcomeKnown = []IntentState{Sent, Unknown, Attention}

// SettleCreate ends a create: its records exist, the booking is confirmed.
func (s *Store) SettleCreate(ctx context.Context, it *Intent, records []Record, also ...TxFunc) error {
	return s.transition(ctx, it, outcomeKnown, settled(Done, ""), func(ctx context.Context, tx *Tx) error {
		if err := s.nameRecords(ctx, tx, it.BookingID, records); err != nil {
			return err
		}
		return s.touchBooking(ctx, tx, it.BookingID, salon.Confirmed, "")
	}, also)
}

// SettleMove ends a move: the booking is confirmed at its new times. Of each appointment Position is needed and what
// is set is changed: Start, StartsAt, Length, StaffID, RecordID, RecordHash, Display.
func (s *Store) SettleMove(ctx context.Context, it *Intent, moved []Appointment, also ...TxFunc) error {
	return s.transition(ctx, it, outcomeKnown, settled(Done, ""), func(ctx context.Context, tx *Tx) error {
		if err := s.rewriteAppointments(ctx, tx, it.BookingID, moved); err != nil {
			return err
		}
		return s.touchBooking(ctx, tx, it.BookingID, salon.Confirmed, "")
	}, also)
}

// SettleCancel ends a cancel: the records are gone.
func (s *Store) SettleCancel(ctx context.Context, it *Intent, also ...TxFunc) error {
	return s.transition(ctx, it, outcomeKnown, settled(Done, ""), func(ctx context.Context, tx *Tx) error {
		if _, err := tx.exec(ctx, `UPDATE booking_appointments SET deleted = 1 WHERE booking_id = $1`, it.BookingID); err != nil {
			return err
		}
		return s.touchBooking(ctx, tx, it.BookingID, salon.Cancelled, "")
	}, also)
}

// Refuse ends an intent that YCLIENTS refused, that was found not to have happened, or that was never sent. A new
// booking is rejected with the reason; a booking that could not be moved or cancelled stays as it was.
func (s *Store) Refuse(ctx context.Context, it *Intent, reason problem.Code, also ...TxFunc) error {
	return s.refuse(ctx, it, settled(Refused, reason), reason, also)
}

// RefuseUnfound is Refuse for a create that was not found. Should it have been made after all, late looks shall find it,
// the first from nextLook on.
func (s *Store) RefuseUnfound(ctx context.Context, it *Intent, reason problem.Code, late int, nextLook time.Time, also ...TxFunc) error {
	end := settled(Refused, reason)
	return s.refuse(ctx, it, func(next *Intent, now time.Time) {
		end(next, now)
		next.Late, next.NextLookAt = late, nextLook
	}, reason, also)
}

// LookedLate leaves a refused create with so many late looks, the next from nextLook on. The lease ends.
func (s *Store) LookedLate(ctx context.Context, it *Intent, left int, nextLook time.Time, also ...TxFunc) error {
	return s.transition(ctx, it, []IntentState{Refused}, func(next *Intent, now time.Time) {
		next.Late, next.NextLookAt, next.LeaseUntil = left, nextLook, now
	}, nil, also)
}

func (s *Store) refuse(ctx context.Context, it *Intent, change func(*Intent, time.Time), reason problem.Code, also []TxFunc) error {
	from := append([]IntentState{Ready}, outcomeKnown...)
	return s.transition(ctx, it, from, change, func(ctx context.Context, tx *Tx) error {
		switch {
		case it.Kind == Create:
			return s.touchBooking(ctx, tx, it.BookingID, salon.Rejected, reason)
		case it.State == Attention: // which had taken the booking along
			return s.touchBooking(ctx, tx, it.BookingID, salon.Confirmed, "")
		}
		return nil
	}, also)
}

// GiveUp hands an unknown outcome to the operator: the booking needs attention. It is looked at again from nextLook on,
// should the outcome show itself after all.
func (s *Store) GiveUp(ctx context.Context, it *Intent, reason problem.Code, nextLook time.Time, also ...TxFunc) error {
	return s.transition(ctx, it, []IntentState{Sent, Unknown}, func(next *Intent, now time.Time) {
		next.State, next.Reason, next.LeaseUntil, next.NextLookAt = Attention, reason, now, nextLook
	}, func(ctx context.Context, tx *Tx) error {
		return s.touchBooking(ctx, tx, it.BookingID, salon.NeedsAttention, reason)
	}, also)
}

func settled(state IntentState, reason problem.Code) func(*Intent, time.Time) {
	return func(next *Intent, now time.Time) {
		next.State, next.Reason, next.SettledAt, next.LeaseUntil, next.Payload = state, reason, now, now, nil
	}
}

// transition is the compare-and-set all changes of an intent go through. On success *it is the new intent.
func (s *Store) transition(ctx context.Context, it *Intent, from []IntentState, change func(next *Intent, now time.Time), then TxFunc, also []TxFunc) error {
	if !slices.Contains(from, it.State) {
		return fmt.Errorf("intent %s is %s: %w", it.ID, it.State, ErrConflict)
	}
	now := moment(millis(s.now()))
	next := *it
	change(&next, now)
	next.Version, next.UpdatedAt = it.Version+1, now
	err := s.outcome(ctx, func(ctx context.Context, tx *Tx) error {
		// First, so that it never waits for the booking while AddIntent holds that and waits for the intent.
		if err := tx.lock(ctx, "booking:"+it.BookingID); err != nil {
			return err
		}
		n, err := tx.exec(ctx, `UPDATE intents SET state = $3, version = $4, lease_until = $5, attempts = $6, looks = $7, sent_at = $8,
			next_look_at = $9, settled_at = $10, reason = $11, updated_at = $12,
			sealed_payload = CASE WHEN $13 = 1 THEN NULL ELSE sealed_payload END, late = $14
			WHERE id = $1 AND version = $2`,
			it.ID, it.Version, string(next.State), next.Version, millis(next.LeaseUntil), next.Attempts, next.Looks, millisOrNull(next.SentAt),
			millis(next.NextLookAt), millisOrNull(next.SettledAt), string(next.Reason), millis(next.UpdatedAt), flag(next.State.Settled()), next.Late)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrConflict
		}
		if then != nil {
			if err := then(ctx, tx); err != nil {
				return err
			}
		}
		return runAlso(ctx, tx, also)
	})
	if err != nil {
		return err
	}
	*it = next
	return nil
}

func (s *Store) oneIntent(ctx context.Context, query string, args ...any) (it Intent, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		it, err = s.scanIntent(tx.row(ctx, query, args...))
		return err
	})
	return it, err
}

func (s *Store) scanIntent(row scanner) (it Intent, err error) {
	var kind, state, reason string
	var payload []byte
	var lease, next, created, updated int64
	var sent, settled *int64
	err = row.Scan(&it.ID, &it.BookingID, &it.AccountID, &it.BranchID, &kind, &state, &it.APIID, &payload, &it.Fingerprint, &it.Version,
		&lease, &it.Attempts, &it.Looks, &it.Late, &sent, &next, &settled, &reason, &created, &updated)
	if err != nil {
		return it, err
	}
	it.Kind, it.State, it.Reason = IntentKind(kind), IntentState(state), problem.Code(reason)
	it.LeaseUntil, it.NextLookAt, it.CreatedAt, it.UpdatedAt = moment(lease), moment(next), moment(created), moment(updated)
	it.SentAt, it.SettledAt = momentOrZero(sent), momentOrZero(settled)
	it.Payload, err = s.open("intents.payload", it.ID, payload)
	return it, err
}
