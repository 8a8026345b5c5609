package mirror

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/yclients"
)

const (
	calendarDays = 90 // how far ahead free days are listed
	daysAhead    = 366
	nearestDays  = 3 // how many free days are looked into for the soonest starts
	maxItems     = 10
	maxServices  = 20
)

// Days gives the days on which every visit of the ask has a free start.
func (m *Mirror) Days(ctx context.Context, ask salon.Ask) (salon.Days, error) {
	zone, items, err := m.prepare(ctx, ask)
	if err != nil {
		return salon.Days{}, err
	}
	out := salon.Days{Branch: ask.Branch, Zone: zone.String(), Dates: []string{}}
	for i, it := range items {
		days, fresh, err := m.days(ctx, it, zone)
		if err != nil {
			return salon.Days{}, err
		}
		if i == 0 {
			out.Dates = days
		} else {
			out.Dates = slices.DeleteFunc(slices.Clone(out.Dates), func(d string) bool { return !slices.Contains(days, d) })
		}
		out.Freshness = older(out.Freshness, fresh)
	}
	return out, nil
}

// Slots gives the free starts of a day (yyyy-mm-dd in the branch's calendar).
//
// With several items it gives the starts of the first that leave room for each of the others: on that day the
// other item has at least one start that does not overlap. The starts of the others are asked for one by one, as
// services and staff; YCLIENTS checks the whole when it is booked.
func (m *Mirror) Slots(ctx context.Context, ask salon.Ask, date string) (salon.Slots, error) {
	zone, items, err := m.prepare(ctx, ask)
	if err != nil {
		return salon.Slots{}, err
	}
	if err := m.checkDate(date, zone); err != nil {
		return salon.Slots{}, err
	}
	return m.slotsOf(ctx, items, date, zone)
}

// Nearest gives the starts of the soonest day that has any.
func (m *Mirror) Nearest(ctx context.Context, ask salon.Ask) (salon.Slots, error) {
	days, err := m.Days(ctx, ask)
	if err != nil {
		return salon.Slots{}, err
	}
	zone, items, err := m.prepare(ctx, ask)
	if err != nil {
		return salon.Slots{}, err
	}
	out := salon.Slots{Branch: ask.Branch, Zone: zone.String(), Slots: []salon.Slot{}, Freshness: days.Freshness}
	for _, day := range days.Dates[:min(nearestDays, len(days.Dates))] {
		found, err := m.slotsOf(ctx, items, day, zone)
		if err != nil {
			return salon.Slots{}, err
		}
		out.Freshness = older(out.Freshness, found.Freshness)
		if len(found.Slots) > 0 {
			out.Slots = found.Slots
			break
		}
	}
	return out, nil
}

// item is one visit of an ask, checked, its services rising.
type item struct {
	branch   salon.BranchID
	services []int64
	staff    int64
	choice   []int64 // see Prepare
}

// prepare checks an ask against the catalogue, so that an invented id costs YCLIENTS no call.
func (m *Mirror) prepare(ctx context.Context, ask salon.Ask) (*time.Location, []item, error) {
	zone, b, err := m.zone(ctx, ask.Branch)
	if err != nil {
		return nil, nil, err
	}
	if len(ask.Items) == 0 || len(ask.Items) > maxItems {
		return nil, nil, problem.New(problem.InvalidRequest).At("query.items", "name 1 to 10 visits")
	}
	var items []item
	for _, a := range ask.Items {
		if len(a.Services) == 0 || len(a.Services) > maxServices {
			return nil, nil, problem.New(problem.InvalidRequest).At("query.services", "name 1 to 20 services")
		}
		it := item{branch: ask.Branch, staff: a.Staff}
		if it.services, err = m.knownServices(ctx, ask.Branch, a.Services); err != nil {
			return nil, nil, err
		}
		switch {
		case a.Staff != salon.AnyStaff:
			err = m.knowsStaff(ctx, ask.Branch, a.Staff)
		case !b.Rules.AnyStaff:
			err = problem.New(problem.StaffUnknown).Detailf("the branch does not offer any master: name one")
		default:
			it.choice, err = m.choice(ctx, ask.Branch, it.services)
		}
		if err != nil {
			return nil, nil, err
		}
		items = append(items, it)
	}
	return zone, items, nil
}

