package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// The back office's view of services, categories, staff and working days.

func money(n int) string { return fmt.Sprintf("%d.00", n) }

// listServices has the true links between services and masters, with the
// length and price of each. Its numbers are strings.
func listServices(c *call) answer { return c.services(true) }

// listServicesDeprecated leaves the masters out.
func listServicesDeprecated(c *call) answer { return c.services(false) }

func (c *call) services(full bool) answer {
	staffID, _ := asInt(c.query.Get("staff_id"))
	categoryID, _ := asInt(c.query.Get("category_id"))
	list := []any{}
	for _, s := range c.company.services {
		if v := c.params["service_id"]; v != "" && v != itoa(s.id) {
			continue
		}
		if categoryID != 0 && s.category.id != categoryID {
			continue
		}
		if m := c.company.master(staffID); staffID != 0 {
			if m == nil {
				continue
			}
			if _, does := m.does[s.id]; !does {
				continue
			}
		}
		list = append(list, c.service(s, full))
	}
	if c.params["service_id"] != "" && len(list) == 0 {
		return failed(http.StatusNotFound, "Услуга не найдена.")
	}
	if !full {
		return enveloped(http.StatusOK, list, nil)
	}
	return enveloped(http.StatusOK, list, obj{"total_count": len(list)})
}

func (c *call) service(s *service, full bool) obj {
	staff := []any{}
	for _, m := range c.company.staff {
		k, ok := m.does[s.id]
		if !ok || !full || m.fired {
			continue
		}
		length := any(strconv.Itoa(k.length))
		if s.length == 0 {
			length = nil
		}
		staff = append(staff, obj{
			"id": itoa(m.id), "seance_length": length, "price": obj{"min": k.price, "max": k.priceMax},
		})
	}
	duration := any(s.length)
	if s.length == 0 {
		duration = nil
	}
	return obj{
		"id": itoa(s.id), "title": s.title, "category_id": itoa(s.category.id), "price_min": money(s.priceMin),
		"price_max": money(s.priceMax), "discount": "0", "comment": s.comment, "weight": itoa(int64(s.weight)),
		"active": itoa(int64(flag(s.online))), "api_id": s.apiID, "duration": duration, "staff": staff,
		"image_group": []any{},
	}
}

func listServiceCategories(c *call) answer {
	staffID, _ := asInt(c.query.Get("staff_id"))
	list := []any{}
	for _, cat := range c.company.categories {
		if v := c.params["id"]; v != "" && v != itoa(cat.id) {
			continue
		}
		staff := c.company.doers(cat)
		if staffID != 0 && !slices.Contains(staff, any(staffID)) {
			continue
		}
		list = append(list, obj{
			"id": cat.id, "salon_service_id": cat.id, "title": cat.title, "api_id": cat.apiID, "weight": cat.weight, "staff": staff,
		})
	}
	if c.params["id"] != "" && len(list) == 0 {
		return failed(http.StatusNotFound, "Категория услуг не существует.")
	}
	return enveloped(http.StatusOK, list, obj{"total_count": len(list)})
}

// listStaff has hidden and dismissed masters too, with their flags.
func listStaff(c *call) answer { return c.staff(false) }

// listStaffDeprecated needs the partner token only; its numbers are strings.
func listStaffDeprecated(c *call) answer { return c.staff(true) }

func (c *call) staff(deprecated bool) answer {
	list := []any{}
	for _, m := range c.company.staff {
		if v := c.params["staff_id"]; v != "" && v != itoa(m.id) {
			continue
		}
		list = append(list, c.staffDoc(m, deprecated))
	}
	if v := c.params["staff_id"]; v != "" && len(list) == 0 {
		return failed(http.StatusNotFound, fmt.Sprintf("Сотрудник с ID %s не найден в филиале %d.", clip(v), c.company.id))
	}
	if deprecated {
		return enveloped(http.StatusOK, list, nil)
	}
	return enveloped(http.StatusOK, list, obj{"total_count": len(list)})
}

