package setup_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAwaitServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" || asked.Add(1) < 3 {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	w.Environ = append(w.Environ, "ZAPIS_ADMIN_ADDR="+strings.TrimPrefix(server.URL, "http://"))
	if running, took := w.AwaitServer(t.Context()); !running || !took || asked.Load() != 3 {
		t.Errorf("got %v, %v after %d looks", running, took, asked.Load())
	}
	server.Close()
	if running, took := w.AwaitServer(t.Context()); running || took {
		t.Errorf("nobody is there: got %v, %v", running, took)
	}
}
