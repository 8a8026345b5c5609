package sandbox

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func (r reply) code() any {
	meta, _ := r.body["meta"].(obj)
	return meta["code"]
}

func switches(t *testing.T, a *api, change func(*Switches)) {
	t.Helper()
	sw := a.sb.Switches()
	change(&sw)
	if err := a.sb.SetSwitches(sw); err != nil {
		t.Fatal(err)
	}
}

// TestSlotsAreHonest: whatever was booked before, no offered start lies over a
// record or outside of working time, every one can be booked, and it is not
// offered afterwards.
func TestSlotsAreHonest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		now := noon.Add(time.Duration(rapid.IntRange(0, 7*24*60).Draw(rt, "minutes")) * time.Minute)
		sb := New(WithSeed(rapid.Int64Range(1, 50).Draw(rt, "seed")), WithNow(func() time.Time { return now }))
		defer sb.Close()
		c := sb.state.companies[rapid.IntRange(0, 3).Draw(rt, "company")]
		m := rapid.SampledFrom(c.staff).Draw(rt, "master")
		var can []*service
		for _, s := range c.services {
			if _, ok := m.does[s.id]; ok {
				can = append(can, s)
			}
		}
		for range rapid.IntRange(1, 4).Draw(rt, "bookings") {
			services := rapid.SliceOfNDistinct(rapid.SampledFrom(can), 1, min(3, len(can)), func(s *service) int64 { return s.id }).Draw(rt, "services")
			length, _ := m.length(services)
			d := dayOf(now, c.zone).add(rapid.IntRange(0, 20).Draw(rt, "day"))
			slots := c.slots([]*master{m}, services, d, now)
			for _, s := range slots {
				v := span{s.start, s.start.Add(time.Duration(s.length) * time.Second)}
				for _, r := range c.records {
					if r.staff == m && !r.deleted && v.overlaps(span{r.start, r.end()}) {
						rt.Fatalf("%v lies over the record %v to %v", s.start, r.start, r.end())
					}
				}
				if !c.free(m, v, nil) || v.from.Before(now.Add(time.Duration(c.lead)*time.Minute)) || s.length != length {
					rt.Fatalf("%v for %d s is outside of working time, too soon or of another length than %d", s.start, s.length, length)
				}
			}
			if len(slots) == 0 {
				continue
			}
			slot := rapid.SampledFrom(slots).Draw(rt, "slot")
			call := &call{Sandbox: sb, company: c, now: now, body: obj{"fullname": "Имя"}}
			p := &placing{call: call}
			no := p.add(appointment{id: 1, services: services, staffID: m.id, start: slot.start})
			p.close()
			if m.hidden || m.fired {
				if no == nil {
					rt.Fatalf("a master who is not shown can be booked")
				}
				return
			}
			if no != nil {
				rt.Fatalf("an offered start is refused: %+v", no)
			}
			call.book(p.placed[0], "79001112233")
			for _, s := range c.slots([]*master{m}, services, d, now) {
				if s.start.Equal(slot.start) {
					rt.Fatalf("%v is offered after it was booked", s.start)
				}
			}
		}
	})
}

func TestRaceForOneTime(t *testing.T) {
	t.Parallel()
	a := setup(t)
	at := a.offered(moscow, anna, haircut)
	var wg sync.WaitGroup
	statuses := make([]string, 40)
	for i := range statuses {
		wg.Go(func() {
			req := a.request(http.MethodPost, "/api/v1/book_record/4564", booking(fmt.Sprintf("790011122%02d", i), at, anna, haircut))
			r, err := a.try(req)
			if err != nil {
				t.Error(err)
				return
			}
			statuses[i] = fmt.Sprint(r.status, r.code())
		})
	}
	wg.Wait()
	counts := map[string]int{}
	for _, s := range statuses {
		counts[s]++
	}
	if counts["201 <nil>"] != 1 || counts["422 433"] != 39 {
		t.Errorf("got %v, want one 201 and 39 refusals with 433", counts)
	}
}

func TestBookingRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t)
	at := a.offered(moscow, anna, haircut)
	with := func(change func(obj)) obj {
		b := booking("79001112233", at, anna, haircut)
		change(b)
		return b
	}
	appointment := func(key string, value any) obj {
		return with(func(b obj) { b["appointments"].([]obj)[0][key] = value })
	}
	for _, tt := range []struct {
		name   string
		body   obj
		status int
		code   any
	}{
		{"phone with a plus", with(func(b obj) { b["phone"] = "+79001112233" }), 422, 431.0},
		{"phone of letters", with(func(b obj) { b["phone"] = "phone" }), 422, 431.0},
		{"black list", with(func(b obj) { b["phone"] = BlacklistedPhone }), 403, 434.0},
		{"no name", with(func(b obj) { delete(b, "fullname") }), 422, 435.0},
		{"no email", with(func(b obj) { delete(b, "email") }), 422, nil},
		{"no appointments", with(func(b obj) { delete(b, "appointments") }), 422, nil},
		{"appointments of another type", with(func(b obj) { b["appointments"] = "x" }), 422, nil},
		{"no services", appointment("services", []int{}), 422, nil},
		{"services as objects", appointment("services", []obj{{"id": haircut}}), 422, nil},
		{"unknown service", appointment("services", []int{1}), 422, 438.0},
		{"service that is not online", appointment("services", []int{564036}), 422, 438.0},
		{"master who does not do it", appointment("staff_id", igor), 422, 433.0},
		{"hidden master", appointment("staff_id", 564509), 422, 433.0},
		{"no datetime", appointment("datetime", nil), 422, nil},
		{"broken datetime", appointment("datetime", "tomorrow"), 422, nil},
		{"past", appointment("datetime", "2026-11-01T12:00:00+03:00"), 422, 433.0},
		{"off the grid", appointment("datetime", "2026-11-26T12:07:00+03:00"), 422, 433.0},
		{"night", appointment("datetime", "2026-11-26T03:00:00+03:00"), 422, 433.0},
		{"beyond the horizon", appointment("datetime", "2027-06-26T12:00:00+03:00"), 422, 433.0},
		{"nobody free at night", with(func(b obj) {
			b["appointments"] = []obj{{"id": 1, "services": []int{haircut}, "staff_id": 0, "datetime": "2026-11-26T03:00:00+03:00"}}
		}), 422, 436.0},
		{"twice the same time", with(func(b obj) {
			one := b["appointments"].([]obj)[0]
			b["appointments"] = []obj{one, {"id": 2, "services": one["services"], "staff_id": anna, "datetime": at}}
		}), 422, 437.0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(a.sb.Records(moscow))
			r := a.post("/book_record/4564", tt.body)
			if r.status != tt.status || r.code() != tt.code {
				t.Errorf("got %d with code %v, want %d with %v: %s", r.status, r.code(), tt.status, tt.code, r.raw)
			}
			if after := len(a.sb.Records(moscow)); after != before {
				t.Error("a record was made")
			}
		})
	}
	a.post("/book_record/4564", with(func(obj) {})).want(201)
}

func TestWhereTheCodeStands(t *testing.T) {
	t.Parallel()
	a := setup(t)
	body := booking("79001112233", "2026-11-26T03:00:00+03:00", anna, haircut)
	for place, find := range map[string]func(obj) obj{
		CodeInMeta:   func(b obj) obj { return b["meta"].(obj) },
		CodeInErrors: func(b obj) obj { return b["errors"].(obj) },
		CodeOnTop:    func(b obj) obj { return b },
	} {
		switches(t, a, func(s *Switches) { s.ErrorCodeAt = place })
		r := a.post("/book_record/4564", body).want(422)
		if o := find(r.body); o["code"] != 433.0 || o["id"] != 1.0 {
			t.Errorf("%s: got %s", place, r.raw)
		}
	}
	switches(t, a, func(s *Switches) { s.ErrorCodeAt = CodeNowhere })
	if r := a.post("/book_check/4564", body).want(422); r.code() != nil || r.message() == "" {
		t.Errorf("none: got %s", r.raw)
	}
}

