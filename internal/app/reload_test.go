package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/sandbox"
)

// served is a server over a file of settings, and a sandbox.
type served struct {
	*running
	t    *testing.T
	sb   *sandbox.Sandbox
	file string
	log  *syncBuffer
	said *syncBuffer // standard output
}

func (s *served) write(lines ...string) {
	s.t.Helper()
	if err := config.WriteFile(s.file, []byte(strings.Join(lines, "\n")+"\n")); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) account(user string, more ...string) []string {
	return append([]string{
		"YCLIENTS_BASE_URL=" + s.sb.URL(), "YCLIENTS_COMPANY_ID=4564", "YCLIENTS_API_TOKEN=" + sandbox.PartnerToken, "YCLIENTS_USER_TOKEN=" + user,
		"ZAPIS_LIMITS_SCALE=20", "ZAPIS_DATA=" + filepath.Join(filepath.Dir(s.file), "data"), "ZAPIS_ADDR=127.0.0.1:0", "ZAPIS_ADMIN_ADDR=127.0.0.1:0",
	}, more...)
}

// until asks again and again until what is wanted is so; the test's own limit ends it.
func (s *served) until(what string, so func() bool) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-s.t.Context().Done():
			s.t.Fatalf("never: %s\n%s", what, s.log.String())
		case err := <-s.end:
			s.t.Fatalf("the server ended with %v before: %s\n%s", err, what, s.log.String())
		}
	}
}

func (s *served) status() string {
	var said struct{ Status string }
	s.get(s.t, "/v1/app", &said)
	return said.Status
}

func startServed(t *testing.T, first func(*served)) *served {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := &served{t: t, sb: sandbox.Start(t, sandbox.WithLimits(20)), file: filepath.Join(t.TempDir(), ".env"), log: &syncBuffer{}, said: &syncBuffer{}}
	first(s)
	load := func() (*config.Config, error) { return config.Load(config.Options{EnvFile: s.file}) }
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	s.running = launch(t, func(ctx context.Context, out io.Writer) error {
		return Serve(ctx, ServeOptions{Config: cfg, EnvFile: s.file, Reload: load, lookEvery: 20 * time.Millisecond, Lang: "en", Stdout: io.MultiWriter(s.said, out), Stderr: s.log})
	})
	return s
}

// A server that is not configured takes the account from the file when it appears, and a renewed token later, without a
// restart; a file that is wrong, or whose token YCLIENTS refuses, changes nothing and is reported.
func TestSettingsAreTakenWithoutARestart(t *testing.T) {
	s := startServed(t, func(s *served) {
		s.write("ZAPIS_DATA="+filepath.Join(filepath.Dir(s.file), "data"), "ZAPIS_ADDR=127.0.0.1:0", "ZAPIS_ADMIN_ADDR=127.0.0.1:0")
	})
	if got := s.status(); got != "not_configured" {
		t.Fatalf("starts %q", got)
	}
	s.write(s.account(sandbox.UserToken)...)
	s.until("live", func() bool { return s.status() == "ok" })
	if status := s.get(t, "/v1/branches/4564/services", nil); status != http.StatusOK {
		t.Fatalf("services: %d", status)
	}

	for what, lines := range map[string][]string{
		"a broken line":     {"YCLIENTS_COMPANY_ID"},
		"a wrong mode":      s.account(sandbox.UserToken, "ZAPIS_MODE=fast"),
		"no account":        {"FOO=1"},
		"an unknown token":  s.account("user-token-nobody"),
		"an unwell address": s.account(sandbox.UserToken, "ZAPIS_PUBLIC_URL=book"),
	} {
		before := strings.Count(s.log.String(), "goes on with the former")
		s.write(lines...)
		s.until("refused: "+what, func() bool { return strings.Count(s.log.String(), "goes on with the former") > before })
		if got := s.status(); got != "ok" {
			t.Errorf("%s: the server says %q", what, got)
		}
	}
	if log := s.log.String(); strings.Contains(log, sandbox.UserToken) || strings.Contains(log, sandbox.PartnerToken) || strings.Contains(log, "user-token-nobody") {
		t.Errorf("a token is in the log:\n%s", log)
	}

	// The password is changed: the token dies, and the new one is picked up.
	renewed, err := s.sb.ChangePassword(sandbox.Login, "another-password")
	if err != nil {
		t.Fatal(err)
	}
	s.write(s.account(renewed, "ZAPIS_MODE=readonly", "ZAPIS_COMPANY_IDS=4565")...)
	s.until("readonly", func() bool { return s.status() == "readonly" })
	var list struct{ Branches []struct{ ID int64 } }
	if status := s.get(t, "/v1/branches", &list); status != http.StatusOK || len(list.Branches) != 2 {
		t.Errorf("got %d with %v", status, list.Branches)
	}
	s.write(s.account(renewed, "YCLIENTS_ENABLED=False")...)
	s.until("disabled", func() bool { return s.status() == "disabled" })
	s.stop()
	if err := <-s.end; err != nil {
		t.Error(err)
	}
}

