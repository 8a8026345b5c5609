package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plan says which salons a sandbox begins with, instead of the small chain it has by itself. Everything else about them
// grows from the seed: the same plan and seed give the same salons.
type Plan struct {
	Branches []PlannedBranch `json:"branches"`
}

// PlannedBranch is a company. What is left out is as in most salons.
type PlannedBranch struct {
	ID                int64            `json:"id"`
	Title             string           `json:"title"`
	City              string           `json:"city"`
	Address           string           `json:"address"`
	Phone             string           `json:"phone"`
	Timezone          string           `json:"timezone"`           // IANA; Europe/Moscow
	GridMinutes       int              `json:"grid_minutes"`       // between the starts that are offered; 30
	LeadMinutes       int              `json:"lead_minutes"`       // before a start when it stops being offered; 60
	HorizonDays       int              `json:"horizon_days"`       // that can be booked; 60
	PhoneConfirmation bool             `json:"phone_confirmation"` // booking asks for an SMS code
	Records           int              `json:"records"`            // in the past and the next two weeks; 0: two weeks of each
	Services          []PlannedService `json:"services"`
	Staff             []PlannedMaster  `json:"staff"`
}

// PlannedService is a service of the branch. Prices are in roubles.
type PlannedService struct {
	Title    string `json:"title"`
	Category string `json:"category"`
	Minutes  int    `json:"minutes"` // 0: the salon has not said
	PriceMin int    `json:"price_min"`
	PriceMax int    `json:"price_max"` // 0: from PriceMin upwards
	Offline  bool   `json:"offline"`   // not for online booking
}

// PlannedMaster is a member of staff.
type PlannedMaster struct {
	Name       string   `json:"name"`
	Specialty  string   `json:"specialization"`
	Categories []string `json:"categories"` // of the services done; empty: all
	Days       []string `json:"days"`       // mon … sun; empty: two on, two off
	From       string   `json:"from"`       // 10:00
	To         string   `json:"to"`         // 20:00; up to 36:00, into the next morning
	Hidden     bool     `json:"hidden"`
}

// Limits of a plan, so that a typing mistake does not eat the machine.
const (
	maxBranches = 1000
	maxStaff    = 200 // of a branch
	maxServices = 300 // of a branch
	maxRecords  = 2_000_000
	maxPlan     = 16 << 20 // bytes
)

// ReadPlan reads a plan as JSON. A field that it does not know is a typing mistake, so an error.
func ReadPlan(r io.Reader) (Plan, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPlan+1))
	if err != nil {
		return Plan{}, err
	}
	if len(data) > maxPlan {
		return Plan{}, fmt.Errorf("sandbox: the plan has more than %d MB", maxPlan>>20)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var p Plan
	if err := dec.Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("sandbox: the plan cannot be read: %w", err)
	}
	if dec.More() {
		return Plan{}, errors.New("sandbox: something stands behind the plan")
	}
	return p, p.Validate()
}

// Validate says what of a plan is not possible.
func (p Plan) Validate() error {
	if len(p.Branches) == 0 || len(p.Branches) > maxBranches {
		return fmt.Errorf("sandbox: a plan has 1 to %d branches, not %d", maxBranches, len(p.Branches))
	}
	seen, records := map[int64]bool{}, 0
	for i, b := range p.Branches {
		if err := b.validate(); err != nil {
			return fmt.Errorf("sandbox: branch %d of the plan (%d): %w", i+1, b.ID, err)
		}
		if seen[b.ID] || b.ID == strangerID {
			return fmt.Errorf("sandbox: branch %d of the plan: the id %d is taken", i+1, b.ID)
		}
		seen[b.ID] = true
		records += b.Records
	}
	if records > maxRecords {
		return fmt.Errorf("sandbox: a plan has up to %d records, not %d", maxRecords, records)
	}
	return nil
}

