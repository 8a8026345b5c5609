package booking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// Settle takes one open intent, left by a dead process or by a lost answer, as far as it can now. The jobs call it;
// it satisfies jobs.Settler. An intent that somebody else holds is left alone.
//
//   - ready: it was never sent. It is sent if it is young and the visit still ahead, otherwise refused.
//   - sent: whoever sent it is gone. It may have arrived, so it becomes unknown.
//   - unknown: it is looked up. Found, it is done. Not found in an answer that was read to its end, twice, and not
//     before YCLIENTS can no longer be working on it, it did not happen.
//   - attention: it waits for the operator, and is looked up now and then all the same. What carries our mark settles
//     it, and so does a journal that holds nothing like it.
//   - refused for not being found: looked for again, twice, by our mark only. Its customer has been told that it was not
//     made, so what turns up is taken back.
func (s *Service) Settle(ctx context.Context, intentID string) (again time.Duration, err error) {
	ctx = upstream.WithLane(ctx, upstream.Booking)
	it, err := s.store.ClaimIntent(ctx, intentID, s.pace.lease)
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	switch it.State {
	case store.Ready:
		err = s.resume(ctx, &it)
	case store.Sent:
		err = s.store.MarkUnknown(ctx, &it, s.now())
	case store.Unknown, store.Attention:
		err = s.look(ctx, &it)
	case store.Refused:
		err = s.lookLate(ctx, &it)
	}
	switch e := problem.From(err); {
	case err == nil, errors.Is(err, store.ErrConflict):
		return 0, nil
	case it.State.Settled() && e.Code != problem.StoreUnavailable:
		return 0, nil // a refusal, written down; nobody waits for its words
	}
	return 0, err
}

// resume decides on an intent that was written down and never sent.
func (s *Service) resume(ctx context.Context, it *store.Intent) error {
	if s.now().Sub(it.CreatedAt) <= s.pace.young && s.ahead(ctx, it) {
		return s.send(ctx, it)
	}
	return s.refuse(ctx, it, problem.UpstreamUnavailable)
}

// ahead reports that every time the intent wants lies in the future.
func (s *Service) ahead(ctx context.Context, it *store.Intent) bool {
	now := s.now()
	if it.Kind == store.Create {
		var o createOrder
		return json.Unmarshal(it.Payload, &o) == nil &&
			!slices.ContainsFunc(o.Visits, func(v visit) bool { return !v.At.After(now) })
	}
	var o changeOrder
	return json.Unmarshal(it.Payload, &o) == nil && (it.Kind == store.Cancel || o.To.After(now))
}

// look finds out what became of an intent whose answer was lost.
func (s *Service) look(ctx context.Context, it *store.Intent) error {
	zone, err := s.zone(ctx, it.BranchID)
	if err != nil {
		return s.cannotLook(ctx, it, err)
	}
	if it.Kind == store.Create {
		return s.lookForRecords(ctx, it, zone)
	}
	return s.lookAtRecord(ctx, it, zone)
}

func (s *Service) zone(ctx context.Context, branch salon.BranchID) (*time.Location, error) {
	b, err := s.mirror.Branch(ctx, branch)
	if err != nil {
		return nil, err
	}
	return time.LoadLocation(b.Zone)
}

// next is when to look again: soon at first, then with doubling pauses, and once more right when quiet is over.
func (s *Service) next(it *store.Intent) time.Time {
	now, since := s.now(), s.now().Sub(it.SentAt)
	if it.State == store.Attention {
		return now.Add(s.pace.watch)
	}
	wait := min(max(since, s.pace.first), s.pace.longest)
	if since < s.pace.quiet {
		wait = min(wait, s.pace.quiet-since)
	}
	return now.Add(wait)
}

