package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"zapis/contract"
)

// Kinds of a [Fault].
const (
	faultDelay         = "delay"          // wait seconds before the call
	faultDrip          = "drip"           // the answer comes in pieces over seconds
	fault429           = "status_429"     // the rate refusal
	faultRefusal200    = "refusal_200"    // the rate refusal as 200 with success:false
	fault500           = "status_500"     // in the API's envelope
	fault502           = "status_502"     // in the API's envelope
	fault503           = "status_503"     // in the API's envelope
	faultHTML          = "html"           // the page of a proxy, status 502
	faultTruncate      = "truncate"       // JSON that ends in the middle, with a Content-Length that fits
	faultDropBefore    = "drop_before"    // the connection is cut and nothing is done
	faultDropAfter     = "drop_after"     // it is done, and the connection is cut
	faultEmptyAsList   = "empty_as_list"  // [] for {}
	faultIDsAsText     = "ids_as_text"    // "123" for 123 in keys id and *_id
	faultWrongOffset   = "wrong_offset"   // datetime of records an hour off, date right
	faultNullDurations = "null_durations" // null for lengths
	faultShortPage     = "short_page"     // pages hold half of what was asked for; nothing is missing over all pages
	faultCountFallback = "count_fallback" // the page size falls back to 25 in silence
	faultTokenDeath    = "token_death"    // 401 as if the user's password had been changed
	faultClockSkew     = "clock_skew"     // the service's clock is off by seconds, either way
	hookLose           = "webhook_lose"
	hookDuplicate      = "webhook_duplicate" // times more, 1 by default
	hookLate           = "webhook_late"      // by seconds, 60 by default
	hookReorder        = "webhook_reorder"   // overtaken by those of the next seconds, 10 by default
)

var faultKinds = []string{
	faultDelay, faultDrip, fault429, faultRefusal200, fault500, fault502, fault503, faultHTML, faultTruncate, faultDropBefore,
	faultDropAfter, faultEmptyAsList, faultIDsAsText, faultWrongOffset, faultNullDurations, faultShortPage, faultCountFallback,
	faultTokenDeath, faultClockSkew, hookLose, hookDuplicate, hookLate, hookReorder,
}

// FaultKinds lists the kinds of faults.
func FaultKinds() []string { return slices.Clone(faultKinds) }

// Fault is a failure that happens to some of the calls, or to the webhooks that
// they cause.
type Fault struct {
	ID        int64   `json:"id"` // given by the sandbox
	Kind      string  `json:"kind"`
	Operation string  `json:"operation"`   // of the contract; empty: all
	CompanyID int64   `json:"company_id"`  // 0: all
	Chance    float64 `json:"probability"` // 0 to 1; 0 means 1
	Skip      int     `json:"skip"`        // so many calls pass first
	Count     int     `json:"count"`       // so many times, then it is gone; 0: until it is removed
	Seconds   float64 `json:"seconds"`     // of delay, drip, clock_skew, webhook_late, webhook_reorder
	Times     int     `json:"times"`       // of webhook_duplicate
}

const maxFaultSeconds = 24 * hour

// Validate says what of a fault is not possible.
func (f Fault) Validate() error {
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("sandbox: fault kind is %q, must be one of %s", f.Kind, strings.Join(faultKinds, ", "))
	case f.Operation != "" && !isOperation(f.Operation):
		return fmt.Errorf("sandbox: fault operation %q is not in the contract: take the operation_id of GET /_sandbox/fidelity", f.Operation)
	case f.Chance < 0 || f.Chance > 1:
		return fmt.Errorf("sandbox: fault probability is %g, must be 0 to 1", f.Chance)
	case f.Skip < 0 || f.Count < 0 || f.Times < 0 || f.Times > 10:
		return fmt.Errorf("sandbox: skip and count of a fault must not be negative, times must be 0 to 10")
	case f.Seconds > maxFaultSeconds || f.Seconds < -maxFaultSeconds || f.Seconds < 0 && f.Kind != faultClockSkew:
		return fmt.Errorf("sandbox: fault seconds is %g, must be 0 to %d (clock_skew: also negative)", f.Seconds, maxFaultSeconds)
	}
	return nil
}

func isOperation(id string) bool {
	return slices.ContainsFunc(contract.Operations(), func(op contract.Operation) bool { return op.ID == id })
}