func (m *Mirror) checkDate(date string, zone *time.Location) error {
	day, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		return problem.New(problem.DateInvalid).At("query.date", "write yyyy-mm-dd, a day that exists")
	}
	today := m.now().In(zone).Format(time.DateOnly)
	switch {
	case date < today:
		return problem.New(problem.DateInvalid).At("query.date", "the day is over; in the branch it is "+today)
	case day.After(m.now().AddDate(0, 0, daysAhead)):
		return problem.New(problem.DateInvalid).At("query.date", "more than a year ahead")
	}
	return nil
}

// days joins the calendars of the masters that an item may fall to.
func (m *Mirror) days(ctx context.Context, it item, zone *time.Location) ([]string, salon.Freshness, error) {
	if it.choice == nil {
		return m.daysOf(ctx, it, it.staff, zone)
	}
	all, fresh := map[string]bool{}, salon.Freshness{}
	for _, staff := range it.choice {
		days, age, err := m.daysOf(ctx, it, staff, zone)
		if err != nil {
			return nil, fresh, err
		}
		fresh = older(fresh, age)
		for _, d := range days {
			all[d] = true
		}
	}
	if fresh.AsOf.IsZero() {
		fresh.AsOf = m.now().UTC()
	}
	return slices.Sorted(maps.Keys(all)), fresh, nil
}

func (m *Mirror) daysOf(ctx context.Context, it item, staff int64, zone *time.Location) ([]string, salon.Freshness, error) {
	today := m.now().In(zone)
	from, to := today.Format(time.DateOnly), today.AddDate(0, 0, calendarDays).Format(time.DateOnly)
	k := key{kind: kindDays, branch: it.branch, staff: staff, services: joined(it.services), day: from, gen: m.calendarGen(it.branch)}
	days, err := find(ctx, m.memory, k, func(ctx context.Context) ([]string, error) {
		answer, _, err := m.partner.Booking.Dates(ctx, it.branch, &yclients.BookingDatesOptions{
			ServiceIDs: it.services, StaffID: staff, DateFrom: yclients.Date(from), DateTo: yclients.Date(to),
		})
		if err != nil {
			return nil, err
		}
		return freeDays(answer, from, zone)
	})
	if err != nil {
		return nil, salon.Freshness{}, m.Help(it.branch, err)
	}
	return days.value, freshness(days.asOf, days.stale), nil
}

// freeDays leaves out a day that we could not read. An answer full of nothing else is malformed, and not a calendar
// without free days.
func freeDays(answer *yclients.BookDates, from string, zone *time.Location) ([]string, error) {
	days, read := []string{}, 0
	for _, d := range answer.BookingDates {
		if d.IsZero() {
			continue
		}
		read++
		day := d.Time.Format(time.DateOnly)
		if !d.Local { // Unix seconds of a midnight: the day is the branch's
			day = d.In(zone).Format(time.DateOnly)
		}
		if day >= from {
			days = append(days, day)
		}
	}
	if n := len(answer.BookingDates); n > 0 && read == 0 {
		return nil, unreadable("free days", n)
	}
	slices.Sort(days)
	return slices.Compact(days), nil
}

// slotsOf gives the starts of the first item that leave room for the others.
func (m *Mirror) slotsOf(ctx context.Context, items []item, date string, zone *time.Location) (salon.Slots, error) {
	first, err := m.slots(ctx, items[0], date, zone)
	if err != nil {
		return salon.Slots{}, err
	}
	for _, it := range items[1:] {
		other, err := m.slots(ctx, it, date, zone)
		if err != nil {
			return salon.Slots{}, err
		}
		first.Freshness = older(first.Freshness, other.Freshness)
		first.Slots = slices.DeleteFunc(slices.Clone(first.Slots), func(s salon.Slot) bool {
			return !slices.ContainsFunc(other.Slots, func(o salon.Slot) bool { return apart(s, o) })
		})
	}
	return first, nil
}

// apart reports that one person can keep both. A start without a length is taken as a moment.
func apart(a, b salon.Slot) bool {
	return !a.Time.Before(ends(b)) && !a.Time.Equal(b.Time) || !b.Time.Before(ends(a)) && !a.Time.Equal(b.Time)
}

func ends(s salon.Slot) time.Time {
	if s.Duration == nil {
		return s.Time
	}
	return s.Time.Add(time.Duration(*s.Duration) * time.Second)
}

