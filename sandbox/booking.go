package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// appointment is one item of a booking: the services of one visit.
type appointment struct {
	id       any // the caller's own
	services []*service
	staffID  int64 // 0: any
	start    time.Time
	custom   obj
}

// visit is an appointment with the master who takes it.
type visit struct {
	appointment
	staff  *master
	length int
}

const maxAppointments = 20

// appointments reads the list of a booking or a check.
func (c *call) appointments() ([]appointment, answer, bool) {
	list, ok := c.body["appointments"].([]any)
	if !ok || len(list) == 0 || len(list) > maxAppointments {
		return nil, invalid("appointments"), false
	}
	var out []appointment
	for _, item := range list {
		o, ok := item.(obj)
		if !ok {
			return nil, invalid("appointments"), false
		}
		a, bad := c.appointment(o)
		if bad != nil {
			return nil, *bad, false
		}
		out = append(out, a)
	}
	return out, answer{}, true
}

func (c *call) appointment(o obj) (appointment, *answer) {
	var a appointment
	bad := func(r answer) (appointment, *answer) { return a, &r }
	id, ok := asInt(o["id"])
	if !ok {
		return bad(invalid("appointments.id"))
	}
	a.id = id
	services, ok := ids(o["services"])
	if !ok || len(services) == 0 || len(services) > maxAppointments {
		return bad(invalid("appointments.services"))
	}
	if a.staffID, ok = asInt(o["staff_id"]); !ok {
		return bad(invalid("appointments.staff_id"))
	}
	if a.start, ok = asMoment(o["datetime"], c.company.zone); !ok {
		return bad(invalid("appointments.datetime"))
	}
	for _, n := range services {
		s := c.company.service(n)
		if s == nil || !s.online {
			return bad(refused(&refusal{
				422, 438, "Выбранные услуги недоступны для онлайн-записи", nil,
			}, c.switches.ErrorCodeAt))
		}
		a.services = append(a.services, s)
	}
	a.custom, _ = o["custom_fields"].(obj)
	return a, nil
}

// placing makes room for the appointments of one request, one after another:
// what is placed already stands in the way of the next.
type placing struct {
	*call
	placed      []visit
	provisional []*record
}

// close takes the provisional records away again.
func (p *placing) close() {
	for _, r := range p.provisional {
		p.company.unfile(r)
	}
	p.provisional = nil
}

func (p *placing) add(a appointment) *refusal {
	v, no := p.find(a)
	if no != nil {
		return no
	}
	r := &record{company: p.company, staff: v.staff, services: v.services, start: v.start, length: v.length}
	p.company.file(r)
	p.placed, p.provisional = append(p.placed, v), append(p.provisional, r)
	return nil
}

// find finds the master for an appointment, or why there is none.
func (p *placing) find(a appointment) (visit, *refusal) {
	masters := p.company.bookable(a.staffID, a.services)
	if a.staffID != 0 && len(masters) == 0 {
		return visit{}, &refusal{422, 433, "Сотрудник недоступен для записи на выбранную услугу", a.id}
	}
	if a.staffID == 0 && p.company.online.nobody {
		return visit{}, &refusal{422, 436, "Выберите сотрудника", nil}
	}
	if a.staffID == 0 && p.switches.AnyMaster == AnyLeastBusy {
		d := dayOf(a.start, p.company.zone)
		slices.SortStableFunc(masters, func(x, y *master) int { return p.company.load(x, d) - p.company.load(y, d) })
	}
	if v, ok := p.free(a, masters); ok {
		return v, nil
	}
	provisional := p.provisional
	p.close()
	_, ok := p.free(a, masters)
	for _, r := range provisional {
		p.company.file(r)
	}
	p.provisional = provisional
	switch {
	case ok:
		return visit{}, &refusal{422, 437, "Выбранное время пересекается с другой записью этого запроса", a.id}
	case a.staffID == 0:
		return visit{}, &refusal{422, 436, "Нет доступных сотрудников на выбранное время", nil}
	}
	return visit{}, &refusal{422, 433, "Выбранное время недоступно", a.id}
}

func (p *placing) free(a appointment, masters []*master) (visit, bool) {
	for _, m := range masters {
		n := p.company.need(m, a.services)
		if p.company.fits(m, a.start, n, p.now) {
			return visit{a, m, n.length}, true
		}
	}
	return visit{}, false
}

