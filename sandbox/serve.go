package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// access is what an operation asks of the caller besides the partner token.
type access int

const (
	openToPartner access = iota // a user token is looked at when there is one
	anyUser                     // a user token of anybody
	memberOnly                  // a user token with rights in the company
)

// model is how an operation is played.
type model struct {
	run    func(*call) answer
	access access
	write  bool   // changes records, so that lose_next and cut_next apply
	level  string // exact or simplified
	note   string // what is simplified
}

// call is one API request while it is answered, under Sandbox.mu.
type call struct {
	*Sandbox
	route   *route
	params  map[string]string
	query   url.Values
	header  http.Header
	body    obj
	now     time.Time
	arrived time.Time
	base    string // address of the pictures as the caller sees it
	user    *user  // nil: none given
	company *company

	troubles []Fault // that happen to this call

	// For the ledger.
	applied   bool
	recordIDs []int64
	apiID     string
	note      string
	remarks   []Remark
}

// Handler serves the API and, under /_sandbox, the control of it.
func (s *Sandbox) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_sandbox" || strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.control.ServeHTTP(w, r)
		return
	}
	c, a, cut := s.answerAPI(r)
	if cut {
		// Closes the connection without an answer.
		panic(http.ErrAbortHandler)
	}
	c.deliver(w, r, a)
}

// answerAPI plays one API call. cut means that no answer shall reach the caller.
func (s *Sandbox) answerAPI(r *http.Request) (c *call, a answer, cut bool) {
	// The limits count arrivals: finding the route, the first time, and waiting for the lock take time of their own.
	c = &call{Sandbox: s, arrived: s.now(), header: r.Header, query: r.URL.Query(), base: s.publicURL}
	if c.base == "" {
		c.base = s.baseFor(r)
	}
	c.route, c.params = match(r.Method, r.URL.EscapedPath())

	if a, cut, stopped := s.admit(r, c); stopped {
		return c, a, cut
	}
	body, bodyErr := readBody(r)
	c.body = body

	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.now()
	c.remarks = c.verdict(r, bodyErr)
	if m := c.model(); m != nil && m.write && s.faults.CutNext > 0 {
		s.faults.CutNext--
		c.note = "cut before anything was applied"
		c.record(r.Method, 0)
		s.emit("fault", s.faults)
		return c, answer{}, true
	}
	c.bend()
	a = c.spoil(c.answer(bodyErr))
	c.tellOfClients()
	if cut = c.answerLost(); cut {
		c.note = strings.TrimPrefix(c.note+"; answer lost", "; ")
		c.record(r.Method, 0)
		s.emit("fault", s.faults)
		return c, answer{}, true
	}
	c.record(r.Method, a.status)
	return c, a, false
}

// answerLost tells whether a fault keeps the answer of what was done from the caller.
func (c *call) answerLost() bool {
	if c.applied && c.model().write && c.faults.LoseNext > 0 {
		c.faults.LoseNext--
		return true
	}
	return c.has(faultDropAfter)
}

// admit is what stands before the service: outages, slowness, limits.
func (s *Sandbox) admit(r *http.Request, c *call) (a answer, cut, stopped bool) {
	s.mu.Lock()
	delay := time.Duration(s.faults.DelayMS) * time.Millisecond
	a, cut, stopped = s.gate(r, c)
	delay += c.lasting(faultDelay, time.Second)
	s.mu.Unlock()
	if delay > 0 && !cut && !s.pass(r.Context(), delay) {
		return answer{}, true, true
	}
	return a, cut, stopped
}

func (s *Sandbox) gate(r *http.Request, c *call) (a answer, cut, stopped bool) {
	c.now = s.now()
	s.calls++
	f := &s.faults
	switch {
	case f.Off:
		c.note = "off"
		a, cut = failed(http.StatusServiceUnavailable, "Сервис временно недоступен"), s.switches.OffCuts
	case !s.pace.allow(s.limits, remoteHost(r), c.arrived):
		s.refusals++
		c.note = "beyond the limits"
		a = s.rateRefusal()
	case f.RefuseNext > 0:
		f.RefuseNext--
		c.note = "refused on demand"
		a = failed(http.StatusOK, tooMany)
	case f.HTMLNext > 0:
		f.HTMLNext--
		c.note = "page of a proxy on demand"
		a = proxyPage()
	case f.ErrorNext > 0:
		f.ErrorNext--
		c.note = "failed on demand"
		a = failed(http.StatusInternalServerError, "Внутренняя ошибка сервера")
	default:
		c.troubles = s.rules.hit(s, c.operationID(), companyOf(c.route, c.params))
		var refused bool
		if a, cut, refused = c.refuse(); !refused {
			return answer{}, false, false
		}
		c.note = "a fault on demand"
	}
	status := a.status
	if cut {
		status = 0
	}
	c.record(r.Method, status)
	return a, cut, true
}

const tooMany = "Превышен лимит запросов"

