package booking

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"zapis/internal/salon"
	"zapis/internal/store"
)

// stopAt stops the next piece of work at a point, as SIGSTOP would, until the returned function is called. reached is
// closed when it stands there.
func (h *house) stopAt(point string) (reached <-chan struct{}, goOn func()) {
	stands, on := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h.crash = func(at string) bool {
		if at == point {
			once.Do(func() { close(stands); <-on })
		}
		return false
	}
	return stands, func() { close(on) }
}

// A process that was stopped after it had marked a booking as sent, and goes on when another has called it not made,
// sends nothing any more.
func TestStoppedBeforeSending(t *testing.T) {
	h := setup(t)
	wish := h.wish(0)
	sleeper := h.Service
	sleeper.pace.send = 20 * time.Millisecond
	reached, goOn := h.stopAt("before sending")
	done := make(chan error, 1)
	go func() {
		_, err := sleeper.Create(context.Background(), guest, newKey(), wish)
		done <- err
	}()
	<-reached
	h.restart()
	h.clock.advance(46 * time.Second)
	h.settleAll()
	<-time.After(40 * time.Millisecond) // longer than the limit of the call
	goOn()
	if err := <-done; err == nil {
		t.Error("the one who waited was told of a booking")
	}
	if n := len(h.live()); n != 0 {
		t.Errorf("%d records of a booking that was called not made", n)
	}
}

// Likewise a move and a cancellation.
func TestStoppedBeforeSendingAChange(t *testing.T) {
	for _, kind := range []store.IntentKind{store.Move, store.Cancel} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			h := setup(t)
			b := h.book(guest, h.wish(0))
			to := h.slots(moscow, b.Appointments[0].Staff.ID, b.Appointments[0].Services[0].ID, day)[4]
			before := h.record(b)
			sleeper := h.Service
			sleeper.pace.send = 20 * time.Millisecond
			reached, goOn := h.stopAt("before sending")
			done := make(chan error, 1)
			go func() {
				var err error
				if kind == store.Cancel {
					_, err = sleeper.Cancel(context.Background(), owns(b), refOf(b))
				} else {
					_, err = sleeper.Move(context.Background(), owns(b), refOf(b), salon.Move{Start: to.Start})
				}
				done <- err
			}()
			<-reached
			h.restart()
			h.clock.advance(46 * time.Second)
			h.settleAll()
			<-time.After(40 * time.Millisecond)
			goOn()
			<-done
			if r := h.record(b); r.Deleted || !r.Start.Equal(before.Start) {
				t.Errorf("the record is %+v after the change was called not made", r)
			}
		})
	}
}

// Should the call have left all the same, and its answer come after the booking was called not made, what it made is
// taken back.
func TestAnsweredAfterTheRefusal(t *testing.T) {
	h := setup(t)
	wish := h.wish(0)
	left, on := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h.config.API = passing(t, h.config.API, func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/book_record/") {
			once.Do(func() { close(left); <-on })
		}
		return nil, nil
	})
	h.restart()
	sleeper := h.Service
	done := make(chan error, 1)
	go func() {
		_, err := sleeper.Create(context.Background(), guest, newKey(), wish)
		done <- err
	}()
	<-left
	h.restart()
	h.clock.advance(46 * time.Second)
	h.settleAll()
	rejected, err := h.store.BookingsInStatus(t.Context(), salon.Rejected, 10)
	if err != nil || len(rejected) != 1 {
		t.Fatalf("%d rejected, %v; want one", len(rejected), err)
	}
	close(on)
	if err := <-done; err == nil {
		t.Error("the one who waited was told of a booking")
	}
	sleeper.Close(t.Context())
	if h.made() != 1 || len(h.live()) != 0 {
		t.Errorf("%d records were made and %d are left, want one made and taken back", h.made(), len(h.live()))
	}
}
