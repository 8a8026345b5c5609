package sandbox

import (
	"cmp"
	"net/http"
	"slices"
)

// Working hours that the back office sets. A day that was set has its own hours from then on, whatever the shift of the
// master; online booking offers what they leave.

func scheduleModels() map[string]*model {
	return map[string]*model{
		"setStaffSchedules":          {run: setStaffSchedules, level: simplified, note: "days are deleted first and set then; a slot whose end is not after its start ends on the next day; both are guesses"},
		"getStaffScheduleDeprecated": {run: getStaffScheduleDeprecated, level: exact},
		"setStaffScheduleDeprecated": {run: setStaffScheduleDeprecated, level: simplified, note: "one day a call; a working day without slots has the usual hours of the master"},
		"listTimetableDates":         {run: listTimetableDates, level: simplified, note: "working days of the 31 days from the date on: which days belong to a date is not documented"},
		"listTimetableSeances":       {run: listTimetableSeances, level: simplified, note: "in steps of the online grid of the company"},
	}
}

// maxDays is how many days one call may set; the documents give no bound.
const maxDays = 5000

// plannedDay is a day of a master as it shall be; without hours it is a day off.
type plannedDay struct {
	master *master
	day    day
	hours  []hours
}

// setStaffSchedules answers with the days of every master that it changed, from the first to the last of them.
func setStaffSchedules(c *call) answer {
	var plan []plannedDay
	for _, key := range []string{"schedules_to_delete", "schedules_to_set"} {
		list, _ := c.body[key].([]any)
		for _, v := range list {
			o, _ := v.(obj)
			days, bad := c.planned(o, key == "schedules_to_set")
			if bad != nil {
				return *bad
			}
			if plan = append(plan, days...); len(plan) > maxDays {
				return invalid(key)
			}
		}
	}
	if len(plan) == 0 {
		return invalid("schedules_to_set", "schedules_to_delete")
	}
	first, last := plan[0].day, plan[0].day
	var masters []*master
	for _, p := range plan {
		if p.day.before(first) {
			first = p.day
		}
		if last.before(p.day) {
			last = p.day
		}
		if !slices.Contains(masters, p.master) {
			masters = append(masters, p.master)
		}
	}
	if limit := first.add(maxRange); limit.before(last) {
		last = limit
	}
	c.setDays(plan)
	list := []any{}
	for _, m := range masters {
		for d := first; !last.before(d); d = d.add(1) {
			list = append(list, c.scheduleDay(m, d, []string{"busy_intervals", "off_day_type"}))
		}
	}
	return enveloped(http.StatusOK, list, obj{"count": len(list)})
}

// setDays puts a plan into force and tells of each master once.
func (c *call) setDays(plan []plannedDay) {
	var told []*master
	for _, p := range plan {
		p.master.setHours(p.day, p.hours)
		if !slices.Contains(told, p.master) {
			told = append(told, p.master)
		}
	}
	for _, m := range told {
		c.notify(c.company, "schedule", m.id, updated, []any{})
	}
	c.applied = true
}

// planned reads one entry: a master, dates and, when they are to be set, slots.
func (c *call) planned(o obj, set bool) ([]plannedDay, *answer) {
	m := c.company.master(number(o, "staff_id"))
	if m == nil {
		a := failed(http.StatusNotFound, "Сотрудник не найден.")
		return nil, &a
	}
	var list []hours
	if set {
		slots, isList := o["slots"].([]any)
		var ok bool
		if list, ok = readHours(slots); !ok || !isList {
			a := invalid("slots")
			return nil, &a
		}
	}
	dates, _ := o["dates"].([]any)
	var plan []plannedDay
	for _, v := range dates {
		s, _ := asText(v)
		d, ok := parseDay(s)
		if !ok || len(dates) > maxDays {
			a := invalid("dates")
			return nil, &a
		}
		plan = append(plan, plannedDay{m, d, list})
	}
	if len(plan) == 0 {
		a := invalid("dates")
		return nil, &a
	}
	return plan, nil
}

