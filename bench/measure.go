package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zapis/internal/secret"
	"zapis/internal/store"
)

type bench struct {
	bin    string
	only   bool // the SDK
	rounds int
	length time.Duration
	rows   []string
}

// row adds a line to the table.
func (b *bench) row(what, got, baseline, ratio, aim string) {
	b.rows = append(b.rows, fmt.Sprintf("| %s | %s | %s | %s | %s |\n", what, got, baseline, ratio, aim))
	fmt.Fprintf(os.Stderr, "bench: %s: %s; %s; %s\n", what, got, baseline, ratio)
}

func (b *bench) run(ctx context.Context) (string, error) {
	steps := []func(context.Context) error{b.coldStart, b.freshStore, b.serving, b.sandboxes, b.sdk}
	if b.only {
		steps = steps[4:]
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return "", err
		}
	}
	return "| measured | Zapis | baseline | ratio | aim |\n| --- | --- | --- | --- | --- |\n" + strings.Join(b.rows, "") + notes, nil
}

const notes = `
- Cold start: from exec of ` + "`zapis demo`" + ` until ` + "`/readyz`" + ` answers 200; the sandbox seeded, an empty database made and migrated, a
  new key written. Binary and disk are warm.
- Cached reads: ` + "`zapis serve`" + ` with its usual checks, headers, ETag and log. The load is 16 connections kept alive in a process of
  its own, each asking again as soon as it has the answer. The baseline is a process with net/http and one handler that writes
  the same bytes and headers. Each ratio is of two rounds that followed each other. From the loopback address, which the
  limit of requests for one address does not count.
- CPU of the server per request is what the same rounds cost the server's process, without the load beside it.
- p99 at half load: both sides asked at half the rate that Zapis reached, at steady times; the time counts from the moment the
  request was due.
- Uncached slots: the first request for a master's day, with one call to the sandbox in it; the baseline is that call.
- Booking: one after another, each durable before it is answered; the baseline posts the same booking straight to the sandbox
  and stores nothing. A real YCLIENTS is a network away from both.
- Sandbox: ` + "`book_times`" + ` is computed from shifts, records and rules at each call; both sides are asked one after another over
  kept connections. prism answers from our OpenAPI document what the documentation printed, without state.
- SDK: one page of the sample record of the contract, 200 times, through the whole call without a network. The baseline reads the
  same members into plain structs, times left as texts, and forgets the rest; the SDK reads times, money and phones, accepts
  every spelling and keeps every byte. The call over loopback answers an empty list.
- Memory: resident size, parts of the binary that are in memory included, after the load. Of the demo: sandbox, gateway and
  database in one process.
`

// coldStart measures exec to ready.
func (b *bench) coldStart(ctx context.Context) error {
	var took []float64
	for range max(b.rounds, 9) {
		begin := time.Now()
		demo, err := openDemo(ctx, b.bin)
		if err != nil {
			return err
		}
		_, err = send(ctx, http.MethodGet, demo.base+"/readyz", nil, nil, http.StatusOK)
		took = append(took, ms(time.Since(begin)))
		demo.close()
		if err != nil {
			return err
		}
	}
	b.row("cold start of the demo, ms", spread(took, "%.0f"), "", "", "under 300")
	return nil
}

