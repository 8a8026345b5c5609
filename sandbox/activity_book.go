package sandbox

import (
	"net/http"
	"slices"
)

// Seats in group events, booked online and by the back office.

// seatRecord makes the record of seats in an event.
func (c *call) seatRecord(a *activity, k *client, guest string, seats int) *record {
	r := &record{
		id: c.state.newID(), visitID: c.state.newID(), company: c.company, staff: a.staff, services: []*service{a.service},
		client: k, guest: guest, start: a.start, length: a.length - a.pause, created: c.now, changed: c.now,
		hash: c.state.hex(32), byPartner: true, activity: a, seats: seats,
	}
	a.seats = append(a.seats, r)
	return r
}

// bookActivity is an online booking of seats in an event.
func bookActivity(c *call, a *activity) answer {
	if api, ok := asText(c.body["api_id"]); ok {
		c.apiID = clip(api)
	}
	seats := int64(1)
	if v, there := c.body["clients_count"]; there {
		seats, _ = asInt(v)
	}
	if seats < 1 || seats > int64(max(c.company.online.seats, 1)) {
		return invalid("clients_count")
	}
	if _, given := c.body["email"]; !given {
		c.body["email"] = "" // only createBooking is known to insist on the key
	}
	phone, code, no := c.customer()
	if no != nil {
		return *no
	}
	late := a.start.Before(c.now.Add(seconds(c.company.lead * 60)))
	if late || int64(a.taken(nil))+seats > int64(a.capacity) {
		message := "На событие не осталось мест"
		if late {
			message = "Запись на событие уже закрыта"
		}
		return refused(&refusal{http.StatusUnprocessableEntity, 433, message, nil}, c.switches.ErrorCodeAt)
	}
	if code != nil {
		code.uses++
	}
	name := clip(text(c.body, "fullname"))
	r := c.seatRecord(a, c.state.clientFor(c.company, phone, name, clip(text(c.body, "email"))), name, int(seats))
	r.online, r.mobile, r.from, r.apiID = true, text(c.body, "type") == "mobile", clip(text(c.body, "type")), c.apiID
	r.comment = clip(text(c.body, "comment"))
	r.notifySMS, r.notifyEmail = int(number(c.body, "notify_by_sms")), int(number(c.body, "notify_by_email"))
	c.company.put(r)
	c.changed(r)
	c.emitRecord("record_created", r)
	return c.shaped(obj{"id": r.id, "hash": r.hash}, 1)
}

// seatsWanted reads clients_count of the back office.
func (c *call) seatsWanted(a *activity, except *record) (int, *answer) {
	seats, ok := asInt(c.body["clients_count"])
	if !ok || seats < 1 || seats > int64(c.company.seatsOfRecord()) {
		no := c.invalid([]string{"clients_count"})
		return 0, &no
	}
	if int64(a.taken(except))+seats > int64(a.capacity) {
		no := failed(http.StatusUnprocessableEntity, "На событие не осталось мест")
		return 0, &no
	}
	return int(seats), nil
}

// seatClient finds the client of a seat: by id, or by the phone of a new card.
func (c *call) seatClient() (k *client, guest string, bad string) {
	person, _ := c.body["client"].(obj)
	id := number(c.body, "client_id")
	if card, _ := person["client"].(obj); len(card) > 0 && text(card, "phone_string") != "" {
		raw := text(card, "phone_string")
		if raw[0] == '+' {
			raw = raw[1:]
		}
		phone, ok := asPhone(raw)
		if !ok {
			return nil, "", "client.client.phone_string"
		}
		name := clip(text(card, "name"))
		return c.state.clientFor(c.company, phone, name, clip(text(card, "email"))), name, ""
	}
	if n := number(person, "id"); n != 0 {
		id = n
	}
	i := slices.IndexFunc(c.company.clients, func(k *client) bool { return k.id == id })
	if i < 0 {
		return nil, "", "client_id"
	}
	return c.company.clients[i], c.company.clients[i].name, ""
}

