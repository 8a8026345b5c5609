package yclients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A program ranges over a list and looks into each element: one that is no
// object must not be there as a nil pointer.
func TestListsHoldNoHoles(t *testing.T) {
	const document = `{"id":1,"services":[null,{"id":2},"x",[],false,{"id":3}],"record_labels":[null],"custom_fields":[]}`
	r := decoded[Record](t, document)
	if len(r.Services) != 2 || r.Services[0].ID != 2 || r.Services[1].ID != 3 || len(r.RecordLabels) != 0 {
		t.Errorf("services %v, labels %v", r.Services, r.RecordLabels)
	}
	if _, ok := r.Misfits()["services"]; !ok {
		t.Error(`the "x" among the services is no misfit`)
	}
	if out, err := json.Marshal(r); err != nil || string(out) != document {
		t.Errorf("written again: %s, %v", out, err)
	}
}

// A list of the whole answer loses its nulls too, but a list of nothing else is
// no empty list: that would be an end of the pages.
func TestListOfNulls(t *testing.T) {
	for body, want := range map[string]int{
		`{"success":true,"data":[null,{"id":2},[]]}`: 1,
		`{"success":true,"data":[]}`:                 0,
		`{"success":true,"data":[null,null]}`:        -1,
		`{"success":true,"data":[{"id":2},"x"]}`:     -1,
	} {
		client := replying(t, body)
		list, _, err := client.Records.List(t.Context(), 4564, nil)
		if want < 0 && !errors.Is(err, ErrMalformed) || want >= 0 && (err != nil || len(list) != want) {
			t.Errorf("%s: %d records, %v", body, len(list), err)
		}
	}
}

