package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
	_ "time/tzdata" // the zones of the branches, on machines without a zone database
)

// Fixed parts of the seed. All of it is fictional.
const (
	PartnerToken = "partner-token-example"
	UserToken    = "user-token-example"
	Login        = "79000000001"
	Password     = "password-example"

	AppLogin          = "79000000002" // «Мобильное приложение», an employee with the right rights
	AppUserToken      = "user-token-app-example"
	NoRightsLogin     = "79000000003" // an employee without rights
	NoRightsUserToken = "user-token-norights-example"
	SecondFactorLogin = "79000000004" // answers a challenge instead of a token
	StrangerLogin     = "79000000005" // owner of another salon
	StrangerUserToken = "user-token-stranger-example"

	BlacklistedPhone = "79000000066" // refused with code 434 by every branch
	RegularPhone     = "79000000077" // a client with visits in the chain and in another salon

	WaitingListStaff = 564508 // no master: a waiting list in the guise of one, as salons keep them
)

// groupTitle is the name of the chain; chainForm the id of its booking form,
// which is not the id of a company.
const (
	groupTitle = "Сирень"
	groupID    = 1200
	chainForm  = 91000
)

// newState builds the seed as it looks at a moment; plan is nil for the small chain.
func newState(seed int64, now time.Time, rules *Rules, plan *Plan) *state {
	s := &state{rng: rand.New(rand.NewPCG(uint64(seed), 1)), lastID: 30_000_000, rules: rules}
	wanted := map[int64]int{} // records, by company
	if plan != nil {
		for i, b := range plan.Branches {
			s.companies = append(s.companies, s.openPlanned(b, i))
			wanted[b.ID] = b.Records
		}
	}
	for _, b := range branches() {
		if plan == nil || b.company.id == strangerID {
			s.companies = append(s.companies, s.open(b))
		}
	}
	s.hireUsers()
	for _, c := range s.companies {
		s.fill(c, uint64(seed), now, wanted[c.id])
		c.organise(now)
	}
	for _, c := range s.companies {
		for _, k := range c.clients {
			k.changed = now.Truncate(time.Second)
		}
	}
	s.installFirst(now)
	s.seedLoyalty(now)
	s.fresh = nil // the book of the seed is nobody's news
	return s
}

// open builds a branch with its catalogue and staff.
func (s *state) open(b branch) *company {
	c := &b.company
	zone, err := time.LoadLocation(c.zoneName)
	if err != nil {
		panic("sandbox: zone of the seed: " + err.Error()) // the zones are embedded
	}
	c.zone = zone
	c.policy = policyText
	s.furnish(c)
	base := (c.id % 1000) * 1000
	for kind := range kinds {
		var cat *category
		for i, o := range offers {
			if o.kind != kind || !b.offers(o) {
				continue
			}
			if cat == nil {
				cat = &category{id: base + 900 + int64(kind), title: categoryTitles[kind], weight: 100 - kind}
				c.categories = append(c.categories, cat)
			}
			c.services = append(c.services, &service{
				id: base + int64(i) + 1, category: cat, title: o.title, comment: o.comment,
				priceMin: o.min, priceMax: o.max, length: o.minutes * 60, online: !o.offline, weight: 100 - i,
			})
		}
	}
	for i, h := range b.staff {
		c.staff = append(c.staff, c.hire(h, base+500+int64(i)+1, i))
	}
	c.equip()
	return c
}

// furnish gives a company what each of them has.
func (s *state) furnish(c *company) {
	c.rules = s.rules
	c.byID, c.byDay = map[int64]*record{}, map[staffDay][]*record{}
	c.blocks, c.held = map[staffDay][]*block{}, map[staffDay][]hold{}
	c.hooks = newHooks()
	c.clients = append(c.clients, &client{
		id: s.newID(), name: "Клиент Чёрный Список", phone: BlacklistedPhone, blacklisted: true,
	})
}

var positionIDs = []string{"Парикмахер", "Барбер", "Мастер маникюра", "Бровист", "Косметолог", "Массажист"}

func (c *company) hire(h hire, id int64, place int) *master {
	m := &master{
		id: id, name: h.name, specialty: h.specialty, position: h.position,
		positionID: int64(slices.Index(positionIDs, h.position) + 1),
		rating:     h.rating, votes: h.votes, comments: h.votes / 3, weight: place + 1,
		hidden: h.hidden, fired: h.fired, fake: h.fake, full: h.full, shift: h.shift, does: map[int64]skill{},
	}
	if h.votes > 0 {
		m.info = fmt.Sprintf("<p>%s, отзывов: %d</p>", h.specialty, h.votes)
	}
	for _, v := range c.services {
		kind := int(v.category.id % 100)
		if !slices.Contains(h.kinds, kind) {
			continue
		}
		k := skill{length: v.length, price: v.priceMin, priceMax: v.priceMax}
		if k.length == 0 {
			k.length = unfitted
		}
		k.length += h.extraMinutes * 60
		k.price += k.price * h.extraPercent / 100
		k.priceMax += k.priceMax * h.extraPercent / 100
		m.does[v.id] = k
	}
	return m
}

