package app

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"zapis/internal/config"
)

// Somebody who asks and never reads the answer does not keep the server from moving: the handler hangs in a write, which
// no context ends.
func TestAReaderWhoDoesNotReadDoesNotHoldAMove(t *testing.T) {
	h := &house{cfg: &config.Config{}, log: newLogger(&config.Config{}, Output{Stderr: t.Output()}), metrics: newMetrics(), started: time.Now()}
	inside := make(chan struct{})
	h.gateway = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(inside)
		part := make([]byte, 1<<20)
		for {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	})
	m := newMove(h)
	m.patience = 10 * time.Millisecond
	server := httptest.NewServer(m.handler(func(h *house) http.Handler { return h.gateway }))
	t.Cleanup(server.Close)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	m.say = func(*config.Config) {}
	m.build = func(*config.Config) (*house, error) {
		return &house{cfg: h.cfg, log: h.log, metrics: newMetrics()}, nil
	}
	<-inside
	if err := m.to(t.Context(), h.cfg, h.cfg, nil); err != nil {
		t.Fatal(err)
	}
}

// A checkup that somebody looks at in the console may take minutes; customers do not wait for it when the settings change.
func TestACheckupDoesNotHoldAMove(t *testing.T) {
	h := &house{cfg: &config.Config{}, log: newLogger(&config.Config{}, Output{Stderr: t.Output()}), metrics: newMetrics(), started: time.Now()}
	inside := make(chan struct{})
	h.admin = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done()
	})
	m := newMove(h)
	m.patience = time.Hour
	m.say = func(*config.Config) {}
	m.build = func(*config.Config) (*house, error) {
		return &house{cfg: h.cfg, log: h.log, metrics: newMetrics()}, nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.handler(func(h *house) http.Handler { return h.admin }).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/admin/api/health", http.NoBody))
	}()
	<-inside
	if err := m.to(t.Context(), h.cfg, h.cfg, nil); err != nil {
		t.Fatal(err)
	}
	<-ended
}