// cannotLook waits for YCLIENTS to be reachable, as long as it takes. When it is reachable and does not let us
// look, only the salon can tell, and the booking goes to the operator.
func (s *Service) cannotLook(ctx context.Context, it *store.Intent, cause error) error {
	if it.State != store.Attention && barred(cause) && s.now().Sub(it.SentAt) >= s.pace.helpless {
		s.log.ErrorContext(ctx, "the outcome of a booking cannot be looked up: the employee lacks the right to read records; the salon must decide",
			"intent", it.ID, "kind", string(it.Kind), "branch", it.BranchID, "error", cause)
		return stored(s.store.GiveUp(ctx, it, problem.OutcomeUnknown, s.now().Add(s.pace.watch)))
	}
	s.log.DebugContext(ctx, "cannot look a booking up yet", "intent", it.ID, "error", cause)
	return stored(s.store.Postpone(ctx, it, s.next(it)))
}

// barred tells that YCLIENTS answered and will not show us, from not having been able to ask.
func barred(err error) bool {
	return errors.Is(err, yclients.ErrForbidden) || errors.Is(err, yclients.ErrUnauthenticated) || errors.Is(err, yclients.ErrNotFound)
}

// lookForRecords looks a create up.
func (s *Service) lookForRecords(ctx context.Context, it *store.Intent, zone *time.Location) error {
	var o createOrder
	if err := json.Unmarshal(it.Payload, &o); err != nil {
		return problem.Because(problem.Internal, err)
	}
	found, err := s.findRecords(ctx, it, o, zone)
	if err != nil {
		return s.cannotLook(ctx, it, err)
	}
	switch unmarked := len(ours(found, it.APIID)) < len(found); {
	case unmarked && it.State == store.Attention:
		return stored(s.store.Postpone(ctx, it, s.next(it))) // a likeness is not enough to take it from the operator
	case len(found) >= len(o.Visits):
		return s.foundCreated(ctx, it, o, found)
	case s.now().Sub(it.SentAt) < s.pace.quiet:
		return stored(s.store.Postpone(ctx, it, s.next(it)))
	case unmarked:
		return s.onlyAlike(ctx, it, nil)
	case len(found) > 0:
		// A part was made and the rest was refused: a half of a booking is none.
		if err := s.undo(ctx, it, found); err != nil {
			return s.cannotLook(ctx, it, err)
		}
		return s.refuse(ctx, it, problem.SlotTaken)
	}
	return s.notFound(ctx, it)
}

// notFound counts a look through everything that did not find what was sent, after quiet. The second, some time after
// the first, settles that it did not happen.
func (s *Service) notFound(ctx context.Context, it *store.Intent) error {
	switch now := s.now(); {
	case it.Looks == 0:
		return stored(s.store.Looked(ctx, it, now.Add(s.pace.again)))
	case now.Before(it.NextLookAt): // somebody looked too early
		return stored(s.store.Postpone(ctx, it, it.NextLookAt))
	}
	if it.Kind != store.Create {
		return s.refuse(ctx, it, problem.UpstreamUnavailable)
	}
	late := s.pace.late
	return stored(s.store.RefuseUnfound(ctx, it, problem.UpstreamUnavailable, len(late), s.now().Add(late[0]), s.store.FreeKey(it.ID)))
}

// lookLate looks once more for a create that was called not made: YCLIENTS may have worked on it for longer than anybody
// could wait, or a clock have been set forward meanwhile. Nobody but us can have made what carries our mark.
func (s *Service) lookLate(ctx context.Context, it *store.Intent) error {
	zone, err := s.zone(ctx, it.BranchID)
	var found []sighting
	if err == nil {
		found, err = s.journal(ctx, it, zone)
	}
	found = slices.DeleteFunc(ours(found, it.APIID), func(r sighting) bool { return r.deleted })
	if err == nil {
		err = s.undo(ctx, it, found)
	}
	for _, r := range found {
		s.log.ErrorContext(ctx, "a booking was made long after it was sent and called not made; its record is deleted, unless there is an error",
			"intent", it.ID, "branch", it.BranchID, "record", r.record, "error", err)
		s.mirror.Touch(it.BranchID, r.staff.ID, r.start.Format(time.DateOnly))
	}
	left, wait := it.Late, s.pace.watch
	if err == nil || barred(err) {
		left, wait = left-1, s.pace.late[len(s.pace.late)-1]
	}
	return stored(s.store.LookedLate(ctx, it, left, s.now().Add(wait)))
}

