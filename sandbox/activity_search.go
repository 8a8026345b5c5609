package sandbox

import (
	"slices"
	"strings"
	"time"
)

// What an online client sees of group events, and the making of copies.

// wantedActivities are the events that pass the filters of the query, the earliest first.
func (c *call) wantedActivities() []*activity {
	lists := map[string][]int64{}
	for _, name := range []string{"service_ids", "staff_ids", "resource_ids"} {
		for _, v := range queryList(c.query, name) {
			if id, ok := asInt(v); ok {
				lists[name] = append(lists[name], id)
			}
		}
	}
	from, hasFrom := parseDay(c.query.Get("from"))
	till, hasTill := parseDay(c.query.Get("till"))
	var found []*activity
	for _, a := range c.company.activities {
		d := dayOf(a.start, c.company.zone)
		if a.start.Before(c.now) && !hasFrom || hasFrom && d.before(from) || hasTill && till.before(d) || !c.company.matches(a, lists) {
			continue
		}
		found = append(found, a)
	}
	slices.SortStableFunc(found, func(a, b *activity) int { return a.start.Compare(b.start) })
	return found
}

// matches tells whether an event is of one of the services, masters and resources.
func (c *company) matches(a *activity, lists map[string][]int64) bool {
	if l := lists["service_ids"]; len(l) > 0 && !slices.Contains(l, a.service.id) {
		return false
	}
	if l := lists["staff_ids"]; len(l) > 0 && !slices.Contains(l, a.staff.id) {
		return false
	}
	l := lists["resource_ids"]
	return len(l) == 0 || slices.ContainsFunc(c.resourcesOf(a), func(r *resource) bool { return slices.Contains(l, r.id) })
}

func (c *company) resourcesOf(a *activity) []*resource {
	return slices.DeleteFunc(slices.Clone(c.resources), func(r *resource) bool {
		return !slices.ContainsFunc(r.instances, func(in instance) bool { return slices.Contains(a.instances, in.id) })
	})
}

func searchActivities(c *call) answer {
	found := c.wantedActivities()
	list := []any{}
	for _, a := range paged(c, found) {
		list = append(list, c.activityDoc(a))
	}
	return c.shaped(list, len(found))
}

func searchActivityDates(c *call) answer {
	list := []any{}
	for _, a := range c.wantedActivities() {
		if d := dayOf(a.start, c.company.zone).String(); !slices.Contains(list, any(d)) {
			list = append(list, d)
		}
	}
	return c.shaped(list, len(list))
}

func getActivityDateRange(c *call) answer {
	o := obj{"min_date": nil, "max_date": nil}
	if found := c.wantedActivities(); len(found) > 0 {
		o["min_date"] = dayOf(found[0].start, c.company.zone).String()
		o["max_date"] = dayOf(found[len(found)-1].start, c.company.zone).String()
	}
	return c.shaped(o, 1)
}

// listActivityFilters lists what can be filtered by; disabled is what would leave
// nothing together with the filters that are set.
func listActivityFilters(c *call) answer {
	open := map[*activity]bool{}
	for _, a := range c.wantedActivities() {
		open[a] = true
	}
	type choice struct {
		id    int64
		title string
	}
	filter := func(code, title string, of func(*activity) []choice) obj {
		list, at := []any{}, map[int64]obj{}
		for _, a := range c.company.activities {
			for _, ch := range of(a) {
				if a.start.Before(c.now) {
					continue
				}
				if at[ch.id] == nil {
					at[ch.id] = obj{"id": ch.id, "title": ch.title, "is_disabled": true}
					list = append(list, at[ch.id])
				}
				if open[a] {
					at[ch.id]["is_disabled"] = false
				}
			}
		}
		return obj{"code": code, "title": title, "data": list}
	}
	one := func(id int64, title string) []choice { return []choice{{id, title}} }
	filters := []any{
		filter("staff", "Сотрудник", func(a *activity) []choice { return one(a.staff.id, a.staff.name) }),
		filter("service", "Услуга", func(a *activity) []choice { return one(a.service.id, a.service.title) }),
		filter("resource", "Ресурс", func(a *activity) []choice {
			var l []choice
			for _, r := range c.company.resourcesOf(a) {
				l = append(l, choice{r.id, r.title})
			}
			return l
		}),
		filter("service_category", "Категория услуг", func(a *activity) []choice { return one(a.service.category.id, a.service.category.title) }),
	}
	return c.shaped(filters, len(filters))
}

