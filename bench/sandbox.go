package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"zapis/sandbox"
)

// prism is the mock server that a description in OpenAPI is usually put behind. It is installed into a folder of its own
// for the measurement and thrown away.
const prism = "@stoplight/prism-cli@5"

// sandboxes measures the emulator beside a handler that only writes the same bytes, and beside a mock made from the
// description of the API.
func (b *bench) sandboxes(ctx context.Context) error {
	for _, step := range []func(context.Context) error{b.sandboxStart, b.sandboxChain, b.bookTimes} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openSandbox starts `zapis sandbox` and waits for its address.
func (b *bench) openSandbox(ctx context.Context, dir string, args ...string) (p *process, base string, err error) {
	args = append([]string{"sandbox", "--json", "--addr", "127.0.0.1:0", "--limits", "off"}, args...)
	if p, err = launch(ctx, dir, nil, nil, b.bin, args...); err != nil {
		return nil, "", err
	}
	line, err := p.line("base_url")
	var info struct {
		BaseURL string `json:"base_url"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(line), &info)
	}
	if err != nil {
		p.stop()
		return nil, "", err
	}
	return p, info.BaseURL, nil
}

func (b *bench) sandboxStart(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "zapis-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var took []float64
	for range max(b.rounds, 9) {
		begin := time.Now()
		p, base, err := b.openSandbox(ctx, dir)
		if err != nil {
			return err
		}
		_, err = send(ctx, http.MethodGet, base+"/_sandbox/info", nil, nil, http.StatusOK)
		took = append(took, ms(time.Since(begin)))
		p.stop()
		if err != nil {
			return err
		}
	}
	b.row("start of `zapis sandbox`, small seed, ms", spread(took, "%.0f"), "", "", "under 50")
	return nil
}

func (b *bench) sandboxChain(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "zapis-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, base, err := b.openSandbox(ctx, dir, "--seed", "chain")
	if err != nil {
		return err
	}
	defer p.stop()
	if _, err := askYclients(ctx, http.DefaultClient, base+"/api/v1/companies?my=1"); err != nil {
		return err
	}
	mb, err := p.resident()
	if err != nil {
		return err
	}
	b.row("resident memory of `zapis sandbox --seed chain` (30 branches, 30,000 records) after a first call, MB", fmt.Sprintf("%.0f", mb), "", "", "under 100")
	return nil
}

// askYclients makes one call as an employee and gives its body.
func askYclients(ctx context.Context, c *http.Client, address string) ([]byte, error) {
	return askAccepting(ctx, c, address, "application/vnd.yclients.v2+json")
}

func askAccepting(ctx context.Context, c *http.Client, address, media string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", media)
	r.Header.Set("Authorization", "Bearer "+benchPartner+", User "+benchUser)
	resp, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", address, resp.Status)
	}
	return body, err
}

// busyDay finds a day and master of the sandbox with free times on it.
func busyDay(ctx context.Context, base string) (path string, body []byte, err error) {
	for n := 2; n < 12; n++ {
		path = fmt.Sprintf("/api/v1/book_times/4564/564501/%s?service_ids[]=564001", time.Now().AddDate(0, 0, n).Format(time.DateOnly))
		if body, err = askYclients(ctx, http.DefaultClient, base+path); err != nil {
			return "", nil, err
		}
		var times struct{ Data []json.RawMessage }
		if json.Unmarshal(body, &times) == nil && len(times.Data) > 4 {
			return path, body, nil
		}
	}
	return "", nil, errors.New("the sandbox offers no day with free times")
}

func (b *bench) bookTimes(ctx context.Context) error {
	sb := sandbox.New(sandbox.WithLimits(sandbox.Off))
	defer sb.Close()
	ours := httptest.NewServer(sb.Handler())
	defer ours.Close()
	path, body, err := busyDay(ctx, ours.URL)
	if err != nil {
		return err
	}
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	}))
	defer bare.Close()
	asking := func(address string) func() error {
		return func() error { _, err := askYclients(ctx, http.DefaultClient, address); return err }
	}
	what := fmt.Sprintf("sandbox: `book_times` of a master, %d bytes", len(body))
	if err := b.compare(what, 1000, asking(ours.URL+path), asking(bare.URL+path), "a handler with the same bytes", "2 of the time"); err != nil {
		return err
	}
	mock, address, err := openPrism(ctx)
	if err != nil { // said, and no reason to lose the other measurements
		b.row(what+" beside prism, µs", "", "not measured: "+err.Error(), "", "")
		return nil
	}
	defer mock()
	sample := func() error { // it knows one media type only
		_, err := askAccepting(ctx, http.DefaultClient, address+path, "application/json")
		return err
	}
	if err := sample(); err != nil {
		b.row(what+" beside prism, µs", "", "not measured: "+err.Error(), "", "")
		return nil
	}
	return b.compare(what+" computed", 200, asking(ours.URL+path), sample, "prism, the sample of the description", "")
}

// openPrism installs the mock server and starts it with our description of the API.
func openPrism(ctx context.Context) (end func(), address string, err error) {
	dir, err := os.MkdirTemp("", "zapis-prism-")
	if err != nil {
		return nil, "", err
	}
	gone := func() { _ = os.RemoveAll(dir) }
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	install := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--prefix", dir, prism)
	if out, err := install.CombinedOutput(); err != nil {
		cancel()
		gone()
		return nil, "", fmt.Errorf("npm could not install prism (%w): %.200s", err, out)
	}
	spec, err := filepath.Abs("contract/yclients.openapi.yaml")
	if err != nil {
		cancel()
		gone()
		return nil, "", err
	}
	p, err := launch(ctx, dir, nil, nil, filepath.Join(dir, "node_modules", ".bin", "prism"), "mock", "-h", "127.0.0.1", "-p", "4019", "--errors=false", spec)
	if err != nil {
		cancel()
		gone()
		return nil, "", err
	}
	if _, err := p.line("listening on"); err != nil {
		p.stop()
		cancel()
		gone()
		return nil, "", err
	}
	read := make(chan struct{})
	go func() { // it speaks of each request
		defer close(read)
		for p.lines.Scan() {
		}
	}()
	return func() {
		_ = p.cmd.Process.Signal(os.Interrupt)
		<-read
		_ = p.cmd.Wait()
		cancel()
		gone()
	}, "http://127.0.0.1:4019", nil
}
