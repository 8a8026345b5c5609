package yclients

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
)

func TestDoSendsTheParts(t *testing.T) {
	var got, body string
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r.Method+" "+r.URL.RequestURI(), string(text)
		_, _ = io.WriteString(w, `{"success":true,"data":[{"id":1}],"meta":{"total_count":1}}`)
	})
	answer, resp, err := c.Do(t.Context(), RawCall{Operation: "searchClients", Method: "POST", Path: "/api/v1/company/1/clients/search",
		Query: url.Values{"page": {"2"}}, Body: []byte(`{"page":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got != "POST /api/v1/company/1/clients/search?page=2" || body != `{"page":1}` {
		t.Errorf("sent %s %s", got, body)
	}
	if string(answer) != `{"success":true,"data":[{"id":1}],"meta":{"total_count":1}}` || resp.Meta.TotalCount != 1 {
		t.Errorf("got %s, meta %+v", answer, resp.Meta)
	}
}

func TestDoFailsAsTheMethodsDo(t *testing.T) {
	c := setup(t, answering(200, jsonType, `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`))
	if _, _, err := c.Do(t.Context(), RawCall{Operation: "listRecords", Method: "GET", Path: "/api/v1/records/1"}); !errors.Is(err, ErrRateLimited) {
		t.Errorf("a refusal inside a 200: %v", err)
	}
	c = setup(t, answering(502, "text/html", "<html>"))
	if _, _, err := c.Do(t.Context(), RawCall{Operation: "createRecord", Method: "POST", Path: "/api/v1/records/1", Writes: true}); !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("a lost write: %v", err)
	}
	for _, r := range []RawCall{
		{Operation: "x", Method: "GET", Path: "no/slash"},
		{Operation: "x", Method: "GET", Path: "/with?query"},
		{Operation: "x", Method: "POST", Path: "/a", Body: []byte("{")},
	} {
		if _, _, err := c.Do(t.Context(), r); !errors.Is(err, ErrNotSent) {
			t.Errorf("%+v: %v, want that nothing was sent", r, err)
		}
	}
}
