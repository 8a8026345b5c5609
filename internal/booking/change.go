package booking

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
)

// changeOrder is a move or a cancellation as it is kept, sealed, in the intent until it has settled.
type changeOrder struct {
	Person  string    `json:"person,omitempty"` // whose own token (C) may act
	Records []target  `json:"records"`
	Rules   bool      `json:"rules"` // the branch's rules are known and allow it, so that the employee's token may be used
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Start   string    `json:"start,omitempty"`    // the opaque start of To
	Day     string    `json:"day,omitempty"`      // of To, in the branch
	Text    string    `json:"datetime,omitempty"` // of To, as YCLIENTS gave it
	Comment string    `json:"comment,omitempty"`
}

// target is one record to change.
type target struct {
	Position int       `json:"position"`
	Record   int64     `json:"record"`
	Hash     string    `json:"hash,omitempty"`
	Staff    int64     `json:"staff,omitempty"`
	Services []int64   `json:"services,omitempty"`
	At       time.Time `json:"at"`
}

// changeable is a booking that its owner wants changed, wherever it was made.
type changeable struct {
	id       string
	branch   salon.BranchID
	sequence int64
	status   salon.Status
	person   string
	phone    salon.Phone
	first    time.Time // the earliest start
	records  []target
	zone     *time.Location
	rules    *rules
	show     func(ctx context.Context) (salon.Booking, error)
}

// Move gives an appointment another start, or the booking another comment. 200 when done, 202 while the outcome is
// being established.
//
// Refusals: booking_unknown, booking_pending, booking_finished, move_forbidden, move_too_late, move_other_identity,
// start_invalid, start_past, slot_taken (with alternatives), readonly, pilot_only, and the upstream_ ones.
func (s *Service) Move(ctx context.Context, who salon.Caller, ref salon.Ref, move salon.Move) (salon.Answer, error) {
	c, err := s.changeable(ctx, who, ref)
	if err != nil {
		return salon.Answer{}, err
	}
	order, done, err := s.moveOrder(c, move)
	if err != nil {
		return salon.Answer{}, s.mirror.Help(c.branch, err)
	}
	if done {
		return s.shown(ctx, c, http.StatusOK)
	}
	return s.do(ctx, c, store.Move, order)
}

// Cancel cancels all appointments of a booking. 200 when done, 202 while the outcome is being established. One that
// is cancelled already stays so. Refusals: as for Move, with cancel_forbidden and cancel_too_late.
func (s *Service) Cancel(ctx context.Context, who salon.Caller, ref salon.Ref) (salon.Answer, error) {
	c, err := s.changeable(ctx, who, ref)
	if err != nil {
		return salon.Answer{}, err
	}
	if c.status == salon.Cancelled {
		return s.shown(ctx, c, http.StatusOK)
	}
	if err := s.mayChange(c); err != nil {
		return salon.Answer{}, s.mirror.Help(c.branch, err)
	}
	if r := c.rules; r != nil {
		switch {
		case !r.cancel:
			return salon.Answer{}, problem.New(problem.CancelForbidden)
		case !s.now().Before(c.first.Add(-r.cancelDelay)):
			return salon.Answer{}, problem.New(problem.CancelTooLate)
		}
	}
	return s.do(ctx, c, store.Cancel, changeOrder{Person: c.person, Records: c.records, Rules: c.rules != nil})
}

// changeable finds a booking for its owner and brings it up to date.
func (s *Service) changeable(ctx context.Context, who salon.Caller, ref salon.Ref) (changeable, error) {
	if ref = s.known(ctx, who, ref); ref.Booking == "" {
		return s.changeableForeign(ctx, who, ref)
	}
	b, err := s.owned(ctx, who, ref.Booking)
	if err != nil {
		return changeable{}, err
	}
	_, zone, err := s.branch(ctx, b.BranchID)
	if err != nil {
		return changeable{}, err
	}
	if s.seen.rules(b.BranchID) == nil && b.Status == salon.Confirmed {
		b = s.lookNow(ctx, b) // to learn the rules before anything is tried
	} else {
		b = s.upToDate(ctx, b)
	}
	c := changeable{
		id: b.ID, branch: b.BranchID, sequence: b.Sequence, status: b.Status, person: b.Owner, phone: b.Client.Phone,
		first: firstStart(b), zone: zone, rules: s.seen.rules(b.BranchID),
		show: func(ctx context.Context) (salon.Booking, error) {
			fresh, err := s.store.Booking(ctx, b.ID)
			return s.view(ctx, fresh), stored(err)
		},
	}
	if who.Person != "" && b.Owner == "" {
		c.person = "" // opened by its secret: the caller's own token has nothing to do with it
	}
	for _, a := range b.Appointments {
		if !a.Deleted && a.RecordID != 0 {
			c.records = append(c.records, target{a.Position, a.RecordID, a.RecordHash.Reveal(), a.StaffID, a.ServiceIDs, a.StartsAt.In(zone)})
		}
	}
	return c, nil
}

