package booking

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// Create books. The answer is 201 when the outcome is known and 202 while it is being established; repeats with the
// same key get the same answer, and there is one booking however many there are.
//
// Refusals before anything is stored: idempotency_key_missing, _invalid, _reused, _running; readonly, pilot_only;
// branch_unknown, service_unknown, staff_unknown, staff_service_mismatch, prepayment_required; start_invalid,
// start_past; phone_invalid, name_required, consent_required, consent_outdated, invalid_request; code_required,
// code_tries_exceeded. Refusals of YCLIENTS: slot_taken and no_staff_free (with alternatives), slots_overlap,
// services_unavailable, client_blocked, phone_invalid, code_wrong, booking_refused, and the upstream_ ones.
func (s *Service) Create(ctx context.Context, who salon.Caller, key string, wish salon.NewBooking) (salon.Answer, error) {
	answer, err := s.create(ctx, who, key, wish)
	if err != nil {
		return salon.Answer{}, s.mirror.Help(wish.Branch, err)
	}
	return answer, nil
}

func (s *Service) create(ctx context.Context, who salon.Caller, key string, wish salon.NewBooking) (salon.Answer, error) {
	if err := checkKey(key); err != nil {
		return salon.Answer{}, err
	}
	if who.Person == "" {
		if err := checkGuestKey(key); err != nil {
			return salon.Answer{}, err
		}
	}
	if s.mode == ReadOnly {
		return salon.Answer{}, problem.New(problem.ReadOnly)
	}
	phone, err := s.owner(ctx, who, wish)
	if err != nil {
		return salon.Answer{}, err
	}
	if err := s.allowed(phone); err != nil {
		return salon.Answer{}, err
	}
	owner := who.Person
	if owner == "" {
		owner = s.store.PhoneHMAC(phone)
	}
	print := s.fingerprint(phone, wish)
	// A refused code frees its key while repeats wait for it; then one of them becomes the first request.
	for range 3 {
		// A wish that is no good is refused before its key is written down, and costs the store nothing.
		var d *draft
		if _, err := s.store.Idempotent(ctx, owner, key); errors.Is(err, store.ErrNotFound) {
			if d, err = s.draft(ctx, who, phone, wish); err != nil {
				return salon.Answer{}, err
			}
		}
		found, err := s.store.BeginIdempotent(ctx, owner, key, print, keyLease)
		if err != nil {
			return salon.Answer{}, stored(err)
		}
		if found.State == store.IdempotencyNew {
			if d == nil {
				d, err = s.draft(ctx, who, phone, wish)
			}
			if err != nil {
				s.release(ctx, found.Ref)
				return salon.Answer{}, err
			}
			return s.first(ctx, found.Ref, d)
		}
		if answer, done, err := s.repeat(ctx, found, owner, key); done {
			return answer, err
		}
	}
	return salon.Answer{}, problem.New(problem.KeyRunning).After(time.Second)
}

// release frees a key whose request was refused before anything was made.
func (s *Service) release(ctx context.Context, ref store.IdempotencyRef) {
	if err := s.store.ReleaseIdempotent(ctx, ref); err != nil && !errors.Is(err, store.ErrConflict) {
		s.log.WarnContext(ctx, "a key stays held until its lease ends", "error", err)
	}
}

