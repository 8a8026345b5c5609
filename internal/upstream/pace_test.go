package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The guard of 0.2 s is all there is for the age of a grant at the gate and the
// network's jitter after it. So either grants of the full age on an even network,
// or young ones on an uneven network.
func TestWorstWindow(t *testing.T) {
	for seed := range uint64(6) {
		life, uneven := 200*time.Millisecond, time.Duration(1)
		if seed%2 == 1 {
			life, uneven = 50*time.Millisecond, 149*time.Millisecond
		}
		t.Run(fmt.Sprintf("seed %d, life %s", seed, life), func(t *testing.T) {
			inWorld(t, func(w *world) {
				net := jitter(seed)
				w.write = func() { net(0, uneven) }
				// The first five calls find no connection to wait for instead, so their grants
				// grow too old in any order the scheduler may choose.
				var dials atomic.Int64
				w.dial = func() error {
					if dials.Add(1) <= 5 {
						net(250*time.Millisecond, 600*time.Millisecond)
					} else {
						net(0, 600*time.Millisecond)
					}
					return nil
				}
				w.handle = func(rw http.ResponseWriter, r *http.Request) {
					net(20*time.Millisecond, 800*time.Millisecond)
					answer(rw, 200, `{"success":true}`)
				}
				r := w.road(Config{Limits: Limits{Life: life}})
				var wg sync.WaitGroup
				for lane, n := range []int{1, 6, 4, 4} {
					flood(context.Background(), &wg, r, Lane(lane), n, 4*time.Minute)
				}
				wg.Wait()
				s := r.Stats()
				closeRoad(t, r)
				w.checkWindows(200, 5)
				if got := len(w.seen()); got < 700 {
					t.Errorf("arrivals in 4 minutes: got %d, want most of the 797 the law allows", got)
				}
				if s.Refusals != 0 || s.Voids == 0 {
					t.Errorf("got %d refusals and %d voids, want none and some", s.Refusals, s.Voids)
				}
			})
		})
	}
}

func TestWorstWindowOverRestarts(t *testing.T) {
	inWorld(t, func(w *world) {
		store := &shelf{}
		ctx := context.Background()
		for i := range 12 {
			r := w.road(Config{Store: store})
			var wg sync.WaitGroup
			flood(ctx, &wg, r, Person, 10, time.Duration(3+i%5*6)*time.Second)
			flood(ctx, &wg, r, Sync, 10, time.Duration(3+i%5*6)*time.Second)
			wg.Wait()
			if i%3 == 2 { // a crash between the commit of a grant and its use
				store.set(func(s *shelf) { s.late = true })
				go get(ctx, r, "/api/v1/company/1")
				synctest.Wait()
				store.set(func(s *shelf) { s.late = false })
			}
			closeRoad(t, r)
		}
		w.checkWindows(200, 5)
		if got := len(w.seen()); got < 300 {
			t.Errorf("got %d arrivals, want more than 300: the restarts cost too much", got)
		}
	})
}

func TestUnknownHistoryIsFull(t *testing.T) {
	junk := map[string][]byte{"default": []byte("G\x01not a log of grants")}
	for name, test := range map[string]struct {
		config Config
		want   time.Duration
	}{
		"no store":      {Config{}, 60200 * time.Millisecond},
		"fresh":         {Config{Fresh: true}, 0},
		"first start":   {Config{Store: &shelf{}, Fresh: true}, 0},
		"lost row":      {Config{Store: &shelf{}}, 60200 * time.Millisecond},
		"damaged row":   {Config{Store: &shelf{rows: junk}}, 60200 * time.Millisecond},
		"store is down": {Config{Store: &shelf{fail: errors.New("down")}}, 60200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				test.config.MaxWait.Sync = 2 * time.Minute
				r := w.roadAsIs(test.config)
				res := get(WithLane(context.Background(), Sync), r, "/api/v1/company/1")
				closeRoad(t, r)
				if res.err != nil {
					t.Fatal(res.err)
				}
				if d := res.took - test.want; d < 0 || d > 10*time.Millisecond {
					t.Errorf("first call: got after %s, want after %s", res.took, test.want)
				}
			})
		})
	}
}