func createActivityRecord(c *call, a *activity) answer {
	seats, no := c.seatsWanted(a, nil)
	if no != nil {
		return *no
	}
	k, guest, bad := c.seatClient()
	if bad != "" {
		return c.invalid([]string{bad})
	}
	if comer, _ := c.body["comer"].(obj); text(comer, "name") != "" {
		guest = clip(text(comer, "name"))
	}
	r := c.seatRecord(a, k, guest, seats)
	r.author = c.user.id
	if list, ok := ids(c.body["labels"]); ok {
		r.labels = spelledAll(list)
	}
	c.company.put(r)
	c.changed(r)
	c.emitRecord("record_created", r)
	return c.seatAnswer(r)
}

func updateActivityRecord(c *call, a *activity) answer {
	id, _ := asInt(c.params["recordId"])
	i := slices.IndexFunc(a.seats, func(r *record) bool { return r.id == id && r.activity == a && !r.deleted })
	if i < 0 {
		return failed(http.StatusNotFound, "Запись не найдена")
	}
	r := a.seats[i]
	seats, no := c.seatsWanted(a, r)
	if no != nil {
		return *no
	}
	r.seats, r.changed = seats, c.now
	if s, ok := asText(c.body["comment"]); ok {
		r.comment = clip(s)
	}
	if s, ok := asText(c.body["color"]); ok {
		r.color = clip(s)
	}
	if list, ok := ids(c.body["label_ids"]); ok {
		r.labels = spelledAll(list)
	}
	c.changed(r)
	c.emitRecord("record_moved", r)
	return c.seatAnswer(r)
}

func spelledAll(list []int64) []string {
	out := make([]string, 0, len(list))
	for _, id := range list {
		out = append(out, itoa(id))
	}
	return out
}

// seatAnswer is a record of an event in the shape of version 2, which the documents print
// with the attributes of the event.
func (c *call) seatAnswer(r *record) answer {
	o := c.activityDoc(r.activity)
	o["id"], o["clients_count"], o["comment"] = r.id, r.seats, r.comment
	return c.shaped(resource2("record", r.id, o), 1)
}

// resource2 is an entity as version 2 spells it.
func resource2(kind string, id int64, attributes obj) obj {
	return obj{"type": kind, "id": itoa(id), "attributes": attributes}
}

// activityAnswer is an event in the shape of the version that was asked.
func (c *call) activityAnswer(a *activity) answer {
	o := c.activityDoc(a)
	if !c.isV2() {
		return c.shaped(o, 1)
	}
	o["schedule_id"], o["schedule_till"] = nil, nil
	return c.shaped(resource2("activity", a.id, o), 1)
}

func activityModels() map[string]*model {
	const events = "a group event takes the time of its master and resources; a taken time without force is refused with 409 in version 1 and 422 in version 2, which is a guess"
	const seats = "a place is a record without time of its own; a full event is refused as a taken time, which is a guess"
	const search = "computed from the events that are there; any service can be one of a group"
	on := func(run func(*call, *activity) answer, note string) *model {
		return &model{run: withActivity(run), level: simplified, note: note}
	}
	all := map[string]*model{
		"createActivity":         {run: createActivity, level: simplified, note: events},
		"getActivity":            on(getActivity, events),
		"updateActivity":         on(updateActivity, events),
		"deleteActivity":         on(deleteActivity, events+"; its records are cancelled with it"),
		"duplicateActivity":      on(duplicateActivity, "copies to a list of dates, or from a day on every interval days, count times; what the body is called is not documented; strategies are not followed; nothing said is a week later"),
		"createActivityV2":       {run: createActivity, level: simplified, note: events},
		"getActivityV2":          on(getActivity, events),
		"updateActivityV2":       on(updateActivity, events),
		"deleteActivityV2":       on(deleteActivity, events),
		"createActivityRecordV2": on(createActivityRecord, seats),
		"updateActivityRecordV2": on(updateActivityRecord, seats+"; costs and goods are not kept"),
		"bookActivity":           on(bookActivity, seats),
		"listActivityFilters":    {run: listActivityFilters, level: simplified, note: search},
		"getActivityDateRange":   {run: getActivityDateRange, level: simplified, note: search},
		"searchActivityDates":    {run: searchActivityDates, level: simplified, note: search},
		"searchActivities":       {run: searchActivities, level: simplified, note: search},
		"searchActivityServices": {run: searchActivityServices, level: simplified, note: search},
	}
	all["bookActivity"].write = true
	return all
}