func TestSeveralAppointments(t *testing.T) {
	t.Parallel()
	for _, atomic := range []bool{true, false} {
		a := setup(t)
		switches(t, a, func(s *Switches) { s.AppointmentsAtomic = atomic })
		first := a.offered(moscow, anna, haircut)
		body := booking("79001112233", first, anna, haircut)
		body["appointments"] = []obj{
			{"id": 10, "services": []int{haircut}, "staff_id": anna, "datetime": first},
			{"id": 20, "services": []int{haircut}, "staff_id": mariaID, "datetime": "2026-11-26T03:00:00+03:00"},
		}
		before := len(a.sb.Records(moscow))
		r := a.post("/book_record/4564", body).want(422)
		if meta := r.body["meta"].(obj); meta["id"] != 20.0 {
			t.Errorf("the refusal names %v, want 20", meta["id"])
		}
		if made := len(a.sb.Records(moscow)) - before; made != flag(!atomic) {
			t.Errorf("atomic %v: %d records were made", atomic, made)
		}
		if last := a.sb.Ledger()[len(a.sb.Ledger())-1]; last.Applied != !atomic {
			t.Errorf("atomic %v: ledger says %+v", atomic, last)
		}
	}
}

func TestAnyMaster(t *testing.T) {
	t.Parallel()
	a := setup(t)
	d := dayOf(noon, time.UTC).add(4)
	union := a.times(moscow, 0, d, haircut)
	if len(union) == 0 {
		t.Fatal("nobody is free on a whole day")
	}
	var last []string
	for _, at := range union {
		a.post("/book_check/4564", booking("", at, 0, haircut)).want(201)
	}
	// Booking the same time again and again fills all masters, and ends on the
	// waiting list before it ends.
	at := union[len(union)/2]
	for range 20 {
		r := a.post("/book_record/4564", booking("79001112233", at, 0, haircut))
		if r.status != 201 {
			if r.code() != 436.0 {
				t.Errorf("got %s, want code 436", r.raw)
			}
			break
		}
		id := int64(r.list()[0].(obj)["record_id"].(float64))
		last = append(last, fmt.Sprint(a.sb.record(id).StaffID))
	}
	if len(last) == 0 || last[len(last)-1] != fmt.Sprint(waiting) {
		t.Errorf("masters in turn: %v, want the waiting list %d last", last, waiting)
	}
}

func TestStartsWithoutServicesDoNotFit(t *testing.T) {
	t.Parallel()
	a := setup(t)
	for n := range 20 {
		d := dayOf(noon, time.UTC).add(n)
		if len(a.times(moscow, anna, d)) > len(a.times(moscow, anna, d, 564012)) { // 210 minutes
			return
		}
	}
	t.Error("without services no more starts are offered than for the longest one")
}

func TestMasterAndServiceThatDoNotMatch(t *testing.T) {
	t.Parallel()
	a := setup(t)
	r := a.get(fmt.Sprintf("/book_times/4564/%d/2026-11-26?service_ids[]=%d", igor, haircut)).want(404)
	if r.message() != "Сотрудник недоступен для записи на выбранную услугу" {
		t.Errorf("got %q", r.message())
	}
	// A misspelt parameter is ignored in silence.
	a.get(fmt.Sprintf("/book_times/4564/%d/2026-11-26?service_id=%d", igor, haircut)).want(200)
	a.get("/book_times/4564/1/2026-11-26").want(404)
	a.get(fmt.Sprintf("/book_times/4564/%d/2026-13-45", igor)).want(422)
	a.get("/book_dates/4564?date_from=2026-12-01&date_to=2026-11-01").want(422)
}

