package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The back office's view of records.

func (c *company) byClient(k *client) []*record {
	var list []*record
	for _, r := range c.records {
		if r.client == k {
			list = append(list, r)
		}
	}
	return list
}

// Paging of listRecords. Above the cap the service silently takes the default.
const (
	recordsDefault = 50
	recordsCap     = 300
)

func listRecords(c *call) answer {
	keep, a, ok := c.recordFilter()
	if !ok {
		return a
	}
	var found []*record
	for _, r := range c.company.records {
		if keep(r) {
			found = append(found, r)
		}
	}
	page, _ := asInt(c.query.Get("page"))
	count, _ := asInt(c.query.Get("count"))
	page = max(page, 1)
	if count < 1 || count > recordsCap {
		count = recordsDefault
	}
	list := []any{}
	from := min(int64(len(found)), (min(page, 1<<30)-1)*count)
	for _, r := range found[from:min(int64(len(found)), from+count)] {
		list = append(list, c.backRecord(r))
	}
	return enveloped(http.StatusOK, list, obj{"page": page, "total_count": len(found)})
}

// recordFilter is the filters of a list, read one by one.
type recordFilter struct {
	query url.Values
	zone  *time.Location
	tests []func(*record) bool
	bad   string // a parameter that cannot be read
}

// recordFilter reads the filters. A parameter that is not known, such as
// date_from, is ignored in silence, as the service does.
func (c *call) recordFilter() (func(*record) bool, answer, bool) {
	f := &recordFilter{query: c.query, zone: c.company.zone}
	notBefore := func(d, bound day) bool { return !d.before(bound) }
	notAfter := func(d, bound day) bool { return !bound.before(d) }
	start := func(r *record) time.Time { return r.start }
	created := func(r *record) time.Time { return r.created }

	f.id("staff_id", func(r *record) int64 { return r.staff.id })
	f.id("created_user_id", func(r *record) int64 { return r.author })
	f.id("client_id", func(r *record) int64 {
		if r.client == nil {
			return 0
		}
		return r.client.id
	})
	f.day("start_date", start, notBefore)
	f.day("end_date", start, notAfter)
	f.day("c_start_date", created, notBefore)
	f.day("c_end_date", created, notAfter)
	f.changed("changed_after", func(t, bound time.Time) bool { return !t.Before(bound) })
	f.changed("changed_before", func(t, bound time.Time) bool { return !t.After(bound) })
	if !truthy(c.query.Get("with_deleted")) {
		f.tests = append(f.tests, func(r *record) bool { return !r.deleted })
	}
	if f.bad != "" {
		return nil, invalid(f.bad), false
	}
	return f.keep, answer{}, true
}

func (f *recordFilter) keep(r *record) bool {
	return !slices.ContainsFunc(f.tests, func(t func(*record) bool) bool { return !t(r) })
}

func (f *recordFilter) id(name string, of func(*record) int64) {
	v := f.query.Get(name)
	if v == "" || v == "0" {
		return
	}
	n, ok := asInt(v)
	if !ok {
		f.bad = name
	}
	f.tests = append(f.tests, func(r *record) bool { return of(r) == n })
}

func (f *recordFilter) day(name string, of func(*record) time.Time, keep func(d, bound day) bool) {
	v := f.query.Get(name)
	if v == "" {
		return
	}
	bound, ok := parseDay(v)
	if !ok {
		f.bad = name
	}
	f.tests = append(f.tests, func(r *record) bool { return keep(dayOf(of(r), f.zone), bound) })
}

// changed compares to the second, as changes are told to the second.
func (f *recordFilter) changed(name string, keep func(changed, bound time.Time) bool) {
	v := f.query.Get(name)
	if v == "" {
		return
	}
	bound, ok := asMoment(v, f.zone)
	if d, isDay := parseDay(v); !ok && isDay {
		bound, ok = d.at(0, f.zone), true
	}
	if !ok {
		f.bad = name
	}
	f.tests = append(f.tests, func(r *record) bool { return keep(r.changed.Truncate(time.Second), bound) })
}

// byPath finds the record of the path in the company of the path.
func (c *call) byPath() (*record, answer, bool) {
	id, _ := asInt(c.params["record_id"])
	r := c.company.record(id)
	if r == nil {
		return nil, failed(http.StatusNotFound, "Запись не найдена"), false
	}
	return r, answer{}, true
}

func getRecord(c *call) answer {
	r, a, ok := c.byPath()
	if !ok {
		return a
	}
	return enveloped(http.StatusOK, c.backRecord(r), nil)
}

// draft is the body of createRecord and updateRecord, checked.
type draft struct {
	staff    *master
	services []*service
	start    time.Time
	length   int
	force    bool // save_if_busy
	phone    string
	name     string
	email    string
}

