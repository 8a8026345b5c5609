package sandbox

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The naive reference of free times: every minute of five days is looked at, one
// by one, as the rules over availability.go say it. It shares no function with the
// sandbox and knows nothing of its spans.

const (
	naiveDays    = 5
	naiveMinutes = naiveDays * 24 * 60
)

// naiveAxis is five days of a zone, minute by minute, around the third.
type naiveAxis struct {
	zone  *time.Location
	base  time.Time
	date  [naiveMinutes]int  // days since the epoch, by the clock of the zone
	clock [naiveMinutes]int  // minute of the day
	again [naiveMinutes]bool // this reading of the clock has been there before
	first map[int]int        // answers of when
}

func newNaiveAxis(zone *time.Location, date int) *naiveAxis {
	a := &naiveAxis{zone: zone, base: time.Unix(int64(date-2)*86400, 0), first: map[int]int{}}
	seen := map[[2]int]bool{}
	for i := range naiveMinutes {
		t := a.base.Add(time.Duration(i) * time.Minute).In(zone)
		y, m, d := t.Date()
		a.date[i] = int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
		a.clock[i] = t.Hour()*60 + t.Minute()
		key := [2]int{a.date[i], a.clock[i]}
		a.again[i] = seen[key]
		seen[key] = true
	}
	for d := date - 2; d <= date+4; d++ {
		for minute := range 1440 {
			a.first[d*1440+minute] = a.look(d, minute, a.first[d*1440+minute-1])
		}
	}
	return a
}

// when is the first minute whose clock shows at least so much of a date.
func (a *naiveAxis) when(date, minute int) int { return a.first[date*1440+minute] }

// look walks the minutes for that; no earlier time of the date comes later.
func (a *naiveAxis) look(date, minute, i int) int {
	for ; i < naiveMinutes; i++ {
		if a.date[i] > date || a.date[i] == date && a.clock[i] >= minute {
			break
		}
	}
	return i
}

// naiveVisit takes minutes from..to and then a break.
type naiveVisit struct{ from, to, pause int }

type naiveMaster struct {
	shifts [][3]int // date, minutes from and to
	taken  naiveBook
	length int

	spans     [][2]int // the shifts on the axis
	intervals [][2]int // joined when the rules join
}

// naiveBook marks the minutes of visits and of the breaks behind them.
type naiveBook struct {
	visit, pause [naiveMinutes + 2880]bool
	ends         [naiveMinutes + 2880]bool // a visit with its break ends here
}

func (b *naiveBook) add(v naiveVisit) {
	for i := v.from; i < v.to; i++ {
		b.visit[i] = true
	}
	for i := v.to; i < v.to+v.pause; i++ {
		b.pause[i] = true
	}
	b.ends[v.to+v.pause] = true
}

// free tells whether no minute of a visit is taken or in a break, and no minute
// of the break behind it is taken.
func (b *naiveBook) free(v naiveVisit) bool {
	for i := v.from; i < v.to; i++ {
		if b.visit[i] || b.pause[i] {
			return false
		}
	}
	for i := v.to; i < v.to+v.pause; i++ {
		if b.visit[i] {
			return false
		}
	}
	return true
}

type naiveService struct {
	pause          int // minutes
	from, to, step int // minutes, 0: none
	resources      []int
}

// naiveDay is a day to be computed. Everything is minutes.
type naiveDay struct {
	*naiveAxis
	rules               Rules
	now                 int
	today, wanted       int
	lead, horizon, grid int
	timeslots           map[time.Weekday][]int
	services            []naiveService
	masters             []*naiveMaster
	resources           map[int][]*naiveBook // by instance
}

func (n *naiveDay) pause() int {
	sum, longest := 0, 0
	for _, s := range n.services {
		sum += s.pause
		longest = max(longest, s.pause)
	}
	if n.rules.PauseOfSeveral == "sum" {
		return sum
	}
	return longest
}

// held is what a visit takes of a resource.
func (n *naiveDay) held(v naiveVisit) naiveVisit {
	if !n.rules.PauseHoldsResources {
		v.pause = 0
	}
	return v
}

func (n *naiveDay) resourceFree(r int, v naiveVisit) bool {
	for _, instance := range n.resources[r] {
		if instance.free(n.held(v)) {
			return true
		}
	}
	return false
}