func (s *state) hireUsers() {
	chain := func(r role) map[int64]role {
		in := map[int64]role{}
		for _, c := range s.companies {
			if c.groupID == groupID {
				in[c.id] = r
			}
		}
		return in
	}
	s.users = []*user{
		{login: Login, password: Password, token: UserToken, name: "Ирина Владельцева", email: "owner@example.com", roles: chain(roleOwner)},
		{login: AppLogin, password: Password, token: AppUserToken, name: "Мобильное приложение", email: "app@example.com", roles: chain(roleApp)},
		{login: NoRightsLogin, password: Password, token: NoRightsUserToken, name: "Стажёр Без Прав", email: "norights@example.com", roles: chain(roleNone)},
		{login: SecondFactorLogin, password: Password, token: "user-token-second-factor-example", name: "Осторожный Администратор", email: "second@example.com", secondFactor: true, roles: chain(roleOwner)},
		{login: StrangerLogin, password: Password, token: StrangerUserToken, name: "Борис Чужов", email: "stranger@example.com", roles: map[int64]role{strangerID: roleOwner}},
	}
	for i, u := range s.users {
		u.id = 1_000_001 + int64(i)
		u.phone = u.login
	}
}

// pastDays and futureDays are the range in which the seed has records.
const pastDays, futureDays = 14, 14

// longAgo is how many days back a large number of records may reach.
const longAgo = 40 * 366

// fill gives every master a believable book around now: two weeks of each, or as many records as are wanted, which
// then reach as far into the past as they must.
func (s *state) fill(c *company, seed uint64, now time.Time, wanted int) {
	today, first := dayOf(now, c.zone), -pastDays
	if wanted > 0 {
		first = -longAgo
	}
	for n := futureDays; n >= first && (wanted == 0 || len(c.records) < wanted); n-- {
		for _, m := range c.staff {
			if m.fired || m.fake {
				continue
			}
			d := today.add(n)
			// A generator per master and day keeps the rest of the book in place
			// when the seed's catalogue grows.
			rng := rand.New(rand.NewPCG(seed, uint64(m.id)<<32|uint64(uint32(d.number()))))
			chance := 0.12 + 0.3*rng.Float64()
			if m.full && d == m.fullDay(today) {
				chance = 1
			}
			s.fillDay(c, m, d, chance, rng, now)
		}
	}
	s.regularVisits(c, today, now)
}

// fullDay is the first working day after tomorrow.
func (m *master) fullDay(today day) day {
	d := today.add(2)
	for !m.shift.worksOn(d) {
		d = d.add(1)
	}
	return d
}

func (s *state) fillDay(c *company, m *master, d day, chance float64, rng *rand.Rand, now time.Time) {
	var can []*service
	for _, v := range c.services {
		if k, ok := m.does[v.id]; ok && (chance < 1 || k.length == 1800) {
			can = append(can, v)
		}
	}
	if len(can) == 0 {
		return
	}
	for _, w := range m.works(d, c.zone) {
		for at := w.from; at.Before(w.to); {
			v := can[rng.IntN(len(can))]
			length := m.does[v.id].length
			end := at.Add(time.Duration(length) * time.Second)
			if rng.Float64() >= chance || end.After(w.to) {
				at = at.Add(time.Duration(c.grid) * time.Second)
				continue
			}
			r := s.seedRecord(c, m, v, at, length, rng, now)
			r.deleted = chance < 1 && rng.IntN(20) == 0
			at = end
			// Visits begin on the grid, as they would if booked online.
			if over := secondOfDay(at) % c.grid; over != 0 {
				at = at.Add(time.Duration(c.grid-over) * time.Second)
			}
		}
	}
}

func (s *state) seedRecord(c *company, m *master, v *service, at time.Time, length int, rng *rand.Rand, now time.Time) *record {
	created := at.Add(-time.Duration(24+rng.IntN(200)) * time.Hour)
	if created.After(now) {
		created = now.Add(-time.Duration(1+rng.IntN(72)) * time.Hour)
	}
	n := rng.IntN(400)
	r := &record{
		id: s.newID(), visitID: s.newID(), company: c, staff: m, services: []*service{v},
		client: s.clientFor(c, fmt.Sprintf("7900001%04d", n), givenNames[n%len(givenNames)], ""),
		start:  at, length: length, created: created.Truncate(time.Second), changed: created.Truncate(time.Second),
		comment: comments[rng.IntN(len(comments))], online: rng.IntN(3) == 0, hash: s.hex(32), author: 1_000_001,
	}
	switch {
	case at.Before(now) && rng.IntN(12) == 0:
		r.attendance = -1
	case at.Before(now):
		r.attendance = 1
	case rng.IntN(4) == 0:
		r.attendance = 2
	}
	if rng.IntN(25) == 0 {
		r.client = nil // the salon keeps this time for itself
		r.comment = "Технический перерыв"
		r.online = false
	}
	c.put(r)
	return r
}

// regularVisits gives one client a history in every salon, a stranger's too.
func (s *state) regularVisits(c *company, today day, now time.Time) {
	k := s.clientFor(c, RegularPhone, "Марина", "regular@example.com")
	var m *master
	for _, candidate := range c.staff {
		if len(candidate.does) > 0 && !candidate.fake {
			m = candidate
			break
		}
	}
	for _, n := range []int{-21, -16} {
		start := today.add(n).at(12*hour, c.zone)
		for _, v := range c.services {
			skill, ok := m.does[v.id]
			if !ok {
				continue
			}
			c.put(&record{
				id: s.newID(), visitID: s.newID(), company: c, staff: m, services: []*service{v}, client: k,
				start: start, length: skill.length, created: now.AddDate(0, 0, n-3).Truncate(time.Second),
				changed: now.AddDate(0, 0, n-3).Truncate(time.Second), attendance: 1, online: true, hash: s.hex(32),
			})
			break
		}
	}
}