func (b PlannedBranch) validate() error {
	switch {
	case b.ID <= 0:
		return errors.New("id must be a positive number")
	case b.Title == "":
		return errors.New("title is missing")
	case len(b.Services) == 0 || len(b.Services) > maxServices:
		return fmt.Errorf("services: 1 to %d are needed", maxServices)
	case len(b.Staff) == 0 || len(b.Staff) > maxStaff:
		return fmt.Errorf("staff: 1 to %d are needed", maxStaff)
	case b.GridMinutes < 0 || b.GridMinutes > 240 || b.LeadMinutes < 0 || b.HorizonDays < 0 || b.HorizonDays > 365 || b.Records < 0:
		return errors.New("grid_minutes must be 0 to 240, horizon_days 0 to 365, lead_minutes and records not negative")
	}
	if _, err := b.zone(); err != nil {
		return fmt.Errorf("timezone %q is not known: give an IANA name such as Asia/Omsk", b.Timezone)
	}
	for i, v := range b.Services {
		if v.Title == "" || v.Minutes < 0 || v.Minutes > 24*60 || v.PriceMin < 0 || v.PriceMax < 0 {
			return fmt.Errorf("service %d needs a title, minutes of 0 to 1440, and prices that are not negative", i+1)
		}
	}
	for i, m := range b.Staff {
		if m.Name == "" {
			return fmt.Errorf("member of staff %d has no name", i+1)
		}
		if _, err := m.shift(i); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		for _, name := range m.Categories {
			if !slices.ContainsFunc(b.Services, func(v PlannedService) bool { return v.Category == name }) {
				return fmt.Errorf("%s does %q, and no service has that category", m.Name, name)
			}
		}
	}
	return nil
}

func (b PlannedBranch) zone() (*time.Location, error) {
	return time.LoadLocation(orElse(b.Timezone, "Europe/Moscow"))
}

var weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// shift is when a master works; place tells those who work two days on and two off apart.
func (m PlannedMaster) shift(place int) (shift, error) {
	s := shift{phase: place}
	var ok bool
	if s.from, ok = clockTime(orElse(m.From, "10:00")); !ok {
		return s, fmt.Errorf("from is %q, must be HH:MM", m.From)
	}
	if s.to, ok = clockTime(orElse(m.To, "20:00")); !ok || s.to <= s.from {
		return s, fmt.Errorf("to is %q, must be HH:MM after from, up to 36:00", m.To)
	}
	for _, name := range m.Days {
		i := slices.Index(weekdayNames, strings.ToLower(name))
		if i < 0 {
			return s, fmt.Errorf("day %q is not one of %s", name, strings.Join(weekdayNames, ", "))
		}
		s.weekdays = append(s.weekdays, time.Weekday(i))
	}
	return s, nil
}

func clockTime(v string) (int, bool) {
	h, m, ok := strings.Cut(v, ":")
	hours, err := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	ok = ok && err == nil && err2 == nil && hours >= 0 && minutes >= 0 && minutes < 60 && hours*60+minutes <= 36*60
	return hours*hour + minutes*60, ok
}

func orElse(v, usual string) string {
	if v == "" {
		return usual
	}
	return v
}

