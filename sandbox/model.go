package sandbox

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// state is everything that a reset throws away. It is guarded by Sandbox.mu.
type state struct {
	rng       *rand.Rand
	companies []*company
	users     []*user
	codes     []*smsCode
	messages  []Message // oldest first
	rules     *Rules    // of free times, as the switches have them
	fresh     []freshClient
	market    []*installation
	loyalty   loyalty
	lastID    int64 // of records, visits, clients and users alike
}

func (s *state) newID() int64 {
	s.lastID++
	return s.lastID
}

func (s *state) company(id int64) *company {
	for _, c := range s.companies {
		if c.id == id {
			return c
		}
	}
	return nil
}

// company is a branch.
type company struct {
	id, groupID, formID int64

	title, short, city, address, phone, site string
	cityID                                   int
	lat, lon                                 float64
	zoneName                                 string
	zone                                     *time.Location
	schedule                                 string // as the salon writes it for people
	policy                                   string // consent text

	phoneConfirmation bool
	grid              int // seconds between the starts that are offered
	lead              int // minutes before a start when it stops being offered
	horizon           int // days ahead that can be booked

	allowChange, allowDelete bool
	changeDelay, deleteDelay int // seconds before the start

	categories []*category
	services   []*service
	staff      []*master
	clients    []*client
	records    []*record
	byID       map[int64]*record
	byDay      map[staffDay][]*record // of a master, by the day of their start
	blocks     map[staffDay][]*block  // of a master, by the day of their start
	held       map[staffDay][]hold    // of a resource instance, by the day of its start
	resources  []*resource
	rules      *Rules                 // of free times; nil: the defaults
	pause      int                    // seconds of technical break after a visit, where the service has none of its own
	timeslots  map[time.Weekday][]int // when set, the only starts: seconds after midnight
	hooks      obj

	office // office.go
}

// resource is a kind of place or device that a service needs: one instance of it for the whole visit.
type resource struct {
	id        int64
	title     string
	instances []instance
}

type instance struct {
	id    int64
	title string
}

// block is time of a master, or of resources, that no record stands for: a
// group event, a break that the salon has entered. putBlock and removeBlock of
// the company keep it where free times are looked up.
type block struct {
	kind      string // what it is: activity, break
	id        int64
	staffID   int64 // 0: resources only
	instances []int64
	start     time.Time
	length    int // seconds
	pause     int // seconds of technical break behind it
}

// hold is a resource instance in use; by is the *record or *block.
type hold struct {
	busy
	by any
}

// staffDay is a day of a master or of a resource instance.
type staffDay struct {
	staff int64
	day   day
}

type category struct {
	id     int64
	title  string
	apiID  string
	weight int
}

type service struct {
	id       int64
	category *category
	title    string
	comment  string
	priceMin int
	priceMax int // 0: from priceMin upwards
	length   int // seconds; 0: the salon has not said
	online   bool
	weight   int

	apiID string
	more  obj // what else was sent

	pause     *int    // seconds of technical break behind it; nil: as the company
	resources []int64 // ids of the resources that it needs
	// Online starts only from searchFrom to searchTo (seconds after midnight, both
	// included) and on multiples of searchStep after midnight; 0 is no such limit.
	searchFrom, searchTo, searchStep int
}

// master is a member of staff.
type master struct {
	id            int64
	name          string
	specialty     string
	position      string // empty: none, which the API spells []
	positionID    int64
	rating        float64
	votes         int
	comments      int
	weight        int
	info          string
	apiID         string
	userID        int64 // 0: none
	hidden, fired bool
	fake          bool // a waiting list in the guise of a master
	full          bool // in the seed, one day ahead has no free time
	shift         shift
	hours         map[day][]hours // days with hours of their own, none for a day off
	does          map[int64]skill // by service id
}

// hours is a working interval in seconds after the midnight of its day; beyond
// 24 hours it runs into the next.
type hours struct{ from, to int }

