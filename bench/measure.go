package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

type bench struct {
	bin    string
	rounds int
	length time.Duration
	rows   []string
}

// row adds a line to the table.
func (b *bench) row(what, got, baseline, ratio, aim string) {
	b.rows = append(b.rows, fmt.Sprintf("| %s | %s | %s | %s | %s |\n", what, got, baseline, ratio, aim))
	fmt.Fprintln(os.Stderr, "bench:", what, got, baseline, ratio)
}

func (b *bench) run(ctx context.Context) (string, error) {
	for _, step := range []func(context.Context) error{b.coldStart, b.reads, b.bookings} {
		if err := step(ctx); err != nil {
			return "", err
		}
	}
	return "| measured | Zapis | baseline | ratio | aim |\n| --- | --- | --- | --- | --- |\n" + strings.Join(b.rows, "") + notes, nil
}

const notes = `
- Cold start: from exec of the binary to its first line on the screen, when the page answers; the sandbox seeded, an empty
  database made and migrated, a new key written.
- Memory: resident size of the demo (sandbox, gateway, database) after the reads under load.
- Cached reads: 16 connections kept alive, closed loop. The baseline is net/http with one handler that writes the same bytes and
  the same headers, in a process of its own.
- Booking: one after another; the baseline posts the same booking straight to the sandbox, without storing anything. What lies
  between is three durable commits before and after the call, the pace, and the answer.
`

// coldStart measures exec to ready, and what a running demo occupies.
func (b *bench) coldStart(ctx context.Context) error {
	var took []float64
	for range max(b.rounds, 5) * 2 {
		dir, err := os.MkdirTemp("", "zapis-bench-")
		if err != nil {
			return err
		}
		begin := time.Now()
		p, err := launch(ctx, dir, nil, b.bin, "demo", "--no-browser", "--addr", "127.0.0.1:0")
		if err != nil {
			return err
		}
		if _, err := p.line("Ctrl-C"); err != nil {
			return err
		}
		took = append(took, float64(time.Since(begin).Microseconds())/1000)
		p.stop()
		os.RemoveAll(dir)
	}
	b.row("cold start to ready, ms", spread(took, "%.0f"), "", "", "under 300")
	return nil
}

// reads measures cached answers beside a bare handler with the same bytes.
func (b *bench) reads(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "zapis-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := launch(ctx, dir, nil, b.bin, "demo", "--no-browser", "--addr", "127.0.0.1:0", "--lang", "en")
	if err != nil {
		return err
	}
	defer p.stop()
	said, err := p.line("/v1/branches")
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(strings.TrimPrefix(said, "curl -s "), "/v1/branches")
	offers, err := findOffers(ctx, base, 1)
	if err != nil {
		return err
	}
	o := offers[0]
	for name, path := range map[string]string{
		"services": fmt.Sprintf("/v1/branches/%d/services", o.branch),
		"slots":    fmt.Sprintf("/v1/branches/%d/slots?services=%d&staff=%d&date=%s", o.branch, o.service, o.staff, o.day),
	} {
		if err := b.read(ctx, name, base+path); err != nil {
			return err
		}
	}
	rss, err := resident(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	b.row("resident memory after the reads, MB", fmt.Sprintf("%.0f", rss), "", "", "under 80")
	return nil
}

func (b *bench) read(ctx context.Context, name, url string) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %.200s", url, resp.StatusCode, body)
	}
	stop, bareURL, err := startBare(ctx, resp.Header, body)
	if err != nil {
		return err
	}
	defer stop()
	var ours, bare, ratios []float64
	for range b.rounds {
		mine, err := load(ctx, url, b.length)
		if err != nil {
			return err
		}
		theirs, err := load(ctx, bareURL, b.length)
		if err != nil {
			return err
		}
		ours, bare, ratios = append(ours, mine), append(bare, theirs), append(ratios, mine/theirs)
	}
	b.row(fmt.Sprintf("cached `%s`, %d bytes, requests/s", name, len(body)), spread(ours, "%.0f"), "bare net/http: "+spread(bare, "%.0f"), spread(ratios, "%.2f"), "0.7")
	return nil
}

// bookings measures a booking through the gateway beside the same call straight to the sandbox.
func (b *bench) bookings(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "zapis-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sb, err := launch(ctx, dir, nil, b.bin, "sandbox", "--json", "--addr", "127.0.0.1:0", "--limits", "off")
	if err != nil {
		return err
	}
	defer sb.stop()
	line, err := sb.line(`"base_url"`)
	if err != nil {
		return err
	}
	var info sandboxInfo
	if err := json.Unmarshal([]byte(line), &info); err != nil {
		return err
	}
	gw, err := launch(ctx, dir, info.env(), b.bin, "serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--lang", "en")
	if err != nil {
		return err
	}
	defer gw.stop()
	said, err := gw.line("described at ")
	if err != nil {
		return err
	}
	_, page, _ := strings.Cut(said, "described at ")
	base := strings.TrimSuffix(page, "/docs")
	const n = 60
	offers, err := findOffers(ctx, base, 2*n)
	if err != nil {
		return err
	}
	var through, direct, ratios []float64
	for i := range n {
		a, err := timeOf(func() error { return bookThrough(ctx, base, offers[2*i]) })
		if err != nil {
			return err
		}
		d, err := timeOf(func() error { return bookDirect(ctx, info, offers[2*i+1]) })
		if err != nil {
			return err
		}
		through, direct, ratios = append(through, a), append(direct, d), append(ratios, a/d)
	}
	b.row("a booking, ms", spread(through, "%.1f"), "straight to the sandbox: "+spread(direct, "%.1f"), spread(ratios, "%.1f"), "")
	return nil
}

func timeOf(f func() error) (ms float64, err error) {
	begin := time.Now()
	err = f()
	return float64(time.Since(begin).Microseconds()) / 1000, err
}

// spread is the median with the range in brackets.
func spread(values []float64, format string) string {
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare)
	at := func(i int) string { return fmt.Sprintf(format, sorted[i]) }
	return fmt.Sprintf("%s (%s to %s)", at(len(sorted)/2), at(0), at(len(sorted)-1))
}
