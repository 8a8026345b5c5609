package booking

import (
	"testing"
	"time"

	"zapis/internal/salon"
	"zapis/sandbox"
)

// A booking of ours that is called by the name of its record is the same booking.
func TestOneBookingUnderTwoNames(t *testing.T) {
	h := setup(t)
	who := h.signIn(personPhone)
	wish := h.wish(0)
	wish.Client.Phone = ""
	b := h.book(who, wish)
	ref := salon.Ref{Branch: moscow, Record: h.record(b).ID}
	if got, err := h.Get(t.Context(), who, ref); err != nil || got.ID != b.ID {
		t.Errorf("read as %s, %v; want %s", got.ID, err, b.ID)
	}
	if a, err := h.Cancel(t.Context(), who, ref); err != nil || a.Booking.ID != b.ID || a.Booking.Status != salon.Cancelled {
		t.Errorf("cancelled as %s: %s, %v; want %s cancelled", a.Booking.ID, a.Booking.Status, err, b.ID)
	}
	if got, err := h.Get(t.Context(), who, refOf(b)); err != nil || got.Status != salon.Cancelled {
		t.Errorf("under its own name it is %s, %v; want cancelled", got.Status, err)
	}
}

// A booking that is still being established is listed once, though its record can be seen already.
func TestAPendingBookingIsListedOnce(t *testing.T) {
	h := setup(t)
	who := h.signIn(personPhone)
	wish := h.wish(0)
	wish.Client.Phone = ""
	h.warm(wish)
	h.impatient()
	h.pace.first = time.Hour
	h.faults(sandbox.Faults{LoseNext: 1})
	a, err := h.Create(t.Context(), who, newKey(), wish)
	if err != nil || a.Booking.Status != salon.Pending {
		t.Fatalf("got %s, %v; want it pending", a.Booking.Status, err)
	}
	mine, err := h.Mine(t.Context(), who, salon.Upcoming)
	if err != nil || len(mine.Bookings) != 1 || mine.Bookings[0].ID != a.Booking.ID {
		t.Errorf("listed as %+v, %v; want the pending booking alone", mine.Bookings, err)
	}
}
