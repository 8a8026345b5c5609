package yclients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

const hookSecret = "hook-secret-example-0001"

func fieldNames(of any) (names []string) {
	for name := range fieldsOf(reflect.TypeOf(of)) {
		names = append(names, name)
	}
	return names
}

func hookServer(t *testing.T, o WebhookOptions) *httptest.Server {
	t.Helper()
	h, err := NewWebhookHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func post(t *testing.T, address, contentType, authorization, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", authorization)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(reply)
}

const recordEvent = `{"company_id":1,"resource":"record","resource_id":2,"status":"update","data":{"id":2,"client":{"phone":"+79000000001"}}}`

func TestWebhookHandler(t *testing.T) {
	var log strings.Builder
	var events []*WebhookEvent
	var market []*MarketplaceEvent
	var failure error
	server := hookServer(t, WebhookOptions{
		Secrets: []Secret{"hook-secret-example-0000", hookSecret}, PartnerToken: testPartner, MaxBody: 2000,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		OnEvent: func(ctx context.Context, e *WebhookEvent) error {
			if _, limited := ctx.Deadline(); !limited {
				t.Error("the callback has no deadline")
			}
			events = append(events, e)
			return failure
		},
		OnMarketplace: func(_ context.Context, e *MarketplaceEvent) error { market = append(market, e); return failure },
		OnOperatorSMS: func(_ context.Context, sms *OperatorSMS) ([]OperatorSMSReply, error) {
			return []OperatorSMSReply{{ID: "1", ExtID: "2"}}, failure
		},
		OnFiscal: func(_ context.Context, doc *FiscalDocument) (*FiscalReply, error) {
			return &FiscalReply{ID: doc.ID, Status: "pending"}, failure
		},
	})
	at, bearer := server.URL+"/hooks/"+hookSecret, "Bearer "+testPartner
	const lifecycle = `{"salon_id":1,"application_id":2,"event":"freeze","partner_token":"partner-token-example"}`
	const sms = `{"destination_params":{"phone":"79000000001"},"text":"x"}`
	const fiscal = `{"id":"f-1","document_id":7}`
	for _, tt := range []struct {
		name, address, kind, auth, body string
		status                          int
		reply                           string
	}{
		{"event", at, "application/json", "", recordEvent, 204, ""},
		{"secret in the query", server.URL + "/hooks?secret=" + hookSecret, "application/json; charset=utf-8", "", recordEvent, 204, ""},
		{"former secret", server.URL + "/hook-secret-example-0000", "", "", recordEvent, 204, ""},
		{"lifecycle", at, "application/json", "", lifecycle, 204, ""},
		{"SMS", at, "application/json", bearer, sms, 200, `[{"id":"1","ext_id":"2","error_code":0,"error_message":""}]`},
		{"receipt", at, "application/json", bearer, fiscal, 200, `{"id":"f-1","status":"pending","code":0,"message":""}`},
		{"no secret", server.URL + "/hooks/", "application/json", "", recordEvent, 404, ""},
		{"wrong secret", server.URL + "/hooks/hook-secret-example-0002", "application/json", "", recordEvent, 404, ""},
		{"longer secret", at + "x", "application/json", "", recordEvent, 404, ""},
		{"form", at, "application/x-www-form-urlencoded", "", recordEvent, 415, ""},
		{"too long", at, "application/json", "", recordEvent + strings.Repeat(" ", 2000), 413, ""},
		{"not JSON", at, "application/json", "", "<html>79000000001", 400, ""},
		{"unknown status", at, "application/json", "", strings.Replace(recordEvent, "update", "moved", 1), 400, ""},
		{"forged lifecycle", at, "application/json", bearer, strings.Replace(lifecycle, "example", "forged", 1), 401, ""},
		{"SMS of somebody", at, "application/json", "Bearer x", sms, 401, ""},
		{"receipt of nobody", at, "application/json", "", fiscal, 401, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, reply := post(t, tt.address, tt.kind, tt.auth, tt.body)
			if status != tt.status || reply != tt.reply {
				t.Errorf("got %d %q, want %d %q", status, reply, tt.status, tt.reply)
			}
		})
	}
	if len(events) != 3 || len(market) != 1 {
		t.Errorf("%d events and %d lifecycle events arrived", len(events), len(market))
	}
	failure = errors.New("the inbox is full")
	for _, body := range []string{recordEvent, lifecycle, sms, fiscal} {
		if status, reply := post(t, at, "application/json", bearer, body); status != 503 || reply != "" {
			t.Errorf("a callback that failed: %d %q", status, reply)
		}
	}
	resp, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d", resp.StatusCode)
	}
	server.Close() // before its log is read
	for _, secret := range []string{hookSecret, testPartner, "79000000001"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is logged: %s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "the inbox is full") {
		t.Error("a callback that failed is not logged")
	}
}

// A wrong secret must look as if there were no address, whatever else is sent.
func TestWrongSecretTellsNothing(t *testing.T) {
	server := hookServer(t, WebhookOptions{Secrets: []Secret{hookSecret}, OnEvent: func(context.Context, *WebhookEvent) error {
		t.Error("an event arrived")
		return nil
	}})
	var first string
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut} {
		for _, body := range []string{recordEvent, "", "x", strings.Repeat("x", 2<<20)} {
			r, _ := http.NewRequestWithContext(t.Context(), method, server.URL+"/hooks/wrong", strings.NewReader(body))
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				continue // the server closed while the long body was written
			}
			reply, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			got := fmt.Sprint(resp.StatusCode, resp.Header.Get("Content-Type"), string(reply))
			if first == "" {
				first = got
			}
			if got != first || resp.StatusCode != 404 {
				t.Errorf("%s of %d bytes: %s, others %s", method, len(body), got, first)
			}
		}
	}
}

// A callback that hangs is cut, so that YCLIENTS gets an answer in its time.
func TestWebhookCallbackHasATimeLimit(t *testing.T) {
	server := hookServer(t, WebhookOptions{Secrets: []Secret{hookSecret}, Timeout: 10 * time.Millisecond,
		OnEvent: func(ctx context.Context, _ *WebhookEvent) error {
			<-ctx.Done()
			return ctx.Err()
		}})
	if status, _ := post(t, server.URL+"/"+hookSecret, "application/json", "", recordEvent); status != 503 && status != 400 {
		t.Errorf("got %d", status)
	}
}

func TestWebhookOptionsRefuse(t *testing.T) {
	event := func(context.Context, *WebhookEvent) error { return nil }
	for name, o := range map[string]WebhookOptions{
		"nothing":            {},
		"no callback":        {Secrets: []Secret{hookSecret}},
		"events for anybody": {OnEvent: event},
		"short secret":       {Secrets: []Secret{"0123456789abcde"}, OnEvent: event},
		"no partner token":   {OnMarketplace: func(context.Context, *MarketplaceEvent) error { return nil }},
	} {
		if h, err := NewWebhookHandler(o); err == nil || h != nil || strings.Contains(err.Error(), "abcde") {
			t.Errorf("%s: %v", name, err)
		}
	}
	only, err := NewWebhookHandler(WebhookOptions{PartnerToken: testPartner, OnMarketplace: func(context.Context, *MarketplaceEvent) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	only.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(recordEvent)))
	if w.Code != http.StatusNotFound {
		t.Errorf("an event that nobody listens to: %d", w.Code)
	}
}
