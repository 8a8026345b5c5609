package yclients

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCAFile(t *testing.T) {
	server := httptest.NewUnstartedServer(answering(200, jsonType, `{"success":true,"data":[],"meta":[]}`))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that fails below
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := newClient(t, WithBaseURL(server.URL), WithCAFile(file)).Records.List(t.Context(), 1, nil); err != nil {
		t.Errorf("with the root of the server: %v", err)
	}
	_, _, err := newClient(t, WithBaseURL(server.URL)).Records.List(t.Context(), 1, nil)
	wantError(t, err, ErrNotSent)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string][]Option{
		"no file":        {WithCAFile(file + "x")},
		"no certificate": {WithCAFile(empty)},
		"two transports": {WithCAFile(file), WithHTTPClient(http.DefaultClient)},
	} {
		if _, err := New(append(opts, WithPartnerToken(testPartner))...); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestLanguageAndAgent(t *testing.T) {
	var got http.Header
	c := setup(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	spoken := newClient(t, WithBaseURL(c.BaseURL()), WithLanguage("en-US"), WithUserAgent("my-salon/1.0"))
	_, _, _ = spoken.Records.List(t.Context(), 1, nil)
	if got.Get("Accept-Language") != "en-US" || got.Get("User-Agent") != "my-salon/1.0" {
		t.Errorf("headers %v", got)
	}
	_, _, _ = c.As("client-token-example").Records.List(t.Context(), 1, nil)
	if _, sent := got["Accept-Language"]; sent {
		t.Errorf("a language is sent that nobody set: %v", got)
	}
}

func TestNewOptionsRefuse(t *testing.T) {
	for name, opt := range map[string]Option{
		"language of two lines": WithLanguage("ru\nX: y"),
		"no language":           WithLanguage(""),
		"nil transport":         WithTransport(nil),
		"nil clock":             WithClock(nil),
		"nil logger":            WithLogger(nil),
	} {
		if _, err := New(WithPartnerToken(testPartner), opt); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// An answer is bounded by what it would become in memory too.
func TestAnswerThatWouldGrow(t *testing.T) {
	for name, body := range map[string]string{
		"objects":          `{"success":true,"data":[` + strings.Repeat("{},", 1<<20) + `{}]}`,
		"values":           `{"success":true,"data":[{"id":1,"services":[` + strings.Repeat("1,", 3<<20) + `1]}]}`,
		"inside a refusal": `{"success":false,"meta":{"errors":{` + strings.Repeat(`"a":["x"],`, 1<<22) + `"a":1}}}`,
	} {
		_, _, err := setup(t, answering(200, jsonType, body)).Records.List(t.Context(), 1, nil)
		if e := wantError(t, err, ErrMalformed); !strings.Contains(e.Error(), "smaller pages") {
			t.Errorf("%s: %v", name, e)
		}
	}
}
