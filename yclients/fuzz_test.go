package yclients

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"zapis/contract"
)

// Whatever an operation is answered, its method returns data or an error of the package that tells no token; a 5xx to
// a write is never anything but unknown. The operation is taken by its number, so one target covers all of them.
func FuzzOperation(f *testing.F) {
	all := methods(f)
	for i, m := range all {
		op, _ := contract.Lookup(m.operation)
		if sample, ok := op.Success().Sample(); ok && len(sample.JSON) < 4000 {
			f.Add(uint16(i), op.Success().Status, []byte(sample.JSON))
		}
	}
	for i, body := range []string{
		``, `[]`, `{}`, `null`, `0`, `"x"`, `<html>`, `{"success":true,"data":[],"meta":[]}`, `{"success":true,"data":{},"meta":[]}`,
		`{"success":true,"data":[[]]}`, `{"data":{"attributes":null}}`, `[{"success":"true","data":[null,1,"a",{"id":"1e3"}]}]`,
		"{\"success\":true,\"data\":{\"\\ud800\":\"\xff\",\"id\":-0.0,\"id\":1e999}}",
	} {
		f.Add(uint16(i*23), 200, []byte(body))
	}
	var status int
	var body []byte
	client, err := New(WithPartnerToken(testPartner), WithUserToken(testUser), WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
	})))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, index uint16, code int, answer []byte) {
		if code < 200 || code > 599 {
			return
		}
		m := all[int(index)%len(all)]
		status, body = code, answer
		_, err := m.call(t, t.Context(), client)
		op, _ := contract.Lookup(m.operation)
		checkKind(t, err, code >= 500 && errors.Is(err, ErrOutcomeUnknown))
		if err == nil && (code >= 300 || strings.Contains(string(answer), `"success":false`) && json.Valid(answer) && answer[0] == '{' && len(answer) < 60) {
			t.Errorf("%s: HTTP %d %q is taken for a success of %s", m.operation, code, answer, op.Title)
		}
	})
}

// Every decoder by its number: what it reads is written as JSON, and reading that gives the same document again.
func FuzzRoundTrip(f *testing.F) {
	ids := slices.Sorted(maps.Keys(roundTrips))
	for i, id := range ids {
		op, _ := contract.Lookup(id)
		if sample, ok := op.Success().Sample(); ok && len(sample.JSON) < 4000 {
			f.Add(uint16(i), parseEnvelope(sample.JSON).data)
		}
	}
	f.Fuzz(func(t *testing.T, index uint16, data []byte) {
		data = trim(data)
		if len(data) == 0 || !json.Valid(data) {
			return
		}
		id := ids[int(index)%len(ids)]
		_, once, err := roundTrips[id](data)
		if err != nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("%s: %q is written as %q", id, data, once)
		}
		_, twice, err := roundTrips[id](once)
		if err != nil || string(twice) != string(once) {
			t.Errorf("%s: %q is written as %q, and that as %q (%v)", id, data, once, twice, err)
		}
	})
}
