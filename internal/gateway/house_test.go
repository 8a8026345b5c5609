package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"

	"zapis/internal/booking"
	"zapis/internal/gateway"
	"zapis/internal/mirror"
	"zapis/internal/salon"
	"zapis/internal/session"
	"zapis/internal/store"
	"zapis/internal/store/storetest"
	"zapis/sandbox"
	"zapis/yclients"
)

const phone = "79000000001"

// house is the gateway over the real rooms, a fresh store and a sandbox.
type house struct {
	t       testing.TB
	gateway *gateway.Gateway
	sb      *sandbox.Sandbox
	logs    *logs
	branch  salon.BranchID
	service int64
}

type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.Write(p) }
func (l *logs) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.String() }

func build(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, logs: &logs{}}
	log := slog.New(slog.NewTextHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.sb = sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	branches := h.sb.Info().CompanyIDs
	h.branch = branches[0]
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	api, err := yclients.New(yclients.WithBaseURL(h.sb.URL()), yclients.WithPartnerToken(sandbox.PartnerToken),
		yclients.WithUserToken(sandbox.UserToken), yclients.WithHTTPClient(&http.Client{Transport: transport}))
	must(t, err)
	data := storetest.SQLite(t, nil)
	catalogue, err := mirror.New(mirror.Config{API: api, Branches: branches, Logger: log})
	must(t, err)
	t.Cleanup(catalogue.Close)
	sessions := session.New(session.Config{Store: data, Client: api, Account: store.EnvAccount, Branches: branches, Logger: log})
	bookings, err := booking.New(booking.Config{
		Account: store.EnvAccount, Branches: branches, Store: data, API: api, Mirror: catalogue,
		Codes: sessions, Clients: sessions, Logger: log,
	})
	must(t, err)
	t.Cleanup(func() {
		ctx, cut := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cut()
		bookings.Close(ctx)
	})
	h.gateway = gateway.New(gateway.Config{Catalogue: catalogue, Sessions: sessions, Bookings: bookings, Logger: log, Rate: -1})
	var list salon.Catalogue
	h.get(fmt.Sprintf("/v1/branches/%d/services", h.branch), &list)
	h.service = list.Services[0].ID
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	return h.doIn(h.t.Context(), method, path, body, headers...)
}

func (h *house) doIn(ctx context.Context, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.gateway.ServeHTTP(w, r)
	return w
}

func (h *house) get(path string, into any, headers ...string) {
	h.t.Helper()
	h.read(h.do("GET", path, "", headers...), 200, into)
}

func (h *house) read(w *httptest.ResponseRecorder, status int, into any) {
	h.t.Helper()
	if w.Code != status {
		h.t.Fatalf("got %d %.500s, want %d", w.Code, w.Body, status)
	}
	if into != nil {
		must(h.t, json.Unmarshal(w.Body.Bytes(), into))
	}
}

// signIn signs the phone in and returns the access token.
func (h *house) signIn() string { return h.signInAs(phone) }

func (h *house) signInAs(phone string) string {
	h.t.Helper()
	h.read(h.do("POST", "/v1/auth/codes", fmt.Sprintf(`{"branch":%d,"phone":%q}`, h.branch, phone)), 202, nil)
	var tokens salon.Tokens
	h.read(h.do("POST", "/v1/auth/sessions", fmt.Sprintf(`{"branch":%d,"phone":%q,"code":%q}`, h.branch, phone, h.sb.SMS()[0].Code)), 201, &tokens)
	return tokens.Access
}

// applied counts what was truly changed at YCLIENTS.
func (h *house) applied() (n int) {
	for _, e := range h.sb.Ledger() {
		if e.Applied {
			n++
		}
	}
	return n
}

func routeOf(r route) *routers.Route {
	return &routers.Route{Spec: &openapi3.T{}, Path: r.path, PathItem: r.item, Method: r.method, Operation: r.op}
}
