package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Info is what a caller needs to talk to the sandbox.
type Info struct {
	BaseURL      string        `json:"base_url"`
	PartnerToken string        `json:"partner_token"`
	UserToken    string        `json:"user_token"`
	Login        string        `json:"login"`
	Password     string        `json:"password"`
	CompanyIDs   []int64       `json:"company_ids"` // of the chain
	Companies    []CompanyInfo `json:"companies"`
	Limits       string        `json:"limits"`
	Usage
}

// CompanyInfo is a branch of the chain.
type CompanyInfo struct {
	ID       int64  `json:"id"`
	Title    string `json:"title"`
	City     string `json:"city"`
	Timezone string `json:"timezone"`
	FormID   int64  `json:"form_id"`
}

// Info tells the fixed tokens and the branches.
func (s *Sandbox) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := Info{
		BaseURL: s.baseURL, PartnerToken: PartnerToken, UserToken: UserToken, Login: Login, Password: Password,
		Limits: s.limits.String(), Usage: Usage{s.calls, s.refusals},
	}
	if owner := s.state.userByLogin(Login); owner != nil { // both may have been changed
		info.UserToken, info.Password = owner.token, owner.password
	}
	for _, c := range s.state.companies {
		if c.groupID != groupID {
			continue
		}
		info.CompanyIDs = append(info.CompanyIDs, c.id)
		info.Companies = append(info.Companies, CompanyInfo{c.id, c.title, c.city, c.zoneName, c.formID})
	}
	return info
}

// Record is a record as tests and the control API see it.
type Record struct {
	ID        int64     `json:"id"`
	CompanyID int64     `json:"company_id"`
	StaffID   int64     `json:"staff_id"`
	Services  []int64   `json:"services"`
	Start     time.Time `json:"datetime"`
	Seconds   int       `json:"seance_length"`
	Client    string    `json:"client"`
	Phone     string    `json:"phone"` // digits
	Online    bool      `json:"online"`
	APIID     string    `json:"api_id"`
	Comment   string    `json:"comment"`
	Deleted   bool      `json:"deleted"`
	Created   time.Time `json:"created"`
}

func (r *record) view() Record {
	v := Record{
		ID: r.id, CompanyID: r.company.id, StaffID: r.staff.id, Services: []int64{}, Start: r.start.In(r.company.zone),
		Seconds: r.length, Client: r.clientName(), Online: r.online, APIID: r.apiID, Comment: r.comment,
		Deleted: r.deleted, Created: r.created,
	}
	if r.client != nil {
		v.Phone = r.client.phone
	}
	for _, s := range r.services {
		v.Services = append(v.Services, s.id)
	}
	return v
}

// Records returns all records of a company, deleted ones too, in the order of
// their making.
func (s *Sandbox) Records(companyID int64) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state.company(companyID)
	if c == nil {
		return nil
	}
	out := make([]Record, 0, len(c.records))
	for _, r := range c.records {
		out = append(out, r.view())
	}
	return out
}

// TakeRequest is a time that a stranger books.
type TakeRequest struct {
	CompanyID int64   `json:"company_id"`
	StaffID   int64   `json:"staff_id"` // 0: any, a real one before a waiting list
	Datetime  string  `json:"datetime"` // in any spelling of the API
	Services  []int64 `json:"services"` // empty: a short visit of an hour at most
}

// ErrTaken means that the time is not free, or the salon closed then.
var ErrTaken = errors.New("sandbox: this time is not free")

// Take lets a stranger book a time at once, as if through the salon's desk.
// It returns [ErrTaken] when the time is not free.
func (s *Sandbox) Take(req TakeRequest) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state.company(req.CompanyID)
	if c == nil {
		return Record{}, fmt.Errorf("sandbox: take: no company %d", req.CompanyID)
	}
	start, ok := asMoment(req.Datetime, c.zone)
	if !ok {
		return Record{}, fmt.Errorf("sandbox: take: datetime %q is not understood", clip(req.Datetime))
	}
	var services []*service
	for _, id := range req.Services {
		v := c.service(id)
		if v == nil {
			return Record{}, fmt.Errorf("sandbox: take: company %d has no service %d", c.id, id)
		}
		services = append(services, v)
	}
	m, visit := c.stranger(req.StaffID, services, start)
	if m == nil {
		return Record{}, ErrTaken
	}
	if len(services) == 0 {
		services = c.anyService(m)
	}
	now := s.now()
	r := &record{
		id: s.state.newID(), visitID: s.state.newID(), company: c, staff: m, services: services, start: start,
		client: s.state.clientFor(c, fmt.Sprintf("7900002%04d", s.state.rng.IntN(10_000)), "Случайный прохожий", ""),
		length: int(visit.to.Sub(visit.from) / time.Second), created: now, changed: now, hash: s.state.hex(32),
		author: 1_000_001,
	}
	c.put(r)
	s.ledger.add(Entry{At: now, CompanyID: c.id, Applied: true, RecordIDs: []int64{r.id}, Note: "taken by a stranger"})
	s.emitRecord("record_created", r)
	desk := &call{Sandbox: s, now: now, company: c, base: s.publicURL}
	s.notify(c, "", false, "record", r.id, created, desk.backRecord(r))
	return r.view(), nil
}