// load is how many seconds of a day a master has taken.
func (c *company) load(m *master, d day) int {
	sum := 0
	for _, r := range c.byDay[staffDay{m.id, d}] {
		if !r.deleted {
			sum += r.length
		}
	}
	return sum
}

func checkBooking(c *call) answer {
	list, a, ok := c.appointments()
	if !ok {
		return a
	}
	p := &placing{call: c}
	defer p.close()
	for _, item := range list {
		if no := p.add(item); no != nil {
			return refused(no, c.switches.ErrorCodeAt)
		}
	}
	return accepted(http.StatusCreated, "Created")
}

func createBooking(c *call) answer {
	if api, ok := asText(c.body["api_id"]); ok {
		c.apiID = clip(api)
	}
	phone, code, no := c.customer()
	if no != nil {
		return *no
	}
	list, a, ok := c.appointments()
	if !ok {
		return a
	}
	p := &placing{call: c}
	var stopped *refusal
	for _, item := range list {
		if stopped = p.add(item); stopped != nil {
			break
		}
	}
	p.close()
	if stopped != nil && c.switches.AppointmentsAtomic {
		return refused(stopped, c.switches.ErrorCodeAt)
	}
	data := []any{}
	for _, v := range p.placed {
		r := c.book(v, phone)
		data = append(data, obj{"id": v.id, "record_id": r.id, "record_hash": r.hash})
	}
	if stopped != nil {
		c.note = fmt.Sprintf("%d of %d appointments were made before the refusal", len(p.placed), len(list))
		return refused(stopped, c.switches.ErrorCodeAt)
	}
	if code != nil {
		code.uses++
	}
	return enveloped(http.StatusCreated, data, nil)
}

// customer checks who books: phone, name, email and, where the company wants
// it, the SMS code, which is returned to be used up when the booking is made.
func (c *call) customer() (phone string, code *smsCode, no *answer) {
	refuse := func(status, n int, message string) (string, *smsCode, *answer) {
		a := refused(&refusal{status, n, message, nil}, c.switches.ErrorCodeAt)
		return "", nil, &a
	}
	if _, given := c.body["email"]; !given && c.switches.EmailRequired {
		a := invalid("email")
		return "", nil, &a
	}
	phone, ok := asPhone(c.body["phone"])
	if !ok {
		return refuse(422, 431, "Неправильный формат номера телефона")
	}
	if text(c.body, "fullname") == "" {
		return refuse(422, 435, "Не указано имя клиента")
	}
	for _, k := range c.company.clients {
		if k.phone == phone && k.blacklisted {
			return refuse(403, 434, "Клиент находится в чёрном списке")
		}
	}
	own := c.user != nil && c.user.phone == phone && !c.switches.ClientTokenNeedsCode
	if c.company.phoneConfirmation && !own {
		if code = c.findCode(phone, text(c.body, "code"), c.company.id, c.now); code == nil {
			return refuse(422, 432, "Неправильный код подтверждения номера телефона")
		}
	}
	return phone, code, nil
}

// book makes the record of a visit.
func (c *call) book(v visit, phone string) *record {
	name := clip(text(c.body, "fullname"))
	r := &record{
		id: c.state.newID(), visitID: c.state.newID(), company: c.company, staff: v.staff, services: v.services,
		client: c.state.clientFor(c.company, phone, name, clip(text(c.body, "email"))), guest: name,
		start: v.start, length: v.length, created: c.now, changed: c.now,
		comment: clip(text(c.body, "comment")), hash: c.state.hex(32), online: true,
		mobile: text(c.body, "type") == "mobile", from: clip(text(c.body, "type")), apiID: c.apiID, byPartner: true,
		notifySMS: int(number(c.body, "notify_by_sms")), notifyEmail: int(number(c.body, "notify_by_email")),
		custom: v.custom,
	}
	c.company.put(r)
	c.changed(r)
	c.emitRecord("record_created", r)
	return r
}