// setHours gives a day its own working hours instead of those of the shift.
func (m *master) setHours(d day, list []hours) {
	if m.hours == nil {
		m.hours = map[day][]hours{}
	}
	m.hours[d] = slices.Clone(list)
}

// skill is how a master does a service.
type skill struct {
	length   int // seconds
	price    int
	priceMax int
}

type client struct {
	id          int64
	name        string
	phone       string // digits
	email       string
	blacklisted bool
	labels      []string // ids
	more        obj      // what else was sent, by the keys of clientFields
	changed     time.Time
}

type record struct {
	id       int64
	company  *company
	staff    *master
	services []*service
	client   *client // nil: time blocked by the salon
	guest    string  // the name given with the booking
	start    time.Time
	length   int  // seconds
	pause    int  // seconds of technical break behind it
	ownPause *int // as the salon set it for this record; nil: as the services have it
	created  time.Time
	changed  time.Time
	comment  string
	hash     string
	visitID  int64

	online, mobile, deleted bool
	attendance              int
	apiID                   string
	from                    string   // "type" of the request
	author                  int64    // id of the user, 0 for a client
	payment                 *payment // nil: nothing was paid
	byPartner               bool     // made with the partner token of the sandbox
	notifySMS, notifyEmail  int      // hours before
	color                   string
	labels                  []string
	custom                  obj
	instances               []int64 // resource instances in use

	activity *activity // the group event that it is a booking of; nil: none
	seats    int       // in that event
}

func (r *record) end() time.Time { return r.start.Add(seconds(r.length)) }

func (r *record) busy() busy { return busy{spanOf(r.start, r.length), seconds(r.pause)} }

// role is what a user may do in a company.
type role int

const (
	roleNone     role = iota // a member without rights
	roleApp                  // the rights that a mobile application needs
	roleOwner                // everything
	roleStranger role = -1   // not a member
)

type user struct {
	id                 int64
	login, password    string
	token              string
	name, phone, email string
	secondFactor       bool
	roles              map[int64]role        // nil for a client of online booking
	member             map[int64]*membership // by company; people.go
}

func (u *user) role(companyID int64) role {
	if r, ok := u.roles[companyID]; ok {
		return r
	}
	return roleStranger
}

func (c *company) master(id int64) *master {
	i := slices.IndexFunc(c.staff, func(m *master) bool { return m.id == id })
	if i < 0 {
		return nil
	}
	return c.staff[i]
}

func (c *company) service(id int64) *service {
	i := slices.IndexFunc(c.services, func(s *service) bool { return s.id == id })
	if i < 0 {
		return nil
	}
	return c.services[i]
}

func (c *company) record(id int64) *record { return c.byID[id] }

// put adds a record and files it under its day.
func (c *company) put(r *record) {
	c.records = append(c.records, r)
	c.byID[r.id] = r
	c.file(r)
}

// file puts a record under its day and gives it what its services need: the
// technical break and resource instances, as far as any are free. The master
// and the start of a record only change between unfile and file.
func (c *company) file(r *record) {
	if r.activity != nil { // the group event takes the time
		return
	}
	n := c.need(r.staff, r.services)
	n.length = r.length
	if r.ownPause != nil {
		n.pause = *r.ownPause
	}
	r.pause = n.pause
	r.instances, _ = c.instances(n, r.start)
	d := dayOf(r.start, c.zone)
	key := staffDay{r.staff.id, d}
	c.byDay[key] = append(c.byDay[key], r)
	c.hold(r.instances, d, r.busy(), r)
}

func (c *company) unfile(r *record) {
	d := dayOf(r.start, c.zone)
	key := staffDay{r.staff.id, d}
	c.byDay[key] = slices.DeleteFunc(c.byDay[key], func(x *record) bool { return x == r })
	c.release(r.instances, d, r)
}

