package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a program of ours in this process, until the test ends it.
type running struct {
	base string
	stop context.CancelFunc
	end  chan error
}

// launch starts a program and waits for the address that it prints.
func launch(t *testing.T, program func(ctx context.Context, out io.Writer) error) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	p := &running{stop: stop, end: make(chan error, 1)}
	go func() {
		err := program(ctx, w)
		w.Close()
		p.end <- err
	}()
	t.Cleanup(stop)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if p.base = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text()); p.base != "" {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return p
		}
	}
	t.Fatalf("ended before it printed an address: %v", <-p.end)
	return nil
}

func (p *running) get(t *testing.T, path string, into any) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(p.base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if into != nil {
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return resp.StatusCode
}

// The demo serves the page, the API, and the sandbox's controls; it ends with an open stream of events, leaves
// no goroutine, and takes its folder away.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	p := launch(t, func(ctx context.Context, out io.Writer) error {
		return Demo(ctx, DemoOptions{Addr: "127.0.0.1:0", Lang: "en", NoBrowser: true, Scale: 20, Stdout: out, Stderr: t.Output()})
	})
	var list struct {
		Branches []struct {
			ID     int64
			Phones []string
			Logo   string
		}
	}
	if status := p.get(t, "/v1/branches", &list); status != http.StatusOK || len(list.Branches) < 2 {
		t.Fatalf("got %d with %d branches, want at least 2", status, len(list.Branches))
	}
	if logo := list.Branches[0].Logo; !strings.HasPrefix(logo, p.base+"/") {
		t.Errorf("the picture %q is not on the page's own address, where its policy allows it", logo)
	}
	for path, want := range map[string]int{"/": 200, "/demo": 200, "/docs": 200, "/openapi.json": 200, "/healthz": 200, "/readyz": 200, "/_sandbox/sms": 200, "/admin/": 404, "/metrics": 404} {
		if got := p.get(t, path, nil); got != want {
			t.Errorf("GET %s: got %d, want %d", path, got, want)
		}
	}
	stream, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(p.base + "/_sandbox/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	p.stop()
	if err := <-p.end; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "zapis-demo-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestBusyPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = Demo(t.Context(), DemoOptions{Addr: l.Addr().String(), NoBrowser: true, Stdout: t.Output(), Stderr: t.Output()})
	if !problem.Has(err, problem.PortBusy) || problem.From(err).ExitCode() != problem.ExitLocal {
		t.Errorf("got %v, want port_busy", err)
	}
}

// The operator's side must not be reachable by others.
func TestServeKeepsTheOperatorAtHome(t *testing.T) {
	for _, addr := range []string{":8486", "0.0.0.0:8486", "192.0.2.1:8486"} {
		cfg := &config.Config{Addr: "127.0.0.1:0", AdminAddr: addr, DataDir: t.TempDir(), LimitsScale: 1}
		err := Serve(t.Context(), ServeOptions{Config: cfg, Stdout: t.Output(), Stderr: t.Output()})
		if !problem.Has(err, problem.ConfigInvalid) {
			t.Errorf("%s: got %v, want config_invalid", addr, err)
		}
	}
}