// foundCreated settles a create by what was found, and notes what the salon has deleted since.
func (s *Service) foundCreated(ctx context.Context, it *store.Intent, o createOrder, found []sighting) error {
	if err := s.created(ctx, it, o, placed(o, found)); err != nil {
		return err
	}
	if b, err := s.store.Booking(ctx, it.BookingID); err == nil {
		s.compare(ctx, b, found)
	}
	return nil
}

// placed puts the records that were found to the visits they were made for: by time, master and services, then by
// what is left.
func placed(o createOrder, found []sighting) []store.Record {
	records, taken, done := []store.Record{}, make([]bool, len(found)), make([]bool, len(o.Visits))
	fits := []func(visit, sighting) bool{
		func(v visit, r sighting) bool {
			return r.start.Equal(v.At) && (v.Staff == salon.AnyStaff || r.staff.ID == v.Staff) && r.does(v.Services)
		},
		func(v visit, r sighting) bool { return r.start.Equal(v.At) },
		func(visit, sighting) bool { return true },
	}
	for _, fit := range fits {
		for position, v := range o.Visits {
			if done[position] {
				continue
			}
			for i, r := range found {
				if !taken[i] && fit(v, r) {
					taken[i], done[position] = true, true
					records = append(records, store.Record{Position: position, RecordID: r.record, StaffID: r.staff.ID})
					break
				}
			}
		}
	}
	return records
}

// ours are the records that carry an intent's own mark: nobody else can have made them.
func ours(found []sighting, apiID string) []sighting {
	return slices.DeleteFunc(slices.Clone(found), func(r sighting) bool { return apiID == "" || r.apiID != apiID })
}

// onlyAlike hands a create to the operator for which there are records that may be ours or made elsewhere by the same
// client, and that do not make it whole: they can neither be deleted nor can it be said that nothing was made.
func (s *Service) onlyAlike(ctx context.Context, it *store.Intent, cause error) error {
	s.log.ErrorContext(ctx, "records like those of a booking stand in the journal without its mark; the salon must decide whose they are",
		"intent", it.ID, "branch", it.BranchID, "error", cause)
	return stored(s.store.GiveUp(ctx, it, problem.OutcomeUnknown, s.now().Add(s.pace.watch)))
}

// undo deletes the records of a booking that was made in part (deleteRecord, with the employee's token), and none
// without its mark.
func (s *Service) undo(ctx context.Context, it *store.Intent, found []sighting) error {
	for _, r := range ours(found, it.APIID) {
		if r.deleted {
			continue
		}
		_, err := s.employee.Records.Delete(ctx, it.BranchID, r.record)
		if err != nil && !errors.Is(err, yclients.ErrNotFound) {
			return fmt.Errorf("delete a record of a booking that was made in part: %w", err)
		}
	}
	return nil
}

// refusedMany ends a refused create of several visits. YCLIENTS promises no atomicity, so what was made before the
// refusal is looked for and deleted first; when that cannot be done now, the outcome is unknown.
func (s *Service) refusedMany(ctx context.Context, it *store.Intent, o createOrder, cause error) error {
	zone, err := s.zone(ctx, it.BranchID)
	if err != nil {
		return s.lost(ctx, it, errors.Join(cause, err))
	}
	found, err := s.findRecords(ctx, it, o, zone)
	if err == nil && len(ours(found, it.APIID)) < len(found) {
		return s.onlyAlike(ctx, it, cause)
	}
	if err == nil {
		err = s.undo(ctx, it, found)
	}
	if err != nil {
		return s.lost(ctx, it, errors.Join(cause, err))
	}
	return s.refusedCreate(ctx, it, o, cause)
}

