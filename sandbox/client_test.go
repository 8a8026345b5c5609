package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"
)

// found searches clients and returns the answer.
func (a *api) found(body obj) reply { return a.post("/company/4564/clients/search", body).want(200) }

// foundIDs are the ids of a search, in its order.
func (a *api) foundIDs(filters ...obj) []int64 {
	list := []int64{}
	for _, v := range a.found(obj{"filters": filters, "page_size": 200}).list() {
		list = append(list, int64(v.(obj)["id"].(float64)))
	}
	return list
}

func filter(kind string, state obj) obj { return obj{"type": kind, "state": state} }

func TestClientIsOneCardEverywhere(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	a.post("/hooks_settings/4564", obj{"urls": []string{"https://app.example/hook"}, "active": 1, "client": 1, "self_sending": 1}).want(201)
	label := a.post("/labels/4564/clients/create", obj{"title": "Постоянный", "color": "#112233"}).want(200).data()["id"]
	made := a.post("/clients/4564", obj{
		"name": "Анна", "surname": "Пример", "phone": "+7 900 000-55-01", "email": "anna@example.com", "sex_id": 2, "importance_id": 3,
		"discount": 7.5, "card": "777001", "birth_date": "1990-05-04", "spent": 1000, "categories": []any{label}, "custom_fields": obj{"size": "M"},
	}).want(201).data()
	id := int64(made["id"].(float64))
	path := fmt.Sprintf("/client/4564/%d", id)
	if made["sex"] != "Женский" || made["importance"] != "Золото" || made["phone"] != "+79000005501" || made["custom_fields"].(obj)["size"] != "M" {
		t.Errorf("made %v", made)
	}
	labels := made["categories"].([]any)
	if len(labels) != 1 || labels[0].(obj)["title"] != "Постоянный" {
		t.Errorf("labels %v", labels)
	}
	a.post("/clients/4564", obj{"name": "Другая", "phone": "79000005501"}).want(422)

	// A booking of the phone is the card's, and so is the visit.
	at := a.offered(moscow, anna, haircut)
	booked := a.post("/book_record/4564", booking("79000005501", at, anna, haircut)).want(201).list()[0].(obj)
	rec := a.get(fmt.Sprintf("/record/4564/%.0f", booked["record_id"])).want(200).data()
	if k := rec["client"].(obj); k["id"] != made["id"] || k["name"] != "Анна" || k["surname"] != "Пример" || k["discount"] != 7.5 {
		t.Errorf("the record has another client: %v", k)
	}
	visits := a.post("/company/4564/clients/visits/search", obj{
		"client_id": id, "client_phone": nil, "from": nil, "to": nil, "payment_statuses": []any{}, "attendance": nil,
	}).want(200).data()["records"].([]any)
	if len(visits) != 1 || visits[0].(obj)["id"] != booked["record_id"] {
		t.Errorf("visits: %v", visits)
	}

	a.call(http.MethodPut, "/api/v1"+path, obj{"name": "Анна", "phone": "79000005502", "labels": obj{}}).want(200)
	got := a.get(path).want(200).data()
	if got["phone"] != "+79000005502" || got["surname"] != "Пример" || len(got["categories"].([]any)) != 0 {
		t.Errorf("after the change: %v", got)
	}
	if rec := a.get(fmt.Sprintf("/record/4564/%.0f", booked["record_id"])).want(200).data(); rec["client"].(obj)["phone"] != "+79000005502" {
		t.Errorf("the record has the old phone: %v", rec["client"])
	}
	a.post(fmt.Sprintf("/company/4564/clients/%d/comments", id), obj{"text": "x"}).want(201)

	a.call(http.MethodDelete, "/api/v1"+path, nil).want(204)
	a.call(http.MethodDelete, "/api/v1"+path, nil).want(404)
	a.get(path).want(404)
	a.get(fmt.Sprintf("/company/4564/clients/%d/comments", id)).want(404)
	if ids := a.foundIDs(filter("quick_search", obj{"value": "0005502"})); len(ids) != 0 {
		t.Errorf("a deleted client is found: %v", ids)
	}

	var told []string
	for _, w := range a.sb.Webhooks() {
		told = append(told, w.Resource+" "+w.Status)
	}
	if want := []string{"client create", "client update", "client delete"}; !slices.Equal(told, want) {
		t.Errorf("webhooks %v, want %v", told, want)
	}
}