// owned finds a record that the caller may see: by its hash, with the token of
// its client, or with the token of an employee with rights.
func (c *call) owned(companyID int64) (*record, answer, bool) {
	id, _ := asInt(c.params["record_id"])
	var r *record
	for _, company := range c.state.companies {
		if companyID != 0 && company.id != companyID {
			continue
		}
		if r = company.record(id); r != nil {
			break
		}
	}
	hash, byHash := c.params["record_hash"]
	if !byHash && c.user == nil {
		return nil, failed(http.StatusUnauthorized, noUser), false
	}
	switch {
	case r == nil:
	case byHash && r.hash == hash:
		return r, answer{}, true
	case byHash: // a wrong hash is as good as no record
	case c.actsFor(r):
		return r, answer{}, true
	default:
		return nil, failed(http.StatusForbidden, "Недостаточно прав"), false
	}
	return nil, failed(http.StatusNotFound, "Запись не найдена"), false
}

func (c *call) actsFor(r *record) bool {
	if c.user == nil {
		return false
	}
	own := r.client != nil && r.client.phone == c.user.phone
	return own || c.user.role(r.company.id) >= roleApp
}

func getBooking(c *call) answer {
	r, a, ok := c.owned(c.company.id)
	if !ok {
		return a
	}
	return c.booking(http.StatusOK, c.userRecord(r))
}

func rescheduleBooking(c *call) answer {
	id, _ := asInt(c.params["record_id"])
	r := c.company.record(id)
	if r == nil || r.deleted {
		return failed(http.StatusNotFound, "Запись не найдена")
	}
	if c.user == nil && c.switches.MoveNeedsClientToken {
		return failed(http.StatusUnauthorized, noUser)
	}
	if c.user != nil && !c.actsFor(r) {
		return failed(http.StatusForbidden, "Недостаточно прав")
	}
	start, ok := asMoment(c.body["datetime"], c.company.zone)
	if !ok {
		return invalid("datetime")
	}
	if !c.company.allowChange || tooLate(r, c.now, c.company.changeDelay) {
		return failed(http.StatusForbidden, "Запись нельзя перенести: до визита осталось слишком мало времени")
	}
	n := c.company.need(r.staff, r.services)
	n.length, n.except = r.length, r
	if !start.Equal(r.start) && !c.company.fits(r.staff, start, n, c.now) {
		return refused(&refusal{422, 433, "Выбранное время недоступно", nil}, c.switches.ErrorCodeAt)
	}
	if s, ok := asText(c.body["comment"]); ok {
		r.comment = clip(s)
	}
	c.move(r, start, r.staff)
	return enveloped(http.StatusOK, c.userRecord(r), nil)
}

// move gives a record another time or master.
func (c *call) move(r *record, start time.Time, to *master) {
	c.company.unfile(r)
	if !r.seatedAt(start, to) { // it leaves its group event
		r.activity, r.seats = nil, 0
	}
	r.start, r.staff, r.changed = start, to, c.now
	c.company.file(r)
	c.changed(r)
	c.emitRecord("record_moved", r)
}

// tooLate tells whether a record is too near to be changed by its client.
func tooLate(r *record, now time.Time, delay int) bool {
	return r.start.Sub(now) < time.Duration(delay)*time.Second || r.start.Before(now)
}

func deleteUserRecord(c *call) answer {
	r, a, ok := c.owned(0)
	if !ok {
		return a
	}
	if r.deleted {
		return failed(http.StatusNotFound, "Запись не найдена")
	}
	if !r.company.allowDelete || tooLate(r, c.now, r.company.deleteDelay) {
		return failed(http.StatusForbidden, "Запись нельзя отменить: до визита осталось слишком мало времени")
	}
	c.remove(r)
	return answer{status: http.StatusOK} // no body is documented, and none is sent
}

func (c *call) remove(r *record) {
	r.deleted, r.changed = true, c.now
	c.changed(r)
	c.emitRecord("record_deleted", r)
}

// getUserRecords lists the records of the client in all companies, those of
// other salons and deleted ones too. Its status is 201.
func getUserRecords(c *call) answer {
	if c.params["record_id"] != "" {
		r, a, ok := c.owned(0)
		if !ok {
			return a
		}
		return enveloped(http.StatusCreated, []any{c.userRecord(r)}, nil)
	}
	list := []any{}
	for _, company := range c.state.companies {
		for _, r := range company.records {
			if r.client != nil && r.client.phone == c.user.phone {
				list = append(list, c.userRecord(r))
			}
		}
	}
	return enveloped(http.StatusCreated, list, nil)
}