// delay is the length of a fault in time.
func (f Fault) delay(otherwise time.Duration) time.Duration {
	if f.Seconds == 0 {
		return otherwise
	}
	return time.Duration(f.Seconds * float64(time.Second))
}

// faultRules is the list of faults, guarded by Sandbox.mu.
type faultRules struct {
	list   []*Fault
	lastID int64
	chance *rand.Rand
}

// hit gives the faults that happen now, of some kinds or, without kinds, of all
// but those of webhooks, and uses them up.
func (r *faultRules) hit(s *Sandbox, operation string, companyID int64, kinds ...string) []Fault {
	var now []Fault
	gone := false
	for _, f := range r.list {
		wanted := slices.Contains(kinds, f.Kind) || len(kinds) == 0 && !strings.HasPrefix(f.Kind, "webhook_")
		if !wanted || f.Operation != "" && f.Operation != operation || f.CompanyID != 0 && f.CompanyID != companyID {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Chance > 0 && r.chance.Float64() >= f.Chance {
			continue
		}
		now = append(now, *f)
		if f.Count > 0 {
			f.Count--
			gone = gone || f.Count == 0
			if f.Count == 0 {
				f.Skip = -1
			}
		}
	}
	if gone {
		r.list = slices.DeleteFunc(r.list, func(f *Fault) bool { return f.Skip < 0 })
	}
	if len(now) > 0 {
		s.emit("fault", s.faults)
	}
	return now
}

// AddFault adds a fault and returns its id.
func (s *Sandbox) AddFault(f Fault) (int64, error) {
	if err := f.Validate(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.lastID++
	f.ID = s.rules.lastID
	s.rules.list = append(s.rules.list, &f)
	return f.ID, nil
}

// RemoveFault removes a fault; id 0 removes all. False: there is no such one.
func (s *Sandbox) RemoveFault(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules.list)
	s.rules.list = slices.DeleteFunc(s.rules.list, func(f *Fault) bool { return id == 0 || f.ID == id })
	return id == 0 || len(s.rules.list) < before
}

// FaultList lists the faults as far as they have not been used up.
func (s *Sandbox) FaultList() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Fault, 0, len(s.rules.list))
	for _, f := range s.rules.list {
		list = append(list, *f)
	}
	return list
}

// has tells whether a fault of a kind happens to this call.
func (c *call) has(kind string) bool {
	return slices.ContainsFunc(c.troubles, func(f Fault) bool { return f.Kind == kind })
}

// lasting is how long the faults of a kind take together.
func (c *call) lasting(kind string, otherwise time.Duration) time.Duration {
	sum := time.Duration(0)
	for _, f := range c.troubles {
		if f.Kind == kind {
			sum += f.delay(otherwise)
		}
	}
	return sum
}

// refuse is the answer of the faults that keep a call from the service.
func (c *call) refuse() (a answer, cut, refused bool) {
	for _, f := range c.troubles {
		switch f.Kind {
		case faultDropBefore:
			return answer{}, true, true
		case fault429:
			return failed(http.StatusTooManyRequests, tooMany), false, true
		case faultRefusal200:
			return failed(http.StatusOK, tooMany), false, true
		case fault500:
			return failed(http.StatusInternalServerError, "Внутренняя ошибка сервера"), false, true
		case fault502:
			return failed(http.StatusBadGateway, "Сервис временно недоступен"), false, true
		case fault503:
			return failed(http.StatusServiceUnavailable, "Сервис временно недоступен"), false, true
		case faultHTML:
			return proxyPage(), false, true
		}
	}
	return answer{}, false, false
}

func proxyPage() answer {
	return answer{status: http.StatusBadGateway, html: "<html><head><title>502 Bad Gateway</title></head>" +
		"<body><center><h1>502 Bad Gateway</h1></center></body></html>\n"}
}

// fallbackCount is the page size that takes the place of one above the cap.
const fallbackCount = 25

// bend changes what the operation gets to see: its clock and the page size.
func (c *call) bend() {
	c.now = c.now.Add(c.lasting(faultClockSkew, 0))
	for _, name := range []string{"count", "page_size"} {
		if c.has(faultCountFallback) {
			c.setCount(name, func(int64) int64 { return fallbackCount })
		}
		if c.has(faultShortPage) {
			c.setCount(name, func(n int64) int64 { return max((n+1)/2, 1) })
		}
	}
}

