package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// statuses are what the webhooks of a resource said.
func (a *api) statuses(resource string) []string {
	var list []string
	for _, w := range a.sb.Webhooks() {
		if w.Resource == resource {
			list = append(list, w.Status)
		}
	}
	return list
}

// byID finds an element of a list by its id, however that is spelled.
func byID(list []any, id any) obj {
	spell := func(v any) string {
		if f, ok := v.(float64); ok {
			return itoa(int64(f))
		}
		return fmt.Sprint(v)
	}
	for _, v := range list {
		if o := v.(obj); spell(o["id"]) == spell(id) {
			return o
		}
	}
	return nil
}

func numberOf(v any) int64 { return int64(v.(float64)) }

// TestNewMasterIsBookedOnceThereIsEverything hires a master, gives her a service and hours, and books her.
func TestNewMasterIsBookedOnceThereIsEverything(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	a.post("/hooks_settings/4564", obj{
		"urls": []string{"https://app.example/hook"}, "active": 1, "master": 1, "service": 1, "service_category": 1, "self_sending": 1,
	}).want(201)
	d, _ := parseDay("2026-12-20")

	position := a.post("/company/4564/positions/quick/", obj{"title": "Стилист"}).want(201).data()["id"]
	hired := a.post("/company/4564/staff/quick", obj{"name": "Новый Мастер", "specialization": "Стилист", "position_id": position, "phone_number": nil}).want(201).data()
	master := numberOf(hired["id"])
	if hired["position"].(obj)["title"] != "Стилист" {
		t.Errorf("hired as %v", hired["position"])
	}
	category := numberOf(a.post("/service_categories/4564", obj{"title": "Новое", "weight": 3, "api_id": "c1"}).want(201).data()["id"])
	made := a.post("/services/4564", obj{
		"title": "Новая услуга", "category_id": category, "price_min": 1500, "price_max": 2000, "duration": 2700, "api_id": "s1",
		"staff": []obj{{"id": anna, "seance_length": 5400}},
	}).want(201).data()
	service := numberOf(made["id"])
	services := url.QueryEscape(fmt.Sprint(service))

	// The new master does nothing yet, Anna does it her own way.
	bookable := a.get("/book_staff/4564?service_ids[]=" + services).want(200).list()
	if len(bookable) != 1 || byID(bookable, anna) == nil {
		t.Errorf("who does it: %v", bookable)
	}
	link := fmt.Sprintf("/company/4564/services/%d/staff", service)
	a.post(link, obj{"master_id": master, "seance_length": 3600, "technological_card_id": nil}).want(201)
	if bookable = a.get("/book_staff/4564?service_ids[]=" + services).want(200).list(); byID(bookable, master)["bookable"] != false {
		t.Errorf("bookable without hours: %v", bookable)
	}
	a.call(http.MethodPut, "/api/v1/company/4564/staff/schedule", obj{"schedules_to_set": []obj{
		{"staff_id": master, "dates": []string{d.String()}, "slots": []obj{{"from": "10:00", "to": "11:00"}}},
	}}).want(200)
	if times := a.times(moscow, master, d, service); len(times) != 1 {
		t.Fatalf("an hour of work for an hour of service gives %v", times)
	}
	offered := byID(a.get(fmt.Sprintf("/book_services/4564?staff_id=%d", master)).want(200).data()["services"].([]any), service)
	if offered["seance_length"] != 3600.0 || offered["price_min"] != 1500.0 || offered["title"] != "Новая услуга" {
		t.Errorf("offered %v", offered)
	}

	one := fmt.Sprintf("%s/%d", link, master)
	a.call(http.MethodPut, "/api/v1"+one, obj{"seance_length": 1800, "technological_card_id": nil}).want(200)
	if times := a.times(moscow, master, d, service); len(times) < 2 {
		t.Errorf("half an hour of service in an hour of work gives %v", times)
	}
	a.call(http.MethodPut, fmt.Sprintf("/api/v1/services/4564/%d", service), obj{"title": "Иначе", "price_min": 1700, "price_max": 1700}).want(201)
	offered = byID(a.get(fmt.Sprintf("/book_services/4564?staff_id=%d", master)).want(200).data()["services"].([]any), service)
	if offered["price_min"] != 1700.0 || offered["title"] != "Иначе" {
		t.Errorf("after the change: %v", offered)
	}
	a.post("/company/4564/services/links", obj{"service_id": service, "resource_ids": []int{}, "translations": []any{}, "master_settings": []obj{
		{"master_id": master, "hours": 0, "minutes": 45, "price": obj{"min": 999.6, "max": nil}},
	}}).want(200)
	offered = byID(a.get(fmt.Sprintf("/book_services/4564?staff_id=%d", master)).want(200).data()["services"].([]any), service)
	if offered["price_min"] != 1000.0 || offered["seance_length"] != 2700.0 {
		t.Errorf("after the links: %v", offered)
	}
	if bookable = a.get("/book_staff/4564?service_ids[]=" + services).want(200).list(); byID(bookable, anna) != nil {
		t.Error("a master that the links leave out still does it")
	}
	if cat := a.get(fmt.Sprintf("/service_category/4564/%d", category)).want(200).data(); fmt.Sprint(cat["staff"]) != fmt.Sprintf("[%v]", float64(master)) {
		t.Errorf("the category: %v", cat)
	}
	if s := byID(a.get("/company/4564/services").want(200).list(), service); s["api_id"] != "s1" || byID(s["staff"].([]any), master)["seance_length"] != "2700" {
		t.Errorf("the list: %v", s)
	}
	booked := a.post("/book_record/4564", booking("79001112233", d.String()+"T10:00:00+03:00", master, service)).want(201).list()[0].(obj)

	a.call(http.MethodDelete, "/api/v1"+one, nil).want(204)
	a.call(http.MethodDelete, "/api/v1"+one, nil).want(404)
	a.call(http.MethodPut, "/api/v1"+one, obj{"seance_length": 1800, "technological_card_id": nil}).want(404)
	a.call(http.MethodDelete, fmt.Sprintf("/api/v1/service_category/4564/%d", category), nil).want(204)
	if r := a.get(fmt.Sprintf("/company/4564/services/%d", service)); r.status != http.StatusNotFound {
		t.Errorf("the service of a deleted category answered %d", r.status)
	}
	a.call(http.MethodDelete, fmt.Sprintf("/api/v1/staff/4564/%d", master), nil).want(204)
	a.call(http.MethodDelete, fmt.Sprintf("/api/v1/staff/4564/%d", master), nil).want(404)
	rec := a.get(fmt.Sprintf("/record/4564/%.0f", booked["record_id"])).want(200).data()
	if rec["staff"].(obj)["name"] != "Новый Мастер" || byID(rec["services"].([]any), service)["title"] != "Иначе" {
		t.Errorf("the record forgot: %v", rec)
	}
	for resource, want := range map[string][]string{
		"staff": {created, deleted}, "service_category": {created, deleted},
		"service": {created, updated, updated, updated, updated, updated, deleted},
	} {
		if got := a.statuses(resource); !slices.Equal(got, want) {
			t.Errorf("webhooks of %s: %v, want %v", resource, got, want)
		}
	}
}