// putBlock takes the time of a block away from its master and resources.
func (c *company) putBlock(b *block) {
	d := dayOf(b.start, c.zone)
	if b.staffID != 0 {
		key := staffDay{b.staffID, d}
		c.blocks[key] = append(c.blocks[key], b)
	}
	c.hold(b.instances, d, b.busy(), b)
}

// removeBlock gives it back. A block is removed before it is changed.
func (c *company) removeBlock(b *block) {
	d := dayOf(b.start, c.zone)
	key := staffDay{b.staffID, d}
	c.blocks[key] = slices.DeleteFunc(c.blocks[key], func(x *block) bool { return x == b })
	c.release(b.instances, d, b)
}

func (b *block) busy() busy { return busy{spanOf(b.start, b.length), seconds(b.pause)} }

func (c *company) hold(instances []int64, d day, b busy, by any) {
	for _, id := range instances {
		key := staffDay{id, d}
		c.held[key] = append(c.held[key], hold{b, by})
	}
}

func (c *company) release(instances []int64, d day, by any) {
	for _, id := range instances {
		key := staffDay{id, d}
		c.held[key] = slices.DeleteFunc(c.held[key], func(h hold) bool { return h.by == by })
	}
}

// clientFor finds the client card of a phone or makes one. The name of a card
// that exists stays: a booking does not change it.
func (s *state) clientFor(c *company, phone, name, email string) *client {
	for _, k := range c.clients {
		if k.phone == phone {
			return k
		}
	}
	k := &client{id: s.newID(), name: name, phone: phone, email: email}
	c.clients = append(c.clients, k)
	s.fresh = append(s.fresh, freshClient{c, k})
	return k
}

// freshClient is a client card that webhooks have not been told of.
type freshClient struct {
	company *company
	client  *client
}

// hex gives n random hexadecimal digits.
func (s *state) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[s.rng.IntN(16)]
	}
	return string(b)
}

// day is a date of a calendar, without a zone.
type day struct {
	year  int
	month time.Month
	day   int
}

func dayOf(t time.Time, zone *time.Location) day {
	y, m, d := t.In(zone).Date()
	return day{y, m, d}
}

// parseDay reads 2006-01-02; a time behind it is ignored.
func parseDay(s string) (day, bool) {
	if len(s) > 10 && (s[10] == 'T' || s[10] == ' ') {
		s = s[:10]
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 2000 || t.Year() > 2100 {
		return day{}, false
	}
	return dayOf(t, time.UTC), true
}

// at is the first moment when the clocks of the zone show at least so many
// seconds after the midnight of the day: a time that summer time skips is the
// moment of the change, a time that comes twice its first coming.
func (d day) at(seconds int, zone *time.Location) time.Time {
	t := time.Date(d.year, d.month, d.day, 0, 0, seconds, 0, zone)
	from, to := t.ZoneBounds()
	if (from.IsZero() || t.Sub(from) > 24*time.Hour) && (to.IsZero() || to.Sub(t) > 24*time.Hour) {
		return t
	}
	// Near a change: with the offset before it, with the offset after it, or in the gap.
	wall := time.Date(d.year, d.month, d.day, 0, 0, seconds, 0, time.UTC)
	var gap time.Time
	for _, near := range []time.Duration{-36 * time.Hour, 36 * time.Hour} {
		_, offset := t.Add(near).Zone()
		candidate := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, real := candidate.Zone(); real == offset {
			return candidate
		}
		if gap.IsZero() {
			gap, _ = candidate.ZoneBounds()
		}
	}
	return gap
}

func (d day) add(n int) day {
	return dayOf(time.Date(d.year, d.month, d.day+n, 12, 0, 0, 0, time.UTC), time.UTC)
}

// number counts days, so that shifts of two on and two off can be computed.
func (d day) number() int {
	return int(d.at(0, time.UTC).Unix() / 86400)
}

func (d day) weekday() time.Weekday { return d.at(0, time.UTC).Weekday() }
func (d day) before(e day) bool     { return d.number() < e.number() }
func (d day) String() string        { return d.at(0, time.UTC).Format(time.DateOnly) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
