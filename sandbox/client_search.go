package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Finding clients: the list of v1, the search of the back office with its filters, and the visits of one client.

// Paging of the list and of the search.
const (
	clientsDefault = 25
	clientsCap     = 300
)

// pageOf cuts a page out of a list; pages count from 1.
func pageOf[T any](list []T, page, count int64) []T {
	from := min(int64(len(list)), (max(1, min(page, 1<<30))-1)*count)
	return list[from:min(int64(len(list)), from+count)]
}

func listClientsDeprecated(c *call) answer {
	q := c.query
	count, _ := asInt(q.Get("count"))
	if count < 1 || count > clientsCap {
		count = clientsDefault
	}
	page, _ := asInt(q.Get("page"))
	after, okAfter := c.changeBound(q.Get("changed_after"))
	before, okBefore := c.changeBound(q.Get("changed_before"))
	if !okAfter || !okBefore {
		return invalid("changed_after", "changed_before")
	}
	least, hasLeast := asFloat(q.Get("paid_min"))
	most, hasMost := asFloat(q.Get("paid_max"))
	histories := c.company.histories()
	var found []*client
	for _, k := range c.company.clients {
		spent := amount(k.more, "spent") + histories[k].soldOrNone()
		switch {
		case q.Get("id") != "" && q.Get("id") != itoa(k.id),
			q.Get("fullname") != "" && !contains(k.fullName(), q.Get("fullname")),
			q.Get("phone") != "" && !strings.Contains(k.phone, cmp.Or(digitsOf(q.Get("phone")), "?")),
			q.Get("email") != "" && !contains(k.email, q.Get("email")),
			q.Get("card") != "" && q.Get("card") != text(k.more, "card"),
			hasLeast && spent < least, hasMost && spent > most,
			!after.IsZero() && k.changed.Before(after), !before.IsZero() && k.changed.After(before):
			continue
		}
		found = append(found, k)
	}
	list := []any{}
	for _, k := range pageOf(found, page, count) {
		list = append(list, c.shown(c.card(c.company, k, histories[k].orNone())))
	}
	return enveloped(http.StatusOK, list, obj{"page": max(1, page), "total_count": len(found)})
}

// changeBound reads a bound of the last change: a moment or a day; the zero time is none.
func (c *call) changeBound(v string) (time.Time, bool) {
	if v == "" {
		return time.Time{}, true
	}
	if t, ok := asMoment(v, c.company.zone); ok {
		return t, true
	}
	d, ok := parseDay(v)
	if !ok {
		return time.Time{}, false
	}
	return d.at(0, c.company.zone), true
}

func (h *history) orNone() *history {
	if h == nil {
		return &history{}
	}
	return h
}

func (h *history) soldOrNone() float64 { return h.orNone().sold }

// searched is a client with what its records add up to.
type searched struct {
	*client
	*history
	zone *time.Location
}

func (s *searched) spent() float64 { return amount(s.more, "spent") + s.sold }

// field spells a field of the search.
func (s *searched) field(name string) any {
	switch name {
	case "id":
		return s.id
	case "name":
		return s.name
	case "surname", "patronymic", "card", "birth_date", "comment":
		return text(s.more, name)
	case "phone":
		return "+" + s.phone
	case "email":
		return s.email
	case "discount":
		return amount(s.more, "discount")
	case "first_visit_date":
		return s.moment(s.first)
	case "last_visit_date":
		return s.moment(s.last)
	case "sold_amount":
		return s.spent()
	case "visits_count":
		return s.visits
	case "passteam_card_id":
		return ""
	}
	return nil
}

func (s *searched) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(s.zone).Format(salonTime)
}

// compareBy orders two clients by a field; those that are equal stay as they were.
func compareBy(name string, a, b *searched) int {
	switch x := a.field(name).(type) {
	case string:
		return strings.Compare(strings.ToLower(x), strings.ToLower(b.field(name).(string)))
	case float64:
		return cmp.Compare(x, b.field(name).(float64))
	case int64:
		return cmp.Compare(x, b.field(name).(int64))
	case int:
		return cmp.Compare(x, b.field(name).(int))
	}
	return 0
}