func TestBookedClientIsFound(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	before := a.found(obj{}).body["meta"].(obj)["total_count"].(float64)
	at := a.offered(moscow, anna, haircut)
	a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(201)
	r := a.found(obj{"fields": []string{"id", "phone", "name", "visits_count", "nonsense"}, "filters": []obj{filter("quick_search", obj{"value": "+7 900 111-22-33"})}})
	if len(r.list()) != 1 || r.body["meta"].(obj)["total_count"] != 1.0 {
		t.Fatalf("got %s", r.raw)
	}
	k := r.list()[0].(obj)
	if k["phone"] != "+79001112233" || k["visits_count"] != 0.0 || len(k) != 4 {
		t.Errorf("got %v", k)
	}
	if after := a.found(obj{}).body["meta"].(obj)["total_count"].(float64); after != before+1 {
		t.Errorf("%v clients, want %v", after, before+1)
	}
	if list := a.get("/clients/4564?phone=79001112233").want(200).list(); len(list) != 1 || list[0].(obj)["id"] != k["id"] {
		t.Errorf("the list of v1: %v", list)
	}
	if one := a.get("/group/1200/clients/?phone=79001112233").want(200).data()["clients"].([]any); len(one) != 1 || one[0].(obj)["id"] != k["id"] {
		t.Errorf("the chain: %v", one)
	}
}

func TestSearchClientsFilters(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	enter := func(o obj) int64 {
		return int64(a.post("/clients/4564", o).want(201).data()["id"].(float64))
	}
	first := enter(obj{"name": "Ааа", "phone": "79000005501", "sex_id": 1, "birth_date": "1985-03-01", "spent": 90000000})
	second := enter(obj{"name": "Ббб", "phone": "79000005502", "sex_id": 2, "birth_date": "1995-03-01", "spent": 95000000, "importance_id": 2})
	for name, test := range map[string]struct {
		filters []obj
		want    []int64
	}{
		"ids":          {[]obj{filter("id", obj{"value": []int64{second, first, 1}})}, []int64{first, second}},
		"and":          {[]obj{filter("sold_amount", obj{"from": 90000000}), filter("gender", obj{"value": []int{2}})}, []int64{second}},
		"birthday":     {[]obj{filter("birthday", obj{"from": "1985-01-01", "to": "1985-12-31"})}, []int64{first}},
		"importance":   {[]obj{filter("importance", obj{"value": []int{2}})}, []int64{second}},
		"invert":       {[]obj{filter("sold_amount", obj{"from": 90000000}), filter("gender", obj{"value": []int{2}, "invert": true})}, []int64{first}},
		"nested":       {[]obj{filter("client", obj{"id": obj{"value": []int64{first, second}}, "birthday": obj{"to": "1990-01-01"}})}, []int64{first}},
		"without card": {[]obj{filter("has_passteam_card", obj{"value": true})}, []int64{}},
		"no records":   {[]obj{filter("record", obj{"records_count": obj{"from": 0, "to": 0}}), filter("sold_amount", obj{"from": 90000000})}, []int64{first, second}},
	} {
		if got := a.foundIDs(test.filters...); !slices.Equal(got, test.want) {
			t.Errorf("%s: found %v, want %v", name, got, test.want)
		}
	}
	either := a.found(obj{"operation": "OR", "order_by": "name", "order_by_direction": "desc", "fields": []string{"name"}, "filters": []obj{
		filter("id", obj{"value": []int64{first}}), filter("id", obj{"value": []int64{second}}),
	}}).list()
	if fmt.Sprint(either) != "[map[name:Ббб] map[name:Ааа]]" {
		t.Errorf("either: %v", either)
	}
	// Who came to the master, counted from the records.
	came := map[float64]bool{}
	for page := 1; ; page++ {
		list := a.get(fmt.Sprintf("/records/4564?staff_id=%d&count=300&page=%d", anna, page)).want(200).list()
		for _, v := range list {
			if k, ok := v.(obj)["client"].(obj); ok && v.(obj)["attendance"] == 1.0 {
				came[k["id"].(float64)] = true
			}
		}
		if len(list) == 0 {
			break
		}
	}
	total := a.found(obj{"filters": []obj{filter("record", obj{"staff": obj{"value": []int64{anna}}, "status": obj{"value": []int{3}}})}}).body["meta"].(obj)["total_count"]
	if total != float64(len(came)) || len(came) == 0 {
		t.Errorf("%v clients came to the master, the records say %d", total, len(came))
	}
	for _, bad := range []obj{filter("nonsense", obj{}), filter("id", obj{"value": "x"}), {"type": "id"}, filter("birthday", obj{"from": "soon"}), filter("client", obj{"client": obj{}})} {
		if r := a.post("/company/4564/clients/search", obj{"filters": []obj{bad}}); r.status != 400 && r.status != 422 {
			t.Errorf("%v answered %d", bad, r.status)
		}
	}
	a.post("/company/4564/clients/search", obj{"page_size": 201}).want(422)
}

