package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"zapis/internal/problem"
)

func handler(ready error) http.Handler {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return New(Config{
		State:   func(context.Context) State { return State{Status: "ok"} },
		Ready:   func(context.Context) error { return ready },
		Metrics: ok, Console: ok,
	})
}

func TestRoutes(t *testing.T) {
	for _, tt := range []struct {
		host, path string
		ready      error
		want       int
	}{
		{"127.0.0.1:8486", "/admin/api/state", nil, 200},
		{"localhost:8486", "/admin/", nil, 200},
		{"[::1]:8486", "/metrics", nil, 200},
		{"127.0.0.1:8486", "/readyz", nil, 200},
		{"127.0.0.1:8486", "/readyz", problem.New(problem.StoreUnavailable), 503},
		{"127.0.0.1:8486", "/debug/pprof/", nil, 200},
		{"rebound.example:8486", "/admin/api/state", nil, 403},
		{"", "/metrics", nil, 403},
		{"127.0.0.1:8486", "/v1/branches", nil, 404},
	} {
		r := httptest.NewRequest(http.MethodGet, tt.path, nil)
		r.Host = tt.host
		w := httptest.NewRecorder()
		handler(tt.ready).ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("GET %s for %q: got %d, want %d", tt.path, tt.host, w.Code, tt.want)
		}
	}
}

func TestStateIsJSON(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/admin/api/state", nil)
	r.Host = "127.0.0.1"
	w := httptest.NewRecorder()
	handler(nil).ServeHTTP(w, r)
	var got State
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Status != "ok" {
		t.Errorf("got %s, %v", w.Body, err)
	}
}

func TestIsLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:8486": true, "[::1]:1": true, "localhost:1": true,
		":8486": false, "0.0.0.0:1": false, "10.0.0.1:1": false, "admin": false,
	} {
		if got := IsLoopback(addr); got != want {
			t.Errorf("IsLoopback(%q) = %v, want %v", addr, got, want)
		}
	}
}
