package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Group events: a master gives a lesson to several clients at once. The event takes
// the time of its master and resources as a block; each booking of seats in it is a
// record that takes no time of its own.

// activity is a group event.
type activity struct {
	id                                 int64
	service                            *service
	staff                              *master
	start                              time.Time
	length                             int // seconds, the technical break included
	pause                              int // seconds of technical break at its end
	capacity                           int // seats
	instances                          []int64
	labels                             []int64
	color, comment, instructions, link string
	seats                              []*record
	block                              *block
}

// taken is how many seats are booked.
func (a *activity) taken(except *record) int {
	n := 0
	for _, r := range a.seats {
		if r.activity == a && !r.deleted && r != except {
			n += r.seats
		}
	}
	return n
}

// take puts the event into the calendar of its master and resources.
func (c *company) take(a *activity) {
	a.block = &block{
		kind: blockActivity, id: a.id, staffID: a.staff.id, instances: a.instances, start: a.start,
		length: a.length - a.pause, pause: a.pause,
	}
	c.putBlock(a.block)
}

// seatedAt tells whether a record is where its group event is.
func (r *record) seatedAt(start time.Time, m *master) bool {
	return r.activity != nil && r.activity.start.Equal(start) && r.activity.staff == m
}

// activityID is the group event of a record; 0: none.
func (r *record) activityID() int64 {
	if r.activity == nil {
		return 0
	}
	return r.activity.id
}

// organise gives a company of the seed two evenings of a workshop on days off of a
// master, so that nobody's free times change.
func (c *company) organise(now time.Time) {
	today := dayOf(now, c.zone)
	for _, m := range c.staff {
		if m.fired || m.hidden || m.fake || len(c.services) == 0 {
			continue
		}
		for n := 2; n < 14 && len(c.activities) < 2; n++ {
			d := today.add(n)
			if len(m.works(d, c.zone)) > 0 {
				continue
			}
			a := &activity{
				id: c.id*100 + int64(len(c.activities)) + 1, service: c.services[0], staff: m, start: d.at(12*hour, c.zone),
				length: 5400, capacity: 6, comment: "Мастер-класс", instructions: "Возьмите с собой хорошее настроение",
			}
			c.activities = append(c.activities, a)
			c.take(a)
		}
	}
}

// findActivity finds the event of the path.
func (c *call) findActivity() *activity {
	v := c.params["activity_id"]
	if v == "" {
		v = c.params["activityId"]
	}
	id, _ := asInt(v)
	i := slices.IndexFunc(c.company.activities, func(a *activity) bool { return a.id == id })
	if i < 0 {
		return nil
	}
	return c.company.activities[i]
}

const noActivity = "Событие не найдено"

// withActivity plays an operation on the event of the path.
func withActivity(run func(*call, *activity) answer) func(*call) answer {
	return func(c *call) answer {
		a := c.findActivity()
		if a == nil {
			return failed(http.StatusNotFound, noActivity)
		}
		return run(c, a)
	}
}

const maxCapacity = 1000

// draftActivity reads a whole event from the body; what is wrong is named.
func (c *call) draftActivity() (a activity, bad []string) {
	must := func(ok bool, name string) {
		if !ok {
			bad = append(bad, name)
		}
	}
	var ok bool
	a.start, ok = asMoment(c.body["date"], c.company.zone)
	must(ok, "date")
	a.service = c.company.service(number(c.body, "service_id"))
	must(a.service != nil, "service_id")
	a.staff = c.company.master(number(c.body, "staff_id"))
	must(a.staff != nil && !a.staff.fired, "staff_id")
	a.capacity = int(number(c.body, "capacity"))
	must(a.capacity >= 1 && a.capacity <= maxCapacity, "capacity")
	a.length, a.pause = int(number(c.body, "length")), int(number(c.body, "technical_break_duration"))
	if a.length == 0 && a.service != nil {
		a.length = cmp.Or(a.service.length, unfitted)
	}
	must(a.length >= 300 && a.length <= 24*hour, "length")
	must(a.pause >= 0 && a.pause < max(a.length, 1), "technical_break_duration")
	if v, there := c.body["resource_instance_ids"]; there && v != nil {
		a.instances, ok = ids(v)
		must(ok && !slices.ContainsFunc(a.instances, func(id int64) bool { return c.company.instanceByID(id) == nil }), "resource_instance_ids")
	}
	a.labels, _ = ids(c.body["label_ids"])
	a.color, a.comment = clip(text(c.body, "color")), clip(text(c.body, "comment"))
	a.instructions, a.link = clip(text(c.body, "instructions")), clip(text(c.body, "stream_link"))
	return a, bad
}

// instanceByID is an instance of a resource, spelled with its resource.
func (c *company) instanceByID(id int64) obj {
	for _, r := range c.resources {
		for _, in := range r.instances {
			if in.id == id {
				return obj{"id": in.id, "title": in.title, "resource_id": r.id}
			}
		}
	}
	return nil
}

// hinders tells whether the master or a resource has no time for an event that is not in
// the calendar.
func (c *company) hinders(a *activity) bool {
	lesson := spanOf(a.start, a.length-a.pause)
	if !c.free(a.staff, lesson, nil) {
		return true
	}
	n := need{length: a.length - a.pause, pause: a.pause}
	return slices.ContainsFunc(a.instances, func(id int64) bool { return c.inUse(id, n, a.start) })
}

