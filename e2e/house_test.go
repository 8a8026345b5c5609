//go:build e2e

// Package e2e drives the real binary from outside, as its users do: processes, sockets, a browser. It
// imports nothing of ours. `make e2e` builds the binary and names it in ZAPIS_BIN.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take before a test gives up. It is never slept through.
const patience = 60 * time.Second

func binary(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("ZAPIS_BIN")
	if bin == "" {
		t.Fatal("ZAPIS_BIN names no binary: run make e2e")
	}
	return bin
}

// process is one run of the binary. Its output is kept and may be waited on.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	mu   sync.Mutex
	out  bytes.Buffer
	line chan struct{} // closed and replaced at each line
	done chan struct{}
}

// start runs the binary in an empty folder with nothing of this machine's settings but the PATH.
func start(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary(t), args...), line: make(chan struct{}), done: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8"}, env...)
	r, w := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			p.mu.Lock()
			p.out.Write(scanner.Bytes())
			p.out.WriteByte('\n')
			close(p.line)
			p.line = make(chan struct{})
			p.mu.Unlock()
		}
	}()
	go func() {
		_ = p.cmd.Wait()
		w.Close()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("output of %v:\n%s", args, p.output())
		}
	})
	return p
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// waitFor returns the first line that holds text.
func (p *process) waitFor(text string) string {
	p.t.Helper()
	limit := time.After(patience)
	for {
		p.mu.Lock()
		next, all := p.line, p.out.String()
		p.mu.Unlock()
		for l := range strings.Lines(all) {
			if strings.Contains(l, text) {
				return strings.TrimSpace(l)
			}
		}
		select {
		case <-next:
		case <-p.done:
			if strings.Contains(p.output(), text) {
				continue
			}
			p.t.Fatalf("%v ended before it said %q:\n%s", p.cmd.Args[1:], text, p.output())
		case <-limit:
			p.t.Fatalf("%v did not say %q:\n%s", p.cmd.Args[1:], text, p.output())
		}
	}
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// interrupt is Ctrl-C; it returns the exit code and how long the end took.
func (p *process) interrupt() (code int, took time.Duration) {
	p.t.Helper()
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("did not end after Ctrl-C:\n%s", p.output())
	}
	return p.cmd.ProcessState.ExitCode(), time.Since(begin)
}

// sandboxInfo is the line of `zapis sandbox --json`.
type sandboxInfo struct {
	BaseURL      string  `json:"base_url"`
	PartnerToken string  `json:"partner_token"`
	UserToken    string  `json:"user_token"`
	Login        string  `json:"login"`
	Password     string  `json:"password"`
	CompanyIDs   []int64 `json:"company_ids"`
}

func startSandbox(t *testing.T, args ...string) sandboxInfo {
	t.Helper()
	p := start(t, t.TempDir(), nil, append([]string{"sandbox", "--json", "--addr", "127.0.0.1:0"}, args...)...)
	var info sandboxInfo
	if err := json.Unmarshal([]byte(p.waitFor(`"base_url"`)), &info); err != nil {
		t.Fatalf("the line of sandbox --json is not JSON: %v", err)
	}
	return info
}

// gatewayEnv is what a server needs to speak to a sandbox, with both sides' limits scaled alike.
func gatewayEnv(info sandboxInfo, scale int) []string {
	ids := make([]string, len(info.CompanyIDs))
	for i, id := range info.CompanyIDs {
		ids[i] = fmt.Sprint(id)
	}
	return []string{
		"YCLIENTS_ENABLED=True", "YCLIENTS_BASE_URL=" + info.BaseURL,
		"YCLIENTS_API_TOKEN=" + info.PartnerToken, "YCLIENTS_USER_TOKEN=" + info.UserToken,
		"YCLIENTS_COMPANY_ID=" + ids[0], "ZAPIS_COMPANY_IDS=" + strings.Join(ids, ","),
		fmt.Sprintf("ZAPIS_LIMITS_SCALE=%d", scale),
	}
}

// freePort finds a port that was free a moment ago. A restarted server must come back on the same one.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// server is a running `zapis serve` that can be killed and started again on the same data.
type server struct {
	t     *testing.T
	dir   string
	env   []string
	addr  string
	admin string
	*process
}

func startServer(t *testing.T, env []string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), env: env, addr: freePort(t), admin: freePort(t)}
	s.again()
	return s
}

// again starts the server and waits until it says that it is ready.
func (s *server) again() {
	s.t.Helper()
	s.process = start(s.t, s.dir, s.env, "serve", "--addr", s.addr, "--admin-addr", s.admin, "--data", filepath.Join(s.dir, "data"))
	s.waitFor("http://" + s.addr)
}

func (s *server) url(path string) string { return "http://" + s.addr + path }

// reply is an answer of any of our servers.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("not JSON: %v: %s", err, r.body)
	}
}

func (r reply) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal(r.body, &p)
	return p.Code
}

// call makes one request; header is name, value, name, value.
func call(ctx context.Context, method, url string, body any, header ...string) (reply, error) {
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		reader = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return reply{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, b}, err
}

func mustCall(t *testing.T, method, url string, body any, header ...string) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := call(ctx, method, url, body, header...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return r
}

func get(t *testing.T, url string, v any) {
	t.Helper()
	r := mustCall(t, http.MethodGet, url, nil)
	if r.status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", url, r.status, r.body)
	}
	r.into(t, v)
}