// first makes the booking that a key asks for.
func (s *Service) first(ctx context.Context, ref store.IdempotencyRef, d *draft) (salon.Answer, error) {
	it, err := s.accept(ctx, ref, d)
	if err != nil {
		s.release(ctx, ref)
		return salon.Answer{}, err
	}
	ref.Keep = []byte(d.secret.Reveal())
	result := make(chan error, 1)
	err = s.begin(func(ctx context.Context) { result <- s.carry(ctx, it) })
	if err != nil {
		return salon.Answer{}, s.stopping(ctx, &it, d.order.Try, err)
	}
	limit := time.NewTimer(s.pace.wait)
	defer limit.Stop()
	select {
	case err = <-result:
	case <-limit.C:
	case <-ctx.Done():
		return salon.Answer{}, problem.Because(problem.KeyRunning, ctx.Err())
	}
	if errors.Is(err, errCrashed) {
		return salon.Answer{}, err
	}
	last, readErr := s.store.Intent(ctx, it.ID)
	if readErr != nil {
		return salon.Answer{}, stored(readErr)
	}
	answer, err := s.answer(ctx, last, d.secret, err)
	if last.State.Settled() {
		answer, _, err = s.finish(ctx, ref, answer, err)
	}
	return answer, err
}

// stopping refuses in place what this process can no longer send. Left as it is, the next start would send it, after its
// customer has been told that it was not taken.
func (s *Service) stopping(ctx context.Context, it *store.Intent, try string, cause error) error {
	if err := s.refuse(ctx, it, problem.StoreUnavailable); err != nil {
		s.log.WarnContext(ctx, "a booking was not taken and stays written down; the next start may send it", "intent", it.ID, "error", err)
		return cause
	}
	s.voidTry(ctx, try)
	return cause
}

// accept makes the checks that cost a call or count a try, and writes down the intent. When it returns one, the
// booking is ours to bring to an end.
func (s *Service) accept(ctx context.Context, ref store.IdempotencyRef, d *draft) (store.Intent, error) {
	if len(d.order.Visits) > 1 {
		if err := s.check(ctx, d); err != nil {
			return store.Intent{}, err
		}
	}
	if d.order.Code != "" {
		try, err := s.codes.ReserveTry(ctx, d.phone, d.who.Addr)
		if err != nil {
			return store.Intent{}, err
		}
		d.order.Try = try
	}
	ref.Keep = []byte(d.secret.Reveal())
	it, err := s.write(ctx, d, &ref)
	if err != nil {
		s.voidTry(ctx, d.order.Try)
		if errors.Is(err, store.ErrNotFound) { // erased since the session was looked at
			err = problem.Because(problem.SessionInvalid, err)
		}
		return store.Intent{}, stored(err)
	}
	return it, nil
}

// write stores booking, appointments, consent, intent and key in one transaction.
func (s *Service) write(ctx context.Context, d *draft, ref *store.IdempotencyRef) (store.Intent, error) {
	payload, err := json.Marshal(d.order)
	if err != nil {
		return store.Intent{}, err
	}
	b := store.Booking{
		ID: secret.NewID(secret.BookingID), AccountID: s.account, BranchID: d.branch.ID, Owner: d.who.Person,
		Client:       store.Client{Phone: d.phone, Name: d.order.Name, Email: d.order.Email, Comment: d.order.Comment},
		Appointments: d.appointments,
	}
	if !d.secret.IsZero() {
		b.SecretHash = secret.HashToken(d.secret)
	}
	if d.wish.Consent != nil && d.wish.Consent.Version == d.branch.Consent.Version && d.branch.Consent.Version != "" {
		b.ConsentVersion, b.ConsentAt = d.wish.Consent.Version, s.now()
	}
	_, it, err := s.store.CreateBooking(ctx, store.NewBooking{Booking: b, Intent: s.intent(payload, secret.NewAPIID()), Idempotency: ref})
	return it, err
}

// intent is held until it is marked as sent; when its maker dies before, it is taken up right after.
func (s *Service) intent(payload []byte, apiID string) store.NewIntent {
	return store.NewIntent{ID: secret.NewID(secret.IntentID), APIID: apiID, Payload: payload, Lease: s.pace.hold, FirstLook: s.pace.hold}
}