func (s *Sandbox) rateRefusal() answer {
	status := http.StatusTooManyRequests
	switch s.switches.RefusalShape {
	case Refusal200:
		status = http.StatusOK
	case RefusalAlternates:
		if s.refusals%2 == 0 {
			status = http.StatusOK
		}
	}
	return failed(status, tooMany)
}

// answer goes through the checks that come before every operation, and on to it.
func (c *call) answer(bodyErr error) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("sandbox: operation failed", "operation", c.operationID(), "panic", p, "stack", string(debug.Stack()))
			a = failed(http.StatusInternalServerError, "Внутренняя ошибка сервера")
		}
	}()
	if c.route == nil {
		return failed(http.StatusNotFound, "Не найдено")
	}
	if !acceptsV2(c.header) {
		return c.fail(http.StatusBadRequest, "Не указана версия API: нужен заголовок Accept: application/vnd.yclients.v2+json")
	}
	if a, ok := c.authorize(); !ok {
		return a
	}
	m := c.model()
	if m == nil {
		return failed(http.StatusNotImplemented, "Песочница пока не умеет операцию "+c.operationID()+" (sandbox: operation not modelled yet)")
	}
	if bodyErr != nil {
		return c.unreadable(bodyErr)
	}
	if a, ok := c.strictly(); !ok {
		return a
	}
	if c.route.op.Method == http.MethodDelete && c.route.op.Request == nil && len(c.body) > 0 && c.switches.DeleteBody400 {
		return c.fail(http.StatusBadRequest, "Тело запроса не ожидается")
	}
	if a, ok := c.enter(m); !ok {
		return a
	}
	return m.run(c)
}

func (c *call) unreadable(err error) answer {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return c.fail(http.StatusRequestEntityTooLarge, "Слишком большое тело запроса")
	}
	return c.fail(http.StatusBadRequest, "Тело запроса не разобрано: ожидается объект JSON")
}

// enter finds the company of the path and checks the rights in it.
func (c *call) enter(m *model) (answer, bool) {
	if m.access != openToPartner && c.user == nil {
		return c.fail(http.StatusUnauthorized, noUser), false
	}
	name, ok := companyParam(c.route)
	if !ok {
		return answer{}, true
	}
	id, _ := asInt(c.params[name])
	c.company = c.state.company(id)
	if c.company == nil {
		return c.fail(http.StatusNotFound, "Не найдено"), false
	}
	return c.permitted(m)
}

// companyParam is the path parameter that names a company.
func companyParam(r *route) (string, bool) {
	if companyShape[r.op.ID] {
		return "id", true
	}
	for _, n := range r.names {
		if slices.Contains(companyNames, n) {
			return n, true
		}
	}
	return "", false
}

// fail spells a failure in the shape of the operation.
func (c *call) fail(status int, message string) answer {
	if c.route != nil && companyShape[c.route.op.ID] {
		return failedErrors(status, message)
	}
	return failed(status, message)
}

// companyShape has the operations that fail as {errors, meta}.
var companyShape = map[string]bool{"getCompany": true, "updateCompany": true, "deleteCompany": true}

func (c *call) model() *model {
	if c.route == nil {
		return nil
	}
	return c.route.model
}

func (c *call) operationID() string {
	if c.route == nil {
		return ""
	}
	return c.route.op.ID
}

// record writes the call into the ledger and tells the listeners.
func (c *call) record(method string, status int) {
	var companyID int64
	if c.company != nil {
		companyID = c.company.id
	}
	e := c.ledger.add(Entry{
		At: c.now, Method: method, OperationID: c.operationID(), Path: shownPath(c.route, c.params),
		CompanyID: companyID, Status: status, Applied: c.applied, RecordIDs: c.recordIDs, APIID: c.apiID, Note: c.note,
		Verdict: c.remarks,
	})
	c.emit("call", obj{
		"seq": e.Seq, "method": e.Method, "operation_id": e.OperationID, "path": e.Path,
		"company_id": e.CompanyID, "status": e.Status, "applied": e.Applied, "note": e.Note,
		"verdict": e.Verdict,
	})
}

// changed notes for the ledger that records were truly changed.
func (c *call) changed(records ...*record) {
	c.applied = true
	for _, r := range records {
		c.recordIDs = append(c.recordIDs, r.id)
		if r.apiID != "" {
			c.apiID = r.apiID
		}
		c.company = r.company
	}
}

func readBody(r *http.Request) (obj, error) {
	if r.Body == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return obj{}, nil
	}
	return decodeBody(http.MaxBytesReader(nil, r.Body, maxBody))
}

func (s *Sandbox) baseFor(r *http.Request) string {
	if base := s.URL(); base != "" {
		return base
	}
	return fmt.Sprintf("http://%s", r.Host)
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// wait lets time pass; false when the caller left or the sandbox closed first.
func wait(ctx context.Context, closed <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}
