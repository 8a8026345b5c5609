package booking

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

// YCLIENTS works on a booking for so long that it has been called not made: what it makes in the end is taken back.
func TestMadeLongAfterItWasSent(t *testing.T) {
	for _, after := range []time.Duration{70 * time.Second, 20 * time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			h := setup(t)
			var held *http.Request
			var body []byte
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			h.config.API = passing(t, h.config.API, func(r *http.Request) (*http.Response, error) {
				if held != nil || r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/book_record/") {
					return nil, nil
				}
				held = r.Clone(t.Context())
				body, _ = io.ReadAll(r.Body)
				return nil, io.ErrUnexpectedEOF
			})
			h.restart()
			h.impatient()
			a, err := h.Create(t.Context(), guest, newKey(), h.wish(0))
			if err != nil || a.Status != http.StatusAccepted {
				t.Fatalf("got %d, %v; want 202", a.Status, err)
			}
			h.settleAll()
			if b, err := h.store.Booking(t.Context(), a.Booking.ID); err != nil || b.Status != salon.Rejected || b.Reason != problem.UpstreamUnavailable {
				t.Fatalf("got %s %s, %v; want rejected", b.Status, b.Reason, err)
			}
			other := h.wish(6)
			stays := h.book(guest, other)
			h.pass(after)
			held.Body = io.NopCloser(bytes.NewReader(body))
			resp, err := transport.RoundTrip(held)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if n := len(h.live()); n != 2 {
				t.Fatalf("%d records, want the late one and another", n)
			}
			h.pass(6 * time.Minute)
			h.pass(time.Hour)
			if n := len(h.live()); n != 1 || h.record(stays).Deleted {
				t.Errorf("%d records are left; want the other booking's alone", n)
			}
			asked := h.calls("listRecords")
			h.pass(24 * time.Hour)
			if len(h.due()) != 0 || h.calls("listRecords") != asked {
				t.Error("it is looked for without an end")
			}
		})
	}
}