// stranger finds who takes a visit: the shorter the better, so that a time
// that is free for anything can be taken.
func (c *company) stranger(staffID int64, services []*service, start time.Time) (*master, span) {
	masters := c.bookable(staffID, services)
	slices.SortStableFunc(masters, func(a, b *master) int { return flag(a.fake) - flag(b.fake) })
	for _, m := range masters {
		lengths := []int{unfitted, c.grid}
		if len(services) > 0 {
			length, _ := m.length(services)
			lengths = []int{length}
		}
		for _, length := range lengths {
			v := span{start, start.Add(time.Duration(length) * time.Second)}
			if c.free(m, v, nil) {
				return m, v
			}
		}
	}
	return nil, span{}
}

// anyService is the first service that a master does.
func (c *company) anyService(m *master) []*service {
	for _, v := range c.services {
		if _, does := m.does[v.id]; does {
			return []*service{v}
		}
	}
	return nil
}

func (s *Sandbox) controlRoutes() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, f func(*http.Request) (any, error)) {
		mux.HandleFunc("GET /_sandbox/"+path, func(w http.ResponseWriter, r *http.Request) {
			v, err := f(r)
			writeControl(w, http.StatusOK, v, err)
		})
	}
	get("sms", func(*http.Request) (any, error) { return s.SMS(), nil })
	get("mail", func(*http.Request) (any, error) { return s.Mail(), nil })
	get("info", func(r *http.Request) (any, error) {
		info := s.Info()
		info.BaseURL = s.baseFor(r)
		return info, nil
	})
	get("fidelity", func(*http.Request) (any, error) { return Report(), nil })
	get("faults", func(*http.Request) (any, error) { return s.Faults(), nil })
	get("faults/rules", func(*http.Request) (any, error) { return obj{"rules": s.FaultList(), "kinds": FaultKinds()}, nil })
	get("clock", func(*http.Request) (any, error) { return s.Clock(), nil })
	get("webhooks", func(*http.Request) (any, error) { return s.Webhooks(), nil })
	get("switches", func(*http.Request) (any, error) { return s.Switches(), nil })
	get("switches/about", func(*http.Request) (any, error) { return SwitchTable(), nil })
	get("day", s.controlDay)
	get("ledger", func(r *http.Request) (any, error) {
		seq, err := strconv.ParseInt(orZero(r.URL.Query().Get("since")), 10, 64)
		if err != nil {
			return nil, errors.New("since is not a number")
		}
		return s.LedgerSince(seq), nil
	})
	get("snapshots", func(*http.Request) (any, error) { return s.Snapshots(), nil })
	for _, place := range []string{"/_sandbox", "/_sandbox/{$}", "/_sandbox/page.js", "/_sandbox/page.css"} {
		mux.HandleFunc("GET "+place, servePage)
	}
	mux.HandleFunc("GET /_sandbox/events", s.serveEvents)
	mux.HandleFunc("GET /_sandbox/avatar/{name}", s.serveAvatar)
	mux.HandleFunc("GET /_sandbox/widget/{form}", serveWidget)
	mux.HandleFunc("PUT /_sandbox/faults", s.putFaults)
	mux.HandleFunc("POST /_sandbox/faults/rules", s.postFault)
	mux.HandleFunc("DELETE /_sandbox/faults/rules", s.deleteFault)
	mux.HandleFunc("DELETE /_sandbox/faults/rules/{id}", s.deleteFault)
	mux.HandleFunc("PUT /_sandbox/clock", s.putClock)
	mux.HandleFunc("PUT /_sandbox/licence", s.putLicence)
	mux.HandleFunc("POST /_sandbox/marketplace", s.postMarketplace)
	mux.HandleFunc("PUT /_sandbox/switches", s.putSwitches)
	mux.HandleFunc("POST /_sandbox/snapshots", s.named(s.Snapshot))
	mux.HandleFunc("DELETE /_sandbox/snapshots", s.named(s.RemoveSnapshot))
	mux.HandleFunc("POST /_sandbox/restore", s.named(s.Restore))
	mux.HandleFunc("POST /_sandbox/take", s.postTake)
	mux.HandleFunc("POST /_sandbox/password", s.postPassword)
	mux.HandleFunc("POST /_sandbox/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		writeControl(w, http.StatusOK, obj{"reset": true}, nil)
	})
	mux.HandleFunc("/_sandbox/", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusNotFound, obj{"error": "no such control: GET sms, mail, info, day, events, faults, faults/rules, " +
			"switches, ledger, fidelity, clock, webhooks, snapshots; PUT faults, switches, clock, licence; POST take, password, faults/rules, marketplace, " +
			"snapshots, restore, reset; DELETE faults/rules, snapshots"})
	})
	return mux
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// writeControl answers the control API, which has plain JSON of its own.
func writeControl(w http.ResponseWriter, status int, v any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case errors.Is(err, ErrTaken):
		writeJSON(w, http.StatusConflict, obj{"error": err.Error()})
	case errors.Is(err, ErrNoSnapshot):
		writeJSON(w, http.StatusNotFound, obj{"error": err.Error()})
	case err != nil:
		writeJSON(w, http.StatusBadRequest, obj{"error": err.Error()})
	default:
		writeJSON(w, status, v)
	}
}