// check asks YCLIENTS whether several visits can be booked together (checkBooking). It holds nothing; it is asked
// because a booking of several that is refused half-way may leave a half behind.
func (s *Service) check(ctx context.Context, d *draft) error {
	ctx, cancel := context.WithTimeout(upstream.WithLane(ctx, upstream.Booking), s.pace.send)
	defer cancel()
	body := &yclients.BookingCheckRequest{}
	for i, v := range d.order.Visits {
		body.Appointments = append(body.Appointments, &yclients.BookingCheckAppointmentRequest{
			ID: int64(i + 1), Services: v.Services, StaffID: v.Staff, Datetime: v.Datetime,
		})
	}
	if _, err := s.partner.Booking.Check(ctx, d.branch.ID, body); err != nil {
		return s.withAlternatives(ctx, d.branch.ID, d.order.Visits, verdict.Of(err))
	}
	return nil
}

// carry sends an intent that is ready and follows it to its end, or until nobody waits any more.
func (s *Service) carry(ctx context.Context, it store.Intent) error {
	until := time.Now().Add(s.pace.wait)
	if err := s.send(ctx, &it); err != nil {
		return err
	}
	for it.State == store.Unknown {
		wait := max(it.NextLookAt.Sub(s.now()), time.Millisecond)
		if wait > time.Until(until) || !pause(ctx, wait) {
			return nil // nothing will be known while the caller waits; the jobs go on
		}
		if _, err := s.Settle(ctx, it.ID); err != nil {
			return err
		}
		fresh, err := s.store.Intent(ctx, it.ID)
		if err != nil {
			return stored(err)
		}
		it = fresh
	}
	return nil
}

// send takes an intent from ready to sent to what the answer says. A refusal of YCLIENTS is returned as a problem,
// after it has been written down.
func (s *Service) send(ctx context.Context, it *store.Intent) error {
	if it.Kind == store.Create {
		return s.sendCreate(ctx, it)
	}
	return s.sendChange(ctx, it)
}

// tries is how often a write that was refused for the rate alone, and so was not applied, is sent.
const tries = 3

// sendCreate sends a booking. The limit of each call begins before the lease that protects it: a process that was
// stopped between the two wakes up with its time run out, and not after another has settled the intent.
func (s *Service) sendCreate(ctx context.Context, it *store.Intent) error {
	var o createOrder
	if err := json.Unmarshal(it.Payload, &o); err != nil {
		return problem.Because(problem.Internal, err)
	}
	for try := 1; ; try++ {
		if s.crash("before sent") {
			return errCrashed
		}
		call, cancel := context.WithTimeout(ctx, s.pace.send)
		defer cancel()
		if err := s.store.MarkSent(ctx, it, s.pace.lease); err != nil {
			return stored(err)
		}
		if s.crash("before sending") {
			return errCrashed
		}
		booked, err := s.callCreate(call, it, o)
		if s.crash("before outcome") {
			return errCrashed
		}
		switch {
		case err == nil:
			return s.answered(ctx, it, o, named(o, booked))
		case errors.Is(err, yclients.ErrRateLimited) && try < tries:
			if err := s.store.MarkReady(ctx, it, s.now().Add(s.pace.lease)); err != nil {
				return stored(err)
			}
			continue
		case verdict.Unknown(err):
			return s.lost(ctx, it, err)
		case len(o.Visits) > 1 && verdict.Refused(err):
			// YCLIENTS promises no atomicity: the visits before the refused one may have been made.
			return s.refusedMany(ctx, it, o, err)
		}
		return s.refusedCreate(ctx, it, o, err)
	}
}