// findRecords looks for the records of a create in the salon's journal by the days around the sending, all pages to
// an empty one, deleted ones too. An empty result is a proof: an answer that was cut short is an error. Where the
// employee may not read the journal, the client's own records can show that all was made. That something is not among
// them proves nothing, since nobody promises that they are complete: then it remains that the journal is barred.
func (s *Service) findRecords(ctx context.Context, it *store.Intent, o createOrder, zone *time.Location) ([]sighting, error) {
	all, err := s.journal(ctx, it, zone)
	if err == nil {
		return s.among(ctx, it, o, all)
	}
	own := s.client(ctx, o.Person)
	if !barred(err) || own == nil {
		return nil, err
	}
	all, ownErr := s.ownRecords(ctx, own, it.BranchID, zone)
	if ownErr != nil {
		return nil, ownErr
	}
	for i := range all {
		all[i].phone = o.Phone // whose records they are is why we are shown them
	}
	found, ownErr := s.among(ctx, it, o, all)
	if ownErr != nil {
		return nil, ownErr
	}
	if len(found) < len(o.Visits) {
		return nil, err
	}
	return found, nil
}

// among picks a create's records: those with its mark or, when there is none, those that are alike.
func (s *Service) among(ctx context.Context, it *store.Intent, o createOrder, all []sighting) ([]sighting, error) {
	if marked := ours(all, it.APIID); len(marked) > 0 {
		return marked, nil
	}
	free, err := s.unclaimed(ctx, it, o.Phone, all)
	if err != nil {
		return nil, err
	}
	return s.alike(free, it, o), nil
}

// unclaimed are the records of a phone that carry no mark and are not known as those of another booking of ours.
func (s *Service) unclaimed(ctx context.Context, it *store.Intent, phone salon.Phone, all []sighting) ([]sighting, error) {
	var free []sighting
	for _, r := range all {
		if r.apiID != "" || r.phone != phone {
			continue
		}
		b, err := s.store.BookingByRecord(ctx, it.BranchID, r.record)
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && b.ID == it.BookingID:
			free = append(free, r)
		case err != nil:
			return nil, err
		}
	}
	return free, nil
}

const journalPage = 200 // records a page; larger pages are cut silently

// journal reads the records made around the sending (listRecords). Half a day on both sides covers any reading of
// "day" that YCLIENTS may have.
func (s *Service) journal(ctx context.Context, it *store.Intent, zone *time.Location) ([]sighting, error) {
	opts := &yclients.RecordListOptions{
		CStartDate: yclients.DateOf(it.SentAt.Add(-12 * time.Hour).In(zone)),
		CEndDate:   yclients.DateOf(it.SentAt.Add(12 * time.Hour).In(zone)),
		Count:      journalPage, WithDeleted: true,
	}
	var all []sighting
	for r, err := range s.employee.Records.All(ctx, it.BranchID, opts) {
		if err != nil {
			return nil, err
		}
		if r != nil {
			all = append(all, sightingOf(r, zone))
		}
	}
	return all, nil
}

func (s *Service) ownRecords(ctx context.Context, own *yclients.Client, branch salon.BranchID, zone *time.Location) ([]sighting, error) {
	list, _, err := own.UserRecords.List(ctx)
	if err != nil {
		return nil, err
	}
	var all []sighting
	for _, b := range list {
		if b != nil && b.Company != nil && b.Company.ID == branch {
			all = append(all, sightingOfOwn(b, zone))
		}
	}
	return all, nil
}

// alike finds the records of a create that do not carry our mark, should YCLIENTS have dropped it: the phone, the
// time, the master and the moment of making must all fit. A record with somebody else's mark is never taken, and
// none for two visits.
func (s *Service) alike(all []sighting, it *store.Intent, o createOrder) []sighting {
	from, to := it.SentAt.Add(-5*time.Minute), s.now().Add(5*time.Minute)
	fits := func(v visit, r sighting) bool {
		return r.apiID == "" && r.phone == o.Phone && r.start.Equal(v.At) && (v.Staff == salon.AnyStaff || v.Staff == r.staff.ID) &&
			r.does(v.Services) && r.created.After(from) && r.created.Before(to)
	}
	var found []sighting
	taken := make([]bool, len(all))
	for _, open := range []bool{false, true} { // whoever may go to any master comes last
		for _, v := range o.Visits {
			if (v.Staff == salon.AnyStaff) != open {
				continue
			}
			best := -1
			for i, r := range all {
				if !taken[i] && fits(v, r) && (best < 0 || all[best].deleted && !r.deleted) {
					best = i
				}
			}
			if best >= 0 {
				taken[best] = true
				found = append(found, all[best])
			}
		}
	}
	return found
}
