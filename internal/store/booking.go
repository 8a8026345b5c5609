package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
)

// Booking is one booking as we remember it. YCLIENTS stays the owner of the truth about its records.
type Booking struct {
	ID             string // b-…
	AccountID      string
	BranchID       salon.BranchID
	Owner          string // person id (p-…), empty for a guest
	Client         Client // empty once erased
	SecretHash     string // secret.HashToken of the guest's booking secret; empty when only a session opens it
	Status         salon.Status
	Reason         problem.Code
	ConsentVersion string
	ConsentAt      time.Time
	Sequence       int64 // rises with every change of time or status; SEQUENCE of the calendar
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Appointments   []Appointment // by position
}

// Client is the personal data of a booking. It is stored sealed, as one value.
type Client struct {
	Phone   salon.Phone `json:"phone,omitempty"`
	Name    string      `json:"name,omitempty"`
	Email   string      `json:"email,omitempty"`
	Comment string      `json:"comment,omitempty"`
}

// Appointment is one record of a booking, asked for or made.
type Appointment struct {
	Position   int
	ServiceIDs []int64
	StaffAsked int64         // salon.AnyStaff when the customer left it open
	StaffID    int64         // who it became; 0 while not known
	Start      string        // the opaque start of the API, as the app passed it
	StartsAt   time.Time     //
	Length     time.Duration // whole seconds
	RecordID   int64         // 0 until YCLIENTS named it
	RecordHash secret.String // the right to cancel it without a token; sealed in the store
	Deleted    bool
	Display    json.RawMessage // titles and prices as they were shown; null when absent
}

// Ends is when the appointment is over.
func (a Appointment) Ends() time.Time { return a.StartsAt.Add(a.Length) }

// Record is what YCLIENTS answered for one appointment of a create.
type Record struct {
	Position   int
	RecordID   int64
	RecordHash secret.String
	StaffID    int64 // 0 when the answer did not say
}

// BookingFilter narrows a person's bookings.
type BookingFilter struct {
	Branches []salon.BranchID // empty means all
	Upcoming *bool            // nil means both; true: not over at Now, soonest first; false: over, latest first
	Now      time.Time
	Limit    int // 0 means 100
}

const bookingColumns = `id, account_id, branch_id, owner, sealed_client, secret_hash, status, reason,
	consent_version, consent_at, sequence, created_at, updated_at`

// Booking reads one booking with its appointments.
func (s *Store) Booking(ctx context.Context, id string) (b Booking, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		b, err = s.booking(ctx, tx, id)
		return err
	})
	return b, err
}

// BookingByRecord finds our booking behind a record of YCLIENTS, or ErrNotFound when it was made elsewhere.
func (s *Store) BookingByRecord(ctx context.Context, branch salon.BranchID, record int64) (b Booking, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		var id string
		err := tx.row(ctx, `SELECT b.id FROM bookings b JOIN booking_appointments a ON a.booking_id = b.id
			WHERE a.record_id = $1 AND b.branch_id = $2`, record, branch).Scan(&id)
		if err != nil {
			return err
		}
		b, err = s.booking(ctx, tx, id)
		return err
	})
	return b, err
}

// BookingsOf lists the bookings of a person, rejected ones included.
func (s *Store) BookingsOf(ctx context.Context, owner string, f BookingFilter) ([]Booking, error) {
	if owner == "" {
		return nil, nil // '' is every guest
	}
	query, args := `SELECT `+bookingColumns+` FROM bookings WHERE owner = $1`, []any{owner}
	if len(f.Branches) > 0 {
		query += ` AND branch_id IN (` + placeholders(&args, f.Branches) + `)`
	}
	order := ` ORDER BY ends_at, id`
	if f.Upcoming != nil {
		args = append(args, millis(f.Now))
		if *f.Upcoming {
			query += fmt.Sprintf(` AND ends_at > $%d`, len(args))
		} else {
			query, order = query+fmt.Sprintf(` AND ends_at <= $%d`, len(args)), ` ORDER BY ends_at DESC, id`
		}
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	return s.bookings(ctx, query+order+` LIMIT `+strconv.Itoa(limit), args...)
}

// BookingsInStatus lists bookings in one status, the longest untouched first: what waits for the operator.
func (s *Store) BookingsInStatus(ctx context.Context, status salon.Status, limit int) ([]Booking, error) {
	return s.bookings(ctx, `SELECT `+bookingColumns+` FROM bookings WHERE status = $1 ORDER BY updated_at LIMIT `+strconv.Itoa(limit), string(status))
}

// AdoptBookings gives the bookings a person made as a guest to that person, who has just proven to own the phone.
func (s *Store) AdoptBookings(ctx context.Context, personID string) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.lock(ctx, "person:"+personID); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `UPDATE bookings SET owner = $1 WHERE owner = ''
			AND phone_hmac = (SELECT phone_hmac FROM people WHERE id = $1)
			AND account_id = (SELECT account_id FROM people WHERE id = $1)`, personID)
		return err
	})
}