// callCreate makes the one call that books (createBooking).
func (s *Service) callCreate(ctx context.Context, it *store.Intent, o createOrder) ([]*yclients.BookedAppointment, error) {
	body := &yclients.BookingRequest{
		Phone: yclients.Phone(o.Phone.Digits()), Fullname: o.Name, Email: o.Email, Comment: o.Comment,
		Code: yclients.Secret(o.Code), APIID: it.APIID,
	}
	for i, v := range o.Visits {
		body.Appointments = append(body.Appointments, &yclients.BookingAppointmentRequest{
			ID: int64(i + 1), Services: v.Services, StaffID: v.Staff, Datetime: v.Datetime,
		})
	}
	client := s.partner
	if o.Person != "" && o.Code == "" {
		// Where the branch confirms phones, the client's own token may spare the code.
		if own := s.client(ctx, o.Person); own != nil {
			client = own
		}
	}
	booked, _, err := client.Booking.Create(ctx, it.BranchID, body)
	if client != s.partner && errors.Is(err, yclients.ErrUnauthenticated) {
		// The token is no longer good, and nothing was made: the booking does not depend on it.
		booked, _, err = s.partner.Booking.Create(ctx, it.BranchID, body)
	}
	return booked, err
}

// client speaks as the person (C); nil when there is no token.
func (s *Service) client(ctx context.Context, person string) *yclients.Client {
	if person == "" {
		return nil
	}
	token, _, err := s.clients.ClientToken(ctx, person)
	if err != nil || token.IsZero() {
		return nil
	}
	return s.employee.As(yclients.Token(token.Reveal()))
}

// named puts the records of an answer to their visits by the numbers we gave them.
func named(o createOrder, booked []*yclients.BookedAppointment) []store.Record {
	var records []store.Record
	for i, b := range booked {
		position := int(b.ID) - 1
		if position < 0 || position >= len(o.Visits) || slices.ContainsFunc(records, func(r store.Record) bool { return r.Position == position }) {
			position = i
		}
		records = append(records, store.Record{
			Position: position, RecordID: b.RecordID, RecordHash: secret.Text(string(b.RecordHash)), StaffID: o.Visits[position].Staff,
		})
	}
	return records
}

// answered writes down what YCLIENTS says it has made. Should the intent have been refused meanwhile, the customer has
// been told so, and the records are taken back.
func (s *Service) answered(ctx context.Context, it *store.Intent, o createOrder, records []store.Record) error {
	err := s.created(ctx, it, o, records)
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	if fresh, readErr := s.store.Intent(ctx, it.ID); readErr != nil || fresh.State != store.Refused {
		return err // whoever settles it finds the records
	}
	for _, r := range records {
		_, failed := s.employee.Records.Delete(ctx, it.BranchID, r.RecordID)
		s.log.ErrorContext(ctx, "a booking was made after it had been called not made; its record is deleted, unless there is an error",
			"intent", it.ID, "branch", it.BranchID, "record", r.RecordID, "error", failed)
	}
	s.touch(it.BranchID, o.Visits)
	return err
}

// created writes down that the records exist.
func (s *Service) created(ctx context.Context, it *store.Intent, o createOrder, records []store.Record) error {
	if err := s.store.SettleCreate(ctx, it, records); err != nil {
		return stored(err)
	}
	s.forgiveTry(ctx, o.Try)
	s.touch(it.BranchID, o.Visits)
	if s.crash("before answer") {
		return errCrashed
	}
	return nil
}

// lost writes down that the outcome is unknown; it will be looked up.
func (s *Service) lost(ctx context.Context, it *store.Intent, cause error) error {
	s.log.WarnContext(ctx, "the answer to a booking is lost, looking it up", "intent", it.ID, "kind", string(it.Kind), "branch", it.BranchID, "error", cause)
	return stored(s.store.MarkUnknown(ctx, it, s.now().Add(s.pace.first)))
}

// refusedCreate writes down that nothing was made, and says why.
func (s *Service) refusedCreate(ctx context.Context, it *store.Intent, o createOrder, cause error) error {
	e := verdict.Of(cause)
	if e.Code == problem.CodeWrong && o.Code == "" {
		e = problem.Because(problem.CodeRequired, cause).At("body.code", "ask for one with POST /v1/auth/codes")
	}
	if err := s.refuse(ctx, it, e.Code); err != nil {
		return err
	}
	switch {
	case verdict.NotSent(cause):
		s.voidTry(ctx, o.Try)
	case nothingOfCode(e.Code):
		s.forgiveTry(ctx, o.Try)
	}
	return s.withAlternatives(ctx, it.BranchID, o.Visits, e)
}