// replying is a client of a server that always answers the same.
func replying(t *testing.T, body string) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	t.Cleanup(server.Close)
	client, err := New(WithPartnerToken("partner-token-example"), WithBaseURL(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// The names of members come back as they were spelt, like their values.
func TestNamesComeBackAsSpelt(t *testing.T) {
	for _, document := range []string{
		`{"\u0069d":1,"x\u0438":"\u0438\/","a\/b":[1.50,-0,1e3]}`,
		"{\"id\":1,\"k\xfe\":\"a\xff\"}",
		`{"id":1,"id":2,"lone":"\ud83d"}`,
		"{ \"id\" : 1,\n\t\"services\" : [ ] }",
	} {
		r := decoded[Record](t, document)
		if r.ID == 0 {
			t.Errorf("%q: no id", document)
		}
		if out, err := r.MarshalJSON(); err != nil || string(out) != document {
			t.Errorf("got %q, %v\nwant %q", out, err, document)
		}
	}
}

// What a caller puts into Extra goes out as it is: a secret with its text, and
// in place of the field with its name, so that null can be said.
func TestExtraGoesOut(t *testing.T) {
	secret := Secret("code-example")
	got, err := encodeRequest(&RecordRequest{StaffID: 7, Extra: map[string]any{
		"staff_id":                 nil,
		"technical_break_duration": nil,
		"password":                 secret,
		"nested":                   map[string]any{"code": &secret, "list": []any{secret, nil, 1.5}, "raw": json.RawMessage(`{"a":1}`)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"services":[],"client":null,"save_if_busy":false,"datetime":"","seance_length":0,"send_sms":false,` +
		`"nested":{"code":"code-example","list":["code-example",null,1.5],"raw":{"a":1}},"password":"code-example","staff_id":null,"technical_break_duration":null}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Encoding looks at each member once: an object of very many must not take the
// square of that. Without it this test takes minutes.
func TestManyMembers(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"id":1`)
	for i := range 200_000 {
		fmt.Fprintf(&b, `,"member-%d":1`, i)
	}
	b.WriteString(`}`)
	r := decoded[Record](t, b.String())
	if out, err := r.MarshalJSON(); err != nil || string(out) != b.String() {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

// The key of an event walks each level of its body, so depth is bounded.
// Without that this test takes a quarter of an hour.
func TestDeepEventHasAKey(t *testing.T) {
	deep := func(text string) string {
		return `{"company_id":4564,"resource":"record","resource_id":1,"status":"update","data":` +
			strings.Repeat(`{"x":`, 9000) + `"` + strings.Repeat(text, 10<<20) + `"` + strings.Repeat(`}`, 9000) + `}`
	}
	a, err := ParseWebhook([]byte(deep("a")))
	if err != nil {
		t.Fatal(err)
	}
	b, err := ParseWebhook([]byte(deep("b")))
	if err != nil {
		t.Fatal(err)
	}
	if a.Key() == b.Key() {
		t.Error("two different events have one key")
	}
}

// A long answer nested deeper than any of the API is refused before its depth
// can be walked.
func TestDeepAnswer(t *testing.T) {
	body := `{"success":true,"data":` + strings.Repeat(`[`, 5000) + `"` + strings.Repeat("a[", 1<<20) + `"` + strings.Repeat(`]`, 5000) + `}`
	_, _, err := replying(t, body).Records.List(t.Context(), 4564, nil)
	if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "holds more than") {
		t.Error(err)
	}
}

// A call that is canceled while its answer drips in ends, and says why.
func TestSlowAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"success":true,"data":[`)
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	client, err := New(WithPartnerToken("partner-token-example"), WithBaseURL(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = client.Records.List(ctx, 4564, nil)
	if !IsCanceled(err) || !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

// What a caller leaves out must not become a filter or a number: 0 is a visit
// that is waited for, null is any visit.
func TestLeftOutIsNull(t *testing.T) {
	for _, test := range []struct {
		body any
		want string
	}{
		{&ClientVisitsRequest{ClientID: 7}, `{"client_id":7,"client_phone":null,"from":null,"to":null,"payment_statuses":[],"attendance":null}`},
		{
			&ClientVisitsRequest{ClientPhone: "79000000001", From: "2026-12-01", Attendance: new(AttendanceWaiting)},
			`{"client_id":null,"client_phone":"79000000001","from":"2026-12-01","to":null,"payment_statuses":[],"attendance":0}`,
		},
	} {
		if got, err := encodeRequest(test.body); err != nil || string(got) != test.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
		}
	}
}

// Where the API wants digits only, every spelling of a phone is written so.
func TestBarePhone(t *testing.T) {
	for phone, want := range map[Phone]string{
		"79000000001": "79000000001", "+7 (900) 000-00-01": "79000000001", "8 900 000 00 01": "79000000001",
		"+998 90 000 00 01": "998900000001", "12": "12", "": "",
	} {
		got, err := encodeRequest(&CodeRequest{Phone: phone})
		wanted := fmt.Sprintf(`{"phone":%q}`, want)
		if want == "" {
			wanted = `{}`
		}
		if err != nil || string(got) != wanted {
			t.Errorf("got %s, %v, want %s", got, err, wanted)
		}
	}
	got, err := encodeRequest(&BookingRequest{Phone: "+7 900 000-00-01"})
	if err != nil || !strings.HasPrefix(string(got), `{"phone":"79000000001",`) {
		t.Errorf("%s, %v", got, err)
	}
}

// A success must hold what the caller lives by; a refusal must never pass for
// an empty list.
func TestSuccessesThatAreNone(t *testing.T) {
	for name, test := range map[string]struct {
		body   string
		list   error
		create error
	}{
		"a record":          {`{"success":true,"data":[{"id":7}]}`, nil, nil},
		"one without list":  {`{"success":true,"data":{"id":7}}`, ErrMalformed, nil},
		"empty":             {`{"success":true,"data":[]}`, nil, ErrOutcomeUnknown},
		"without an id":     {`{"success":true,"data":[{"comment":"x"}]}`, nil, ErrOutcomeUnknown},
		"something else":    {`{"success":true,"data":[{"hello":1}]}`, ErrMalformed, ErrOutcomeUnknown},
		"limit":             {`{"success":false,"meta":{"message":"Превышен лимит запросов"}}`, ErrRateLimitedInside, ErrRateLimitedInside},
		"limit as a page":   {`{"success":true,"data":[],"meta":{"message":"Превышен лимит запросов"}}`, ErrRateLimitedInside, ErrOutcomeUnknown},
		"with a byte order": {"\xef\xbb\xbf" + `{"success":true,"data":[{"id":7}]}`, nil, nil},
	} {
		client := replying(t, test.body)
		if list, _, err := client.Records.List(t.Context(), 4564, nil); !errors.Is(err, test.list) {
			t.Errorf("%s: %d records, %v, want %v", name, len(list), err, test.list)
		}
		if made, _, err := client.Records.Create(t.Context(), 4564, &RecordRequest{}); !errors.Is(err, test.create) {
			t.Errorf("%s: made %d records, %v, want %v", name, len(made), err, test.create)
		}
	}
}