// Observation is what a fresh look at YCLIENTS showed of a booking.
type Observation struct {
	Status       salon.Status  // empty keeps it
	Reason       problem.Code  //
	Appointments []Appointment // the observed ones, by Position; fields as for SettleMove, and Deleted
}

// ObserveBooking writes down what was seen, unless the booking has changed since sequence was read (ErrConflict) or
// a change of ours is open (ErrOpenIntent): a stale look must not overwrite a newer fact.
func (s *Store) ObserveBooking(ctx context.Context, id string, sequence int64, seen Observation) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.lock(ctx, "booking:"+id); err != nil {
			return err
		}
		b, err := s.booking(ctx, tx, id)
		if err != nil {
			return err
		}
		if b.Sequence != sequence {
			return ErrConflict
		}
		var open int
		err = tx.row(ctx, `SELECT count(*) FROM intents WHERE booking_id = $1 AND state IN ('ready', 'sent', 'unknown')`, id).Scan(&open)
		if err != nil {
			return err
		}
		if open > 0 {
			return ErrOpenIntent
		}
		status := b.Status
		if seen.Status != "" {
			status = seen.Status
		}
		if err := s.rewriteAppointments(ctx, tx, id, seen.Appointments); err != nil {
			return err
		}
		return s.touchBooking(ctx, tx, id, status, seen.Reason)
	})
}

func (s *Store) insertBooking(ctx context.Context, tx *Tx, b *Booking, now time.Time) error {
	client, err := json.Marshal(b.Client)
	if err != nil {
		return err
	}
	b.Status, b.CreatedAt, b.UpdatedAt = salon.Pending, moment(millis(now)), moment(millis(now))
	ends := now
	for _, a := range b.Appointments {
		if a.Ends().After(ends) {
			ends = a.Ends()
		}
	}
	_, err = tx.exec(ctx, `INSERT INTO bookings (id, account_id, branch_id, owner, phone_hmac, sealed_client, secret_hash, status, reason,
		consent_version, consent_at, sequence, erase_wanted, ends_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, 0, 0, $11, $12, $12)`,
		b.ID, b.AccountID, b.BranchID, b.Owner, s.PhoneHMAC(b.Client.Phone), s.seal("bookings.client", b.ID, client), b.SecretHash,
		string(b.Status), b.ConsentVersion, millisOrNull(b.ConsentAt), millis(ends), millis(now))
	if err != nil {
		return err
	}
	for i := range b.Appointments {
		if err := s.insertAppointment(ctx, tx, b.ID, b.Appointments[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) insertAppointment(ctx context.Context, tx *Tx, bookingID string, a Appointment) error {
	services, err := json.Marshal(a.ServiceIDs)
	if err != nil {
		return err
	}
	display := "null"
	if a.Display != nil {
		display = string(a.Display)
	}
	_, err = tx.exec(ctx, `INSERT INTO booking_appointments (booking_id, position, service_ids, staff_asked, staff_id, start, starts_at,
		length_s, record_id, sealed_record_hash, deleted, display) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11)`,
		bookingID, a.Position, string(services), a.StaffAsked, a.StaffID, a.Start, millis(a.StartsAt),
		int64(a.Length/time.Second), orNull(a.RecordID), s.sealText("booking_appointments.record_hash", appointmentID(bookingID, a.Position), a.RecordHash), display)
	return err
}

// nameRecords writes the records YCLIENTS made into the appointments.
func (s *Store) nameRecords(ctx context.Context, tx *Tx, bookingID string, records []Record) error {
	for _, r := range records {
		n, err := tx.exec(ctx, `UPDATE booking_appointments SET record_id = COALESCE($3, record_id),
			sealed_record_hash = COALESCE($4, sealed_record_hash), staff_id = COALESCE($5, staff_id)
			WHERE booking_id = $1 AND position = $2`, bookingID, r.Position, orNull(r.RecordID),
			s.sealText("booking_appointments.record_hash", appointmentID(bookingID, r.Position), r.RecordHash), orNull(r.StaffID))
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("booking %s has no appointment %d: %w", bookingID, r.Position, ErrNotFound)
		}
	}
	return nil
}

// rewriteAppointments changes what is set in each given appointment: time, master, record, display, deleted.
func (s *Store) rewriteAppointments(ctx context.Context, tx *Tx, bookingID string, list []Appointment) error {
	for _, a := range list {
		var start, display *string
		var length *int64
		if a.Start != "" {
			start = &a.Start
		}
		if a.Display != nil {
			text := string(a.Display)
			display = &text
		}
		if a.Length > 0 {
			seconds := int64(a.Length / time.Second)
			length = &seconds
		}
		_, err := tx.exec(ctx, `UPDATE booking_appointments SET start = COALESCE($3, start), starts_at = COALESCE($4, starts_at),
			length_s = COALESCE($5, length_s), staff_id = COALESCE($6, staff_id), record_id = COALESCE($7, record_id),
			sealed_record_hash = COALESCE($8, sealed_record_hash), display = COALESCE($9, display), deleted = $10
			WHERE booking_id = $1 AND position = $2`, bookingID, a.Position, start, millisOrNull(a.StartsAt), length, orNull(a.StaffID),
			orNull(a.RecordID), s.sealText("booking_appointments.record_hash", appointmentID(bookingID, a.Position), a.RecordHash), display, flag(a.Deleted))
		if err != nil {
			return err
		}
	}
	return nil
}

// touchBooking sets the status, raises the sequence and brings ends_at up to date. A booking that is not ours
// (r-…) has no row, and nothing to touch.
func (s *Store) touchBooking(ctx context.Context, tx *Tx, id string, status salon.Status, reason problem.Code) error {
	_, err := tx.exec(ctx, `UPDATE bookings SET status = $2, reason = $3, sequence = sequence + 1, updated_at = $4,
		ends_at = COALESCE((SELECT max(starts_at + length_s * 1000) FROM booking_appointments WHERE booking_id = $1), ends_at)
		WHERE id = $1`, id, string(status), string(reason), millis(s.now()))
	return err
}

func (s *Store) booking(ctx context.Context, tx *Tx, id string) (Booking, error) {
	list, err := s.scanBookings(ctx, tx, `SELECT `+bookingColumns+` FROM bookings WHERE id = $1`, id)
	if err != nil {
		return Booking{}, err
	}
	if len(list) == 0 {
		return Booking{}, ErrNotFound
	}
	return list[0], nil
}

func (s *Store) bookings(ctx context.Context, query string, args ...any) (list []Booking, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		list, err = s.scanBookings(ctx, tx, query, args...)
		return err
	})
	return list, err
}

