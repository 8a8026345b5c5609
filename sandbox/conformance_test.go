package sandbox

import (
	"bytes"
	"encoding/json"
	cmdline "flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"zapis/contract"
)

var update = cmdline.Bool("update", false, "write conformance.json and docs/sandbox-fidelity.md anew")

// conformance walks an operation with requests made from the contract alone.
type conformance struct {
	OperationID string `json:"operation_id"`
	Level       string `json:"level"`
	// Kinds of requests that got the right answer: valid, no_token, no_user, stranger, no_version, incomplete.
	Passed []string `json:"passed"`
	// What of the documented sample a valid answer does not have, or has of another kind.
	Differs []string `json:"differs,omitempty"`
}

// conformer makes requests without any knowledge but the contract's and the seed's.
type conformer struct {
	t   *testing.T
	op  *contract.Operation
	sb  *Sandbox
	own map[string]string // values of path parameters that are not the seed's
}

// known are ids of the seed; anything else is 1.
func (c *conformer) param(name, kind, format string) string {
	company := c.sb.state.company(moscow)
	switch strings.ToLower(name) {
	case "company_id", "salon_id", "salonid":
		return itoa(moscow)
	case "id":
		if companyShape[c.op.ID] {
			return itoa(moscow)
		}
		if c.op.ID == "getBookform" {
			return itoa(company.formID)
		}
		if strings.Contains(c.op.Path, "categor") {
			return itoa(company.categories[0].id)
		}
		return itoa(company.clients[0].id)
	case "category_id":
		if strings.Contains(c.op.Path, "/services") {
			return itoa(company.categories[0].id)
		}
	case "chain_id", "group_id", "salon_group_id":
		return itoa(groupID)
	case "staff_id", "master_id", "staffid":
		return itoa(anna)
	case "service_id", "serviceid":
		return itoa(haircut)
	case "client_id":
		return itoa(company.clients[0].id)
	case "card_id":
		return "9101"
	case "abonementid":
		return "9201"
	case "loyalty_abonement_type_id":
		return "8801"
	case "form_id":
		return itoa(company.formID)
	case "activity_id", "activityid":
		return itoa(company.activities[0].id)
	case "record_id", "recordid":
		return itoa(company.records[0].id)
	case "visit_id":
		return itoa(company.records[0].visitID)
	case "record_hash":
		return company.records[0].hash
	case "user_id":
		if c.op.ID == "deleteCompanyUser" || c.op.ID == "removeUserFromCompanies" { // the first one is the owner, who cannot be removed
			return itoa(c.sb.state.users[1].id)
		}
		return itoa(c.sb.state.users[0].id)
	case "phone":
		if c.op.ID == "createClient" || c.op.ID == "updateClient" { // no two cards have one phone
			return "79000009901"
		}
		return RegularPhone
	case "field_category":
		return "record"
	case "entity":
		return "1"
	case "langcode":
		return "ru-RU"
	}
	switch {
	case strings.Contains(name, "date") || format == "date" || name == "from" || name == "till" || name == "to" || strings.HasPrefix(name, "created_"):
		return dayOf(noon, time.UTC).String()
	case kind == "string":
		return "x"
	}
	return "1"
}