// searchActivityServices lists services for group events: here every service is one.
func searchActivityServices(c *call) answer {
	staffID := number(obj{"id": c.query.Get("staff_id")}, "id")
	term := strings.ToLower(c.query.Get("term"))
	list := []any{}
	for _, s := range c.company.services {
		staff, resources := []any{}, []any{}
		for _, m := range c.company.staff {
			if k, does := m.does[s.id]; does && !m.fired && (staffID == 0 || m.id == staffID) {
				staff = append(staff, obj{"id": m.id, "name": m.name, "length": k.length})
			}
		}
		if staffID != 0 && len(staff) == 0 || !strings.Contains(strings.ToLower(s.title), term) {
			continue
		}
		for _, r := range c.company.resources {
			if slices.Contains(s.resources, r.id) {
				resources = append(resources, obj{"id": r.id, "title": r.title, "salon_id": c.company.id})
			}
		}
		capacity := 0
		for _, a := range c.company.activities {
			if a.service == s {
				capacity = max(capacity, a.capacity)
			}
		}
		list = append(list, obj{
			"id": s.id, "title": s.title, "capacity": capacity, "price_min": s.priceMin, "price_max": s.priceMax, "is_multi": true,
			"category": obj{"id": s.category.id, "title": s.category.title}, "staff": staff, "resources": resources,
		})
	}
	return c.shaped(list, len(list))
}

const maxCopies = 100

// duplicateActivity copies an event to other times: all of them, or none when one is
// taken and force is not set.
func duplicateActivity(c *call, a *activity) answer {
	starts, bad := c.copyTimes(a)
	if len(bad) > 0 {
		return c.invalid(bad)
	}
	var copies []*activity
	for _, start := range starts {
		draft := *a
		draft.start = start
		if c.company.hinders(&draft) && !asFlag(c.body["force"]) {
			for _, made := range copies {
				c.company.removeBlock(made.block)
			}
			c.company.activities = slices.DeleteFunc(c.company.activities, func(x *activity) bool { return slices.Contains(copies, x) })
			return c.conflicted(start)
		}
		copies = append(copies, c.addActivity(draft))
	}
	list := []any{}
	for _, made := range copies {
		list = append(list, c.activityDoc(made))
	}
	return c.shaped(list, len(list))
}

// copyTimes reads when the copies begin: a list of dates, or every interval days or weeks
// from a day on, so many times. With nothing said it is a week later.
func (c *call) copyTimes(a *activity) (starts []time.Time, bad []string) {
	zone := c.company.zone
	if v, there := c.body["dates"]; there {
		list, _ := v.([]any)
		for _, d := range list {
			t, ok := asMoment(d, zone)
			if !ok {
				return nil, []string{"dates"}
			}
			starts = append(starts, t)
		}
		if len(starts) == 0 || len(starts) > maxCopies {
			return nil, []string{"dates"}
		}
		return starts, nil
	}
	own, sec := dayOf(a.start, zone), secondOfDay(a.start.In(zone))
	first, count, step := own.add(7), 1, 7
	if v, there := c.body["from"]; there {
		d, ok := parseDay(text(obj{"v": v}, "v"))
		if !ok {
			return nil, []string{"from"}
		}
		first = d
	}
	if v, there := c.body["count"]; there {
		n, ok := asInt(v)
		if !ok || n < 1 || n > maxCopies {
			return nil, []string{"count"}
		}
		count = int(n)
	}
	if n := number(c.body, "interval"); n > 0 && n <= 365 {
		step = int(n)
	}
	for i := range count {
		starts = append(starts, first.add(i*step).at(sec, zone))
	}
	return starts, nil
}

// paged is the part of a list that page and count of the query ask for.
func paged[T any](c *call, list []T) []T {
	page, _ := asInt(c.query.Get("page"))
	count, _ := asInt(c.query.Get("count"))
	if count < 1 || count > 300 {
		count = 100
	}
	from := min(int64(len(list)), (max(1, min(page, 1<<30))-1)*count)
	return list[from:min(int64(len(list)), from+count)]
}