func TestBookDates(t *testing.T) {
	t.Parallel()
	a := setup(t)
	data := a.get(fmt.Sprintf("/book_dates/4564?staff_id=%d&service_ids[]=%d&date=2026-12-24", anna, haircut)).want(200).data()
	booking, working := data["booking_dates"].([]any), data["working_dates"].([]any)
	if len(booking) == 0 || len(working) < len(booking) {
		t.Fatalf("%d free days, %d working days", len(booking), len(working))
	}
	if days := data["booking_days"].(obj)["12"].([]any); len(days) != len(booking) {
		t.Errorf("booking_days has %d days, booking_dates %d", len(days), len(booking))
	}
	for _, v := range booking {
		d, _ := parseDay(v.(string))
		if len(a.times(moscow, anna, d, haircut)) == 0 {
			t.Errorf("%s is free by book_dates and full by book_times", d)
		}
	}
	empty := a.get("/book_dates/4564?date=2026-01-01").want(200).data()
	if list, ok := empty["booking_days"].([]any); !ok || len(list) != 0 {
		t.Errorf("an empty object is %v, want []", empty["booking_days"])
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	a := setup(t)
	for company, offset := range map[int64]string{moscow: "+03:00", ural: "+05:00", east: "+10:00", stranger: "+02:00"} {
		staff := a.get(fmt.Sprintf("/book_staff/%d", company)).want(200).list()[0].(obj)
		r := a.get(fmt.Sprintf("/book_staff_seances/%d/%s/", company, staff["id"])).want(200).data()
		first := r["seances"].([]any)[0].(obj)
		at := first["datetime"].(string)
		if at[19:] != offset || at[11:16] != first["time"] || at[:10] != r["seance_date"] {
			t.Errorf("company %d: %v on %v, want offset %s", company, first, r["seance_date"], offset)
		}
	}
	// The three clocks of a record, in a salon whose day began before UTC's.
	at := a.offered(east, 566501, 566001)
	made := a.post("/book_record/4566", booking("79001112233", at, 566501, 566001)).want(201).list()[0].(obj)
	rec := a.as(UserToken).get(fmt.Sprintf("/record/4566/%.0f", made["record_id"])).want(200).data()
	if rec["datetime"] != at || rec["date"] != at[:10]+" "+at[11:19] || rec["create_date"] != "2026-11-24T13:00:00+1000" {
		t.Errorf("clocks are %v, %v, %v for %s", rec["date"], rec["datetime"], rec["create_date"], at)
	}
	switches(t, a, func(s *Switches) { s.WrongOffset = true })
	rec = a.as(UserToken).get(fmt.Sprintf("/record/4566/%.0f", made["record_id"])).want(200).data()
	if rec["date"] != at[:10]+" "+at[11:19] || rec["datetime"] != at[:19]+"+09:00" {
		t.Errorf("with a wrong offset the clocks are %v, %v", rec["date"], rec["datetime"])
	}
}

func TestEverySpellingOfAMomentBooks(t *testing.T) {
	t.Parallel()
	for _, layout := range []string{withColon, withoutColon, salonTime, "2006-01-02T15:04:05", "unix", "utc"} {
		a := setup(t)
		at, _ := asMoment(a.offered(moscow, anna, haircut), a.sb.state.company(moscow).zone)
		text := at.Format(layout)
		switch layout {
		case "unix":
			text = fmt.Sprint(at.Unix())
		case "utc":
			text = at.UTC().Format(time.RFC3339)
		}
		a.post("/book_record/4564", booking("79001112233", text, anna, haircut)).want(201)
	}
}

func TestCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Midnight of 2000-01-01 UTC is the bubble's clock.
		a := inMemory(t, WithLimits(Off))
		const phone = "79001112233"
		send := func() string {
			t.Helper()
			a.post("/book_code/4565", obj{"phone": phone, "fulname": "Имя"}).want(201)
			m := a.sb.SMS()[0]
			if m.Phone != phone || len(m.Code) != 5 || m.CompanyID != ural {
				t.Fatalf("got message %+v", m)
			}
			return m.Code
		}
		signIn := func(code string) reply { return a.post("/user/auth", obj{"phone": phone, "code": code}) }
		staff := a.get("/book_staff/4565?service_ids[]=565001").want(200).list()[0].(obj)
		free := a.get(fmt.Sprintf("/book_staff_seances/4565/%s?service_ids[]=565001", staff["id"])).want(200).data()["seances"].([]any)
		next := 0
		book := func(token, code string) reply {
			at := free[next].(obj)["datetime"].(string)
			id, _ := asInt(staff["id"])
			b := booking(phone, at, id, 565001)
			b["code"] = code
			r := a.as(token).post("/book_record/4565", b)
			if r.status == 201 {
				rec := r.list()[0].(obj)
				a.call(http.MethodDelete, fmt.Sprintf("/api/v1/user/records/%.0f/%s", rec["record_id"], rec["record_hash"]), nil)
			}
			return r
		}

		code := send()
		if r := book("", "00000").want(422); r.code() != 432.0 {
			t.Errorf("wrong code: %s", r.raw)
		}
		book("", code).want(201)
		book("", code).want(422) // used up
		signIn(code).want(401)

		code = send()
		token := signIn(code).want(201).data()["user_token"].(string)
		book(token, "").want(422) // the client's token alone is not enough
		switches(t, a, func(s *Switches) { s.ClientTokenNeedsCode = false })
		book(token, "").want(201)

		switches(t, a, func(s *Switches) { s.SMSCodeUses = 2; s.ClientTokenNeedsCode = true })
		code = send()
		if again := signIn(code).want(201).data()["user_token"]; again != token {
			t.Error("a second sign-in gave another token")
		}
		book(token, code).want(201)

		code = send()
		time.Sleep(codeLife - time.Second)
		signIn(code).want(201)
		code = send()
		time.Sleep(codeLife)
		signIn(code).want(401)

		switches(t, a, func(s *Switches) { s.SMSCodeTries = 3 })
		code = send()
		for range 3 {
			signIn("00000").want(401)
		}
		signIn(code).want(401)

		first := send()
		send()
		signIn(first).want(401) // replaced
		a.post("/book_code/4565", obj{"phone": "+7 900"}).want(422)
	})
}