// freshStore measures what a new SQLite database costs, which is part of every first start.
func (b *bench) freshStore(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "zapis-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	key, err := secret.Load("", filepath.Join(dir, "key"))
	if err != nil {
		return err
	}
	var took []float64
	for i := range max(b.rounds, 9) {
		begin := time.Now()
		s, err := store.Open(ctx, store.Config{
			Path: filepath.Join(dir, fmt.Sprintf("%d.db", i)), Key: key, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return err
		}
		took = append(took, ms(time.Since(begin)))
		if err := s.Close(); err != nil {
			return err
		}
	}
	b.row("new SQLite database, opened and migrated, ms", spread(took, "%.0f"), "", "", "")
	return nil
}

// serving measures what a running server does.
func (b *bench) serving(ctx context.Context) error {
	h, err := openHouse(ctx, b.bin)
	if err != nil {
		return err
	}
	defer h.close()
	const bookings = 60
	offers, err := findOffers(ctx, h.base, 2*bookings+1)
	if err != nil {
		return err
	}
	o := offers[2*bookings]
	for _, r := range []struct{ name, path string }{
		{"slots", fmt.Sprintf("/v1/branches/%d/slots?services=%d&staff=%d&date=%s", o.branch, o.service, o.staff, o.day)},
		{"services", fmt.Sprintf("/v1/branches/%d/services", o.branch)},
	} {
		if err := b.read(ctx, h, r.name, h.base+r.path); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	mb, err := h.gateway.resident()
	if err != nil {
		return err
	}
	b.row("resident memory of `serve`, MB", fmt.Sprintf("%.0f", mb), "", "", "")
	if err := b.demoMemory(ctx); err != nil {
		return err
	}
	if err := b.uncached(ctx, h, o); err != nil {
		return err
	}
	return b.bookings(ctx, h, offers[:2*bookings])
}

// read measures a cached answer beside a bare handler with the same bytes.
func (b *bench) read(ctx context.Context, h *house, name, url string) error {
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
	bare, bareURL, err := startBare(ctx, h.dir, resp.Header, body)
	if err != nil {
		return err
	}
	defer bare.stop()
	ours, err := newSide(url, h.gateway)
	if err != nil {
		return err
	}
	defer ours.close()
	theirs, err := newSide(bareURL, bare)
	if err != nil {
		return err
	}
	defer theirs.close()
	for i := range b.rounds + 1 {
		pair := []*side{ours, theirs}
		if i%2 == 1 {
			slices.Reverse(pair) // neither is always the second
		}
		for _, s := range pair {
			if err := s.round(ctx, b.length, i > 0); err != nil { // the first warms up
				return err
			}
		}
	}
	what := fmt.Sprintf("cached `%s`, %d bytes", name, len(body))
	b.row(what+", requests/s", spread(ours.rates, "%.0f"), "bare net/http: "+spread(theirs.rates, "%.0f"), spread(quotients(ours.rates, theirs.rates), "%.2f"), "0.7")
	if len(ours.costs) > 0 && len(ours.costs) == len(theirs.costs) {
		b.row(what+", CPU of the server per request, µs", spread(ours.costs, "%.0f"), "bare net/http: "+spread(theirs.costs, "%.0f"), spread(quotients(ours.costs, theirs.costs), "%.2f"), "")
	}
	return b.calm(ctx, what, ours, theirs)
}

// calm measures how long answers take when the server is far from its limit, in turns as well.
func (b *bench) calm(ctx context.Context, what string, ours, theirs *side) error {
	rate := median(ours.rates) / 2
	for range max(3, b.rounds/3) {
		for _, s := range []*side{ours, theirs} {
			took, err := s.stroll(ctx, rate, b.length)
			if err != nil {
				return err
			}
			s.p99 = append(s.p99, percentile99(took))
		}
	}
	b.row(fmt.Sprintf("%s, p99 at half load (%.0f/s), ms", what, rate), spread(ours.p99, "%.1f"), "bare net/http: "+spread(theirs.p99, "%.1f"), spread(quotients(ours.p99, theirs.p99), "%.2f"), "")
	return nil
}

// side is one of the two that take turns.
type side struct {
	*target
	server *process
	rates  []float64 // requests a second
	costs  []float64 // µs of the server's processor time for a request
	p99    []float64 // ms
}

func newSide(url string, server *process) (*side, error) {
	t, err := dial(url)
	return &side{target: t, server: server}, err
}

func (s *side) round(ctx context.Context, length time.Duration, counts bool) error {
	before, known := s.server.cpu()
	begin := time.Now()
	rate, err := s.flood(ctx, length)
	if err != nil || !counts {
		return err
	}
	requests := rate * time.Since(begin).Seconds()
	s.rates = append(s.rates, rate)
	if after, ok := s.server.cpu(); ok && known {
		s.costs = append(s.costs, float64((after-before).Microseconds())/requests)
	}
	return nil
}

// demoMemory measures what a demo occupies after some load.
func (b *bench) demoMemory(ctx context.Context) error {
	demo, err := openDemo(ctx, b.bin)
	if err != nil {
		return err
	}
	defer demo.close()
	offers, err := findOffers(ctx, demo.base, 1)
	if err != nil {
		return err
	}
	for _, path := range []string{"services", fmt.Sprintf("slots?services=%d&staff=%d&date=%s", offers[0].service, offers[0].staff, offers[0].day)} {
		t, err := dial(fmt.Sprintf("%s/v1/branches/%d/%s", demo.base, offers[0].branch, path))
		if err != nil {
			return err
		}
		_, err = t.flood(ctx, b.length)
		t.close()
		if err != nil {
			return err
		}
	}
	mb, err := demo.resident()
	if err != nil {
		return err
	}
	b.row("resident memory of the demo, MB", fmt.Sprintf("%.0f", mb), "", "", "under 80")
	return nil
}

// uncached measures slots that nobody asked for before. Days far ahead are nobody's: findOffers takes the first.
func (b *bench) uncached(ctx context.Context, h *house, o offer) error {
	var through, direct []float64
	for day := range 40 {
		date := time.Now().AddDate(0, 0, 20+day).Format(time.DateOnly)
		took, err := timeOf(func() error {
			return ask(ctx, fmt.Sprintf("%s/v1/branches/%d/slots?services=%d&staff=%d&date=%s", h.base, o.branch, o.service, o.staff, date), &struct{}{})
		})
		if err != nil {
			return err
		}
		through = append(through, took)
		took, err = timeOf(func() error {
			_, err := send(ctx, http.MethodGet, fmt.Sprintf("%s/api/v1/book_times/%d/%d/%s?service_ids[]=%d", h.info.BaseURL, o.branch, o.staff, date, o.service),
				nil, h.info.headers(), http.StatusOK)
			return err
		})
		if err != nil {
			return err
		}
		direct = append(direct, took)
	}
	b.row("uncached `slots`, ms", spread(through, "%.1f"), "straight to the sandbox: "+spread(direct, "%.1f"), spread(quotients(through, direct), "%.1f"), "")
	return nil
}

// bookings measures a booking through the gateway beside the same call straight to the sandbox.
func (b *bench) bookings(ctx context.Context, h *house, offers []offer) error {
	var through, direct []float64
	for pair := range slices.Chunk(offers, 2) {
		took, err := timeOf(func() error { return bookThrough(ctx, h.base, pair[0]) })
		if err != nil {
			return err
		}
		through = append(through, took)
		if took, err = timeOf(func() error { return bookDirect(ctx, h.info, pair[1]) }); err != nil {
			return err
		}
		direct = append(direct, took)
	}
	b.row("a booking, ms", spread(through, "%.1f"), "straight to the sandbox: "+spread(direct, "%.1f"), spread(quotients(through, direct), "%.1f"), "")
	return nil
}

func timeOf(f func() error) (float64, error) {
	begin := time.Now()
	err := f()
	return ms(time.Since(begin)), err
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func quotients(a, b []float64) []float64 {
	q := make([]float64, len(a))
	for i := range a {
		q[i] = a[i] / b[i]
	}
	return q
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// percentile99 is in ms.
func percentile99(took []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(took))
	return ms(sorted[len(sorted)*99/100])
}

// spread is the median with the range in brackets.
func spread(values []float64, format string) string {
	return fmt.Sprintf(format+" ("+format+" to "+format+")", median(values), slices.Min(values), slices.Max(values))
}