func (s *Service) changeableForeign(ctx context.Context, who salon.Caller, ref salon.Ref) (changeable, error) {
	f, err := s.foreign(ctx, who, ref)
	if err != nil {
		return changeable{}, err
	}
	_, phone, err := s.clients.ClientToken(ctx, who.Person)
	if err != nil {
		return changeable{}, err
	}
	c := changeable{
		id: salon.ForeignID(ref.Branch, ref.Record), branch: ref.Branch, status: salon.Confirmed, person: who.Person, phone: phone,
		first: f.seen.start, zone: f.zone, rules: f.seen.rules,
		show: func(ctx context.Context) (salon.Booking, error) { return s.Get(ctx, who, ref) },
	}
	var services []int64
	for _, one := range f.seen.services {
		services = append(services, one.id)
	}
	c.records = []target{{Record: ref.Record, Staff: f.seen.staff.ID, Services: services, At: f.seen.start}}
	if f.seen.deleted {
		c.status, c.records = salon.Cancelled, nil
	}
	return c, nil
}

// mayChange refuses what cannot be changed at all.
func (s *Service) mayChange(c changeable) error {
	if err := s.allowed(c.phone); err != nil {
		return err
	}
	switch c.status {
	case salon.Pending, salon.NeedsAttention:
		return problem.New(problem.BookingPending).After(2 * time.Second)
	case salon.Rejected, salon.Cancelled:
		return problem.New(problem.BookingFinished)
	}
	if len(c.records) == 0 || !c.first.After(s.now()) {
		return problem.New(problem.BookingFinished)
	}
	return nil
}

// moveOrder checks a move against the rules; done is true when there is nothing to do.
func (s *Service) moveOrder(c changeable, move salon.Move) (o changeOrder, done bool, err error) {
	if err := s.mayChange(c); err != nil {
		return o, false, err
	}
	if move.Appointment < 0 || move.Appointment >= len(c.records) {
		return o, false, problem.New(problem.InvalidRequest).At("body.appointment", "there is no such appointment in the booking")
	}
	start, to, err := s.readStart(move.Start, c.zone, "body.start")
	if err != nil {
		return o, false, err
	}
	t := c.records[move.Appointment]
	comment := cleanComment(move.Comment)
	if to.Equal(t.At) && comment == "" {
		return o, true, nil
	}
	if len([]rune(comment)) > maxComment {
		return o, false, problem.New(problem.InvalidRequest).At("body.comment", "at most 1000 characters")
	}
	if r := c.rules; r != nil {
		switch {
		case !r.move:
			return o, false, problem.New(problem.MoveForbidden)
		case !s.now().Before(t.At.Add(-r.moveDelay)):
			return o, false, problem.New(problem.MoveTooLate)
		}
	}
	return changeOrder{
		Person: c.person, Records: []target{t}, Rules: c.rules != nil, From: t.At, To: to, Start: move.Start,
		Day: to.Format(time.DateOnly), Text: start.Datetime, Comment: comment,
	}, false, nil
}

// do writes the intent of a change and follows it to its end, or until nobody waits any more.
func (s *Service) do(ctx context.Context, c changeable, kind store.IntentKind, o changeOrder) (salon.Answer, error) {
	payload, err := json.Marshal(o)
	if err != nil {
		return salon.Answer{}, problem.Because(problem.Internal, err)
	}
	it, err := s.store.AddIntent(ctx, store.Change{
		Kind: kind, BookingID: c.id, AccountID: s.account, BranchID: c.branch, IfSequence: c.sequence, Intent: s.intent(payload, ""),
	})
	switch {
	case errors.Is(err, store.ErrOpenIntent), errors.Is(err, store.ErrConflict):
		return salon.Answer{}, problem.Because(problem.BookingPending, err).After(time.Second)
	case err != nil:
		return salon.Answer{}, stored(err)
	}
	result := make(chan error, 1)
	if err := s.begin(func(ctx context.Context) { result <- s.carry(ctx, it) }); err != nil {
		return salon.Answer{}, s.stopping(ctx, &it, "", err)
	}
	limit := time.NewTimer(s.pace.wait)
	defer limit.Stop()
	select {
	case err = <-result:
	case <-limit.C:
	case <-ctx.Done():
		return salon.Answer{}, problem.Because(problem.BookingPending, ctx.Err())
	}
	if errors.Is(err, errCrashed) {
		return salon.Answer{}, err
	}
	last, readErr := s.store.Intent(ctx, it.ID)
	switch {
	case readErr != nil:
		return salon.Answer{}, stored(readErr)
	case last.State == store.Refused && err != nil:
		return salon.Answer{}, s.mirror.Help(c.branch, err)
	case last.State == store.Refused:
		return salon.Answer{}, s.mirror.Help(c.branch, problem.New(last.Reason))
	case last.State == store.Done:
		return s.shown(ctx, c, http.StatusOK)
	}
	return s.shown(ctx, c, http.StatusAccepted)
}

func (s *Service) shown(ctx context.Context, c changeable, status int) (salon.Answer, error) {
	b, err := c.show(ctx)
	return salon.Answer{Status: status, Booking: b}, err
}

func (t target) hash() secret.String { return secret.Text(t.Hash) }