func TestServeWithoutAccount(t *testing.T) {
	cfg := &config.Config{Addr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0", DataDir: filepath.Join(t.TempDir(), "data"), LimitsScale: 1}
	p := launch(t, func(ctx context.Context, out io.Writer) error {
		return Serve(ctx, ServeOptions{Config: cfg, Lang: "en", Stdout: out, Stderr: t.Output()})
	})
	var said struct{ Code string }
	if status := p.get(t, "/v1/branches", &said); status != http.StatusServiceUnavailable || said.Code != "not_configured" {
		t.Errorf("got %d %q, want 503 not_configured", status, said.Code)
	}
	var app struct{ Status string }
	if status := p.get(t, "/v1/app", &app); status != http.StatusOK || app.Status != "not_configured" {
		t.Errorf("got %d %q, want 200 not_configured", status, app.Status)
	}
	p.stop()
	if err := <-p.end; err != nil {
		t.Error(err)
	}
	made, err := os.ReadDir(cfg.DataDir)
	if err != nil || len(made) != 1 || made[0].Name() != "links.json" {
		t.Errorf("a server without an account made %v, %v, want the link to the setup and nothing else", made, err)
	}
}

// The setup is on the operator's address alone, behind its guard; the invitation is for the world.
func TestDoorsStandWhereTheyBelong(t *testing.T) {
	d := openDoors(&config.Config{DataDir: filepath.Join(t.TempDir(), "data")}, "", slog.New(slog.DiscardHandler))
	t.Cleanup(d.close)
	rest := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for _, tt := range []struct {
		side       http.Handler
		host, path string
		want       int
	}{
		{d.operator(rest), "127.0.0.1:8486", "/setup/", http.StatusOK},
		{d.operator(rest), "127.0.0.1:8486", "/setup", http.StatusMovedPermanently},
		{d.operator(rest), "127.0.0.1:8486", "/setup/api/state", http.StatusForbidden},
		{d.operator(rest), "rebound.example", "/setup/", http.StatusForbidden},
		{d.operator(rest), "127.0.0.1:8486", "/admin/", http.StatusTeapot},
		{d.operator(rest), "127.0.0.1:8486", "/invite/", http.StatusTeapot},
		{d.front(rest), "book.example.com", "/invite/", http.StatusOK},
		{d.front(rest), "book.example.com", "/invite/api/state", http.StatusForbidden},
		{d.front(rest), "book.example.com", "/invite/api/key", http.StatusNotFound},
		{d.front(rest), "book.example.com", "/setup/", http.StatusTeapot},
		{d.front(rest), "book.example.com", "/v1/app", http.StatusTeapot},
	} {
		r := httptest.NewRequest(http.MethodGet, tt.path, nil)
		r.Host = tt.host
		w := httptest.NewRecorder()
		tt.side.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("GET %s%s: %d, want %d", tt.host, tt.path, w.Code, tt.want)
		}
	}
}

// What the log of calls is: kept beside the data, found by commands, continued by the first start, and taken as
// full when it was lost.
func TestPaceLog(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	cfg := &config.Config{BaseURL: "https://api.yclients.com", DataDir: filepath.Join(t.TempDir(), "data")}
	before, err := machineLog(cfg)
	if err != nil || strings.HasPrefix(string(before), cfg.DataDir) {
		t.Fatalf("before the first start: got %s, %v, want a file outside of the data folder", before, err)
	}
	add := func(text string) func([]byte) ([]byte, error) {
		return func(old []byte) ([]byte, error) { return append(old, text...), nil }
	}
	if err := before.PaceUpdate(t.Context(), "default", add("setup,")); err != nil {
		t.Fatal(err)
	}
	ru := *cfg
	ru.BaseURL = "https://api.yclients.ru"
	if log, _ := machineLog(&ru); log != before {
		t.Errorf("the two hosts of YCLIENTS have two logs: %s, %s", log, before)
	}

	first := openPaceStore(t, cfg)
	log, fresh := serverLog(cfg, first)
	if !fresh {
		t.Error("the first start takes its missing log for a lost one")
	}
	if err := log.PaceUpdate(t.Context(), "default", add("serve")); err != nil {
		t.Fatal(err)
	}
	beside, err := machineLog(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(string(beside)); string(got) != "setup,serve" {
		t.Errorf("a command beside the server reads %q, want the calls of setup and of serve", got)
	}

	if err := os.Remove(string(beside)); err != nil {
		t.Fatal(err)
	}
	if _, fresh := serverLog(cfg, openPaceStore(t, cfg)); fresh {
		t.Error("a later start takes a lost log for a first start")
	}
}

func openPaceStore(t *testing.T, cfg *config.Config) *store.Store {
	t.Helper()
	h := &house{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	if err := h.openStore(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return h.store
}

// A program that is stopped while it starts has not failed.
func TestStoppedWhileStarting(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	err := Demo(ctx, DemoOptions{Addr: "127.0.0.1:0", NoBrowser: true, Stdout: io.Discard, Stderr: t.Output()})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "zapis-demo-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWrongAddress(t *testing.T) {
	for _, addr := range []string{"foo", "8604", ":99999", "192.0.2.1:8604"} {
		err := Demo(t.Context(), DemoOptions{Addr: addr, NoBrowser: true, Stdout: io.Discard, Stderr: t.Output()})
		if !problem.Has(err, problem.AddressUnusable) {
			t.Errorf("%s: got %v, want address_unusable", addr, err)
		}
	}
}