// draft reads a whole record; every missing part is named.
func (c *call) draft() (draft, answer, bool) {
	var d draft
	var missing []string
	id, ok := asInt(c.body["staff_id"])
	if d.staff = c.company.master(id); !ok || d.staff == nil {
		missing = append(missing, "staff_id")
	}
	list, ok := c.body["services"].([]any)
	if !ok {
		missing = append(missing, "services")
	}
	for _, item := range list {
		o, _ := item.(obj)
		s := c.company.service(number(o, "id"))
		if s == nil {
			missing = append(missing, "services")
			break
		}
		d.services = append(d.services, s)
	}
	if d.start, ok = asMoment(c.body["datetime"], c.company.zone); !ok {
		missing = append(missing, "datetime")
	}
	length, ok := asInt(c.body["seance_length"])
	if d.length = int(length); !ok || length < 300 || length > 24*hour {
		missing = append(missing, "seance_length")
	}
	person, ok := c.body["client"].(obj)
	if _, empty := c.body["client"].([]any); !ok && !empty {
		missing = append(missing, "client")
	}
	if len(person) > 0 {
		// The back office writes phones with a plus as well.
		raw, _ := asText(person["phone"])
		if len(raw) > 0 && raw[0] == '+' {
			raw = raw[1:]
		}
		if d.phone, ok = asPhone(raw); !ok {
			missing = append(missing, "client.phone")
		}
		d.name, d.email = clip(text(person, "name")), clip(text(person, "email"))
	}
	d.force = asFlag(c.body["save_if_busy"])
	if len(missing) > 0 {
		return d, invalid(missing...), false
	}
	return d, answer{}, true
}

// busy is the refusal of a back office record without save_if_busy. Its status
// is not documented.
func (c *call) busy() answer {
	return failed(http.StatusUnprocessableEntity, "Выбранное время занято или является нерабочим")
}

func createRecord(c *call) answer {
	if api, ok := asText(c.body["api_id"]); ok {
		c.apiID = clip(api)
	}
	d, a, ok := c.draft()
	if !ok {
		return a
	}
	visit := span{d.start, d.start.Add(time.Duration(d.length) * time.Second)}
	if !d.force && !c.company.free(d.staff, visit, nil) {
		return c.busy()
	}
	r := &record{
		id: c.state.newID(), visitID: c.state.newID(), company: c.company, created: c.now, hash: c.state.hex(32),
		author: c.user.id, byPartner: true, apiID: c.apiID, start: d.start, staff: d.staff,
	}
	c.write(r, d)
	c.company.put(r)
	c.changed(r)
	c.emitRecord("record_created", r)
	return enveloped(http.StatusCreated, []any{c.backRecord(r)}, nil)
}

// write puts a draft into a record, all but its place in the day.
func (c *call) write(r *record, d draft) {
	r.services, r.length, r.changed = d.services, d.length, c.now
	r.comment = clip(text(c.body, "comment"))
	r.color = clip(text(c.body, "custom_color"))
	r.notifySMS = int(number(c.body, "sms_remain_hours"))
	r.notifyEmail = int(number(c.body, "email_remain_hours"))
	r.custom, _ = c.body["custom_fields"].(obj)
	if n := number(c.body, "attendance"); n >= -1 && n <= 2 {
		r.attendance = int(n)
	}
	r.labels = nil
	list, _ := c.body["record_labels"].([]any)
	for _, v := range list {
		if s, ok := asText(v); ok {
			r.labels = append(r.labels, clip(s))
		}
	}
	r.client, r.guest = nil, ""
	if d.phone != "" {
		r.client, r.guest = c.state.clientFor(c.company, d.phone, d.name, d.email), d.name
	}
}

// updateRecord is PUT /record: the whole object, answered with 201.
func updateRecord(c *call) answer {
	r, a, ok := c.byPath()
	if !ok {
		return a
	}
	if r.deleted {
		return failed(http.StatusNotFound, "Запись не найдена")
	}
	if !r.byPartner && c.switches.ForeignRecords403 {
		return failed(http.StatusForbidden, "Недостаточно прав для изменения записи")
	}
	d, a, ok := c.draft()
	if !ok {
		return a
	}
	visit := span{d.start, d.start.Add(time.Duration(d.length) * time.Second)}
	if !d.force && !c.company.free(d.staff, visit, r) {
		return c.busy()
	}
	if api, ok := asText(c.body["api_id"]); ok {
		r.apiID = clip(api)
	}
	c.write(r, d)
	c.move(r, d.start, d.staff)
	return enveloped(http.StatusCreated, c.backRecord(r), nil)
}

func deleteRecord(c *call) answer {
	r, a, ok := c.byPath()
	if !ok {
		return a
	}
	if r.deleted {
		return failed(http.StatusNotFound, "Запись не найдена")
	}
	c.remove(r)
	return answer{status: http.StatusNoContent}
}
