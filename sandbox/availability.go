package sandbox

import (
	"slices"
	"time"
)

// span is a stretch of time, the end not part of it.
type span struct{ from, to time.Time }

func (s span) overlaps(o span) bool { return s.from.Before(o.to) && o.from.Before(s.to) }

// shift is the rule of a master's working days.
type shift struct {
	weekdays []time.Weekday // when set, these days of every week
	phase    int            // otherwise two days on, two off, shifted by phase
	from, to int            // seconds after midnight
	lunch    int            // start of an hour without work; 0: none
	off      map[day]bool   // days off beyond the rule
}

func (s shift) worksOn(d day) bool {
	if s.off[d] {
		return false
	}
	if s.weekdays != nil {
		return slices.Contains(s.weekdays, d.weekday())
	}
	return (d.number()+s.phase)%4 < 2
}

// works gives the working intervals of a day.
func (m *master) works(d day, zone *time.Location) []span {
	if m.fired || !m.shift.worksOn(d) {
		return nil
	}
	from, to := d.at(m.shift.from, zone), d.at(m.shift.to, zone)
	if m.shift.lunch == 0 {
		return []span{{from, to}}
	}
	lunch := span{d.at(m.shift.lunch, zone), d.at(m.shift.lunch+3600, zone)}
	return []span{{from, lunch.from}, {lunch.to, to}}
}

// busy gives what stands in the way on a day: live records, without except.
func (c *company) busy(m *master, d day, except *record) []span {
	var spans []span
	// A record entered by hand may run past midnight.
	for _, d := range []day{d.add(-1), d} {
		for _, r := range c.byDay[staffDay{m.id, d}] {
			if !r.deleted && r != except {
				spans = append(spans, span{r.start, r.end()})
			}
		}
	}
	return spans
}

// starts gives the moments of a day when a visit of so many seconds can begin
// at this master, as an online client may book it.
func (c *company) starts(m *master, d day, length int, now time.Time, except *record) []time.Time {
	today := dayOf(now, c.zone)
	if d.before(today) || today.add(c.horizon).before(d) || length <= 0 {
		return nil
	}
	earliest := now.Add(time.Duration(c.lead) * time.Minute)
	busy := c.busy(m, d, except)
	var starts []time.Time
	for _, w := range m.works(d, c.zone) {
		for sec := ceilTo(secondOfDay(w.from), c.grid); ; sec += c.grid {
			start := d.at(sec, c.zone)
			visit := span{start, start.Add(time.Duration(length) * time.Second)}
			if visit.to.After(w.to) {
				break
			}
			if start.Before(earliest) || slices.ContainsFunc(busy, visit.overlaps) {
				continue
			}
			starts = append(starts, start)
		}
	}
	return starts
}

// fits tells whether exactly this start would be offered.
func (c *company) fits(m *master, start time.Time, length int, now time.Time, except *record) bool {
	return slices.ContainsFunc(c.starts(m, dayOf(start, c.zone), length, now, except), start.Equal)
}

// free tells whether a salon's own hand may put a visit there without
// overriding anything: within working time and not over another record.
func (c *company) free(m *master, visit span, except *record) bool {
	d := dayOf(visit.from, c.zone)
	inside := slices.ContainsFunc(m.works(d, c.zone), func(w span) bool {
		return !visit.from.Before(w.from) && !visit.to.After(w.to)
	})
	return inside && !slices.ContainsFunc(c.busy(m, d, except), visit.overlaps)
}

// length is how long the services take at this master one after another;
// false when the master does not do one of them.
func (m *master) length(services []*service) (int, bool) {
	total := 0
	for _, s := range services {
		k, ok := m.does[s.id]
		if !ok {
			return 0, false
		}
		total += k.length
	}
	return total, true
}

// bookable gives the masters open for online booking who do all of the
// services; staffID 0 means any of them, in the order of their weight.
func (c *company) bookable(staffID int64, services []*service) []*master {
	var found []*master
	for _, m := range c.staff {
		if m.hidden || m.fired || staffID != 0 && m.id != staffID {
			continue
		}
		if _, ok := m.length(services); ok {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b *master) int { return a.weight - b.weight })
	return found
}

// slot is an offered start.
type slot struct {
	start  time.Time
	length int // seconds, at the master who would take it
	staff  *master
}

// unfitted is the length shown for a start when no services are named. The
// start itself then only has one step of the grid free behind it.
const unfitted = 3600

// slots gives the starts of a day over several masters, every moment once.
func (c *company) slots(masters []*master, services []*service, d day, now time.Time) []slot {
	var found []slot
	seen := map[int64]bool{}
	for _, m := range masters {
		length, shown := c.grid, unfitted
		if len(services) > 0 {
			length, _ = m.length(services)
			shown = length
		}
		for _, t := range c.starts(m, d, length, now, nil) {
			if !seen[t.Unix()] {
				seen[t.Unix()] = true
				found = append(found, slot{t, shown, m})
			}
		}
	}
	slices.SortFunc(found, func(a, b slot) int { return a.start.Compare(b.start) })
	return found
}

// nearest gives the slots of the first day that has any.
func (c *company) nearest(masters []*master, services []*service, now time.Time) (day, []slot) {
	d := dayOf(now, c.zone)
	for range c.horizon + 1 {
		if found := c.slots(masters, services, d, now); len(found) > 0 {
			return d, found
		}
		d = d.add(1)
	}
	return day{}, nil
}

func secondOfDay(t time.Time) int {
	h, m, s := t.Clock()
	return h*3600 + m*60 + s
}

func ceilTo(n, step int) int { return (n + step - 1) / step * step }