func TestTwoProcessesOneBudget(t *testing.T) {
	for name, fault := range map[string]func(s *shelf){
		"well":  func(*shelf) {},
		"slow":  func(s *shelf) { s.delay = 300 * time.Millisecond },
		"stuck": func(s *shelf) { s.delay = 3 * time.Second },
		"down":  func(s *shelf) { s.fail = errors.New("down") },
		"empty": func(s *shelf) { s.rows = nil },
		"junk":  func(s *shelf) { s.rows["default"] = []byte("junk") },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				store := &shelf{}
				ctx := context.Background()
				one, two := w.road(Config{Store: store}), w.road(Config{Store: store})
				var wg sync.WaitGroup
				for _, r := range []*Road{one, two} {
					flood(ctx, &wg, r, Person, 5, 4*time.Minute)
					flood(ctx, &wg, r, Booking, 2, 4*time.Minute)
				}
				wg.Go(func() {
					pass(ctx, 90*time.Second)
					store.set(fault)
					pass(ctx, 60*time.Second)
					store.set(func(s *shelf) { s.fail, s.delay = nil, 0 })
				})
				wg.Wait()
				if s := one.Stats(); s.LocalShare {
					t.Error("still on the local share after the store came back")
				}
				closeRoad(t, one)
				closeRoad(t, two)
				w.checkWindows(200, 5)
				if got := len(w.seen()); got < 380 {
					t.Errorf("got %d arrivals in 4 minutes, want at least 380", got)
				}
			})
		})
	}
}

func TestClockSteps(t *testing.T) {
	day := 24 * time.Hour
	for _, processes := range []int{1, 2} {
		for _, step := range []time.Duration{time.Second, -time.Second, day, -day} {
			t.Run(fmt.Sprintf("%d processes, step %s", processes, step), func(t *testing.T) {
				inWorld(t, func(w *world) {
					var mu sync.Mutex
					var offset time.Duration
					now := func() time.Time {
						mu.Lock()
						defer mu.Unlock()
						return time.Now().Add(offset)
					}
					store := &shelf{}
					ctx := context.Background()
					var wg sync.WaitGroup
					var roads []*Road
					for range processes {
						r := w.road(Config{Store: store, Processes: processes, Now: now})
						roads = append(roads, r)
						flood(ctx, &wg, r, Booking, 10, 4*time.Minute)
					}
					wg.Go(func() {
						for range 2 {
							pass(ctx, 70*time.Second)
							mu.Lock()
							offset += step
							mu.Unlock()
						}
					})
					wg.Wait()
					for _, r := range roads {
						closeRoad(t, r)
					}
					w.checkWindows(200, 5)
					if got := len(w.seen()); got < 400 {
						t.Errorf("got %d arrivals in 4 minutes, want at least 400: the step froze the pace", got)
					}
				})
			})
		}
	}
}

// What was granted while the store was away is told to it at the end, so that the
// next start knows.
func TestRestartAfterTheStoreWasAway(t *testing.T) {
	inWorld(t, func(w *world) {
		store := &shelf{}
		ctx := context.Background()
		var wg sync.WaitGroup
		first := w.road(Config{Store: store, Processes: 1})
		flood(ctx, &wg, first, Booking, 10, 5*time.Second)
		wg.Wait()
		store.set(func(s *shelf) { s.fail = errors.New("down") })
		flood(ctx, &wg, first, Booking, 10, 35*time.Second)
		wg.Wait()
		store.set(func(s *shelf) { s.fail = nil })
		closeRoad(t, first)
		second := w.road(Config{Store: store, Processes: 1})
		flood(ctx, &wg, second, Booking, 10, time.Minute)
		wg.Wait()
		closeRoad(t, second)
		w.checkWindows(200, 5)
	})
}

// A clock set back while no process runs makes the stored grants lie in the
// future.
func TestClockSetBackBetweenRuns(t *testing.T) {
	inWorld(t, func(w *world) {
		store := &shelf{}
		ctx := context.Background()
		var wg sync.WaitGroup
		first := w.road(Config{Store: store})
		flood(ctx, &wg, first, Booking, 10, 30*time.Second)
		wg.Wait()
		closeRoad(t, first)
		second := w.road(Config{Store: store, Now: func() time.Time { return time.Now().Add(-24 * time.Hour) }})
		flood(ctx, &wg, second, Booking, 10, 3*time.Minute)
		wg.Wait()
		closeRoad(t, second)
		w.checkWindows(200, 5)
		if got := len(w.seen()); got < 400 {
			t.Errorf("got %d arrivals, want at least 400", got)
		}
	})
}