// lay puts the shifts of a master on the axis and joins those that touch.
func (n *naiveDay) lay(m *naiveMaster) {
	work := [naiveMinutes + 1]bool{}
	for _, s := range m.shifts {
		from, to := n.when(s[0], s[1]), n.when(s[0], s[2])
		m.spans = append(m.spans, [2]int{from, to})
		for i := from; i < to; i++ {
			work[i] = true
		}
	}
	if !n.rules.TouchingIntervalsJoin {
		m.intervals = m.spans
		return
	}
	for i := 0; i < naiveMinutes; i++ {
		if !work[i] {
			continue
		}
		from := i
		for work[i] {
			i++
		}
		m.intervals = append(m.intervals, [2]int{from, i})
	}
}

// within gives the working intervals that hold a visit.
func (n *naiveDay) within(m *naiveMaster, i int) (list [][2]int) {
	end := i + m.length
	if n.rules.PauseWithinWork {
		end += n.pause()
	}
	for _, w := range m.intervals {
		if i >= w[0] && i < w[1] && (end <= w[1] || n.rules.VisitMayOverrun) {
			list = append(list, w)
		}
	}
	return list
}

// free tells whether a visit can be at a minute, the grid aside.
func (n *naiveDay) free(m *naiveMaster, i int) bool {
	if len(n.within(m, i)) == 0 || i < n.now+n.lead || n.date[i] > n.today+n.horizon {
		return false
	}
	v := naiveVisit{i, i + m.length, n.pause()}
	if !m.taken.free(v) {
		return false
	}
	for _, s := range n.services {
		for _, r := range s.resources {
			if n.rules.ResourcesLimit && !n.resourceFree(r, v) {
				return false
			}
		}
	}
	return true
}

func (n *naiveDay) onGrid(m *naiveMaster, i int) bool {
	if n.again[i] {
		return false
	}
	clock, steps := n.clock[i], false
	for _, s := range n.services {
		if clock < s.from || s.to > 0 && clock > s.to || s.step > 0 && clock%s.step != 0 {
			return false
		}
		steps = steps || s.step > 0
	}
	if steps {
		return true
	}
	if n.timeslots != nil {
		return slices.Contains(n.timeslots[time.Weekday((n.date[i]+4)%7)], clock)
	}
	if n.rules.GridFrom == "interval" {
		for _, w := range m.spans {
			if w[0] <= i && i < w[1] && (i-w[0])%n.grid == 0 {
				return true
			}
		}
	} else if clock%n.grid == 0 {
		return true
	}
	return n.rules.GridFlexible && m.taken.ends[i]
}

// listed gives the date whose list has a start.
func (n *naiveDay) listed(m *naiveMaster, i int) int {
	own, before := false, false
	for k, s := range m.shifts {
		in := m.spans[k][0] <= i && i < m.spans[k][1]
		own = own || in && s[0] == n.date[i]
		before = before || in && s[0] == n.date[i]-1
	}
	if n.rules.NightStarts == "shift" && before && !own {
		return n.date[i] - 1
	}
	return n.date[i]
}

// offers gives the starts that the list of a day must have.
func (n *naiveDay) offers(m *naiveMaster) []bool {
	list := make([]bool, naiveMinutes)
	for i := range naiveMinutes {
		if n.date[i] >= n.wanted && n.date[i] <= n.wanted+1 && n.onGrid(m, i) && n.listed(m, i) == n.wanted && n.free(m, i) {
			list[i] = true
		}
	}
	return list
}

// books tells whether a booking takes a start, listed or not.
func (n *naiveDay) books(m *naiveMaster, i int) bool {
	return n.free(m, i) && (!n.rules.BookingOnGridOnly || n.onGrid(m, i))
}

// naiveZones have no summer time, one of an hour, one that begins at midnight, one
// of half an hour, and a zone off the full hour.
var naiveZones = []string{
	"Europe/Moscow", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Vladivostok",
}

// naiveDates are ordinary days and days of change: in Berlin, New York,
// Santiago and on Lord Howe, and their neighbours.
var naiveDates = []string{
	"2026-01-14", "2026-03-07", "2026-03-08", "2026-03-28", "2026-03-29", "2026-03-30", "2026-04-04", "2026-04-05",
	"2026-06-30", "2026-09-05", "2026-09-06", "2026-10-03", "2026-10-04", "2026-10-24", "2026-10-25", "2026-11-01", "2026-12-31",
}