func TestStaffIsHiddenAndDismissed(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	path := fmt.Sprintf("/api/v1/staff/4564/%d", anna)
	shown := func() bool { return byID(a.get("/book_staff/4564").want(200).list(), anna) != nil }
	got := a.call(http.MethodPut, path, obj{"hidden": 1, "specialization": "Иначе", "user_id": 7}).want(200).data()
	if got["hidden"] != 1.0 || got["user_id"] != 7.0 || shown() {
		t.Errorf("hidden: %v", got)
	}
	a.call(http.MethodPut, path, obj{"hidden": 0}).want(200)
	if !shown() {
		t.Error("a master who is shown again is not")
	}
	a.call(http.MethodPut, path, obj{"fired": 1}).want(200)
	if one := a.get(fmt.Sprintf("/company/4564/staff/%d", anna)).want(200).list()[0].(obj); shown() || one["fired"] != 1.0 || one["specialization"] != "Иначе" {
		t.Errorf("dismissed: %v", one)
	}
	made := a.post("/staff/4564", obj{"name": "Ещё", "weight": 10, "api_id": "42"}).want(201).data()
	if byID(a.get("/staff/4564").want(200).list(), made["id"].(float64)) == nil && byID(a.get("/company/4564/staff/").want(200).list(), made["id"]) == nil {
		t.Error("a new master is in no list")
	}
	a.post("/staff/4564", obj{"weight": 10}).want(422)
	a.call(http.MethodPut, path, obj{"name": ""}).want(422)
	a.post("/company/4564/staff/quick", obj{"name": "Ещё", "specialization": "x", "position_id": 999, "phone_number": nil}).want(422)
	a.post("/company/4564/staff/quick", obj{"name": "Ещё", "specialization": "x", "position_id": nil, "phone_number": "12"}).want(422)
}