func TestVoidGrant(t *testing.T) {
	inWorld(t, func(w *world) {
		w.dial = func() error { pass(context.Background(), time.Second); return nil }
		r := w.road(Config{})
		res := get(context.Background(), r, "/api/v1/company/1")
		if res.err != nil {
			t.Fatal(res.err)
		}
		s := r.Stats()
		if s.Voids != 1 || s.LastMinute != 2 {
			t.Errorf("after a dial of 1 s: got %d void of %d grants, want 1 of 2", s.Voids, s.LastMinute)
		}
		if res = get(context.Background(), r, "/api/v1/company/1"); res.err != nil {
			t.Fatal(res.err)
		}
		if s = r.Stats(); s.Voids != 1 || s.LastMinute != 3 {
			t.Errorf("on the kept connection: got %d void of %d grants, want 1 of 3", s.Voids, s.LastMinute)
		}
		closeRoad(t, r)
	})
}

// The process may be stopped after GotConn and before the write.
func TestVoidAtTheGate(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.road(Config{})
		q := r.queue
		g, err := q.wait(context.Background(), Person, false)
		if err != nil {
			t.Fatal(err)
		}
		a := &attempt{queue: q, grant: g}
		pass(context.Background(), 49*time.Millisecond)
		if q.void(g) {
			t.Error("void after 49 ms")
		}
		pass(context.Background(), 2*time.Millisecond)
		if err := a.depart(); !errors.Is(err, errVoid) {
			t.Errorf("departing with a grant of 51 ms: got %v, want %v", err, errVoid)
		}
		if sent, fail := a.end(); sent || !errors.Is(fail, errVoid) {
			t.Errorf("got sent %v, %v", sent, fail)
		}
		if err := a.depart(); err == nil {
			t.Error("an attempt that is over was let through")
		}
		closeRoad(t, r)
	})
}

func TestQueuedCallThatLeavesSpendsNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.road(Config{})
		for range 5 {
			get(context.Background(), r, "/api/v1/company/1")
		}
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				res := get(ctx, r, "/api/v1/company/1")
				if !notSent(res.err) || !errors.Is(res.err, context.Canceled) {
					t.Errorf("got %v, want not sent because canceled", res.err)
				}
			})
		}
		synctest.Wait()
		if got := r.Stats().Queued[Person]; got != 20 {
			t.Errorf("queued: got %d, want 20", got)
		}
		cancel()
		wg.Wait()
		pass(context.Background(), 10*time.Second)
		if got := r.Stats().LastMinute; got != 5 {
			t.Errorf("grants spent: got %d, want 5", got)
		}
		closeRoad(t, r)
	})
}

func TestClose(t *testing.T) {
	inWorld(t, func(w *world) {
		w.handle = func(rw http.ResponseWriter, r *http.Request) {
			pass(r.Context(), 3*time.Second)
			answer(rw, 200, `{}`)
		}
		r := w.road(Config{})
		var wg sync.WaitGroup
		results := make(chan result, 10)
		for range 10 {
			wg.Go(func() { results <- get(context.Background(), r, "/api/v1/company/1") })
		}
		synctest.Wait() // 5 under way, 5 waiting
		closeRoad(t, r)
		wg.Wait()
		close(results)
		answered, sentAway := 0, 0
		for res := range results {
			switch {
			case res.err == nil:
				answered++
			case notSent(res.err) && errors.Is(res.err, ErrClosed):
				sentAway++
			default:
				t.Error(res.err)
			}
		}
		if answered != 5 || sentAway != 5 {
			t.Errorf("got %d answered and %d sent away, want 5 and 5", answered, sentAway)
		}
		if res := get(context.Background(), r, "/api/v1/company/1"); !errors.Is(res.err, ErrClosed) || !notSent(res.err) {
			t.Errorf("after Close: got %v", res.err)
		}
	})
}

func TestCloseCutsAtItsDeadline(t *testing.T) {
	inWorld(t, func(w *world) {
		w.handle = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		r := w.road(Config{})
		var wg sync.WaitGroup
		wg.Go(func() {
			res := do(context.Background(), r, http.MethodPost, "/api/v1/book_record/1", "{}")
			var lost *LostError
			if !errors.As(res.err, &lost) || notSent(res.err) {
				t.Errorf("got %v, want lost", res.err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := r.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		wg.Wait()
	})
}