// path is the preferred address with ids of the seed in it, and the required query.
func (c *conformer) path() string {
	base, err := url.Parse(c.op.BaseURL)
	if err != nil {
		c.t.Fatal(err)
	}
	path, q := base.Path+c.op.Paths[0], url.Values{}
	for _, p := range c.op.Params {
		v := c.param(p.Name, p.Type, p.Format)
		if len(p.Enum) > 0 {
			v = spelled(p.Enum[0])
		}
		switch {
		case p.In == "path" && c.own[p.Name] != "":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", c.own[p.Name])
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", v)
		case p.In == "query" && p.Required && p.Type == "array":
			q.Add(p.Name+"[]", v)
		case p.In == "query" && p.Required:
			q.Set(p.Name, v)
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// body has the required fields and, for the rest, the printed sample.
func (c *conformer) body() any {
	req := c.op.Request
	if req == nil {
		return nil
	}
	if sample, ok := req.Sample(); ok {
		if o, isObject := decodeSample(sample.JSON).(obj); isObject {
			maps.Copy(o, ofToday[c.op.ID])
			c.reside(o)
			return c.known(o, req.Fields)
		} else if list := decodeSample(sample.JSON); list != nil {
			return list
		}
	}
	o := obj{}
	if req.Kind == "array" {
		return []any{c.known(o, req.Fields)}
	}
	return c.known(o, req.Fields)
}

// ofToday has what a printed body cannot say: days to come, and things that are there.
var ofToday = map[string]obj{
	"createActivity":           lessonToCome,
	"updateActivity":           lessonToCome,
	"createActivityV2":         lessonToCome,
	"updateActivityV2":         lessonToCome,
	"duplicateActivity":        {"force": true},
	"freezeAbonement":          {"freeze_till": "2026-12-20"},
	"setAbonementPeriod":       {"period": 1, "period_unit_id": 1},
	"marketplaceReportPayment": {"application_id": SeedApplication},
	"marketplaceSetShortNames": {"application_id": SeedApplication},
	"updateMarketplaceChannel": {"application_id": SeedApplication},
	"addMarketplaceDiscount":   {"application_id": SeedApplication, "salon_ids": []int64{moscow}},
	"removeUserFromCompanies":  {"user_company_links": []obj{{"company_id": ural}}},
	"copyUserToCompanies":      {"user_company_links": []obj{{"company_id": ural}}},
}

var lessonToCome = obj{"date": "2026-12-20 12:00:00", "force": true, "resource_instance_ids": []int64{}}

// reside puts the seed's ids in place of the sample's, which are nobody's here.
func (c *conformer) reside(sample obj) {
	walk(sample, func(o obj, key string, _ any) {
		if slices.Contains([]string{"staff_id", "master_id", "service_id", "position_id"}, key) || key == "category_id" && strings.Contains(c.op.Path, "/services") {
			o[key] = json.Number(c.param(key, "", ""))
		}
	})
	if list, ok := sample["staff"].([]any); ok && len(list) > 0 {
		member := any(json.Number(itoa(anna)))
		if _, isObject := list[0].(obj); isObject {
			member = obj{"id": member, "seance_length": json.Number("2700")}
		}
		sample["staff"] = []any{member}
	}
	if _, ok := sample["resource_ids"]; ok {
		sample["resource_ids"] = []any{}
	}
}

func (c *conformer) known(o obj, fields []contract.Field) obj {
	for _, f := range fields {
		required := f.Required != nil && *f.Required
		_, there := o[f.Name]
		if v := c.param(f.Name, "", ""); v != "1" && (there || required) && !strings.Contains(f.Name, "date") && f.Type != "array" && f.Type != "object" {
			o[f.Name] = v
			continue
		}
		if required && !there {
			o[f.Name] = c.value(f)
		}
	}
	return o
}

func (c *conformer) value(f contract.Field) any {
	if len(f.Enum) > 0 {
		return f.Enum[0]
	}
	switch kind, _, _ := strings.Cut(f.Type, "|"); kind {
	case "number", "integer":
		if f.Min != nil {
			return *f.Min
		}
		return 1
	case "boolean":
		return true
	case "array":
		if f.MinItems == nil {
			return []any{}
		}
		if len(f.Fields) > 0 {
			return []any{c.known(obj{}, f.Fields)}
		}
		return []any{1}
	case "object":
		return c.known(obj{}, f.Fields)
	}
	return c.param(f.Name, "string", f.Format)
}

func (c *conformer) send(partner, user string, version bool, path string, body any) *httptest.ResponseRecorder {
	data := []byte{}
	if body != nil && c.op.Method != http.MethodGet {
		var err error
		if data, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
	}
	if o, isObject := body.(obj); isObject && c.op.Method == http.MethodGet { // two GETs are documented with a body
		u, err := url.Parse(path)
		if err != nil {
			c.t.Fatal(err)
		}
		q := u.Query()
		for k, v := range o {
			if list, isList := v.([]any); isList && len(list) > 0 {
				q.Set(k+"[]", spelled(list[0]))
			} else if !isList {
				q.Set(k, spelled(v))
			}
		}
		u.RawQuery = q.Encode()
		path = u.String()
	}
	r := httptest.NewRequest(c.op.Method, path, bytes.NewReader(data))
	if version {
		r.Header.Set("Accept", "application/vnd.yclients.v2+json")
	}
	if partner != "" {
		r.Header.Set("Authorization", "Bearer "+partner)
		if user != "" {
			r.Header.Set("Authorization", "Bearer "+partner+", User "+user)
		}
	}
	w := httptest.NewRecorder()
	c.sb.Handler().ServeHTTP(w, r)
	if w.Code >= 500 {
		c.t.Errorf("%s %s answered %d: %s", c.op.Method, path, w.Code, w.Body)
	}
	if w.Code >= 400 && w.Code < 500 && !strings.Contains(w.Body.String(), `"message"`) {
		c.t.Errorf("%s %s refused without a message: %s", c.op.Method, path, w.Body)
	}
	return w
}

// walk makes all kinds of requests of one operation.
func (c *conformer) walk() conformance {
	m := modelOf(c.op)
	out := conformance{OperationID: c.op.ID, Level: m.level, Passed: []string{}}
	path, body := c.path(), c.body()
	pass := func(kind string, ok bool) {
		if ok {
			out.Passed = append(out.Passed, kind)
		}
	}
	must := func(kind string, w *httptest.ResponseRecorder, status ...int) {
		if !slices.Contains(status, w.Code) {
			c.t.Errorf("%s: %s answered %d, want one of %v: %s", c.op.ID, kind, w.Code, status, w.Body)
			return
		}
		pass(kind, true)
	}
	must("no_token", c.send("", "", true, path, body), 401)
	must("no_version", c.send(PartnerToken, UserToken, false, path, body), 400)
	if m.access != openToPartner {
		must("no_user", c.send(PartnerToken, "", true, path, body), 401)
	}
	if m.access == memberOnly {
		must("stranger", c.send(PartnerToken, StrangerUserToken, true, path, body), 403)
	}
	if c.op.Request != nil && models[c.op.ID] == nil && slices.ContainsFunc(c.op.Request.Fields, func(f contract.Field) bool { return f.Required != nil && *f.Required }) && c.op.Method != http.MethodGet {
		must("incomplete", c.send(PartnerToken, UserToken, true, path, obj{}), 422, 404, 400)
	}
	w := c.send(PartnerToken, UserToken, true, path, body)
	if slices.Contains(c.op.Statuses, w.Code) || len(c.op.Statuses) == 0 && w.Code < 400 {
		pass("valid", true)
		if m.level != sampleOnly { // the sample itself does not differ from itself
			out.Differs = c.differs(w.Body.Bytes())
			slices.Sort(out.Differs)
		}
	} else if m.level == sampleOnly {
		c.t.Errorf("%s: a valid request answered %d, want one of %v: %s", c.op.ID, w.Code, c.op.Statuses, w.Body)
	}
	slices.Sort(out.Passed)
	return out
}

// differs compares a valid answer with the printed sample, in both directions,
// but for what shape_test.go knows to be so on purpose.
func (c *conformer) differs(raw []byte) []string {
	resp := c.op.Success()
	if resp == nil {
		return nil
	}
	sample, ok := resp.Sample()
	if !ok || len(raw) == 0 {
		return nil
	}
	var got, want any
	if json.Unmarshal(raw, &got) != nil || json.Unmarshal(sample.JSON, &want) != nil {
		return []string{"not JSON"}
	}
	if g, ok := got.(obj); ok {
		if w, isObject := want.(obj); isObject {
			if c.op.Envelope == contract.Either && w["success"] == nil && g["success"] != nil {
				got = g["data"]
			} else {
				for _, key := range []string{"data", "meta"} {
					if _, printed := w[key]; !printed {
						delete(g, key)
					}
				}
			}
		}
	}
	return differences(c.op.ID+" ", got, want)
}

// TestConformance walks all operations over the handler. What must hold for each
// is an error here; how far valid answers agree is written to conformance.json.
func TestConformance(t *testing.T) {
	t.Parallel()
	var all []conformance
	shared := New(WithLimits(Off), WithNow(func() time.Time { return noon }))
	defer shared.Close()
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if !op.Callable() {
			continue
		}
		sb := shared
		if modelOf(op).level != sampleOnly && op.Method != http.MethodGet { // it may change what the others are asked
			sb = New(WithLimits(Off), WithNow(func() time.Time { return noon }))
		}
		c := &conformer{t: t, op: op, sb: sb}
		all = append(all, c.walk())
		if sb != shared {
			sb.Close()
		}
	}
	if len(all) < 297 {
		t.Errorf("%d operations were walked, want 297", len(all))
	}
	var lines bytes.Buffer
	lines.WriteString("[\n")
	for i, c := range all {
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(line)
		if i < len(all)-1 {
			lines.WriteByte(',')
		}
		lines.WriteByte('\n')
	}
	lines.WriteString("]\n")
	golden(t, "conformance.json", lines.Bytes())
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not up to date: go test ./sandbox -run 'TestConformance|TestFidelityPage' -update", path)
	}
}

func TestFidelityPage(t *testing.T) {
	t.Parallel()
	golden(t, "../docs/sandbox-fidelity.md", []byte(fidelityPage()))
}

// fidelityPage is the report as a page.
func fidelityPage() string {
	var b strings.Builder
	list := Report()
	count := map[string]int{}
	for _, f := range list {
		count[f.Level]++
	}
	fmt.Fprintf(&b, "# What the sandbox plays, and how well\n\nMade by `go test ./sandbox -run TestFidelityPage -update`; the running sandbox says the same at `GET /_sandbox/fidelity`.\n\n"+
		"| level | operations | meaning |\n| --- | --- | --- |\n"+
		"| exact | %d | as documented and, where known, as observed |\n| simplified | %d | stateful; the note says what is missing |\n"+
		"| sample only | %d | the request is checked (address, tokens, rights, required fields, types) and the documented sample is answered, with the ids of the request and dates around now; nothing is kept |\n\n"+
		"| operation | call | level | note |\n| --- | --- | --- | --- |\n", count[exact], count[simplified], count[sampleOnly])
	for _, f := range list {
		note := f.Note
		if f.Level == sampleOnly {
			note = ""
		}
		fmt.Fprintf(&b, "| `%s` | `%s %s` | %s | %s |\n", f.OperationID, f.Method, f.Path, f.Level, strings.ReplaceAll(note, "|", "\\|"))
	}
	return b.String()
}
