package upstream

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func lanesOf(at []arrival) map[string]int {
	n := make(map[string]int)
	for _, a := range at {
		n[a.lane]++
	}
	return n
}

func TestNoLaneStarves(t *testing.T) {
	for name, busy := range map[string][]Lane{
		"people and all the rest": {Person, Refresh, Sync},
		"a flood of bookings":     {Booking, Person, Refresh, Sync},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				r := w.road(Config{})
				var wg sync.WaitGroup
				for _, l := range busy {
					flood(context.Background(), &wg, r, l, 12, 10*time.Minute)
				}
				wg.Wait()
				closeRoad(t, r)
				n := lanesOf(w.seen())
				for i, l := range busy {
					if n[l.String()] < 15 {
						t.Errorf("%s: got %d calls in 10 minutes, want at least 15", l, n[l.String()])
					}
					if i > 0 && n[l.String()] > n[busy[i-1].String()] {
						t.Errorf("%s got more than %s: %v", l, busy[i-1], n)
					}
				}
				w.checkWindows(200, 5)
			})
		})
	}
}

// People who use their ceiling up without ever queueing must not shut the sync
// out: its ceiling is lower.
func TestSyncGetsThroughBesideSteadyUse(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.road(Config{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 600 { // 2.86 a second: 171 a minute, over the sync's 140
				get(context.Background(), r, "/api/v1/company/1")
				pass(context.Background(), 350*time.Millisecond)
			}
		})
		pass(context.Background(), 70*time.Second) // until the minute is full of them
		flood(context.Background(), &wg, r, Sync, 1, 130*time.Second)
		wg.Wait()
		closeRoad(t, r)
		if got := lanesOf(w.seen())["sync"]; got < 8 {
			t.Errorf("sync: got %d calls in 130 s, want at least 8", got)
		}
	})
}

func TestBookingGoesFirst(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.road(Config{})
		ctx := context.Background()
		var wg sync.WaitGroup
		for _, l := range []Lane{Sync, Refresh, Person} {
			flood(ctx, &wg, r, l, 15, 100*time.Second)
		}
		var worst time.Duration
		for range 30 { // the whole time: also when the others have used their minute up
			pass(ctx, 3*time.Second)
			res := do(WithLane(ctx, Booking), r, http.MethodPost, "/api/v1/book_record/1", "{}")
			if res.err != nil {
				t.Error(res.err)
			}
			worst = max(worst, res.took)
		}
		wg.Wait()
		closeRoad(t, r)
		if worst > 1300*time.Millisecond {
			t.Errorf("the longest wait of a booking: got %s, want at most the window of a second", worst)
		}
	})
}

func TestBusy(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.road(Config{MaxWait: MaxWait{Person: 2 * time.Second}})
		ctx := context.Background()
		var wg sync.WaitGroup
		var mu sync.Mutex
		served, busy := 0, 0
		for range 40 {
			wg.Go(func() {
				res := get(ctx, r, "/api/v1/company/1")
				mu.Lock()
				defer mu.Unlock()
				var b *Busy
				switch {
				case res.err == nil:
					served++
				case errors.As(res.err, &b) && b.NotSent() && b.RetryAfter > 0 && b.Lane == Person:
					busy++
					if res.took > 2*time.Second {
						t.Errorf("told after %s, want within the lane's 2 s", res.took)
					}
				default:
					t.Errorf("got %v", res.err)
				}
			})
		}
		wg.Wait()
		if served != 10 || busy != 30 {
			t.Errorf("got %d served and %d busy, want 5 at once, 5 after 1.2 s, 30 busy", served, busy)
		}
		if got := len(w.seen()); got != served {
			t.Errorf("arrivals: got %d, want %d", got, served)
		}
		closeRoad(t, r)
	})
}

func TestDeadlineBelowTheWaitIsTold(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.roadAsIs(Config{}) // nothing can leave for a minute
		ctx, cancel := context.WithTimeout(WithLane(context.Background(), Sync), 10*time.Second)
		defer cancel()
		res := get(ctx, r, "/api/v1/company/1")
		var b *Busy
		if !errors.As(res.err, &b) || res.took > 0 || b.RetryAfter < 60*time.Second {
			t.Errorf("got %v after %s, want busy at once, for a minute", res.err, res.took)
		}
		closeRoad(t, r)
	})
}

func TestLaneOfContext(t *testing.T) {
	ctx := context.Background()
	if got := LaneFrom(ctx); got != Person {
		t.Errorf("without a lane: got %s, want %s", got, Person)
	}
	for _, l := range []Lane{Booking, Person, Refresh, Sync} {
		if got := LaneFrom(WithLane(ctx, l)); got != l {
			t.Errorf("got %s, want %s", got, l)
		}
	}
	if got := LaneFrom(WithLane(ctx, 77)); got != Person {
		t.Errorf("an unknown lane: got %s, want %s", got, Person)
	}
}

// When a pause ends, bookings go before the others that waited.
func TestBookingsFirstOnResume(t *testing.T) {
	inWorld(t, func(w *world) {
		var answered atomic.Bool
		w.handle = func(rw http.ResponseWriter, _ *http.Request) {
			if answered.CompareAndSwap(false, true) {
				rw.Header().Set("Retry-After", "3")
				answer(rw, http.StatusTooManyRequests, `{}`)
				return
			}
			answer(rw, 200, `{"success":true}`)
		}
		r := w.road(Config{})
		ctx := context.Background()
		get(ctx, r, "/api/v1/company/1")
		var wg sync.WaitGroup
		for _, l := range []Lane{Sync, Person, Booking} {
			for range 3 {
				wg.Go(func() { get(WithLane(ctx, l), r, "/api/v1/company/1") })
			}
			synctest.Wait()
		}
		wg.Wait()
		closeRoad(t, r)
		at := w.seen()[1:]
		// The probe is one call; what is let go in the same instant arrives in any order.
		if at[0].lane != "booking" {
			t.Errorf("the probe: got lane %s, want booking", at[0].lane)
		}
		if got := lanesOf(at[:5])["booking"]; got != 3 {
			t.Errorf("the first five after the pause: got %d bookings, want all 3", got)
		}
		for _, a := range at[:5] {
			if a.lane == "sync" {
				t.Error("a sync call was let go before people")
			}
		}
	})
}
