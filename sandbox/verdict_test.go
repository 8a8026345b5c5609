package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zapis/contract"
)

// oddRequest has one thing wrong with it; remarks are the verdict, strict is the answer in
// strict mode where it differs.
type oddRequest struct {
	name, method, path string
	token              string
	body               string
	header             http.Header // replaces
	status, strict     int
	remarks            []Remark
}

const goodBooking = `{"phone":"79000000021","fullname":"x","email":"","appointments":[{"id":1,"services":[564001],"staff_id":0,"datetime":"DATE"}]}`

func bookingWith(old, now string) string { return strings.Replace(goodBooking, old, now, 1) }

func oddRequests() []oddRequest {
	const dates = "/book_dates/4564"
	post := http.MethodPost
	return []oddRequest{
		{"nothing", "GET", dates + "?service_ids[]=564001", "", "", nil, 200, 200, nil},
		{"a good booking", post, "/book_record/4564", "", goodBooking, nil, 201, 201, nil},
		{"address", "GET", "/no/such/79000000001", "", "", nil, 404, 404, []Remark{{RemarkAddress, ""}}},
		{"accept", "GET", dates, "", "", http.Header{"Accept": {"application/json"}}, 400, 400, []Remark{{RemarkAccept, ""}}},
		{"authorization", "GET", dates, "", "", http.Header{"Authorization": {"User secret"}}, 401, 401, []Remark{{RemarkAuthorization, ""}}},
		{"user missing", "GET", "/records/4564", "", "", nil, 401, 401, []Remark{{RemarkNoUser, ""}}},
		{"user needless", post, "/auth", UserToken, `{"login":"` + Login + `","password":"` + Password + `"}`, nil, 201, 400, []Remark{{RemarkNeedlessUser, ""}}},
		{"content type", post, "/book_record/4564", "", goodBooking, http.Header{"Content-Type": {"text/plain"}}, 201, 400, []Remark{{RemarkContentType, "application/json"}}},
		{"body of a GET", "GET", dates, "", `{"a":1}`, nil, 200, 400, []Remark{{RemarkBody, ""}}},
		{"unreadable", post, "/book_record/4564", "", `{"phone":`, nil, 400, 400, []Remark{{RemarkUnreadable, ""}}},
		{"unknown parameter", "GET", dates + "?colour=red", "", "", nil, 200, 400, []Remark{{RemarkUnknownParam, "colour"}}},
		{"a phone for a name", "GET", dates + "?79000000001=1", "", "", nil, 200, 400, []Remark{{RemarkUnknownParam, "•••"}}},
		{"unknown field", post, "/book_record/4564", "", bookingWith(`"email"`, `"e_mail":"secret","email"`), nil, 201, 400, []Remark{{RemarkUnknownField, "e_mail"}}},
		{"unknown field inside", post, "/book_record/4564", "", bookingWith(`"staff_id"`, `"colour":1,"staff_id"`), nil, 201, 400, []Remark{{RemarkUnknownField, "appointments.0.colour"}}},
		{"array style", "GET", dates + "?service_ids=564001,564027", "", "", nil, 422, 400, []Remark{{RemarkArrayStyle, "service_ids[]"}}},
		{"array with numbers", "GET", dates + "?service_ids[0]=564001&service_ids[1]=564027", "", "", nil, 200, 400, []Remark{{RemarkArrayStyle, "service_ids[]"}}},
		{"twice", "GET", dates + "?staff_id=564501&staff_id=564502", "", "", nil, 200, 400, []Remark{{RemarkRepeated, "staff_id"}}},
		{"loose type", post, "/book_record/4564", "", bookingWith(`[564001]`, `"564001"`), nil, 422, 422, []Remark{{RemarkWrong, "appointments.0.services"}}},
		{"number for text", post, "/book_record/4564", "", bookingWith(`"x"`, `7`), nil, 201, 400, []Remark{{RemarkLoose, "fullname"}}},
		{"missing", post, "/book_record/4564", "", bookingWith(`"phone":"79000000021",`, ``), nil, 422, 422, []Remark{{RemarkMissing, "phone"}}},
		{"missing inside", post, "/book_record/4564", "", bookingWith(`"staff_id":0,`, ``), nil, 422, 422, []Remark{{RemarkMissing, "appointments.0.staff_id"}}},
		{"path", "GET", "/records/seven", UserToken, "", nil, 404, 404, []Remark{{RemarkWrong, "company_id"}}},
		{"deprecated", "GET", "/clients/4564", UserToken, "", nil, 200, 200, []Remark{{RemarkDeprecated, "searchClients"}}},
	}
}