// readInto decodes a body over the present value, so that a field that is not
// sent stays as it is. Unknown fields are a typing mistake, so an error.
func readInto(w http.ResponseWriter, r *http.Request, into any) error {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func (s *Sandbox) putFaults(w http.ResponseWriter, r *http.Request) {
	f := s.Faults()
	err := readInto(w, r, &f)
	if err == nil {
		err = s.SetFaults(f)
	}
	writeControl(w, http.StatusOK, f, err)
}

func (s *Sandbox) putSwitches(w http.ResponseWriter, r *http.Request) {
	sw := s.Switches()
	err := readInto(w, r, &sw)
	if err == nil {
		err = s.SetSwitches(sw)
	}
	writeControl(w, http.StatusOK, sw, err)
}

func (s *Sandbox) postTake(w http.ResponseWriter, r *http.Request) {
	var req TakeRequest
	err := readInto(w, r, &req)
	var rec Record
	if err == nil {
		rec, err = s.Take(req)
	}
	writeControl(w, http.StatusCreated, rec, err)
}

func (s *Sandbox) postPassword(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Login    string `json:"login"`
		Password string `json:"password"`
	}
	err := readInto(w, r, &req)
	token := ""
	if err == nil {
		token, err = s.ChangePassword(req.Login, req.Password)
	}
	writeControl(w, http.StatusOK, obj{"user_token": token}, err)
}

// controlDay is the salon's day by master, for the eye. Its pictures have no
// host, so that they also work where the control API is proxied.
func (s *Sandbox) controlDay(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := asInt(r.URL.Query().Get("company_id"))
	c := s.state.company(id)
	if c == nil {
		return nil, fmt.Errorf("company_id %d is not here", id)
	}
	now := s.now()
	d := dayOf(now, c.zone)
	if v := r.URL.Query().Get("date"); v != "" {
		var ok bool
		if d, ok = parseDay(v); !ok {
			return nil, errors.New("date must be YYYY-MM-DD")
		}
	}
	staff := []any{}
	for _, m := range c.staff {
		if !m.fired {
			staff = append(staff, controlMaster(c, m, d))
		}
	}
	return obj{
		"company_id": c.id, "title": c.title, "timezone": c.zoneName, "now": now.In(c.zone).Format(withColon),
		"date": d.String(), "staff": staff,
	}, nil
}

func controlMaster(c *company, m *master, d day) obj {
	hm := func(t time.Time) string { return t.In(c.zone).Format("15:04") }
	works, records := []any{}, []any{}
	for _, w := range m.works(d, c.zone) {
		works = append(works, obj{"from": hm(w.from), "to": hm(w.to)})
	}
	byStart := slices.Clone(c.byDay[staffDay{m.id, d}])
	slices.SortFunc(byStart, func(a, b *record) int { return a.start.Compare(b.start) })
	for _, r := range byStart {
		records = append(records, obj{
			"id": r.id, "from": hm(r.start), "to": hm(r.end()), "client": r.clientName(), "services": r.serviceTitles(),
			"online": r.online, "api_id": r.apiID, "deleted": r.deleted,
		})
	}
	return obj{
		"id": m.id, "name": m.name, "specialization": m.specialty, "avatar": "/_sandbox/avatar/" + itoa(m.id) + ".svg",
		"fake": m.fake, "hidden": m.hidden, "works": works, "records": records,
	}
}

// serveWidget stands where the salon's web widget would be.
func serveWidget(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	_, _ = io.WriteString(w, `<!doctype html><html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width">`+
		`<title>Виджет салона</title><h1>Виджет салона</h1><p>Здесь была бы страница записи YCLIENTS. В песочнице её нет.`+
		`<p lang="en">The salon's own booking page would be here. The sandbox has none.</html>`)
}