func TestRecordsOfAClient(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.post("/book_code/4564", obj{"phone": RegularPhone}).want(201)
	token := a.post("/user/auth", obj{"phone": RegularPhone, "code": a.sb.SMS()[0].Code}).want(201).data()["user_token"].(string)
	me := a.as(token)
	companies := map[any]bool{}
	for _, v := range me.get("/user/records").want(201).list() {
		companies[v.(obj)["company"].(obj)["id"]] = true
	}
	if len(companies) != 4 {
		t.Errorf("records of companies %v, want all four, another salon's too", companies)
	}
	if p := me.get("/booking/user/data").want(200); p.body["phone"] != RegularPhone || p.body["0"] != token {
		t.Errorf("profile: %s", p.raw)
	}
	me.get("/records/4564").want(403)
	a.get("/user/records").want(401)

	at := a.offered(moscow, anna, haircut)
	made := a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(201).list()[0].(obj)
	path := fmt.Sprintf("%.0f", made["record_id"])
	me.get("/book_record/4564/" + path).want(403)
	me.call(http.MethodPut, "/api/v1/book_record/4564/"+path, obj{"datetime": at}).want(403)
	me.call(http.MethodDelete, "/api/v1/user/records/"+path, nil).want(403)
	switches(t, a, func(s *Switches) { s.MoveNeedsClientToken = true })
	a.call(http.MethodPut, "/api/v1/book_record/4564/"+path, obj{"datetime": at}).want(401)
	a.as(UserToken).get("/book_record/4564/" + path).want(200)

	me.call(http.MethodPut, "/api/v1/booking/user", obj{"name": "Новое", "phone": "79001112255"}).want(422)
	me.get("/booking/user/phone_confirmation?company_id=4564&phone=79001112255").want(202)
	me.call(http.MethodPut, "/api/v1/booking/user",
		obj{"name": "Новое", "phone": "79001112255", "confirmation_code": a.sb.SMS()[0].Code}).want(202)
	if p := me.get("/booking/user/data"); p.body["phone"] != "79001112255" || p.body["name"] != "Новое" {
		t.Errorf("profile after the change: %s", p.raw)
	}
}

func TestTooLateToChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := inMemory(t, WithLimits(Off))
		staff := a.get("/book_staff/4564?service_ids[]=564001").want(200).list()[0].(obj)
		id, _ := asInt(staff["id"])
		free := a.get(fmt.Sprintf("/book_staff_seances/4564/%d?service_ids[]=564001", id)).want(200).data()["seances"].([]any)
		at := free[0].(obj)["datetime"].(string)
		made := a.post("/book_record/4564", booking("79001112233", at, id, haircut)).want(201).list()[0].(obj)
		start, _ := asMoment(at, time.UTC)
		time.Sleep(time.Until(start) - 59*time.Minute)
		a.call(http.MethodPut, fmt.Sprintf("/api/v1/book_record/4564/%.0f", made["record_id"]), obj{"datetime": at}).want(403)
		a.call(http.MethodDelete, fmt.Sprintf("/api/v1/user/records/%.0f/%s", made["record_id"], made["record_hash"]), nil).want(403)
	})
}
