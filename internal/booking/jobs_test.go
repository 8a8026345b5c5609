package booking

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"zapis/internal/jobs"
	"zapis/internal/salon"
)

var _ jobs.Settler = (*Service)(nil)

// The whole of a restart in real time: a process is killed after it marked a booking as sent, the next one starts
// its jobs, and these find the record without anybody asking.
func TestTheJobsSettle(t *testing.T) {
	h := setup(t)
	wish, key := h.wish(0), newKey()
	h.crashAt("before outcome")
	if _, err := h.Create(t.Context(), guest, key, wish); err == nil {
		t.Fatal("the process was not killed")
	}
	h.restart()
	h.clock.advance(time.Minute) // the lease of the dead ends
	j, err := jobs.New(t.Context(), jobs.Config{Store: h.store, Logger: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond, Now: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Start(t.Context(), h.Service); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	deadline, tick := time.After(10*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		if list, err := h.store.BookingsInStatus(t.Context(), salon.Confirmed, 1); err == nil && len(list) == 1 {
			break
		}
		select {
		case <-tick.C:
			h.clock.advance(time.Second)
		case <-deadline:
			t.Fatal("the jobs did not settle it")
		}
	}
	if a, err := h.Create(t.Context(), guest, key, wish); err != nil || a.Status != http.StatusCreated || h.made() != 1 {
		t.Errorf("the repeat: %d, %v, %d records; want 201 and one", a.Status, err, h.made())
	}
}