// staffDoc spells a member of staff; the older list has strings for numbers.
func (c *call) staffDoc(m *master, deprecated bool) obj {
	o := obj{
		"id": m.id, "api_id": nil, "name": m.name, "company_id": c.company.id, "specialization": m.specialty,
		"position": position(m), "avatar": c.avatar(m), "avatar_big": c.avatar(m), "rating": m.rating,
		"votes_count": m.votes, "comments_count": m.comments, "weight": m.weight, "information": m.info,
		"fired": flag(m.fired), "status": 0, "hidden": flag(m.hidden), "user_id": m.userID, "image_group": []any{},
	}
	if m.apiID != "" {
		o["api_id"] = m.apiID
	}
	if deprecated {
		delete(o, "company_id")
		o["id"] = itoa(m.id)
		o["show_rating"] = "1"
		for _, key := range []string{"rating", "votes_count", "comments_count", "weight", "fired", "status", "hidden"} {
			o[key] = fmt.Sprint(o[key])
		}
	}
	return o
}

// listStaffSchedules gives working intervals and, when asked for, what is busy
// in them, as HH:MM of the company.
func listStaffSchedules(c *call) answer {
	from, okFrom := parseDay(c.query.Get("start_date"))
	to, okTo := parseDay(c.query.Get("end_date"))
	if !okFrom || !okTo || to.before(from) {
		return invalid("start_date", "end_date")
	}
	if limit := from.add(maxRange); limit.before(to) {
		to = limit
	}
	var only []int64
	for _, v := range slices.Concat(c.query["staff_ids[]"], c.query["staff_ids"]) {
		n, ok := asInt(v)
		if !ok {
			return invalid("staff_ids")
		}
		only = append(only, n)
	}
	include := slices.Concat(c.query["include[]"], c.query["include"])
	list := []any{}
	for _, m := range c.company.staff {
		if m.fired || len(only) > 0 && !slices.Contains(only, m.id) {
			continue
		}
		for d := from; !to.before(d); d = d.add(1) {
			if o := c.scheduleDay(m, d, include); o != nil {
				list = append(list, o)
			}
		}
	}
	return enveloped(http.StatusOK, list, obj{"count": len(list)})
}

// scheduleDay spells one day; a day without work has no slots.
func (c *call) scheduleDay(m *master, d day, include []string) obj {
	slots := c.slotsOf(m, d)
	o := obj{"staff_id": m.id, "date": d.String(), "slots": slots}
	if slices.Contains(include, "busy_intervals") {
		o["busy_intervals"] = c.busyIntervals(m, d)
	}
	if slices.Contains(include, "off_day_type") {
		o["off_day_type"] = nil
		if len(slots) == 0 {
			o["off_day_type"] = 3
		}
	}
	return o
}

var hookFlags = []string{
	"salon", "service_category", "service", "master", "good", "client", "record", "schedule", "loyalty_card",
	"goods_operations_sale", "goods_operations_receipt", "goods_operations_consumable", "goods_operations_stolen",
	"goods_operations_move", "finances_operation", "self_sending",
}

// newHooks is what a location has that nobody has set.
func newHooks() obj {
	o := obj{"urls": []any{}, "active": 0}
	for _, f := range hookFlags {
		o[f] = 0
	}
	return o
}

func getHooksSettings(c *call) answer { return enveloped(http.StatusOK, copyOf(c.company.hooks), nil) }

// setHooksSettings replaces the settings of the whole location, the addresses
// of other applications included. Nothing is ever sent to them from here.
func setHooksSettings(c *call) answer {
	urls, ok := c.body["urls"].([]any)
	if !ok || len(urls) < 1 || len(urls) > 10 {
		return invalid("urls")
	}
	next := newHooks()
	for _, u := range urls {
		s, ok := asText(u)
		if !ok || s == "" {
			return invalid("urls")
		}
	}
	next["urls"] = urls
	for _, f := range append([]string{"active"}, hookFlags...) {
		next[f] = flag(asFlag(c.body[f]))
	}
	c.company.hooks = next
	c.applied = true
	return enveloped(http.StatusCreated, copyOf(next), nil)
}

func copyOf(o obj) obj {
	out := make(obj, len(o))
	for k, v := range o {
		out[k] = v
	}
	return out
}