func TestSearchClientsPages(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	var ids []float64
	for page := 1; ; page++ {
		list := a.found(obj{"page": page, "page_size": 50}).list()
		if len(list) == 0 {
			break
		}
		for _, v := range list {
			ids = append(ids, v.(obj)["id"].(float64))
		}
	}
	if len(ids) != len(a.sb.state.company(moscow).clients) || !slices.IsSorted(ids) {
		t.Errorf("%d ids, want %d in order", len(ids), len(a.sb.state.company(moscow).clients))
	}
	listed := 0
	for page := 1; ; page++ {
		list := a.get(fmt.Sprintf("/clients/4564?count=300&page=%d", page)).want(200).list()
		if len(list) == 0 {
			break
		}
		listed += len(list)
	}
	if listed != len(ids) {
		t.Errorf("the list of v1 has %d clients, the search %d", listed, len(ids))
	}
	a.get("/clients/4564?changed_after=2030-01-01").want(200)
	a.get("/clients/4564?changed_after=soon").want(422)
}

func TestClientsInBulk(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	data := a.post("/clients/4564/bulk", []obj{
		{"name": "Ааа", "phone": "79000005501"}, {"name": "Ббб", "phone": "+79000005501"}, {"name": "Ввв", "phone": "123"}, {"name": " ", "phone": "79000005502"},
	}).want(200).data()
	if len(data["created"].([]any)) != 1 || len(data["errors"].([]any)) != 3 {
		t.Fatalf("got %v", data)
	}
	for i, want := range []string{samePast, badPhone, noName} {
		if e := data["errors"].([]any)[i].(obj); e["error"] != want {
			t.Errorf("got %v, want %q", e, want)
		}
	}
	if ids := a.foundIDs(filter("quick_search", obj{"value": "79000005501"})); len(ids) != 1 {
		t.Errorf("found %v", ids)
	}
	a.post("/clients/4564", obj{"name": "Ааа", "phone": "79000005509", "sex_id": 9}).want(422)
	a.post("/clients/4564", obj{"name": "Ааа", "phone": "79000005509", "birth_date": "1990-13-01"}).want(422)
	a.get("/client/4564/1").want(404)
}

// TestVisitsOfAClient pages through a history by the periods that it names.
func TestVisitsOfAClient(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	const phone, want = "79000005501", 30
	for n := range want {
		a.post("/records/4564", obj{
			"staff_id": anna, "services": []obj{{"id": haircut}}, "client": obj{"phone": phone, "name": "Марина"}, "save_if_busy": true,
			"datetime": fmt.Sprintf("2027-01-%02d 12:00:00", n+1), "seance_length": 3600,
		}).want(201)
	}
	req := obj{"client_id": nil, "client_phone": phone, "from": nil, "to": nil, "payment_statuses": []string{"not_paid"}, "attendance": nil}
	seen := map[any]bool{}
	for range 10 {
		r := a.post("/company/4564/clients/visits/search", req).want(200)
		for _, v := range r.data()["records"].([]any) {
			seen[v.(obj)["id"]] = true
		}
		next, ok := r.body["meta"].(obj)["dateCursor"].(obj)["next"].(obj)
		if !ok {
			break
		}
		req["from"], req["to"] = next["from"], next["to"]
	}
	if len(seen) != want {
		t.Errorf("%d visits, want %d", len(seen), want)
	}
	a.post("/company/4564/clients/visits/search", obj{"client_id": nil, "client_phone": nil, "from": nil, "to": nil, "payment_statuses": []any{}, "attendance": nil}).want(422)
	a.post("/company/4564/clients/visits/search", obj{"client_id": 1, "client_phone": nil, "from": nil, "to": nil, "payment_statuses": []any{}, "attendance": nil}).want(404)
}

// TestSalonOperationsKeepTheSamples makes a valid call of every operation that is played on the salon and compares the
// answer with what is printed.
func TestSalonOperationsKeepTheSamples(t *testing.T) {
	t.Parallel()
	sb := New(WithLimits(Off), WithNow(noonClock))
	defer sb.Close()
	all := map[string]*model{}
	for _, part := range []func() map[string]*model{clientModels, scheduleModels, staffModels, serviceModels, visitModels} {
		maps.Copy(all, part())
	}
	for id := range all {
		c := &conformer{t: t, op: mustLookup(t, id), sb: sb}
		if c.op.Method != http.MethodGet {
			c.sb = New(WithLimits(Off), WithNow(noonClock))
			defer c.sb.Close()
		}
		w := c.send(PartnerToken, UserToken, true, c.path(), c.body())
		if !slices.Contains(c.op.Statuses, w.Code) && (len(c.op.Statuses) > 0 || w.Code >= 300) {
			t.Errorf("%s answered %d, want one of %v: %s", id, w.Code, c.op.Statuses, w.Body)
			continue
		}
		for _, d := range c.differs(w.Body.Bytes()) {
			t.Error(d)
		}
	}
}

func noonClock() time.Time { return noon }
