package booking

import (
	"net/http"
	"strings"
	"testing"

	"zapis/internal/problem"
	"zapis/internal/store"
)

// A person may be erased between the look at the session and the writing of the booking: then nothing is written
// and nothing is booked.
func TestErasedWhileBooking(t *testing.T) {
	h := setup(t)
	who := h.signIn(personPhone)
	wish := h.wish(1)
	wish.Client.Phone = ""
	wish.Appointments = append(wish.Appointments, h.wish(8).Appointments...) // several are checked with YCLIENTS first
	h.config.API = passing(t, h.config.API, func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/book_check/") {
			if err := h.session.Erase(t.Context(), who.Person); err != nil {
				t.Error(err)
			}
		}
		return nil, nil
	})
	h.restart()
	_, err := h.Create(t.Context(), who, newKey(), wish)
	wantCode(t, err, problem.SessionInvalid)
	if n := len(h.live()); n != 0 {
		t.Errorf("%d records made for somebody who is gone", n)
	}
	list, err := h.store.BookingsOf(t.Context(), who.Person, store.BookingFilter{})
	if err != nil || len(list) != 0 {
		t.Errorf("%d bookings kept of somebody who is gone, %v", len(list), err)
	}
}
