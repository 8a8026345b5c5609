package booking

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// Get reads a booking for its owner: the person who made it, or who holds its secret. A booking that is not there
// and one that is somebody else's are the same booking_unknown.
func (s *Service) Get(ctx context.Context, who salon.Caller, ref salon.Ref) (salon.Booking, error) {
	if ref = s.known(ctx, who, ref); ref.Booking == "" {
		found, err := s.foreign(ctx, who, ref)
		if err != nil {
			return salon.Booking{}, err
		}
		return s.foreignView(found.branch, found.seen), nil
	}
	b, err := s.owned(ctx, who, ref.Booking)
	if err != nil {
		return salon.Booking{}, err
	}
	return s.view(ctx, s.upToDate(ctx, b)), nil
}

// known gives a booking of ours its own name, when its owner calls it by that of its record: there is one booking, with
// one state, whatever it is called.
func (s *Service) known(ctx context.Context, who salon.Caller, ref salon.Ref) salon.Ref {
	if ref.Booking != "" || who.Person == "" {
		return ref
	}
	b, err := s.store.BookingByRecord(ctx, ref.Branch, ref.Record)
	if err != nil || b.Owner != who.Person {
		return ref
	}
	return salon.Ref{Booking: b.ID}
}

// owned reads a booking of ours and proves its owner.
func (s *Service) owned(ctx context.Context, who salon.Caller, id string) (store.Booking, error) {
	b, err := s.store.Booking(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return b, stored(err)
	}
	// Both proofs are always computed, so that the time tells nothing either.
	bySession := who.Person != "" && subtle.ConstantTimeCompare([]byte(b.Owner), []byte(who.Person)) == 1
	bySecret := secret.IsToken(secret.BookingSecret, who.Secret) && b.SecretHash != "" &&
		subtle.ConstantTimeCompare([]byte(b.SecretHash), []byte(secret.HashToken(secret.Text(who.Secret)))) == 1
	if err != nil || b.AccountID != s.account || !slices.Contains(s.branches, b.BranchID) || !bySession && !bySecret {
		return store.Booking{}, unknownBooking()
	}
	return b, nil
}

// foreignRecord is a record that was made elsewhere, as its client sees it.
type foreignRecord struct {
	branch salon.Branch
	zone   *time.Location
	seen   sighting
	own    *yclients.Client
}

// foreign finds a record made elsewhere among the signed-in person's own, and nowhere else.
func (s *Service) foreign(ctx context.Context, who salon.Caller, ref salon.Ref) (foreignRecord, error) {
	if who.Person == "" || !slices.Contains(s.branches, ref.Branch) {
		return foreignRecord{}, unknownBooking()
	}
	own := s.client(ctx, who.Person)
	if own == nil {
		return foreignRecord{}, unknownBooking()
	}
	branch, zone, err := s.branch(ctx, ref.Branch)
	if err != nil {
		return foreignRecord{}, err
	}
	list, err := s.ownRecords(upstream.WithLane(ctx, upstream.Person), own, ref.Branch, zone)
	if err != nil {
		return foreignRecord{}, s.mirror.Help(ref.Branch, err)
	}
	i := slices.IndexFunc(list, func(r sighting) bool { return r.record == ref.Record })
	if i < 0 {
		return foreignRecord{}, unknownBooking()
	}
	s.seen.learn(ref.Branch, list[i].rules)
	return foreignRecord{branch, zone, list[i], own}, nil
}

func (s *Service) branch(ctx context.Context, id salon.BranchID) (salon.Branch, *time.Location, error) {
	b, err := s.mirror.Branch(ctx, id)
	if err != nil {
		return b, nil, err
	}
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		return b, nil, problem.Because(problem.UpstreamMalformed, err)
	}
	return b, zone, nil
}

