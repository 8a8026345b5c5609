package mirror

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"zapis/internal/upstream"
)

// kind is a sort of answer that is remembered.
type kind uint8

const (
	kindBranch kind = iota
	kindServices
	kindStaff
	kindDays
	kindSlots
)

// promises say, per kind, how old an answer may be without a word, and how long it is kept for the time when
// YCLIENTS cannot be asked. Free time is kept shortest: a stale start costs the customer a refusal.
var promises = [...]struct{ fresh, keep time.Duration }{
	kindBranch:   {10 * time.Minute, 7 * 24 * time.Hour},
	kindServices: {5 * time.Minute, 24 * time.Hour},
	kindStaff:    {2 * time.Minute, 24 * time.Hour},
	kindDays:     {time.Minute, 10 * time.Minute},
	kindSlots:    {15 * time.Second, 2 * time.Minute},
}

const (
	maxEntries = 20_000
	loadTime   = 8 * time.Second // for one answer, waiting for the pace included
	// patience is how long somebody waits for a fresh answer while an old one lies ready.
	patience = 2500 * time.Millisecond
)

// key names an answer. gen rises with every known change, so that neither an answer kept from before the change
// nor one that was under way during it can ever be served after it.
type key struct {
	kind     kind
	branch   int64
	staff    int64
	services string // ids, rising, by comma
	day      string
	gen      uint64
}

// entry is one answer of YCLIENTS, never changed once it is in memory.
type entry struct {
	value any
	asOf  time.Time
}

// memory is the cache: one load however many ask, renewal in the background shortly after the promise ends, and
// the old answer when YCLIENTS cannot be asked.
type memory struct {
	cache *otter.Cache[key, *entry]
	now   func() time.Time

	life  context.Context // of the mirror; its end cuts the loads under way
	end   context.CancelFunc
	mu    sync.Mutex
	over  bool
	tasks sync.WaitGroup
}

func newMemory(now func() time.Time) (*memory, error) {
	m := &memory{now: now}
	m.life, m.end = context.WithCancel(context.Background())
	var err error
	m.cache, err = otter.New(&otter.Options[key, *entry]{
		MaximumSize: maxEntries,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[key, *entry]) time.Duration {
			return promises[e.Key.kind].keep
		}),
		RefreshCalculator: otter.RefreshWritingFunc(func(e otter.Entry[key, *entry]) time.Duration {
			return promises[e.Key.kind].fresh
		}),
		Executor: m.run,
		Clock:    clock{now},
		Logger:   &otter.NoopLogger{}, // a failed renewal is told by what find returns
	})
	return m, err
}

// run is the cache's executor: its goroutines end before close returns.
func (m *memory) run(task func()) {
	m.mu.Lock()
	if m.over {
		m.mu.Unlock()
		task()
		return
	}
	m.tasks.Add(1)
	m.mu.Unlock()
	go func() {
		defer m.tasks.Done()
		task()
	}()
}

func (m *memory) close() {
	m.end()
	m.cache.StopAllGoroutines()
	m.mu.Lock()
	m.over = true
	m.mu.Unlock()
	m.tasks.Wait()
}

// clock lets the cache live by our time.
type clock struct{ now func() time.Time }

func (c clock) NowNano() int64 { return c.now().UnixNano() }

// Tick is nil: what has expired goes when it is looked at or when room is needed.
func (c clock) Tick(time.Duration) <-chan time.Time { return nil }

// found is an answer with its age.
type found[T any] struct {
	value T
	asOf  time.Time
	stale bool // older than promised, and YCLIENTS could not be asked
}

// find gives the answer of a key: from memory while it is young; the old one while a single renewal runs when it
// is a little too old; otherwise from YCLIENTS, for everybody who waits at once. When that fails the old answer
// is given as stale, and only without one is there an error.
func find[T any](ctx context.Context, m *memory, k key, load func(context.Context) (T, error)) (found[T], error) {
	fresh := promises[k.kind].fresh
	old, known := m.cache.GetIfPresent(k)
	if known && m.now().Sub(old.asOf) <= fresh { // also when the clock was set back: it is as good as any
		return asFound[T](old, false), nil
	}
	loader := otter.LoaderFunc[key, *entry](func(ctx context.Context, _ key) (*entry, error) {
		return loadEntry(ctx, m, load)
	})
	if !known {
		e, err := m.cache.Get(ctx, k, loader)
		if err != nil {
			return found[T]{}, err
		}
		return asFound[T](e, false), nil
	}
	if m.now().Sub(old.asOf) <= 2*fresh {
		if e, err := m.cache.Get(upstream.WithLane(ctx, upstream.Refresh), k, loader); err == nil {
			old = e
		}
		return asFound[T](old, false), nil
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case r := <-m.cache.Refresh(ctx, k, loader):
		if r.Err == nil {
			return asFound[T](r.Value, false), nil
		}
	case <-wait.Done():
	}
	return asFound[T](old, true), nil
}

// peek is what is in memory, whatever its age.
func peek[T any](m *memory, k key) (value T, known bool) {
	e, known := m.cache.GetEntryQuietly(k)
	if !known {
		return value, false
	}
	return e.Value.value.(T), true
}

func asFound[T any](e *entry, stale bool) found[T] {
	return found[T]{value: e.value.(T), asOf: e.asOf, stale: stale}
}

// loadEntry asks YCLIENTS. Whoever asked first may hang up; those who wait with them shall not fail for that, so
// the load has a limit of its own and ends with the mirror.
func loadEntry[T any](ctx context.Context, m *memory, load func(context.Context) (T, error)) (*entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTime)
	defer cancel()
	defer context.AfterFunc(m.life, cancel)()
	// The moment of asking: an answer knows nothing of what happens while it is under way.
	e := &entry{asOf: m.now().UTC()}
	value, err := load(ctx)
	if err != nil {
		return nil, err
	}
	e.value = value
	return e, nil
}