// searchClients answers with the fields that were asked for and nothing else.
func searchClients(c *call) answer {
	filters, _ := c.body["filters"].([]any)
	either := strings.EqualFold(text(c.body, "operation"), "OR") && len(filters) > 0
	var tests []func(*searched) bool
	for _, v := range filters {
		f, _ := v.(obj)
		state, _ := f["state"].(obj)
		test, ok := clientFilter(text(f, "type"), state)
		if !ok {
			return badFilter()
		}
		tests = append(tests, test)
	}
	histories := c.company.histories()
	var found []*searched
	for _, k := range c.company.clients {
		s := &searched{k, histories[k].orNone(), c.company.zone}
		passed := 0
		for _, test := range tests {
			passed += flag(test(s))
		}
		if either && passed > 0 || !either && passed == len(tests) {
			found = append(found, s)
		}
	}
	by := cmp.Or(strings.ToLower(text(c.body, "order_by")), "id")
	slices.SortStableFunc(found, func(a, b *searched) int {
		if strings.EqualFold(text(c.body, "order_by_direction"), "DESC") {
			a, b = b, a
		}
		return compareBy(by, a, b)
	})
	list := []any{}
	for _, s := range pageOf(found, number(c.body, "page"), cmp.Or(max(0, number(c.body, "page_size")), clientsDefault)) {
		list = append(list, s.fields(c.body["fields"]))
	}
	return enveloped(http.StatusOK, list, obj{"total_count": len(found)})
}

// fields are those that were asked for; a name that nobody knows is left out.
func (s *searched) fields(asked any) obj {
	names, _ := asked.([]any)
	if len(names) == 0 {
		names = []any{"id"}
	}
	o := obj{}
	for _, v := range names {
		name, _ := asText(v)
		if value := s.field(name); value != nil {
			o[name] = value
		}
	}
	return o
}

// badFilter is the documented refusal of a filter that is not one.
func badFilter() answer {
	return answer{status: http.StatusBadRequest, body: obj{"success": false, "data": nil, "meta": obj{
		"message": "Недопустимое значение фильтра", "errors": obj{"filters": []string{"Недопустимое значение состояния фильтра"}},
	}}}
}

// clientFilter reads one filter; false when it is unknown or its state is not of its kind.
func clientFilter(kind string, state obj) (func(*searched) bool, bool) {
	if state == nil {
		return nil, false
	}
	test, ok := plainFilter(kind, state)
	if !ok {
		return nil, false
	}
	if asFlag(state["invert"]) {
		return func(s *searched) bool { return !test(s) }, true
	}
	return test, true
}

func plainFilter(kind string, state obj) (func(*searched) bool, bool) {
	switch kind {
	case "id":
		return oneOf(state, func(s *searched) []int64 { return []int64{s.id} })
	case "gender":
		return oneOf(state, func(s *searched) []int64 { return []int64{number(s.more, "sex_id")} })
	case "importance":
		return oneOf(state, func(s *searched) []int64 { return []int64{number(s.more, "importance_id")} })
	case "category":
		return oneOf(state, func(s *searched) []int64 { return idsOf(s.labels) })
	case "quick_search":
		part, ok := asText(state["value"])
		return func(s *searched) bool { return s.quick(part) }, ok
	case "sold_amount":
		return between(state, (*searched).spent)
	case "birthday":
		return datesBetween(state, func(s *searched) []string { return []string{text(s.more, "birth_date")} })
	case "record":
		return recordsFilter(state)
	case "client":
		return allOf(state)
	case "has_mobile_app":
		want, ok := state["value"].(bool)
		return func(s *searched) bool {
			return want == slices.ContainsFunc(s.records, func(r *record) bool { return r.mobile })
		}, ok
	case "has_passteam_card":
		want, ok := state["value"].(bool)
		return func(*searched) bool { return !want }, ok
	case "passteam_card_ids":
		_, ok := state["value"].([]any)
		return func(*searched) bool { return false }, ok
	case "sale", "sms_notification": // nobody has bought anything or been written to
		return func(*searched) bool { return false }, true
	}
	return nil, false
}