// slots joins the starts of the masters that an item may fall to; each moment once, of the first who has it.
func (m *Mirror) slots(ctx context.Context, it item, date string, zone *time.Location) (salon.Slots, error) {
	if it.choice == nil {
		return m.slotsOfStaff(ctx, it, it.staff, date, zone)
	}
	out := salon.Slots{Branch: it.branch, Zone: zone.String(), Date: date, Slots: []salon.Slot{}}
	seen := map[int64]bool{}
	for _, staff := range it.choice {
		one, err := m.slotsOfStaff(ctx, it, staff, date, zone)
		if err != nil {
			return salon.Slots{}, err
		}
		out.Freshness = older(out.Freshness, one.Freshness)
		for _, s := range one.Slots {
			if !seen[s.Time.Unix()] {
				seen[s.Time.Unix()] = true
				s.Staff = nil
				out.Slots = append(out.Slots, s)
			}
		}
	}
	if out.AsOf.IsZero() {
		out.AsOf = m.now().UTC()
	}
	slices.SortStableFunc(out.Slots, func(a, b salon.Slot) int { return a.Time.Compare(b.Time) })
	return out, nil
}

func (m *Mirror) slotsOfStaff(ctx context.Context, it item, staff int64, date string, zone *time.Location) (salon.Slots, error) {
	k := key{
		kind: kindSlots, branch: it.branch, staff: staff, services: joined(it.services), day: date,
		gen: m.slotsGen(it.branch, staff, date),
	}
	found, err := find(ctx, m.memory, k, func(ctx context.Context) (salon.Slots, error) {
		answer, _, err := m.partner.Booking.Times(ctx, it.branch, staff, yclients.Date(date), &yclients.BookingTimesOptions{ServiceIDs: it.services})
		if err != nil {
			return salon.Slots{}, err
		}
		return slotsFrom(it.branch, staff, date, zone, answer)
	})
	if err != nil {
		return salon.Slots{}, m.Help(it.branch, err)
	}
	out := found.value
	out.Freshness = freshness(found.asOf, found.stale)
	return out, nil
}

// slotsFrom keeps the text of each moment as it came, because booking must pass it back unchanged. A start that we
// could not read is left out: it could not be booked. An answer full of nothing else is malformed, and not a day
// without free starts.
func slotsFrom(branch salon.BranchID, staff int64, date string, zone *time.Location, answer []*yclients.Seance) (salon.Slots, error) {
	out := salon.Slots{Branch: branch, Zone: zone.String(), Date: date, Slots: []salon.Slot{}}
	for _, s := range answer {
		if s == nil || s.Datetime.Raw == "" {
			continue
		}
		length := s.SeanceLength.Truncate(time.Second)
		if length < 0 || length > 7*24*time.Hour {
			length = 0
		}
		start := salon.Start{Datetime: s.Datetime.Raw, Length: length}
		at, err := start.Time(zone)
		if err != nil {
			continue
		}
		slot := salon.Slot{Start: start.String(), Time: at, Duration: seconds(length)}
		if staff != salon.AnyStaff {
			slot.Staff = &staff
		}
		out.Slots = append(out.Slots, slot)
	}
	if len(answer) > 0 && len(out.Slots) == 0 {
		return salon.Slots{}, unreadable("free starts", len(answer))
	}
	slices.SortStableFunc(out.Slots, func(a, b salon.Slot) int { return a.Time.Compare(b.Time) })
	return out, nil
}

func unreadable(what string, n int) *problem.Error {
	return problem.Because(problem.UpstreamMalformed, fmt.Errorf("not one of %d %s is written in a way that is known", n, what))
}

// Choose finds, among the masters that "any" may fall to, one who is free at a start; fresh starts are read for
// it. It is needed only where Prepare gave a choice.
func (m *Mirror) Choose(ctx context.Context, branch salon.BranchID, services, choice []int64, start time.Time) (int64, error) {
	zone, _, err := m.zone(ctx, branch)
	if err != nil {
		return 0, err
	}
	it := item{branch: branch, services: sorted(services)}
	for _, staff := range choice {
		found, err := m.slotsOfStaff(ctx, it, staff, start.In(zone).Format(time.DateOnly), zone)
		if err != nil {
			return 0, err
		}
		if slices.ContainsFunc(found.Slots, func(s salon.Slot) bool { return s.Time.Equal(start) }) {
			return staff, nil
		}
	}
	return 0, problem.New(problem.NoStaffFree)
}