// setCount changes a page size, in the query or the body.
func (c *call) setCount(name string, to func(int64) int64) {
	if n, ok := asInt(c.query.Get(name)); ok {
		c.query.Set(name, itoa(to(n)))
	} else if c.query.Has("page") && name == "count" {
		c.query.Set(name, itoa(to(fallbackCount)))
	}
	if n, ok := asInt(c.body[name]); ok {
		c.body[name] = json.Number(itoa(to(n)))
	}
}

// spoil changes what the answer looks like.
func (c *call) spoil(a answer) answer {
	if a.body == nil {
		return a
	}
	var change []func(key string, v any, in obj) any
	if c.has(faultEmptyAsList) {
		change = append(change, emptyAsList)
	}
	if c.has(faultIDsAsText) {
		change = append(change, idsAsText)
	}
	if c.has(faultWrongOffset) {
		change = append(change, wrongOffset)
	}
	if c.has(faultNullDurations) {
		change = append(change, nullDurations)
	}
	if len(change) == 0 {
		return a
	}
	data, err := json.Marshal(a.body)
	if err != nil {
		return a // writing it will tell
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var body any
	if dec.Decode(&body) != nil {
		return a
	}
	for _, f := range change {
		body = rebuild("", body, nil, f)
	}
	a.body = body
	return a
}

// rebuild makes a JSON value anew from its leaves up.
func rebuild(key string, v any, in obj, f func(key string, v any, in obj) any) any {
	switch v := v.(type) {
	case obj:
		for k, x := range v {
			v[k] = rebuild(k, x, v, f)
		}
		return f(key, v, in)
	case []any:
		for i, x := range v {
			v[i] = rebuild(key, x, in, f)
		}
		return v
	}
	return f(key, v, in)
}

func emptyAsList(_ string, v any, _ obj) any {
	if o, ok := v.(obj); ok && len(o) == 0 {
		return []any{}
	}
	return v
}

func idsAsText(key string, v any, _ obj) any {
	if n, ok := v.(json.Number); ok && (key == "id" || strings.HasSuffix(key, "_id")) {
		return n.String()
	}
	return v
}

// wrongOffset leaves the clock of datetime as it is and says another offset, in
// records only: they have date beside it, which is the truth.
func wrongOffset(key string, v any, in obj) any {
	s, ok := v.(string)
	if _, record := in["date"]; !ok || !record || key != "datetime" {
		return v
	}
	for _, layout := range []string{withColon, withoutColon} {
		if t, err := time.Parse(layout, s); err == nil {
			_, offset := t.Zone()
			return t.In(time.FixedZone("", offset-hour)).Add(time.Hour).Format(layout)
		}
	}
	return v
}

func nullDurations(key string, v any, _ obj) any {
	if _, ok := v.(json.Number); ok && slices.Contains([]string{"seance_length", "length", "duration"}, key) {
		return nil
	}
	return v
}

// deliver writes the answer, late and in pieces when a fault wants it.
func (c *call) deliver(w http.ResponseWriter, r *http.Request, a answer) {
	w.Header().Set("Date", c.now.UTC().Format(http.TimeFormat))
	if !c.has(faultTruncate) && !c.has(faultDrip) {
		a.write(w)
		return
	}
	kept := &keeper{header: http.Header{}}
	a.write(kept)
	data := kept.Bytes()
	if c.has(faultTruncate) {
		data = data[:len(data)*2/3]
	}
	for k, v := range kept.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(kept.status)
	const pieces = 10
	pause := c.lasting(faultDrip, 10*time.Second) / pieces
	rc := http.NewResponseController(w)
	for piece := range slices.Chunk(data, max(len(data)/pieces, 1)) {
		if pause > 0 && !c.pass(r.Context(), pause) {
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write(piece); err != nil {
			return // the caller has gone away
		}
		_ = rc.Flush() // what cannot be flushed comes at the end
	}
}

// keeper keeps an answer instead of sending it.
type keeper struct {
	bytes.Buffer
	header http.Header
	status int
}

func (k *keeper) Header() http.Header { return k.header }
func (k *keeper) WriteHeader(status int) {
	k.status = status
}

// companyOf is the company that a path names, if only by its number.
func companyOf(r *route, params map[string]string) int64 {
	if r == nil {
		return 0
	}
	name, ok := companyParam(r)
	if !ok {
		return 0
	}
	id, _ := asInt(params[name])
	return id
}