// Mine lists a person's bookings at the configured branches: ours, and those that the person made elsewhere. When
// YCLIENTS cannot be asked, ours are given and the list is marked as stale.
func (s *Service) Mine(ctx context.Context, who salon.Caller, when salon.When) (salon.Bookings, error) {
	if who.Person == "" {
		return salon.Bookings{}, problem.New(problem.SessionRequired)
	}
	out := salon.Bookings{Bookings: []salon.Booking{}, Freshness: salon.Freshness{AsOf: s.now().UTC()}}
	var ours []store.Booking
	for _, ahead := range []bool{true, false} { // a cancelled visit to come belongs to the past
		if ahead || when == salon.Past {
			half, err := s.store.BookingsOf(ctx, who.Person, store.BookingFilter{Branches: s.branches, Upcoming: &ahead, Now: s.now()})
			if err != nil {
				return out, stored(err)
			}
			ours = append(ours, half...)
		}
	}
	foreign, records, err := s.elsewhere(ctx, who.Person)
	if err != nil {
		s.log.InfoContext(ctx, "a person's records cannot be read, giving ours only", "error", err)
		out.Stale = true
	}
	known, marks := map[int64]bool{}, map[string]bool{}
	for _, b := range ours {
		for _, a := range b.Appointments {
			known[a.RecordID] = true
		}
		if b.Status == salon.Pending || b.Status == salon.NeedsAttention {
			if it, err := s.store.LastIntent(ctx, b.ID); err == nil && it.APIID != "" {
				marks[it.APIID] = true // its records are not known yet, and may be there
			}
		}
		b = s.compare(ctx, b, records)
		if b.Status != salon.Rejected && s.belongs(when, b.Status, over(b, s.now())) {
			out.Bookings = append(out.Bookings, s.view(ctx, b))
		}
	}
	for _, f := range foreign {
		shown := s.foreignView(f.branch, f.seen)
		if !known[f.seen.record] && !marks[f.seen.apiID] && s.belongs(when, shown.Status, f.seen.over || !f.seen.start.After(s.now())) {
			out.Bookings = append(out.Bookings, shown)
		}
	}
	slices.SortStableFunc(out.Bookings, func(a, b salon.Booking) int {
		order := startOf(a).Compare(startOf(b))
		if when == salon.Past {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// belongs puts what is still to come into one half and everything that ended, one way or the other, into the other.
func (s *Service) belongs(when salon.When, status salon.Status, over bool) bool {
	past := over || status == salon.Cancelled || status == salon.Rejected
	return past == (when == salon.Past)
}

func startOf(b salon.Booking) time.Time {
	if len(b.Appointments) == 0 {
		return time.Time{}
	}
	return b.Appointments[0].Time
}

// elsewhere reads the person's own records (getUserRecords, with the client's token) and keeps those of our branches:
// YCLIENTS tells the visits of all salons of the country.
func (s *Service) elsewhere(ctx context.Context, person string) ([]foreignRecord, []sighting, error) {
	own := s.client(ctx, person)
	if own == nil {
		return nil, nil, errors.New("no live session of this person has a token of YCLIENTS")
	}
	ctx, cancel := context.WithTimeout(upstream.WithLane(ctx, upstream.Person), s.pace.send)
	defer cancel()
	list, _, err := own.UserRecords.List(ctx)
	if err != nil {
		return nil, nil, verdict.Of(err)
	}
	var foreign []foreignRecord
	var all []sighting
	for _, r := range list {
		if r == nil || r.Company == nil || !slices.Contains(s.branches, r.Company.ID) {
			continue
		}
		branch, zone, err := s.branch(ctx, r.Company.ID)
		if err != nil {
			return nil, nil, err
		}
		seen := sightingOfOwn(r, zone)
		s.seen.learn(branch.ID, seen.rules)
		all = append(all, seen)
		foreign = append(foreign, foreignRecord{branch, zone, seen, own})
	}
	return foreign, all, nil
}

// upToDate brings a confirmed booking up to date when the last look is no longer fresh, without making the owner wait
// long for it and without failing: the salon may have moved or deleted it.
func (s *Service) upToDate(ctx context.Context, b store.Booking) store.Booking {
	if b.Status != salon.Confirmed || over(b, s.now()) || !s.seen.due(b.ID, s.now(), s.pace.fresh) {
		return b
	}
	return s.lookNow(ctx, b)
}

// lookOnce reads what a new booking's answer could not say: who "any" became, and until when it can be moved.
func (s *Service) lookOnce(ctx context.Context, b store.Booking) store.Booking {
	open := slices.ContainsFunc(b.Appointments, func(a store.Appointment) bool { return a.StaffID == salon.AnyStaff })
	if b.Status != salon.Confirmed || !open && s.seen.rules(b.BranchID) != nil || !s.seen.due(b.ID, s.now(), s.pace.fresh) {
		return b
	}
	return s.lookNow(ctx, b)
}

func (s *Service) lookNow(ctx context.Context, b store.Booking) store.Booking {
	s.seen.saw(b.ID, s.now()) // also when it fails: an outage shall not slow every read down
	ctx, cancel := context.WithTimeout(upstream.WithLane(context.WithoutCancel(ctx), upstream.Person), s.pace.glance)
	defer cancel()
	_, zone, err := s.branch(ctx, b.BranchID)
	if err != nil {
		return b
	}
	var all []sighting
	for _, a := range b.Appointments {
		if a.RecordID == 0 || a.Deleted {
			continue
		}
		seen, err := s.sight(ctx, b.BranchID, a.RecordID, a.RecordHash, b.Owner, zone)
		if err != nil {
			s.log.DebugContext(ctx, "a booking cannot be brought up to date", "booking", b.ID, "error", err)
			continue
		}
		all = append(all, seen)
	}
	return s.compare(ctx, b, all)
}

// sight reads one record: by its hash with the API key alone, else as its client, else as the employee. It is gone
// for certain only when the employee's own read says so too; a single 404 may mean many things.
func (s *Service) sight(ctx context.Context, branch salon.BranchID, record int64, hash secret.String, person string, zone *time.Location) (sighting, error) {
	client := s.partner
	if hash.IsZero() {
		client = s.client(ctx, person)
	}
	if client != nil {
		b, _, err := client.Booking.Get(ctx, branch, record, yclients.Secret(hash.Reveal()))
		if err == nil {
			seen := sightingOfOwn(b, zone)
			seen.branch = branch
			s.seen.learn(branch, seen.rules)
			return seen, nil
		}
		if !barred(err) {
			return sighting{}, err
		}
	}
	r, _, err := s.employee.Records.Get(ctx, branch, record, nil)
	switch {
	case errors.Is(err, yclients.ErrNotFound):
		return sighting{record: record, branch: branch, deleted: true}, nil
	case err != nil:
		return sighting{}, err
	}
	return sightingOf(r, zone), nil
}

// compare writes down where what was seen differs from what we have.
func (s *Service) compare(ctx context.Context, b store.Booking, all []sighting) store.Booking {
	if b.Status != salon.Confirmed {
		return b
	}
	var changed []store.Appointment
	gone := 0
	for _, a := range b.Appointments {
		i := slices.IndexFunc(all, func(r sighting) bool { return r.record == a.RecordID && a.RecordID != 0 })
		if i >= 0 {
			s.seen.saw(b.ID, s.now())
			if next, differs := differing(a, all[i]); differs {
				changed = append(changed, next)
				a.Deleted = next.Deleted
			}
		}
		if a.Deleted {
			gone++
		}
	}
	if len(changed) == 0 {
		return b
	}
	seen := store.Observation{Appointments: changed}
	if gone == len(b.Appointments) {
		seen.Status = salon.Cancelled
	}
	err := s.store.ObserveBooking(ctx, b.ID, b.Sequence, seen)
	if err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrOpenIntent) {
		s.log.WarnContext(ctx, "what was seen of a booking was not written down", "booking", b.ID, "error", err)
	}
	if fresh, err := s.store.Booking(ctx, b.ID); err == nil {
		return fresh
	}
	return b
}

// differing is an appointment as it was seen, when that is not what we have.
func differing(a store.Appointment, seen sighting) (store.Appointment, bool) {
	next := store.Appointment{Position: a.Position, Deleted: seen.deleted}
	differs := seen.deleted != a.Deleted
	if seen.deleted {
		return next, differs
	}
	if !seen.start.IsZero() && !seen.start.Equal(a.StartsAt) {
		next.StartsAt, differs = seen.start, true
		next.Start = salon.Start{Datetime: seen.start.Format("2006-01-02T15:04:05-07:00"), Length: seen.length}.String()
	}
	if seen.length >= time.Second && seen.length.Truncate(time.Second) != a.Length {
		next.Length, differs = seen.length.Truncate(time.Second), true
	}
	shown := shownOf(a)
	if seen.staff.ID != 0 && (seen.staff.ID != a.StaffID || seen.staff.ID != shown.Staff.ID) {
		next.StaffID, differs = seen.staff.ID, true
		shown.Staff = seen.staff
		if b, err := json.Marshal(shown); err == nil {
			next.Display = b
		}
	}
	return next, differs
}

// sightings remember when each booking was last looked at, and the branches' rules. They are only hints: losing them
// costs a call.
type sightings struct {
	*sync.Mutex
	at    map[string]time.Time
	rule  map[salon.BranchID]*rules
	limit int
}

func newSightings() sightings {
	return sightings{&sync.Mutex{}, map[string]time.Time{}, map[salon.BranchID]*rules{}, 10_000}
}

func (s sightings) due(booking string, now time.Time, fresh time.Duration) bool {
	s.Lock()
	defer s.Unlock()
	last, known := s.at[booking]
	return !known || now.Sub(last) >= fresh || now.Before(last)
}

func (s sightings) saw(booking string, now time.Time) {
	s.Lock()
	defer s.Unlock()
	if len(s.at) >= s.limit {
		clear(s.at)
	}
	s.at[booking] = now
}

func (s sightings) forget(booking string) {
	s.Lock()
	defer s.Unlock()
	delete(s.at, booking)
}

func (s sightings) learn(branch salon.BranchID, r *rules) {
	if r == nil {
		return
	}
	s.Lock()
	defer s.Unlock()
	s.rule[branch] = r
}

func (s sightings) rules(branch salon.BranchID) *rules {
	s.Lock()
	defer s.Unlock()
	return s.rule[branch]
}
