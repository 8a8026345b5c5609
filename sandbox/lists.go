package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The lists that an online client chooses from.

// chosen reads the filters service_ids[] and staff id. Services that are not
// open for online booking, or not there, are the code 438 of a booking; in a
// list they make it 404, as a master does who does not do them.
func (c *call) chosen(q url.Values) (services []*service, a answer, ok bool) {
	values := slices.Concat(q["service_ids[]"], q["service_ids"])
	for i := range 50 { // PHP also reads service_ids[0]=
		values = append(values, q["service_ids["+strconv.Itoa(i)+"]"]...)
	}
	for _, v := range values {
		id, valid := asInt(v)
		if !valid {
			return nil, invalid("service_ids"), false
		}
		s := c.company.service(id)
		if s == nil || !s.online {
			return nil, failed(http.StatusNotFound, "Услуга не найдена."), false
		}
		services = append(services, s)
	}
	return services, answer{}, true
}

// masters reads who may do the services; a master who does not is a 404.
func (c *call) masters(staffID string, services []*service) ([]*master, answer, bool) {
	id := int64(0)
	if staffID != "" {
		n, valid := asInt(staffID)
		if !valid {
			return nil, failed(http.StatusNotFound, "Не найдено"), false
		}
		id = n
	}
	found := c.company.bookable(id, services)
	if len(found) == 0 && id != 0 {
		if m := c.company.master(id); m == nil || m.fired || m.hidden {
			return nil, failed(http.StatusNotFound, "Сотрудник не найден."), false
		}
		return nil, failed(http.StatusNotFound, "Сотрудник недоступен для записи на выбранную услугу"), false
	}
	return found, answer{}, true
}

// moment reads an optional ISO 8601 filter.
func (c *call) moment(name string) (t time.Time, given bool, a answer, ok bool) {
	v := c.query.Get(name)
	if v == "" {
		return t, false, answer{}, true
	}
	t, ok = asMoment(v, c.company.zone)
	if !ok {
		return t, true, invalid(name), false
	}
	return t, true, answer{}, true
}

func listBookServices(c *call) answer {
	already, a, ok := c.chosen(c.query)
	if !ok {
		return a
	}
	masters, a, ok := c.masters(c.query.Get("staff_id"), already)
	if !ok {
		return a
	}
	at, given, a, ok := c.moment("datetime")
	if !ok {
		return a
	}
	one := c.query.Get("staff_id") != "" && c.query.Get("staff_id") != "0"
	services, categories := []any{}, []any{}
	seen := map[*category]bool{}
	for _, s := range c.company.services {
		var who *master
		for _, m := range masters {
			all := append(slices.Clone(already), s)
			_, does := m.length(all)
			if does && (!given || c.company.fits(m, at, c.company.need(m, all), c.now)) {
				who = m
				break
			}
		}
		if who == nil || !s.online {
			continue
		}
		services = append(services, bookService(s, who, one))
		if !seen[s.category] {
			seen[s.category] = true
			categories = append(categories, obj{
				"id": s.category.id, "title": s.category.title, "sex": 0, "api_id": 0, "weight": s.category.weight,
			})
		}
	}
	return enveloped(http.StatusOK, obj{"events": []any{}, "services": services, "category": categories}, nil)
}

// bookService spells a service. Its length is known for a single master only,
// and not even then when the salon has not said it.
func bookService(s *service, m *master, one bool) obj {
	o := obj{
		"id": s.id, "title": s.title, "category_id": s.category.id, "price_min": s.priceMin, "price_max": s.priceMax,
		"discount": 0, "comment": s.comment, "weight": s.weight, "active": 1, "sex": 0, "image": "",
		"prepaid": "forbidden", "seance_length": nil,
	}
	if one {
		k := m.does[s.id]
		o["price_min"], o["price_max"] = k.price, k.priceMax
		if s.length > 0 {
			o["seance_length"] = k.length
		}
	} else if s.length > 0 {
		o["seance_length"] = s.length
	}
	return o
}

func listBookStaff(c *call) answer {
	services, a, ok := c.chosen(c.query)
	if !ok {
		return a
	}
	at, given, a, ok := c.moment("datetime")
	if !ok {
		return a
	}
	list := []any{}
	for _, m := range c.company.staff {
		if m.hidden || m.fired {
			continue
		}
		if _, does := m.length(services); !does {
			continue // in production such a master may also come with bookable:false
		}
		if given && !c.company.fits(m, at, c.company.need(m, services), c.now) {
			continue
		}
		list = append(list, c.bookStaff(m, services))
	}
	return enveloped(http.StatusOK, list, nil)
}

