package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	settleTime   = time.Minute // bound of one call of Settle
	firstBackoff = time.Second // after a failed Settle; doubles
	maxBackoff   = 30 * time.Second
)

// watch looks for due intents and hands each to the settler, at most one call for an intent at a time here.
// Other replicas do the same: who gets an intent is decided by its claim in the store.
type watch struct {
	cfg     Config
	settler Settler
	quit    chan struct{}
	tasks   sync.WaitGroup
	room    chan struct{} // one token for each Settle that runs

	mu    sync.Mutex
	busy  map[string]bool
	pause map[string]pause // intents not to be called for yet
}

type pause struct {
	until time.Time
	fails int
}

func startWatch(ctx context.Context, cfg Config, settler Settler) *watch {
	w := &watch{cfg: cfg, settler: settler, quit: make(chan struct{}), room: make(chan struct{}, cfg.Settling),
		busy: map[string]bool{}, pause: map[string]pause{}}
	w.tasks.Go(func() { w.run(ctx) })
	return w
}

func (w *watch) stop() { close(w.quit) }
func (w *watch) wait() { w.tasks.Wait() }

func (w *watch) run(ctx context.Context) {
	tick := time.NewTicker(w.cfg.Poll)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-tick.C:
		case <-w.quit:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (w *watch) look(ctx context.Context) {
	// More than can run at once: some of them may be paused here and must not hide the others.
	due, err := w.cfg.Store.DueIntents(ctx, w.now(), 8*w.cfg.Settling+w.paused())
	if err != nil {
		if ctx.Err() == nil {
			w.cfg.Logger.Error("cannot look for open bookings, trying again", "error", err)
		}
		return
	}
	for _, it := range due {
		if !w.begin(it.ID) {
			continue
		}
		select {
		case w.room <- struct{}{}:
		case <-w.quit:
			w.end(it.ID, 0, nil)
			return
		case <-ctx.Done():
			w.end(it.ID, 0, nil)
			return
		}
		w.tasks.Go(func() { w.settle(ctx, it.ID) })
	}
}

func (w *watch) settle(ctx context.Context, id string) {
	defer func() { <-w.room }()
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	again, err := w.settler.Settle(ctx, id)
	if err != nil {
		w.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "a booking could not be settled, trying again", slog.String("intent", id), slog.Any("error", err))
	}
	w.end(id, again, err)
}

// begin marks an intent as being worked on, unless it is or has to wait.
func (w *watch) begin(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[id] || w.now().Before(w.pause[id].until) {
		return false
	}
	w.busy[id] = true
	return true
}

func (w *watch) end(id string, again time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, id)
	switch fails := w.pause[id].fails + 1; {
	case err != nil:
		wait := firstBackoff
		for i := 1; i < fails && wait < maxBackoff; i++ {
			wait *= 2
		}
		w.pause[id] = pause{w.now().Add(max(again, min(wait, maxBackoff))), fails}
	case again > 0:
		w.pause[id] = pause{until: w.now().Add(again)}
	default:
		delete(w.pause, id)
	}
}

// paused drops the pauses that ended long ago, of intents another replica has settled, and counts the rest.
func (w *watch) paused() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, p := range w.pause {
		if w.now().Sub(p.until) > time.Hour {
			delete(w.pause, id)
		}
	}
	return len(w.pause)
}

func (w *watch) now() time.Time {
	if w.cfg.Now != nil {
		return w.cfg.Now()
	}
	return time.Now()
}