// What only a restart changes is kept and named.
func TestFixedSettingsAreNamed(t *testing.T) {
	was := &config.Config{Addr: ":1", AdminAddr: "127.0.0.1:2", DataDir: "a", Mode: config.ModeLive}
	next := &config.Config{Addr: ":3", AdminAddr: "127.0.0.1:2", DataDir: "b", Mode: config.ModeReadonly}
	if got := strings.Join(keepFixed(was, next), " "); got != "ZAPIS_ADDR ZAPIS_DATA" || next.Addr != ":1" || next.DataDir != "a" || next.Mode != config.ModeReadonly {
		t.Errorf("named %q, kept %+v", got, next)
	}
}

// Requests under way are let finish, one that outstays is cut, and those that come meanwhile wait and are served by the
// next house.
func TestRequestsDuringAMove(t *testing.T) {
	h := &house{cfg: &config.Config{}, log: newLogger(&config.Config{}, Output{Stderr: t.Output()}), metrics: newMetrics(), started: time.Now()}
	m := newMove(h)
	m.patience = 10 * time.Millisecond
	var served atomic.Value
	inside := make(chan struct{})
	slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done() // would stay for ever
	})
	h.gateway = slow
	front := m.handler(func(h *house) http.Handler { return h.gateway })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/slow", nil)
		front.ServeHTTP(nil, r)
	}()
	<-inside
	next := &house{cfg: &config.Config{Mode: config.ModeReadonly}, log: h.log, metrics: newMetrics()}
	next.gateway = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Store("next") })
	m.build = func(*config.Config) (*house, error) {
		waiting := make(chan struct{})
		go func() {
			defer close(waiting)
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			front.ServeHTTP(nil, r)
		}()
		t.Cleanup(func() { <-waiting })
		return next, nil
	}
	m.say = func(*config.Config) {}
	if err := m.to(t.Context(), h.cfg, next.cfg, nil); err != nil {
		t.Fatal(err)
	}
	<-ended
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	front.ServeHTTP(nil, r)
	if served.Load() != "next" {
		t.Error("the next house did not serve")
	}
	// A house that cannot be built leaves the former settings in force.
	tries := 0
	m.build = func(cfg *config.Config) (*house, error) {
		if tries++; tries == 1 {
			return nil, problem.New(problem.StoreUnavailable)
		}
		return &house{cfg: cfg, log: h.log, metrics: newMetrics(), gateway: next.gateway}, nil
	}
	if err := m.to(t.Context(), next.cfg, &config.Config{}, nil); err != nil || m.settings().Trouble != string(problem.StoreUnavailable) || m.present() != next.cfg {
		t.Errorf("got %v, %+v", err, m.settings())
	}
	m.build = func(*config.Config) (*house, error) { return nil, errors.New("nothing works") }
	if err := m.to(t.Context(), next.cfg, &config.Config{}, nil); err == nil {
		t.Error("a server without a house goes on")
	}
}

// syncBuffer is a log that a test reads while it is written.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