// nothingOfCode tells the refusals that are certainly for something else than the code. Whichever YCLIENTS checks first,
// code or time: who learns that the time is taken has learned nothing about a wrong code. A refusal in words that we do
// not know may be for the code, and stays counted.
func nothingOfCode(code problem.Code) bool {
	switch code {
	case problem.SlotTaken, problem.NoStaffFree, problem.SlotsOverlap, problem.ServicesUnavailable, problem.ClientBlocked, problem.UpstreamLimited:
		return true
	}
	return false
}

// refuse ends an intent, and frees its key where the same request may succeed.
func (s *Service) refuse(ctx context.Context, it *store.Intent, reason problem.Code) error {
	var also []store.TxFunc
	if frees(reason) {
		also = append(also, s.store.FreeKey(it.ID))
	}
	return stored(s.store.Refuse(ctx, it, reason, also...))
}

// withAlternatives adds the fresh starts of the same day to a refusal of the time, asked for as the person waiting
// would; what was remembered of that day is dropped first.
func (s *Service) withAlternatives(ctx context.Context, branch salon.BranchID, visits []visit, e *problem.Error) *problem.Error {
	if e.Code != problem.SlotTaken && e.Code != problem.NoStaffFree && e.Code != problem.SlotsOverlap {
		return e
	}
	s.touch(branch, visits)
	v := visits[0]
	if failed, ok := errors.AsType[*yclients.Error](e); ok && failed.AppointmentID > 0 && failed.AppointmentID <= int64(len(visits)) {
		v = visits[failed.AppointmentID-1]
	}
	ctx, cancel := context.WithTimeout(upstream.WithLane(context.WithoutCancel(ctx), upstream.Person), s.pace.glance)
	defer cancel()
	ask := salon.Ask{Branch: branch, Items: []salon.AskItem{{Services: v.Services, Staff: v.Staff}}}
	if slots, err := s.mirror.Slots(ctx, ask, v.At.Format(time.DateOnly)); err == nil {
		e.Adding("alternatives", slots)
	}
	return e
}

// touch drops what is remembered of the free time that visits change.
func (s *Service) touch(branch salon.BranchID, visits []visit) {
	for _, v := range visits {
		s.mirror.Touch(branch, v.Staff, v.At.Format(time.DateOnly))
	}
}

func (s *Service) forgiveTry(ctx context.Context, try string) {
	if try == "" {
		return
	}
	if err := s.codes.ForgiveTry(ctx, try); err != nil {
		s.log.WarnContext(ctx, "a right code stays counted as a failed try", "error", err)
	}
}

func (s *Service) voidTry(ctx context.Context, try string) {
	if try == "" {
		return
	}
	if err := s.codes.VoidTry(ctx, try); err != nil {
		s.log.WarnContext(ctx, "a code that never left stays counted", "error", err)
	}
}

// answer words the state of a create: 201 with the booking, 202 while it is being established, or the refusal.
func (s *Service) answer(ctx context.Context, it store.Intent, key secret.String, failure error) (salon.Answer, error) {
	if failure != nil && it.State != store.Done && it.State != store.Unknown {
		return salon.Answer{}, failure
	}
	if it.State == store.Refused {
		return salon.Answer{}, problem.New(it.Reason)
	}
	b, err := s.store.Booking(ctx, it.BookingID)
	if err != nil {
		return salon.Answer{}, stored(err)
	}
	status := http.StatusAccepted
	if it.State == store.Done {
		status = http.StatusCreated
		b = s.lookOnce(ctx, b)
	}
	shown := s.view(ctx, b)
	shown.Secret = key.Reveal()
	return salon.Answer{Status: status, Booking: shown}, nil
}
