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
	lastID    int64     // of records, visits, clients and users alike
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
	byDay      map[staffDay][]*record
	hooks      obj
}

type staffDay struct {
	staff int64
	day   day
}

type category struct {
	id     int64
	title  string
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
	hidden, fired bool
	fake          bool // a waiting list in the guise of a master
	full          bool // in the seed, one day ahead has no free time
	shift         shift
	does          map[int64]skill // by service id
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
}

type record struct {
	id       int64
	company  *company
	staff    *master
	services []*service
	client   *client // nil: time blocked by the salon
	guest    string  // the name given with the booking
	start    time.Time
	length   int // seconds
	created  time.Time
	changed  time.Time
	comment  string
	hash     string
	visitID  int64

	online, mobile, deleted bool
	attendance              int
	apiID                   string
	from                    string // "type" of the request
	author                  int64  // id of the user, 0 for a client
	byPartner               bool   // made with the partner token of the sandbox
	notifySMS, notifyEmail  int    // hours before
	color                   string
	labels                  []string
	custom                  obj
}

func (r *record) end() time.Time { return r.start.Add(time.Duration(r.length) * time.Second) }

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
	roles              map[int64]role // nil for a client of online booking
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

func (c *company) record(id int64) *record {
	// Newest first: what is asked for was usually made a moment ago.
	for i := len(c.records) - 1; i >= 0; i-- {
		if c.records[i].id == id {
			return c.records[i]
		}
	}
	return nil
}

// put adds a record and files it under its day.
func (c *company) put(r *record) {
	c.records = append(c.records, r)
	c.file(r)
}

func (c *company) file(r *record) {
	key := staffDay{r.staff.id, dayOf(r.start, c.zone)}
	c.byDay[key] = append(c.byDay[key], r)
}

func (c *company) unfile(r *record) {
	key := staffDay{r.staff.id, dayOf(r.start, c.zone)}
	c.byDay[key] = slices.DeleteFunc(c.byDay[key], func(x *record) bool { return x == r })
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
	return k
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

// at is the moment when the clocks of the zone show so many seconds after the
// midnight of the day.
func (d day) at(seconds int, zone *time.Location) time.Time {
	return time.Date(d.year, d.month, d.day, 0, 0, seconds, 0, zone)
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