func idsOf(list []string) []int64 {
	var out []int64
	for _, v := range list {
		if n, ok := asInt(v); ok {
			out = append(out, n)
		}
	}
	return out
}

// oneOf wants one of the values of a state.
func oneOf(state obj, of func(*searched) []int64) (func(*searched) bool, bool) {
	wanted, ok := ids(state["value"])
	return func(s *searched) bool {
		return slices.ContainsFunc(of(s), func(v int64) bool { return slices.Contains(wanted, v) })
	}, ok
}

// between wants a number from one bound to the other, both included.
func between(state obj, of func(*searched) float64) (func(*searched) bool, bool) {
	from, hasFrom := asFloat(state["from"])
	to, hasTo := asFloat(state["to"])
	ok := (hasFrom || state["from"] == nil) && (hasTo || state["to"] == nil)
	return func(s *searched) bool {
		v := of(s)
		return (!hasFrom || v >= from) && (!hasTo || v <= to)
	}, ok
}

// datesBetween wants one of several dates, spelled yyyy-mm-dd, from one bound to the other, both included.
func datesBetween(state obj, of func(*searched) []string) (func(*searched) bool, bool) {
	from, to := text(state, "from"), text(state, "to")
	for _, v := range []string{from, to} {
		if _, err := time.Parse(time.DateOnly, v); v != "" && err != nil {
			return nil, false
		}
	}
	return func(s *searched) bool {
		return slices.ContainsFunc(of(s), func(v string) bool {
			return v != "" && (from == "" || v >= from) && (to == "" || v <= to)
		})
	}, true
}

// allOf has filters as keys and their states as values.
func allOf(state obj) (func(*searched) bool, bool) {
	var tests []func(*searched) bool
	for kind, v := range state {
		inner, _ := v.(obj)
		if kind == "invert" {
			continue
		}
		if kind == "client" {
			return nil, false
		}
		test, ok := clientFilter(kind, inner)
		if !ok {
			return nil, false
		}
		tests = append(tests, test)
	}
	return func(s *searched) bool {
		return !slices.ContainsFunc(tests, func(t func(*searched) bool) bool { return !t(s) })
	}, true
}

// attendanceOf translates the numbering of this filter: 1 no-show, 2 waiting, 3 came, 4 confirmed.
var attendanceOf = map[int64]int{1: -1, 2: 0, 3: 1, 4: 2}

// recordsFilter picks the records of a client that fit all parts and counts them; without a bound one is enough.
func recordsFilter(state obj) (func(*searched) bool, bool) {
	valid := true
	values := func(key string) []int64 {
		inner, _ := state[key].(obj)
		if state[key] == nil || inner["value"] == nil {
			return nil
		}
		list, ok := ids(inner["value"])
		valid = valid && ok
		return list
	}
	staff, services, categories, statuses := values("staff"), values("service"), values("service_category"), values("status")
	days, _ := state["created"].(obj)
	from, to := text(days, "from"), text(days, "to")
	for _, v := range []string{from, to} {
		if _, ok := parseDay(v); v != "" && !ok {
			return nil, false
		}
	}
	fits := func(r *record, zone *time.Location) bool {
		does := func(wanted []int64, of func(*service) int64) bool {
			return len(wanted) == 0 || slices.ContainsFunc(r.services, func(s *service) bool { return slices.Contains(wanted, of(s)) })
		}
		made := dayOf(r.created, zone).String()
		return (len(staff) == 0 || slices.Contains(staff, r.staff.id)) &&
			does(services, func(s *service) int64 { return s.id }) && does(categories, func(s *service) int64 { return s.category.id }) &&
			(len(statuses) == 0 || slices.ContainsFunc(statuses, func(v int64) bool { a, known := attendanceOf[v]; return known && a == r.attendance })) &&
			(from == "" || made >= from) && (to == "" || made <= to)
	}
	count, _ := state["records_count"].(obj)
	sold, _ := state["sold_amount"].(obj)
	picked := func(s *searched) (n, sum float64) {
		for _, r := range s.records {
			if fits(r, s.zone) {
				n++
				sum += r.cost()
			}
		}
		return n, sum
	}
	enough, okCount := between(count, func(s *searched) float64 { n, _ := picked(s); return n })
	worth, okSold := between(sold, func(s *searched) float64 { _, sum := picked(s); return sum })
	return func(s *searched) bool {
		n, _ := picked(s)
		return (n > 0 || count["to"] != nil || count["from"] != nil) && enough(s) && worth(s)
	}, valid && okCount && okSold
}

