package sandbox

import (
	"slices"
	"time"
)

// When a visit can begin. The documents do not say how the service computes
// free times, so what follows is a set of rules, and those that are guesses are
// the switches of [Rules]:
//
//   - A master works in intervals of a day, by the clock of the salon; an interval
//     may run past midnight. Intervals that touch are one.
//   - A start lies on the grid. A time that the clock skips in spring is no start; one
//     that it shows twice in autumn is a start once, when it comes first.
//   - The visit takes the sum of the lengths of its services at this master, without a
//     gap, and ends within working time.
//   - It touches no other record that is not deleted, no group event and no break. The
//     technical break behind a visit keeps the next one away.
//   - For the whole visit an instance of each resource that a service needs is free; one
//     instance serves all services of the visit.
//   - A start is offered from now plus the lead time on, up to the last day of the
//     horizon, and only to masters who are neither hidden nor dismissed.

// span is a stretch of time, the end not part of it.
type span struct{ from, to time.Time }

func (s span) overlaps(o span) bool { return s.from.Before(o.to) && o.from.Before(s.to) }

func spanOf(start time.Time, length int) span { return span{start, start.Add(seconds(length))} }

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// busy is time that is taken, and the break behind it.
type busy struct {
	span
	pause time.Duration
}

// keepsAway tells whether two stretches with their breaks are too near.
func (b busy) keepsAway(o busy) bool {
	return b.from.Before(o.to.Add(o.pause)) && o.from.Before(b.to.Add(b.pause))
}