// readHours reads slots {from, to} as HH:MM. A slot that ends at or before its start goes on after midnight; slots may
// touch but not overlap.
func readHours(slots []any) ([]hours, bool) {
	list := []hours{}
	for _, v := range slots {
		o, _ := v.(obj)
		from, okFrom := clockTime(text(o, "from"))
		to, okTo := clockTime(text(o, "to"))
		if !okFrom || !okTo || from == to || from >= 24*hour || len(slots) > 100 {
			return nil, false
		}
		if to < from {
			to += 24 * hour
		}
		list = append(list, hours{from, to})
	}
	slices.SortFunc(list, func(a, b hours) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(list); i++ {
		if list[i].from < list[i-1].to {
			return nil, false
		}
	}
	return list, true
}

// staffByPath finds the master of the path.
func (c *call) staffByPath(name string) (*master, answer, bool) {
	id, _ := asInt(c.params[name])
	if m := c.company.master(id); m != nil {
		return m, answer{}, true
	}
	return nil, failed(http.StatusNotFound, "Сотрудник не найден."), false
}

func getStaffScheduleDeprecated(c *call) answer {
	m, a, ok := c.staffByPath("staff_id")
	if !ok {
		return a
	}
	from, okFrom := parseDay(c.params["start_date"])
	to, okTo := parseDay(c.params["end_date"])
	if !okFrom || !okTo || to.before(from) {
		return invalid("start_date", "end_date")
	}
	if limit := from.add(maxRange); limit.before(to) {
		to = limit
	}
	list := []any{}
	for d := from; !to.before(d); d = d.add(1) {
		slots := c.slotsOf(m, d)
		list = append(list, obj{"date": d.String(), "is_working": flag(len(slots) > 0), "slots": slots})
	}
	return enveloped(http.StatusOK, list, nil)
}

// slotsOf are the working intervals of a day as HH:MM.
func (c *call) slotsOf(m *master, d day) []any {
	slots := []any{}
	for _, w := range m.works(d, c.company.zone) {
		slots = append(slots, c.hourMinute(w))
	}
	return slots
}

func (c *call) hourMinute(s span) obj {
	zone := c.company.zone
	return obj{"from": s.from.In(zone).Format("15:04"), "to": s.to.In(zone).Format("15:04")}
}

func setStaffScheduleDeprecated(c *call) answer {
	m, a, ok := c.staffByPath("staff_id")
	if !ok {
		return a
	}
	date, _ := asText(c.body["date"])
	d, ok := parseDay(date)
	if !ok {
		return invalid("date")
	}
	p := plannedDay{m, d, nil}
	if asFlag(c.body["is_working"]) {
		if p.hours, ok = readHours(slotList(c.body["slots"])); ok && len(p.hours) == 0 {
			p.hours = m.shift.hours()
		}
		if len(p.hours) == 0 {
			return invalid("slots")
		}
	}
	c.setDays([]plannedDay{p})
	return answer{status: http.StatusCreated}
}

// slotList reads the slots of v1, which are declared an object and printed as a list: a list, one slot, or slots by key.
func slotList(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case obj:
		if v["from"] != nil {
			return []any{v}
		}
		var list []any
		for _, slot := range v {
			list = append(list, slot)
		}
		return list
	}
	return nil
}

// timetableDays is how many days a list of working dates covers.
const timetableDays = 31

func listTimetableDates(c *call) answer {
	from, ok := parseDay(c.params["date"])
	if !ok {
		return invalid("date")
	}
	staffID, one := asInt(c.query.Get("staff_id"))
	if one && c.company.master(staffID) == nil {
		return failed(http.StatusNotFound, "Сотрудник не найден.")
	}
	list := []string{}
	for n := range timetableDays {
		d := from.add(n)
		if slices.ContainsFunc(c.company.staff, func(m *master) bool {
			return (!one || m.id == staffID) && len(m.works(d, c.company.zone)) > 0
		}) {
			list = append(list, d.String())
		}
	}
	return enveloped(http.StatusOK, list, nil)
}

// listTimetableSeances steps through the whole working day and tells which steps are free, the past too.
func listTimetableSeances(c *call) answer {
	m, a, ok := c.staffByPath("staff_id")
	if !ok {
		return a
	}
	d, ok := parseDay(c.params["date"])
	if !ok {
		return invalid("date")
	}
	step := c.company.grid
	list := []any{}
	for _, w := range m.works(d, c.company.zone) {
		for at := w.from; at.Before(w.to); at = at.Add(seconds(step)) {
			s := spanOf(at, step)
			if s.to.After(w.to) {
				s.to = w.to
			}
			list = append(list, obj{"time": at.In(c.company.zone).Format("15:04"), "is_free": c.company.free(m, s, nil)})
		}
	}
	return enveloped(http.StatusOK, list, nil)
}

// busyIntervals are the records and group events of a day, in the order of their starts.
func (c *call) busyIntervals(m *master, d day) []any {
	type interval struct {
		span
		kind string
		id   int64
	}
	var list []interval
	for _, r := range c.company.byDay[staffDay{m.id, d}] {
		if !r.deleted {
			list = append(list, interval{span{r.start, r.end()}, "record", r.id})
		}
	}
	for _, b := range c.company.blocks[staffDay{m.id, d}] {
		if b.kind == blockActivity {
			list = append(list, interval{spanOf(b.start, b.length), "activity", b.id})
		}
	}
	slices.SortStableFunc(list, func(a, b interval) int { return a.from.Compare(b.from) })
	busy := []any{}
	for _, i := range list {
		o := c.hourMinute(i.span)
		o["entity_type"], o["entity_id"] = i.kind, i.id
		busy = append(busy, o)
	}
	return busy
}