// visitsPage is after how many visits a page of searchClientVisits ends, together with the day.
const visitsPage = 25

// searchClientVisits lists the visits of a client, the newest first, in pages of whole days.
func searchClientVisits(c *call) answer {
	var k *client
	if id, given := asInt(c.body["client_id"]); given {
		k = c.company.client(id)
	} else if phone := text(c.body, "client_phone"); phone != "" {
		k = c.company.clientByPhone(digitsOf(phone))
	} else {
		return invalid("client_id", "client_phone")
	}
	if k == nil {
		return failed(http.StatusNotFound, "Клиент не найден")
	}
	zone := c.company.zone
	from, _ := parseDay(text(c.body, "from"))
	to, hasTo := parseDay(text(c.body, "to"))
	attendance, byAttendance := asInt(c.body["attendance"])
	statuses, _ := c.body["payment_statuses"].([]any)
	var found []*record
	for _, r := range c.company.history(k).records {
		d := dayOf(r.start, zone)
		if !d.before(from) && (!hasTo || !to.before(d)) && (!byAttendance || int64(r.attendance) == attendance) &&
			(len(statuses) == 0 || listed(statuses, r.paymentStatus())) {
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b *record) int { return b.start.Compare(a.start) })
	n := min(len(found), visitsPage)
	for n > 0 && n < len(found) && dayOf(found[n].start, zone) == dayOf(found[n-1].start, zone) {
		n++
	}
	records := []any{}
	for _, r := range found[:n] {
		records = append(records, c.visitOf(r))
	}
	return enveloped(http.StatusOK, obj{"goods_transactions": []any{}, "records": records}, obj{"dateCursor": obj{
		"previous": nil, "current": daysOf(found[:n], zone), "next": daysOf(found[n:min(len(found), n+visitsPage)], zone),
	}})
}

// daysOf is the period of records that are sorted, the newest first; null when there are none.
func daysOf(list []*record, zone *time.Location) any {
	if len(list) == 0 {
		return nil
	}
	return obj{"from": dayOf(list[len(list)-1].start, zone).String(), "to": dayOf(list[0].start, zone).String(), "count": len(list)}
}

// visitOf spells a visit in the history of a client.
func (c *call) visitOf(r *record) obj {
	services := []any{}
	left := r.paid()
	for _, s := range r.services {
		price := float64(r.price(s))
		paid := min(left, price)
		left -= paid
		services = append(services, obj{
			"id": s.id, "title": s.title, "first_cost": price, "discount_percent": 0, "cost_to_pay": price, "paid_sum": paid,
			"payment_status": paymentStatus(paid, price), "consumables": []any{},
		})
	}
	return obj{
		"id": r.id, "comment": r.comment, "date": r.start.In(r.company.zone).Format(salonTime), "visit_id": r.visitID,
		"attendance": r.attendance, "services": services, "staff": obj{
			"id": r.staff.id, "name": r.staff.name, "company_id": r.company.id, "specialization": r.staff.specialty,
			"avatar": c.avatar(r.staff), "avatar_big": c.avatar(r.staff), "position": position(r.staff),
		},
		"company": obj{"id": r.company.id, "title": r.company.title}, "tips": obj{"has_tips": false, "sum": nil}, "comer": nil,
	}
}

// paymentStatus is the word for what was paid of a price.
func paymentStatus(paid, price float64) string {
	switch {
	case paid > price:
		return "paid_over"
	case paid == price && (paid > 0 || price == 0):
		return "paid_full"
	case paid > 0:
		return "paid_not_full"
	}
	return "not_paid"
}

func (r *record) paymentStatus() string { return paymentStatus(r.paid(), r.cost()) }