// shift is the rule of a master's working days.
type shift struct {
	weekdays []time.Weekday // when set, these days of every week
	phase    int            // otherwise two days on, two off, shifted by phase
	from, to int            // seconds after midnight; to may be beyond 24 hours
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

func (s shift) hours() []hours {
	switch {
	case s.from >= s.to:
		return nil
	case s.lunch == 0:
		return []hours{{s.from, s.to}}
	}
	return []hours{{s.from, s.lunch}, {s.lunch + hour, s.to}}
}

// works gives the working intervals of a day, in order. The last may run past
// its midnight.
func (m *master) works(d day, zone *time.Location) []span {
	if m.fired {
		return nil
	}
	list, own := m.hours[d]
	if !own {
		if !m.shift.worksOn(d) {
			return nil
		}
		list = m.shift.hours()
	}
	var spans []span
	for _, h := range list {
		if s := (span{d.at(h.from, zone), d.at(h.to, zone)}); s.from.Before(s.to) {
			spans = append(spans, s)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	return spans
}

// workAround gives the working intervals that a visit on a day may lie in: of the
// day before, whose night may run into it, of the day, and of the day after.
func (c *company) workAround(m *master, d day) []span {
	return slices.Concat(m.works(d.add(-1), c.zone), m.works(d, c.zone), m.works(d.add(1), c.zone))
}

// joined makes one interval of those that touch, when the rules say so.
func (c *company) joined(spans []span) []span {
	if !c.rule().TouchingIntervalsJoin {
		return spans
	}
	spans = slices.SortedFunc(slices.Values(spans), func(a, b span) int { return a.from.Compare(b.from) })
	var joined []span
	for _, s := range spans {
		if n := len(joined); n > 0 && !s.from.After(joined[n-1].to) {
			joined[n-1].to = later(joined[n-1].to, s.to)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// need is what a visit takes.
type need struct {
	services []*service
	length   int // seconds
	pause    int // seconds of technical break behind it
	except   *record
}

func (n need) at(start time.Time) busy { return busy{spanOf(start, n.length), seconds(n.pause)} }

// need is what the services take at a master.
func (c *company) need(m *master, services []*service) need {
	n := need{services: services}
	n.length, _ = m.length(services)
	for _, s := range services {
		pause := c.pause
		if s.pause != nil {
			pause = *s.pause
		}
		if c.rule().PauseOfSeveral == PauseSum {
			n.pause += pause
		} else {
			n.pause = max(n.pause, pause)
		}
	}
	if len(services) == 0 {
		n.length, n.pause = c.grid, c.pause
	}
	return n
}

// taken gives what stands in the way of a master around a day.
func (c *company) taken(m *master, d day, except *record) []busy {
	var list []busy
	rules := c.rule()
	for _, near := range [...]day{d.add(-1), d, d.add(1)} {
		key := staffDay{m.id, near}
		for _, r := range c.byDay[key] {
			if !r.deleted && r != except && (r.attendance != -1 || !rules.NoShowFreesTime) {
				list = append(list, r.busy())
			}
		}
		for _, b := range c.blocks[key] {
			if b.kind != blockActivity || rules.ActivitiesBlock {
				list = append(list, b.busy())
			}
		}
	}
	return list
}

// blockActivity is the kind of a block that is a group event.
const blockActivity = "activity"

// instances finds a free instance of every resource that a visit needs.
func (c *company) instances(n need, start time.Time) (ids []int64, ok bool) {
	ok = true
	var done []int64
	for _, s := range n.services {
		for _, id := range s.resources {
			if slices.Contains(done, id) {
				continue
			}
			done = append(done, id)
			if i := c.freeInstance(id, n, start); i != 0 {
				ids = append(ids, i)
			} else {
				ok = false
			}
		}
	}
	return ids, ok
}

// freeInstance is an instance of a resource that is free for a visit; 0: none.
func (c *company) freeInstance(resourceID int64, n need, start time.Time) int64 {
	i := slices.IndexFunc(c.resources, func(r *resource) bool { return r.id == resourceID })
	if i < 0 {
		return 0
	}
	for _, in := range c.resources[i].instances {
		if !c.inUse(in.id, n, start) {
			return in.id
		}
	}
	return 0
}

func (c *company) inUse(instance int64, n need, start time.Time) bool {
	wanted, d := n.at(start), dayOf(start, c.zone)
	for _, near := range [...]day{d.add(-1), d, d.add(1)} {
		for _, h := range c.held[staffDay{instance, near}] {
			r, isRecord := h.by.(*record)
			if isRecord && (r.deleted || r == n.except || r.attendance == -1 && c.rule().NoShowFreesTime) {
				continue
			}
			if b, isBlock := h.by.(*block); isBlock && b.kind == blockActivity && !c.rule().ActivitiesBlock {
				continue
			}
			if c.rule().PauseHoldsResources && h.keepsAway(wanted) || h.overlaps(wanted.span) {
				return true
			}
		}
	}
	return false
}

// book is what is looked at to find the free times of a master around a day.
type book struct {
	*company
	master   *master
	day      day
	midnight span      // the day from midnight to midnight
	steady   bool      // the clock does not change on it
	earliest time.Time // that the lead time allows
	latest   time.Time // the end of the horizon
	hours    []span    // as the salon has entered them
	work     []span    // joined
	taken    []busy
	need     need
}

func (c *company) bookOf(m *master, d day, n need, now time.Time) *book {
	b := &book{company: c, master: m, day: d, taken: c.taken(m, d, n.except), need: n}
	b.midnight = span{d.at(0, c.zone), d.add(1).at(0, c.zone)}
	b.steady = b.midnight.to.Sub(b.midnight.from) == 24*time.Hour
	b.earliest = now.Add(time.Duration(c.lead) * time.Minute)
	b.latest = dayOf(now, c.zone).add(c.horizon+1).at(0, c.zone)
	b.hours = c.workAround(m, d)
	b.work = c.joined(b.hours)
	return b
}

// offers tells whether a start on the grid can be had.
func (b *book) offers(start time.Time) bool {
	if b.need.length <= 0 || start.Before(b.earliest) || !start.Before(b.latest) || !b.around(start) {
		return false
	}
	wanted := b.need.at(start)
	if slices.ContainsFunc(b.taken, wanted.keepsAway) {
		return false
	}
	if !b.rule().ResourcesLimit {
		return true
	}
	_, free := b.instances(b.need, start)
	return free
}

// around tells whether a visit that begins then lies in working time.
func (b *book) around(start time.Time) bool {
	visit := b.need.at(start)
	if b.rule().PauseWithinWork {
		visit.to = visit.to.Add(visit.pause)
	}
	return slices.ContainsFunc(b.work, func(w span) bool {
		return !start.Before(w.from) && start.Before(w.to) && (!visit.to.After(w.to) || b.rule().VisitMayOverrun)
	})
}

// onIntervalGrid tells whether a start is whole steps after the beginning of a
// working interval in which it lies.
func (b *book) onIntervalGrid(start time.Time) bool {
	return slices.ContainsFunc(b.hours, func(w span) bool {
		return !start.Before(w.from) && start.Before(w.to) && start.Sub(w.from)%seconds(b.grid) == 0
	})
}

// onGrid tells whether a visit may begin then, on the day, by the grid and by the
// hours of its services.
func (b *book) onGrid(start time.Time) bool {
	sec := int(start.Sub(b.midnight.from) / time.Second)
	if !b.steady {
		sec = secondOfDay(start.In(b.zone))
		if !b.day.at(sec, b.zone).Equal(start) { // the second coming of a time in autumn
			return false
		}
	}
	steps := false
	for _, s := range b.need.services {
		if sec < s.searchFrom || s.searchTo > 0 && sec > s.searchTo || s.searchStep > 0 && sec%s.searchStep != 0 {
			return false
		}
		steps = steps || s.searchStep > 0
	}
	if steps {
		return true
	}
	if b.timeslots != nil {
		return slices.Contains(b.timeslots[b.day.weekday()], sec)
	}
	if b.rule().GridFrom == GridFromInterval {
		if b.onIntervalGrid(start) {
			return true
		}
	} else if sec%b.grid == 0 {
		return true
	}
	return b.rule().GridFlexible && slices.ContainsFunc(b.taken, func(t busy) bool { return t.to.Add(t.pause).Equal(start) })
}

// candidates gives the starts of the day on the grid, before they are known to
// be free; some may come twice or be beside the grid.
func (b *book) candidates() []time.Time {
	var list []time.Time
	step := b.grid
	for _, s := range b.need.services {
		if s.searchStep > 0 {
			step = s.searchStep
		}
	}
	for _, w := range b.hours {
		origin := w.from
		w.from, w.to = later(w.from, b.midnight.from), earlier(w.to, b.midnight.to)
		if w.from.Before(w.to) {
			list = append(list, b.between(w, origin, step)...)
		}
	}
	if b.rule().GridFlexible {
		for _, t := range b.taken {
			list = append(list, t.to.Add(t.pause))
		}
	}
	return list
}

// between gives the candidates of the part of a working interval within the day.
func (b *book) between(w span, origin time.Time, step int) []time.Time {
	var list []time.Time
	first, last := secondOfDay(w.from.In(b.zone)), secondOfDay(w.to.Add(-1).In(b.zone))
	_, before := w.from.Zone()
	_, after := w.to.Zone()
	switch {
	case b.timeslots != nil:
		for _, sec := range b.timeslots[b.day.weekday()] {
			list = append(list, b.day.at(sec, b.zone))
		}
	case b.rule().GridFrom == GridFromInterval:
		t := origin.Add((w.from.Sub(origin) + seconds(b.grid) - 1) / seconds(b.grid) * seconds(b.grid))
		for ; t.Before(w.to); t = t.Add(seconds(b.grid)) {
			list = append(list, t)
		}
	}
	if before == after {
		for sec := ceilTo(first, step); sec <= last; sec += step {
			list = append(list, w.from.Add(seconds(sec-first)))
		}
		return list
	}
	for sec := 0; sec < 24*hour; sec += step {
		list = append(list, b.day.at(sec, b.zone))
	}
	return list
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.After(b) {
		return b
	}
	return a
}

// starts gives the moments of a day when a visit can begin at this master, as an
// online client may book it, in order.
func (c *company) starts(m *master, d day, n need, now time.Time) []time.Time {
	today := dayOf(now, c.zone)
	first := today
	if c.rule().NightStarts == NightOfShift {
		first = today.add(-1) // whose night may still go on
	}
	if m.fired || d.before(first) || today.add(c.horizon+1).before(d) {
		return nil
	}
	days := []day{d}
	if c.rule().NightStarts == NightOfShift {
		days = []day{d, d.add(1)}
	}
	var found []time.Time
	for _, on := range days {
		b := c.bookOf(m, on, n, now)
		for _, t := range b.candidates() {
			in := !t.Before(b.midnight.from) && t.Before(b.midnight.to)
			if in && b.onGrid(t) && b.offers(t) && b.listedOn(t) == d {
				found = append(found, t.In(c.zone))
			}
		}
	}
	slices.SortFunc(found, time.Time.Compare)
	return slices.CompactFunc(found, time.Time.Equal)
}

// listedOn is the day whose list has a start of the day: its own, or that of the night
// shift which it belongs to.
func (b *book) listedOn(start time.Time) day {
	own := b.day
	if b.rule().NightStarts != NightOfShift {
		return own
	}
	in := func(d day) bool {
		return slices.ContainsFunc(b.master.works(d, b.zone), func(w span) bool {
			return !start.Before(w.from) && start.Before(w.to)
		})
	}
	if before := own.add(-1); !in(own) && in(before) {
		return before
	}
	return own
}

// fits tells whether exactly this start can be booked online.
func (c *company) fits(m *master, start time.Time, n need, now time.Time) bool {
	b := c.bookOf(m, dayOf(start, c.zone), n, now)
	return b.offers(start) && (b.onGrid(start) || !c.rule().BookingOnGridOnly && start.Unix()%60 == 0)
}

// free tells whether a salon's own hand may put a visit there without
// overriding anything: within working time and not over another record.
func (c *company) free(m *master, visit span, except *record) bool {
	d := dayOf(visit.from, c.zone)
	inside := slices.ContainsFunc(c.joined(c.workAround(m, d)), func(w span) bool {
		return !visit.from.Before(w.from) && !visit.to.After(w.to)
	})
	return inside && !slices.ContainsFunc(c.taken(m, d, except), busy{visit, 0}.keepsAway)
}

// length is how long the services take at this master one after another, in
// seconds; false when the master does not do one of them.
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
		n := c.need(m, services)
		shown := n.length
		if len(services) == 0 {
			shown = unfitted
		}
		for _, t := range c.starts(m, d, n, now) {
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