// ChainPlan is a chain of any size: so many branches, masters and records in all.
func ChainPlan(branches, staff, records int) Plan {
	zones := []struct{ city, zone string }{
		{"Москва", "Europe/Moscow"}, {"Екатеринбург", "Asia/Yekaterinburg"}, {"Новосибирск", "Asia/Novosibirsk"},
		{"Владивосток", "Asia/Vladivostok"}, {"Берлин", "Europe/Berlin"}, {"Калининград", "Europe/Kaliningrad"},
	}
	surnames := []string{"Лебедев", "Соколов", "Власов", "Зимин", "Крылов", "Орлов", "Громов", "Белов", "Ветров", "Рощин"}
	share := func(of, i int) int { return of*(i+1)/max(branches, 1) - of*i/max(branches, 1) }
	p := Plan{Branches: make([]PlannedBranch, max(branches, 0))}
	for i := range p.Branches {
		where := zones[i%len(zones)]
		b := PlannedBranch{
			ID: int64(10_001 + i), Title: fmt.Sprintf("Сирень №%d", i+1), City: where.city, Timezone: where.zone,
			Address: fmt.Sprintf("ул. Садовая, %d", i+1), Phone: fmt.Sprintf("+7 900 000-%02d-%02d", 10+i/100%90, i%100),
			PhoneConfirmation: i%3 == 1, Records: share(records, i),
		}
		for _, o := range offers {
			b.Services = append(b.Services, PlannedService{Title: o.title, Category: categoryTitles[o.kind], Minutes: o.minutes, PriceMin: o.min, PriceMax: o.max, Offline: o.offline})
		}
		for n := range share(staff, i) {
			m := PlannedMaster{
				Name:       givenNames[(i+n*7)%len(givenNames)] + " " + surnames[(i*3+n)%len(surnames)],
				Categories: []string{categoryTitles[n%kinds]}, Specialty: categoryTitles[n%kinds],
			}
			if n%3 == 0 {
				m.Days = weekdayNames
			}
			b.Staff = append(b.Staff, m)
		}
		p.Branches[i] = b
	}
	return p
}

// WithPlan begins with the salons of a plan, and one of a stranger. It panics if the plan is not possible.
func WithPlan(p Plan) Option {
	if err := p.Validate(); err != nil {
		panic(err)
	}
	return func(s *Sandbox) { s.plan = &p }
}

// strangerID is the company that is not in the chain.
const strangerID = 7001

// openPlanned builds a branch of a plan. place makes the ids of its services and masters.
func (s *state) openPlanned(b PlannedBranch, place int) *company {
	zone, err := b.zone()
	if err != nil {
		panic("sandbox: zone of the plan: " + err.Error()) // it was validated
	}
	c := &company{
		id: b.ID, groupID: groupID, formID: 91_000 + b.ID, title: b.Title, short: "Салон красоты", city: orElse(b.City, "Москва"), cityID: 2,
		address: b.Address, phone: orElse(b.Phone, "+7 900 000-00-00"), site: "sandbox.example", lat: 55.75, lon: 37.61,
		zoneName: zone.String(), zone: zone, schedule: "ежедневно", policy: policyText, phoneConfirmation: b.PhoneConfirmation,
		grid: orNumber(b.GridMinutes, 30) * 60, lead: orNumber(b.LeadMinutes, 60), horizon: orNumber(b.HorizonDays, 60),
		allowChange: true, allowDelete: true, changeDelay: hour, deleteDelay: hour,
	}
	s.furnish(c)
	base := int64(place+1) * 1000
	for i, v := range b.Services {
		title := orElse(v.Category, "Услуги")
		at := slices.IndexFunc(c.categories, func(k *category) bool { return k.title == title })
		if at < 0 {
			at = len(c.categories)
			c.categories = append(c.categories, &category{id: base + 700 + int64(at), title: title, weight: 1000 - at})
		}
		c.services = append(c.services, &service{
			id: base + int64(i) + 1, category: c.categories[at], title: v.Title, priceMin: v.PriceMin, priceMax: v.PriceMax,
			length: v.Minutes * 60, online: !v.Offline, weight: 1000 - i,
		})
	}
	for i, m := range b.Staff {
		works, _ := m.shift(i) // validated
		master := &master{
			id: base + 400 + int64(i) + 1, name: m.Name, specialty: m.Specialty, weight: i + 1, rating: 4.5 + float64(i%5)/10, votes: 10 + i,
			hidden: m.Hidden, shift: works, does: map[int64]skill{},
		}
		for _, v := range c.services {
			if len(m.Categories) == 0 || slices.Contains(m.Categories, v.category.title) {
				master.does[v.id] = skill{length: orNumber(v.length, unfitted), price: v.priceMin, priceMax: v.priceMax}
			}
		}
		c.staff = append(c.staff, master)
	}
	c.equip()
	return c
}

func orNumber(v, usual int) int {
	if v == 0 {
		return usual
	}
	return v
}