// conflicted is the refusal of an event at a time that is taken; its status is
// documented for copies of an event only.
func (c *call) conflicted(start time.Time) answer {
	message := fmt.Sprintf("Мастер занят или не работает: %s", start.In(c.company.zone).Format("2006-01-02 15:04"))
	if c.isV2() {
		return failed(http.StatusUnprocessableEntity, message)
	}
	return answer{status: http.StatusConflict, body: obj{
		"success": false, "data": nil, "meta": obj{"message": message, "conflict": true},
	}}
}

func (c *call) isV2() bool { _, v2 := c.params["salonId"]; return v2 }

func createActivity(c *call) answer {
	draft, bad := c.draftActivity()
	if len(bad) > 0 {
		return c.invalid(bad)
	}
	if c.company.hinders(&draft) && !asFlag(c.body["force"]) {
		return c.conflicted(draft.start)
	}
	return c.activityAnswer(c.addActivity(draft))
}

func (c *call) addActivity(draft activity) *activity {
	a := &draft
	a.id, a.seats = c.state.newID(), nil
	c.company.activities = append(c.company.activities, a)
	c.company.take(a)
	return a
}

func getActivity(c *call, a *activity) answer { return c.activityAnswer(a) }

// updateActivity moves the records of the event with it.
func updateActivity(c *call, a *activity) answer {
	draft, bad := c.draftActivity()
	if len(bad) > 0 {
		return c.invalid(bad)
	}
	if draft.capacity < a.taken(nil) {
		return c.invalid([]string{"capacity"})
	}
	c.company.removeBlock(a.block)
	if c.company.hinders(&draft) && !asFlag(c.body["force"]) {
		c.company.putBlock(a.block)
		return c.conflicted(draft.start)
	}
	moved := !draft.start.Equal(a.start) || draft.staff != a.staff || draft.length != a.length
	draft.id, draft.seats = a.id, a.seats
	*a = draft
	c.company.take(a)
	for _, r := range a.seats {
		if moved && r.activity == a && !r.deleted {
			r.start, r.staff, r.length, r.services, r.changed = a.start, a.staff, a.length-a.pause, []*service{a.service}, c.now
			c.changed(r)
			c.emitRecord("record_moved", r)
		}
	}
	return c.activityAnswer(a)
}

// deleteActivity cancels the records of the event too.
func deleteActivity(c *call, a *activity) answer {
	c.company.removeBlock(a.block)
	c.company.activities = slices.DeleteFunc(c.company.activities, func(x *activity) bool { return x == a })
	for _, r := range a.seats {
		if r.activity == a && !r.deleted {
			c.remove(r)
		}
	}
	c.applied = true
	if c.isV2() {
		return answer{status: http.StatusNoContent}
	}
	return answer{status: http.StatusAccepted, body: obj{"success": true, "meta": obj{"message": "Accepted"}}}
}

// activityDoc has every key that an event has in any operation.
func (c *call) activityDoc(a *activity) obj {
	local := a.start.In(c.company.zone)
	instances, labels, records := []any{}, []any{}, []any{}
	for _, id := range a.instances {
		if o := c.company.instanceByID(id); o != nil {
			instances = append(instances, o)
		}
	}
	for _, id := range a.labels {
		labels = append(labels, c.labelDoc(id))
	}
	for _, r := range a.seats {
		if r.activity == a && !r.deleted {
			records = append(records, c.backRecord(r))
		}
	}
	staff := c.backStaff(a.staff)
	maps.Copy(staff, obj{
		"company_id": c.company.id, "show_rating": 1, "comments_count": a.staff.comments, "average_score": a.staff.rating,
		"prepaid": "forbidden",
	})
	category := obj{"id": a.service.category.id, "category_id": 1, "title": a.service.category.title}
	return obj{
		"id": a.id, "company_id": c.company.id, "salon_id": c.company.id, "service_id": a.service.id,
		"staff_id": a.staff.id, "master_id": a.staff.id, "date": local.Format(salonTime), "timestamp": a.start.Unix(),
		"length": a.length, "capacity": a.capacity, "records_count": a.taken(nil), "clients_count": a.taken(nil),
		"color": a.color, "font_color": "", "instructions": a.instructions, "stream_link": a.link, "notified": false,
		"comment": a.comment, "prepaid": "forbidden", "resource_instances": instances, "labels": labels, "records": records,
		"service": obj{
			"id": a.service.id, "title": a.service.title, "category_id": a.service.category.id, "price_min": a.service.priceMin,
			"price_max": a.service.priceMax, "comment": a.service.comment, "image_url": "", "salon_service_id": a.service.id,
			"prepaid": "forbidden", "category": category,
		},
		"staff": staff, "master": staff,
		"duration_details": []any{obj{"id": a.id, "services_duration": a.length - a.pause, "technical_break_duration": a.pause}},
	}
}

// labelDoc is a label of the company; one that it does not have keeps its id only.
func (c *call) labelDoc(id int64) obj {
	for _, k := range officeKinds {
		if k.name != "label" {
			continue
		}
		for _, o := range k.docs(c) {
			if number(obj{"id": spelledID(o["id"])}, "id") == id {
				return o
			}
		}
	}
	return obj{"id": id, "title": "", "icon": "", "color": "", "font_color": ""}
}