func (s *Store) scanBookings(ctx context.Context, tx *Tx, query string, args ...any) ([]Booking, error) {
	var list []Booking
	err := tx.each(ctx, func(row scanner) error {
		b, err := s.scanBooking(row)
		list = append(list, b)
		return err
	}, query, args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	byID, ids, in := map[string]*Booking{}, make([]string, len(list)), []any{}
	for i := range list {
		ids[i] = list[i].ID
		byID[list[i].ID] = &list[i]
	}
	err = tx.each(ctx, func(row scanner) error {
		id, a, err := s.scanAppointment(row)
		if err == nil {
			byID[id].Appointments = append(byID[id].Appointments, a)
		}
		return err
	}, `SELECT booking_id, position, service_ids, staff_asked, staff_id, start, starts_at, length_s, record_id, sealed_record_hash, deleted, display
		FROM booking_appointments WHERE booking_id IN (`+placeholders(&in, ids)+`) ORDER BY booking_id, position`, in...)
	return list, err
}

func (s *Store) scanBooking(row scanner) (b Booking, err error) {
	var sealed []byte
	var status, reason string
	var consentAt *int64
	var created, updated int64
	err = row.Scan(&b.ID, &b.AccountID, &b.BranchID, &b.Owner, &sealed, &b.SecretHash, &status, &reason,
		&b.ConsentVersion, &consentAt, &b.Sequence, &created, &updated)
	if err != nil {
		return b, err
	}
	b.Status, b.Reason = salon.Status(status), problem.Code(reason)
	b.ConsentAt, b.CreatedAt, b.UpdatedAt = momentOrZero(consentAt), moment(created), moment(updated)
	plain, err := s.open("bookings.client", b.ID, sealed)
	if err != nil || plain == nil {
		return b, err
	}
	return b, json.Unmarshal(plain, &b.Client)
}

func (s *Store) scanAppointment(row scanner) (bookingID string, a Appointment, err error) {
	var services, display string
	var starts, length, deleted int64
	var record *int64
	var hash []byte
	err = row.Scan(&bookingID, &a.Position, &services, &a.StaffAsked, &a.StaffID, &a.Start, &starts, &length, &record, &hash, &deleted, &display)
	if err != nil {
		return "", a, err
	}
	a.StartsAt, a.Length, a.Deleted, a.Display = moment(starts), time.Duration(length)*time.Second, deleted != 0, json.RawMessage(display)
	if record != nil {
		a.RecordID = *record
	}
	if a.RecordHash, err = s.openText("booking_appointments.record_hash", appointmentID(bookingID, a.Position), hash); err != nil {
		return "", a, err
	}
	return bookingID, a, json.Unmarshal([]byte(services), &a.ServiceIDs)
}

func appointmentID(bookingID string, position int) string {
	return bookingID + "/" + strconv.Itoa(position)
}

// placeholders appends values to args and returns their numbers: $3, $4.
func placeholders[T any](args *[]any, values []T) string {
	numbers := make([]string, 0, len(values))
	for v := range slices.Values(values) {
		*args = append(*args, v)
		numbers = append(numbers, "$"+strconv.Itoa(len(*args)))
	}
	return strings.Join(numbers, ", ")
}

func orNull(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
