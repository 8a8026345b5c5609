//go:build e2e

package e2e

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDemoStartsTellsAndStops is the first minute of a new user.
func TestDemoStartsTellsAndStops(t *testing.T) {
	dir, addr := t.TempDir(), freePort(t)
	p := start(t, dir, nil, "demo", "--no-browser", "--addr", addr, "--lang", "ru")
	p.waitFor("Ctrl-C")
	for _, want := range []string{"http://" + addr + "/demo", "/_sandbox/sms", "curl -s http://" + addr + "/v1/branches"} {
		if !strings.Contains(p.output(), want) {
			t.Errorf("the demo does not print %q:\n%s", want, p.output())
		}
	}
	pastedLinesWork(t, p.output())
	if left, _ := filepath.Glob(filepath.Join(dir, "zapis-demo-*")); len(left) != 1 {
		t.Errorf("the data is not in one temporary folder: %v", left)
	}
	code, took := p.interrupt()
	if code != 0 {
		t.Errorf("Ctrl-C ended with %d, want 0", code)
	}
	t.Logf("stopped in %v", took)
	if left, _ := filepath.Glob(filepath.Join(dir, "zapis-demo-*")); len(left) != 0 {
		t.Errorf("the temporary folder was left behind: %v", left)
	}
}

// pastedLinesWork runs the curl lines that the program printed.
func pastedLinesWork(t *testing.T, printed string) {
	t.Helper()
	lines := 0
	for line := range strings.Lines(printed) {
		url, ok := strings.CutPrefix(strings.TrimSpace(line), "curl -s ")
		if !ok {
			continue
		}
		lines++
		if r := mustCall(t, http.MethodGet, url, nil); r.status != http.StatusOK || len(r.body) < 2 {
			t.Errorf("%s answered %d %s", line, r.status, r.body)
		}
	}
	if lines != 3 {
		t.Errorf("%d curl lines are printed, want 3", lines)
	}
}

func TestDemoKeepsANamedFolder(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "kept")
	p := start(t, dir, nil, "demo", "--no-browser", "--addr", freePort(t), "--data", data)
	p.waitFor("Ctrl-C")
	p.interrupt()
	if _, err := os.Stat(filepath.Join(data, "zapis.db")); err != nil {
		t.Errorf("the named folder was not kept: %v", err)
	}
}

func TestBusyPortIsAClearError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, command := range []string{"demo", "sandbox", "serve"} {
		args := []string{command, "--addr", l.Addr().String(), "--lang", "en"}
		if command == "demo" {
			args = append(args, "--no-browser")
		}
		p := start(t, t.TempDir(), nil, args...)
		<-p.done
		if code := p.cmd.ProcessState.ExitCode(); code != 6 {
			t.Errorf("%s on a busy port ends with %d, want 6", command, code)
		}
		if out := p.output(); !strings.Contains(out, l.Addr().String()) || !strings.Contains(out, "--addr") {
			t.Errorf("%s does not name the address and the fix:\n%s", command, out)
		}
	}
}

func TestServeWithoutAccountSaysSo(t *testing.T) {
	s := startServer(t, nil)
	if r := mustCall(t, http.MethodGet, s.url("/v1/branches"), nil); r.status != http.StatusServiceUnavailable || r.code() != "not_configured" {
		t.Errorf("got %d %s, want 503 not_configured", r.status, r.body)
	}
	if r := mustCall(t, http.MethodGet, s.url("/healthz"), nil); r.status != http.StatusOK {
		t.Errorf("healthz: %d", r.status)
	}
	if r := mustCall(t, http.MethodGet, s.url("/readyz"), nil); r.status != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d, want 503", r.status)
	}
	for _, path := range []string{"/_sandbox/sms", "/demo", "/admin/", "/metrics", "/debug/pprof/", "/setup"} {
		if r := mustCall(t, http.MethodGet, s.url(path), nil); r.status != http.StatusNotFound {
			t.Errorf("%s answers %d on the customers' address, want 404", path, r.status)
		}
	}
}

func TestServeWithWrongSettingsListsThemAll(t *testing.T) {
	p := start(t, t.TempDir(), []string{"YCLIENTS_API_TOKEN=\"partner-token-example", "YCLIENTS_COMPANY_ID=abc", "ZAPIS_MODE=fast"}, "serve", "--lang", "en")
	<-p.done
	if code := p.cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("wrong settings end with %d, want 3", code)
	}
	for _, key := range []string{"YCLIENTS_API_TOKEN", "YCLIENTS_COMPANY_ID", "YCLIENTS_USER_TOKEN", "ZAPIS_MODE"} {
		if !strings.Contains(p.output(), key) {
			t.Errorf("%s is not named:\n%s", key, p.output())
		}
	}
	if strings.Contains(p.output(), "partner-token-example") {
		t.Error("the value of a secret is printed")
	}
}

// TestServeDrains ends the server while a booking is under way: it is answered, or it stays as an intent.
func TestServeStopsAtOnce(t *testing.T) {
	info := startSandbox(t)
	s := startServer(t, gatewayEnv(info, 1))
	code, took := s.interrupt()
	if code != 0 || took > 10*time.Second {
		t.Errorf("ended with %d after %v", code, took)
	}
}