// naiveChanges are the days of change where they are.
var naiveChanges = [][2]string{
	{"Europe/Berlin", "2026-03-29"}, {"Europe/Berlin", "2026-10-25"}, {"America/New_York", "2026-03-08"}, {"America/New_York", "2026-11-01"},
	{"America/Santiago", "2026-09-06"}, {"America/Santiago", "2026-04-04"}, {"Australia/Lord_Howe", "2026-10-04"}, {"Australia/Lord_Howe", "2026-04-05"},
}

var naiveAxes sync.Map

func naiveAxisOf(zone, date string) (*naiveAxis, day) {
	d, _ := parseDay(date)
	key := zone + date
	if a, ok := naiveAxes.Load(key); ok {
		return a.(*naiveAxis), d
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	a, _ := naiveAxes.LoadOrStore(key, newNaiveAxis(at, int(t.Unix()/86400)))
	return a.(*naiveAxis), d
}

func pick[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

func coin(rng *rand.Rand) bool { return rng.IntN(2) == 0 }

func randomRules(rng *rand.Rand) Rules {
	r := defaultRules()
	if coin(rng) { // half of the days as they are by default
		return r
	}
	return Rules{
		GridFrom: pick(rng, GridFromMidnight, GridFromInterval), GridFlexible: coin(rng), BookingOnGridOnly: coin(rng),
		NightStarts: pick(rng, NightOfCalendar, NightOfShift), TouchingIntervalsJoin: coin(rng),
		VisitMayOverrun: rng.IntN(4) == 0, PauseWithinWork: coin(rng), PauseOfSeveral: pick(rng, PauseLongest, PauseSum),
		PauseHoldsResources: coin(rng), ResourcesLimit: coin(rng), ActivitiesBlock: coin(rng), NoShowFreesTime: coin(rng),
		AnyMaster: AnyByWeight,
	}
}

// randomDay makes one salon twice: as the sandbox has it and as the reference has it.
func randomDay(rng *rand.Rand) (*company, []*service, time.Time, *naiveDay, day) {
	axis, d := naiveAxisOf(pick(rng, naiveZones...), pick(rng, naiveDates...))
	if rng.IntN(3) == 0 {
		change := pick(rng, naiveChanges...)
		axis, d = naiveAxisOf(change[0], change[1])
	}
	date := d.number()
	rules := randomRules(rng)
	n := &naiveDay{
		naiveAxis: axis, rules: rules, wanted: date, lead: pick(rng, 0, 0, 30, 180), horizon: pick(rng, 0, 1, 2, 30),
		grid: pick(rng, 5, 15, 30, 60, 25), resources: map[int][]*naiveBook{},
	}
	n.now = axis.when(date-1, rng.IntN(1440))
	switch rng.IntN(10) {
	case 0, 1:
		n.now = axis.when(date, rng.IntN(1440))
	case 2: // the night of the day goes on
		n.now = axis.when(date+1, rng.IntN(240))
	}
	n.today = axis.date[n.now]
	c := &company{
		id: 1, zone: axis.zone, zoneName: axis.zone.String(), rules: &rules, lead: n.lead, horizon: n.horizon, grid: n.grid * 60,
		byID: map[int64]*record{}, byDay: map[staffDay][]*record{}, blocks: map[staffDay][]*block{}, held: map[staffDay][]hold{},
	}
	randomResources(rng, c, n)
	services := randomServices(rng, c, n)
	if rng.IntN(6) == 0 {
		randomTimeslots(rng, c, n)
	}
	for id := range 1 + rng.IntN(2) {
		randomMaster(rng, c, n, services, int64(id+1), date)
	}
	randomVisits(rng, c, n, services)
	return c, services, axis.base.Add(time.Duration(n.now) * time.Minute), n, d
}

func randomResources(rng *rand.Rand, c *company, n *naiveDay) {
	for id := range rng.IntN(3) {
		r := &resource{id: int64(id + 1)}
		for k := range 1 + rng.IntN(2) {
			r.instances = append(r.instances, instance{id: int64(10*(id+1) + k)})
		}
		c.resources = append(c.resources, r)
		for range r.instances {
			n.resources[id+1] = append(n.resources[id+1], &naiveBook{})
		}
	}
}

func randomServices(rng *rand.Rand, c *company, n *naiveDay) []*service {
	c.pause = 60 * pick(rng, 0, 0, 0, 10)
	var list []*service
	for id := range pick(rng, 1, 1, 2, 3) {
		s := &service{id: int64(id + 1), online: true}
		ns := naiveService{pause: c.pause / 60}
		if rng.IntN(3) == 0 {
			ns.pause = pick(rng, 0, 5, 30)
			own := ns.pause * 60
			s.pause = &own
		}
		if rng.IntN(6) == 0 {
			ns.from, ns.to = 60*rng.IntN(12), 60*(12+rng.IntN(12))
		}
		if rng.IntN(8) == 0 {
			ns.step = pick(rng, 20, 30, 60)
		}
		s.searchFrom, s.searchTo, s.searchStep = ns.from*60, ns.to*60, ns.step*60
		for _, r := range c.resources {
			if coin(rng) {
				s.resources = append(s.resources, r.id)
				ns.resources = append(ns.resources, int(r.id))
			}
		}
		c.services = append(c.services, s)
		list = append(list, s)
		n.services = append(n.services, ns)
	}
	return list
}

func randomTimeslots(rng *rand.Rand, c *company, n *naiveDay) {
	c.timeslots, n.timeslots = map[time.Weekday][]int{}, map[time.Weekday][]int{}
	for w := time.Sunday; w <= time.Saturday; w++ {
		for range rng.IntN(12) {
			minute := 5 * rng.IntN(288)
			c.timeslots[w] = append(c.timeslots[w], minute*60)
			n.timeslots[w] = append(n.timeslots[w], minute)
		}
	}
}

func randomMaster(rng *rand.Rand, c *company, n *naiveDay, services []*service, id int64, date int) {
	m := &master{id: id, weight: int(id), does: map[int64]skill{}, shift: shift{weekdays: []time.Weekday{}}}
	nm := &naiveMaster{}
	for _, s := range services {
		length := pick(rng, 5, 15, 30, 45, 60, 90, 150, 240)
		m.does[s.id] = skill{length: length * 60}
		nm.length += length
	}
	for k := -2; k <= 2; k++ {
		var list []hours
		at := 30 * rng.IntN(30)
		if rng.IntN(3) == 0 {
			at = 0
		}
		for range pick(rng, 0, 1, 1, 2, 3) {
			to := at + pick(rng, 30, 60, 240, 480, 600)
			if to > 36*60 {
				break
			}
			list = append(list, hours{at * 60, to * 60})
			nm.shifts = append(nm.shifts, [3]int{date + k, at, to})
			at = to + pick(rng, 0, 0, 30, 60)
		}
		m.setHours(dayOf(time.Unix(int64(date+k)*86400, 0), time.UTC), list)
	}
	n.lay(nm)
	c.staff = append(c.staff, m)
	n.masters = append(n.masters, nm)
}

// randomVisits fills the book with records and group events, over each other
// too, as a salon's own hand may put them.
func randomVisits(rng *rand.Rand, c *company, n *naiveDay, services []*service) {
	for id := range rng.IntN(12) {
		who := rng.IntN(len(c.staff))
		v := naiveVisit{from: 1440 + rng.IntN(3*1440)}
		if coin(rng) {
			v.from = v.from / 30 * 30
		}
		v.to = v.from + pick(rng, 5, 30, 60, 90, 240)
		start := n.base.Add(time.Duration(v.from) * time.Minute)
		length := (v.to - v.from) * 60
		if rng.IntN(4) == 0 {
			randomActivity(rng, c, n, who, v, start, length, int64(id+1))
			continue
		}
		s := rng.IntN(len(services))
		v.pause = n.services[s].pause
		r := &record{
			id: int64(id + 1), company: c, staff: c.staff[who], services: services[s : s+1], start: start, length: length,
			deleted: rng.IntN(5) == 0, attendance: pick(rng, 0, 0, 1, 2, -1),
		}
		c.put(r)
		if r.deleted || r.attendance == -1 && n.rules.NoShowFreesTime {
			continue
		}
		n.masters[who].taken.add(v)
		for _, res := range n.services[s].resources {
			n.take(res, v)
		}
	}
}

func randomActivity(rng *rand.Rand, c *company, n *naiveDay, who int, v naiveVisit, start time.Time, length int, id int64) {
	v.pause = pick(rng, 0, 10)
	b := &block{kind: blockActivity, id: id, staffID: c.staff[who].id, start: start, length: length, pause: v.pause * 60}
	if len(c.resources) > 0 {
		b.instances = []int64{c.resources[0].instances[0].id}
	}
	c.putBlock(b)
	if !n.rules.ActivitiesBlock {
		return
	}
	n.masters[who].taken.add(v)
	if len(b.instances) > 0 {
		n.resources[1][0].add(n.held(v))
	}
}

// take gives a record the first instance that is free for it; a record that the
// salon forced in may have none.
func (n *naiveDay) take(r int, v naiveVisit) {
	for _, instance := range n.resources[r] {
		if instance.free(n.held(v)) {
			instance.add(n.held(v))
			return
		}
	}
}

// compareDay holds the sandbox against the reference.
func compareDay(rng *rand.Rand) (string, int) {
	c, services, now, n, d := randomDay(rng)
	offered := make([]bool, naiveMinutes)
	for k, m := range c.staff {
		got, want := make([]bool, naiveMinutes), n.offers(n.masters[k])
		for _, t := range c.starts(m, d, c.need(m, services), now) {
			got[t.Sub(n.base)/time.Minute] = true
		}
		for i := range naiveMinutes {
			if got[i] != want[i] {
				return fmt.Sprintf("%s %s, master %d, start %s: offered %v, want %v\nrules %+v\n%+v", n.zone, d, m.id,
					n.base.Add(time.Duration(i)*time.Minute).In(n.zone), got[i], want[i], n.rules, n.masters[k].shifts), 0
			}
			offered[i] = offered[i] || got[i]
		}
		if bad := compareBookings(rng, c, services, now, n, k, got); bad != "" {
			return bad, 0
		}
	}
	wanted := 0
	for _, is := range offered {
		wanted += flag(is)
	}
	slots := c.slots(c.staff, services, d, now)
	if len(slots) != wanted {
		return fmt.Sprintf("any master: %d starts, want %d", len(slots), wanted), 0
	}
	return "", wanted
}

// compareBookings tries some minutes, listed or not, as a booking would.
func compareBookings(rng *rand.Rand, c *company, services []*service, now time.Time, n *naiveDay, k int, listed []bool) string {
	tries := []int{}
	for i, is := range listed {
		if is {
			tries = append(tries, i, i+1)
		}
	}
	rng.Shuffle(len(tries), func(i, j int) { tries[i], tries[j] = tries[j], tries[i] })
	tries = tries[:min(len(tries), 12)]
	for range 12 {
		tries = append(tries, n.when(n.wanted, rng.IntN(1440)))
	}
	sb := &Sandbox{switches: Switches{Rules: n.rules}}
	for _, i := range tries {
		p := &placing{call: &call{Sandbox: sb, company: c, now: now}}
		start := n.base.Add(time.Duration(i) * time.Minute)
		no := p.add(appointment{id: 1, services: services, staffID: c.staff[k].id, start: start})
		p.close()
		if want := n.books(n.masters[k], i); (no == nil) != want {
			return fmt.Sprintf("%s, master %d, %s: booked %v, want %v\nrules %+v\n%+v", n.zone, k+1, start.In(n.zone), no == nil, want, n.rules, n.masters[k].shifts)
		}
	}
	return ""
}

func testDays(t *testing.T) int {
	days := 1_500
	if v := os.Getenv("ZAPIS_TEST_DAYS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatalf("ZAPIS_TEST_DAYS: %v", err)
		}
		days = n
	}
	return days
}

// TestFreeTimesAreThoseOfTheNaiveReference looks at random days in random salons: no
// start is offered that cannot be booked, none is missing that could be.
func TestFreeTimesAreThoseOfTheNaiveReference(t *testing.T) {
	t.Parallel()
	days := testDays(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	starts, empty := 0, 0
	const workers = 2
	for w := range workers {
		wg.Go(func() {
			for k := w; k < days; k += workers {
				bad, found := compareDay(rand.New(rand.NewPCG(2026, uint64(k))))
				if bad != "" {
					t.Errorf("day %d: %s", k, bad)
					return
				}
				mu.Lock()
				starts += found
				empty += flag(found == 0)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d days, %d starts, %d days without any", days, starts, empty)
	if starts < days || empty > days*3/4 {
		t.Errorf("the random days prove little: %d starts on %d days, %d of them empty", starts, days, empty)
	}
}