func (o oddRequest) send(t *testing.T, strict bool) (int, Entry, string) {
	t.Helper()
	sw := DefaultSwitches()
	sw.Strict = strict
	a := setup(t, WithSwitches(sw))
	body := strings.ReplaceAll(o.body, "DATE", a.offered(moscow, 0, haircut))
	r := httptest.NewRequest(o.method, "/api/v1"+o.path, strings.NewReader(body))
	r.Header = a.as(o.token).request("GET", "/", nil).Header
	for name, values := range o.header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	a.sb.Handler().ServeHTTP(w, r)
	entries := a.sb.Ledger()
	return w.Code, entries[len(entries)-1], w.Body.String()
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, o := range oddRequests() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			for _, strict := range []bool{false, true} {
				want := o.status
				if strict {
					want = o.strict
				}
				status, entry, body := o.send(t, strict)
				if status != want {
					t.Errorf("strict %v: status %d, want %d: %s", strict, status, want, body)
				}
				if diff := cmp.Diff(append([]Remark{}, o.remarks...), entry.Verdict); diff != "" {
					t.Errorf("strict %v: %s", strict, diff)
				}
				if strict && o.status != o.strict && !strings.Contains(body, entry.Verdict[0].String()) {
					t.Errorf("the refusal does not say why: %s", body)
				}
				if strict && o.status != o.strict && entry.Applied {
					t.Error("a refused call was applied")
				}
			}
		})
	}
	var seen []string
	for _, o := range oddRequests() {
		for _, r := range o.remarks {
			seen = append(seen, r.Kind)
		}
	}
	for kind := range remarkWords {
		if !slices.Contains(seen, kind) {
			t.Errorf("no request is remarked upon with %s", kind)
		}
	}
}

func TestDeprecatedAreReplacedByWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, op := range contract.Operations() {
		if !op.Deprecated {
			continue
		}
		if new, ok := contract.Lookup(replacement(op.ID)); !ok || new.Deprecated {
			t.Errorf("%s is replaced by %s, which the contract does not have", op.ID, replacement(op.ID))
		}
	}
}

func TestRemarkSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(Remark{RemarkUnknownField, "colour"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"kind":"unknown_field","name":"colour","ru":"неизвестное поле colour","en":"unknown body field colour"}`
	if string(data) != want {
		t.Errorf("got %s, want %s", data, want)
	}
}

// FuzzVerdict holds that the ledger shows nothing of what was sent but names.
func FuzzVerdict(f *testing.F) {
	f.Add("colour=79000000001&79000000001=x", `{"phone":"79000000001","79000000001":1,"appointments":[{"secret":"79000000001"}]}`)
	f.Add("service_ids=1,79000000001", `[{"79000000001":null}]`)
	f.Add("a[79000000001]=1", `{"appointments":{"79000000001":[]}}`)
	s := New(WithLimits(Off))
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, query, body string) {
		for _, call := range [][2]string{{"POST", "/api/v1/book_record/4564"}, {"GET", "/api/v1/book_dates/4564"}, {"POST", "/api/v1/company/4564/clients/search"}} {
			r := httptest.NewRequest(call[0], call[1], strings.NewReader(body))
			r.URL.RawQuery = query
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			entries := s.LedgerSince(s.ledger.lastSeq - 1)
			data, err := json.Marshal(entries[len(entries)-1].Verdict)
			if err != nil || len(entries[len(entries)-1].Verdict) > mostRemarks+1 {
				t.Fatal(err, string(data))
			}
			if strings.Contains(string(data), "79000000001") {
				t.Errorf("%s: a phone in %s", call[1], data)
			}
		}
	})
}