// bookStaff spells a master; this list has ids and counters as strings.
func (c *call) bookStaff(m *master, services []*service) obj {
	d, slots := c.company.nearest([]*master{m}, services, c.now)
	o := obj{
		"id": itoa(m.id), "name": m.name, "bookable": len(slots) > 0, "specialization": m.specialty,
		"position": position(m), "show_rating": "1", "rating": strconv.FormatFloat(m.rating, 'f', -1, 64),
		"votes_count": strconv.Itoa(m.votes), "avatar": c.avatar(m), "avatar_big": c.avatar(m),
		"comments_count": strconv.Itoa(m.comments), "weight": strconv.Itoa(m.weight), "information": m.info,
	}
	if len(slots) > 0 {
		o["seance_date"] = d.String()
		o["seances"] = []any{}
	}
	return o
}

// position is an object, or [] for none.
func position(m *master) any {
	if m.position == "" {
		return []any{}
	}
	return obj{"id": m.positionID, "title": m.position}
}

func (c *call) avatar(m *master) string {
	return c.base + "/_sandbox/avatar/" + itoa(m.id) + ".svg"
}

// maxRange is the longest range of days that one call may ask for.
const maxRange = 92

// days reads the wanted range: date_from and date_to, else the month of date,
// else from today over a month.
func (c *call) days() (from, to day, a answer, ok bool) {
	q := c.query
	today := dayOf(c.now, c.company.zone)
	if f, t := q.Get("date_from"), q.Get("date_to"); f != "" && t != "" {
		from, okFrom := parseDay(f)
		to, okTo := parseDay(t)
		if !okFrom || !okTo || to.before(from) {
			return from, to, invalid("date_from", "date_to"), false
		}
		if limit := from.add(maxRange); limit.before(to) {
			to = limit
		}
		return from, to, answer{}, true
	}
	if v := q.Get("date"); v != "" {
		d, valid := parseDay(v)
		if !valid {
			return d, d, invalid("date"), false
		}
		first := day{d.year, d.month, 1}
		return first, day{d.year, d.month + 1, 1}.add(-1), answer{}, true
	}
	return today, today.add(30), answer{}, true
}

func listBookDates(c *call) answer {
	services, a, ok := c.chosen(c.query)
	if !ok {
		return a
	}
	masters, a, ok := c.masters(c.query.Get("staff_id"), services)
	if !ok {
		return a
	}
	from, to, a, ok := c.days()
	if !ok {
		return a
	}
	booking, working := newDates(), newDates()
	today := dayOf(c.now, c.company.zone)
	for d := from; !to.before(d); d = d.add(1) {
		if d.before(today.add(-1)) || today.add(c.company.horizon).before(d) {
			continue
		}
		works := func(m *master) bool { return len(m.works(d, c.company.zone)) > 0 }
		if slices.ContainsFunc(masters, works) {
			working.add(d)
		}
		if len(c.company.slots(masters, services, d, c.now)) > 0 {
			booking.add(d)
		}
	}
	return enveloped(http.StatusOK, obj{
		"booking_days": booking.months(), "booking_dates": booking.dates,
		"working_days": working.months(), "working_dates": working.dates,
	}, nil)
}

// dates is a list of days in both spellings of listBookDates.
type dates struct {
	dates   []string
	byMonth obj
}

func newDates() *dates { return &dates{[]string{}, obj{}} }

func (l *dates) add(d day) {
	l.dates = append(l.dates, d.String())
	key := strconv.Itoa(int(d.month))
	days, _ := l.byMonth[key].([]string)
	l.byMonth[key] = append(days, strconv.Itoa(d.day))
}

// months is keyed by the number of the month, without a year; empty it is [].
func (l *dates) months() any {
	if len(l.byMonth) == 0 {
		return []any{}
	}
	return l.byMonth
}

func listBookTimes(c *call) answer {
	services, a, ok := c.chosen(c.query)
	if !ok {
		return a
	}
	masters, a, ok := c.masters(c.params["staff_id"], services)
	if !ok {
		return a
	}
	d, valid := parseDay(c.params["date"])
	if !valid {
		return invalid("date")
	}
	return envelopedList(http.StatusOK, seances(c.company.slots(masters, services, d, c.now)))
}

// seances spells starts. There may be hundreds, and the list is what an app asks
// for most, so it is written directly.
func seances(slots []slot) json.RawMessage {
	b := make([]byte, 0, 2+90*len(slots))
	b = append(b, '[')
	for i, s := range slots {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"time":"`...)
		b = s.start.AppendFormat(b, "15:04")
		b = append(b, `","seance_length":`...)
		b = strconv.AppendInt(b, int64(s.length), 10)
		b = append(b, `,"datetime":"`...)
		b = s.start.AppendFormat(b, withColon)
		b = append(b, `"}`...)
	}
	return append(b, ']')
}

func listNearestStaffSeances(c *call) answer {
	services, a, ok := c.chosen(c.query)
	if !ok {
		return a
	}
	masters, a, ok := c.masters(c.params["staff_id"], services)
	if !ok {
		return a
	}
	d, slots := c.company.nearest(masters, services, c.now)
	if len(slots) == 0 {
		return enveloped(http.StatusOK, obj{"seance_date": nil, "seances": []any{}}, nil)
	}
	return enveloped(http.StatusOK, obj{"seance_date": d.String(), "seances": seances(slots)}, nil)
}