func TestServicesThatAreNone(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	category := a.sb.state.company(moscow).categories[0].id
	for name, change := range map[string]obj{
		"no title": {"title": ""}, "no category": {"category_id": 1}, "negative": {"price_min": -1}, "upside down": {"price_min": 10, "price_max": 5},
		"too short": {"duration": 1}, "nobody": {"staff": []obj{{"id": 1, "seance_length": 3600}}}, "no length": {"staff": []obj{{"id": anna, "seance_length": 5}}},
		"huge": {"price_min": 1e300}, "a break": {"technical_break_duration": -5},
	} {
		body := obj{"title": "Новая", "category_id": category, "price_min": 1, "price_max": 5, "duration": 3600}
		for key, v := range change {
			body[key] = v
		}
		if r := a.post("/services/4564", body); r.status != 422 {
			t.Errorf("%s answered %d: %s", name, r.status, r.raw)
		}
	}
	a.post("/service_categories/4564", obj{"weight": 1}).want(422)
	a.get("/service_category/4564/1").want(404)
	a.post("/company/4564/services/links", obj{"service_id": 1, "resource_ids": []int{}, "translations": []any{}, "master_settings": []any{}}).want(404)
	a.post("/company/4564/services/links", obj{"service_id": haircut, "resource_ids": []int{999}, "translations": []any{}, "master_settings": []any{}}).want(422)
	a.post("/company/4564/services/links", obj{"service_id": haircut, "resource_ids": []int{}, "translations": []any{}, "master_settings": []obj{{"master_id": anna, "hours": 99999999999}}}).want(422)
	a.call(http.MethodDelete, "/api/v1/services/4564/1", nil).want(404)
	if list := a.get("/chain/1200/service_categories?include=services"); list.status != 200 {
		t.Errorf("the categories of the chain answered %d", list.status)
	}
}

// TestServiceRulesMoveFreeTimes changes when a service may begin.
func TestServiceRulesMoveFreeTimes(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	d, _ := parseDay("2026-12-20")
	a.call(http.MethodPut, "/api/v1/company/4564/staff/schedule", obj{"schedules_to_set": []obj{
		{"staff_id": anna, "dates": []string{d.String()}, "slots": []obj{{"from": "10:00", "to": "20:00"}}},
	}}).want(200)
	a.call(http.MethodPatch, fmt.Sprintf("/api/v1/company/4564/services/%d", haircut), obj{
		"title": "Стрижка", "booking_title": "Стрижка", "category_id": a.sb.state.company(moscow).categories[0].id, "price_min": 1300, "price_max": 1300,
		"duration": 3600, "is_multi": false, "tax_variant": 1, "vat_id": 3, "is_need_limit_date": false, "seance_search_start": 14 * hour,
		"seance_search_finish": 16 * hour, "step": 300, "seance_search_step": 3600,
	}).want(200)
	var got []string
	for _, at := range a.times(moscow, anna, d, haircut) {
		got = append(got, at[11:16])
	}
	if want := []string{"14:00", "15:00", "16:00"}; !slices.Equal(got, want) {
		t.Errorf("free times %v, want %v", got, want)
	}
}
