package tape

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"zapis/contract"
	"zapis/sandbox"
)

// Difference is what the sandbox answers differently from the account that was recorded.
type Difference struct {
	File      string `json:"file"`
	Operation string `json:"operation"`
	Place     string `json:"place"` // of the answer, as data[].staff.id; empty for the answer as a whole
	Account   string `json:"account"`
	Sandbox   string `json:"sandbox"`
}

func (d Difference) String() string {
	place := d.Place
	if place == "" {
		place = "answer"
	}
	return fmt.Sprintf("%s: %s: %s: account %s, sandbox %s", d.File, d.Operation, place, d.Account, d.Sandbox)
}

// Report is the outcome of a comparison.
type Report struct {
	Compared    int          `json:"compared"`
	Skipped     []string     `json:"skipped,omitempty"` // exchanges that cannot be compared, and why
	Differences []Difference `json:"differences,omitempty"`
}

// Compare asks a fresh sandbox what was asked in a recording, with its own branch, masters and days in the place of the
// recorded ones, and compares the shape of the answers: status, fields, and kinds of values. A field that one of them
// has only in an empty list or an empty object is no difference.
func Compare(dir string) (Report, error) {
	var report Report
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return report, err
	}
	if len(files) == 0 {
		return report, fmt.Errorf("%s holds no recording: no .json file", dir)
	}
	slices.Sort(files)
	sb := sandbox.New(sandbox.WithLimits(sandbox.Off))
	defer sb.Close()
	p := player{handler: sb.Handler(), known: map[string]string{}}
	p.learn(sb.Info().CompanyIDs[0])
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return report, err
		}
		var e Exchange
		if err := json.Unmarshal(text, &e); err != nil || e.Operation == "" {
			return report, fmt.Errorf("%s is not an exchange of a recording", file)
		}
		name := filepath.Base(file)
		op, ok := contract.Lookup(e.Operation)
		switch {
		case !ok:
			report.Skipped = append(report.Skipped, name+": no such operation: "+e.Operation)
			continue
		case op.Writes:
			report.Skipped = append(report.Skipped, name+": "+e.Operation+" changes something, and its outcome hangs on what was there before")
			continue
		case e.Status >= 400:
			report.Skipped = append(report.Skipped, name+": "+e.Operation+" was refused, for reasons of that account")
			continue
		}
		report.Compared++
		for _, d := range p.compare(op, e) {
			d.File, d.Operation = name, e.Operation
			report.Differences = append(report.Differences, d)
		}
	}
	return report, nil
}

// player asks the sandbox.
type player struct {
	handler http.Handler
	known   map[string]string // what the sandbox has in the place of a recorded id, by the parameter's name
}

// learn finds a master, a service and so on that the sandbox has.
func (p *player) learn(company int64) {
	c := fmt.Sprint(company)
	for _, name := range []string{"company_id", "location_id", "salon_id"} {
		p.known[name] = c
	}
	p.known["id"] = c // of a company, where nothing else is said
	for name, path := range map[string]string{
		"staff_id": "/api/v1/company/" + c + "/staff/", "service_id": "/api/v1/company/" + c + "/services/",
		"record_id": "/api/v1/records/" + c + "?page=1&count=1", "category_id": "/api/v1/company/" + c + "/service_categories/",
	} {
		_, body := p.ask(http.MethodGet, path, nil)
		var list struct{ Data []struct{ ID json.Number } }
		if json.Unmarshal(body, &list) == nil && len(list.Data) > 0 {
			p.known[name] = list.Data[0].ID.String()
		}
	}
}

func (p *player) ask(method, target string, body []byte) (int, []byte) {
	req, err := http.NewRequestWithContext(context.Background(), method, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil // an exchange that was edited by hand: the status differs
	}
	req.RemoteAddr = "127.0.0.1:1"
	req.Header.Set("Accept", "application/vnd.yclients.v2+json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+sandbox.PartnerToken+", User "+sandbox.UserToken)
	w := &memory{header: http.Header{}, status: http.StatusOK}
	p.handler.ServeHTTP(w, req)
	return w.status, w.body.Bytes()
}

// memory keeps an answer.
type memory struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (m *memory) Header() http.Header         { return m.header }
func (m *memory) WriteHeader(status int)      { m.status = status }
func (m *memory) Write(p []byte) (int, error) { return m.body.Write(p) }

func (p *player) compare(op *contract.Operation, e Exchange) []Difference {
	status, body := p.ask(e.Method, p.target(op, e), e.Request)
	if status != e.Status {
		return []Difference{{Account: fmt.Sprint(e.Status), Sandbox: fmt.Sprint(status)}}
	}
	var theirs, mine any
	if len(e.Response) == 0 {
		return nil // not JSON: nothing to hold against it
	}
	if err := json.Unmarshal(e.Response, &theirs); err != nil {
		return []Difference{{Account: "an answer that is not JSON any more", Sandbox: "JSON"}}
	}
	if json.Unmarshal(body, &mine) != nil {
		return []Difference{{Account: "JSON", Sandbox: "not JSON"}}
	}
	return shapesDiffer(shapeOf(theirs), shapeOf(mine))
}

var someDay = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)

// target is the recorded request with what the sandbox has in the place of ids and days.
func (p *player) target(op *contract.Operation, e Exchange) string {
	place := func(name, v string) string {
		if known, ok := p.known[strings.TrimSuffix(name, "[]")]; ok {
			return known
		}
		if someDay.MatchString(v) {
			ahead := 1
			if strings.Contains(name, "end") || strings.Contains(name, "to") {
				ahead = 7
			}
			return time.Now().AddDate(0, 0, ahead).Format(time.DateOnly)
		}
		return v
	}
	base, _ := url.Parse(op.BaseURL) // the contract's addresses are tested there
	path := op.Paths[0]
	for name, v := range e.Path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(place(name, v)))
	}
	query := url.Values{}
	for name, list := range e.Query {
		for _, v := range list {
			query.Add(name, place(name, v))
		}
	}
	return base.Path + path + "?" + query.Encode()
}

// shape is the kinds of values at each place of a document.
type shape map[string]map[string]bool

func shapeOf(v any) shape {
	s := shape{}
	s.add("", v)
	return s
}

// add walks a document. Items of a list stand at one place, and so do the values of an object whose keys are data.
func (s shape) add(place string, v any) {
	kind := ""
	switch v := v.(type) {
	case map[string]any:
		kind = "object"
		for name, inner := range v {
			if !plainKey.MatchString(name) || strings.HasPrefix(name, "key-") {
				name = "*"
			}
			s.add(strings.TrimPrefix(place+"."+name, "."), inner)
		}
		if len(v) == 0 {
			s.note(place, "empty")
			return
		}
	case []any:
		kind = "list"
		for _, inner := range v {
			s.add(place+"[]", inner)
		}
		if len(v) == 0 {
			s.note(place, "empty")
			return
		}
	case string:
		kind = "string"
	case float64:
		kind = "number"
	case bool:
		kind = "boolean"
	case nil:
		kind = "null"
	}
	s.note(place, kind)
}

func (s shape) note(place, kind string) {
	if s[place] == nil {
		s[place] = map[string]bool{}
	}
	s[place][kind] = true
}

func (s shape) kinds(place string) string {
	return strings.Join(slices.Sorted(maps.Keys(s[place])), " or ")
}

// filled reports that the object or list around a place has something in it, so that what is missing is missing.
func (s shape) filled(place string) bool {
	parent := ""
	if i := strings.LastIndexByte(place, '.'); i >= 0 {
		parent = place[:i]
	}
	if strings.HasSuffix(place, "[]") {
		parent = strings.TrimSuffix(place, "[]")
		return s[parent]["list"]
	}
	return s[parent]["object"]
}

func shapesDiffer(account, mine shape) (list []Difference) {
	for place := range account {
		switch {
		case mine[place] == nil && mine.filled(place):
			list = append(list, Difference{Place: place, Account: account.kinds(place), Sandbox: "nothing"})
		case mine[place] != nil && !agree(account[place], mine[place]):
			list = append(list, Difference{Place: place, Account: account.kinds(place), Sandbox: mine.kinds(place)})
		}
	}
	for place := range mine {
		if account[place] == nil && account.filled(place) {
			list = append(list, Difference{Place: place, Account: "nothing", Sandbox: mine.kinds(place)})
		}
	}
	slices.SortFunc(list, func(a, b Difference) int { return strings.Compare(a.Place, b.Place) })
	return list
}

// agree holds when one kind at least is the same, or one of them says nothing about the kind.
func agree(a, b map[string]bool) bool {
	if a["empty"] || b["empty"] || len(a) == 1 && a["null"] || len(b) == 1 && b["null"] {
		return true
	}
	for kind := range a {
		if b[kind] && kind != "null" {
			return true
		}
	}
	return false
}
