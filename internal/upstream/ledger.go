package upstream

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"
)

// GrantStore keeps the log of grants of an egress address for all who share it,
// and over restarts. PaceUpdate reads the row of egress (nil if there is none), calls
// fn with it and writes what fn returns, in one transaction that excludes every
// other Update of the same egress. An error of fn is returned and nothing
// written. fn may be called again if the transaction has to be repeated.
// PaceUpdate returns soon after ctx ends: a call that hangs stops the pace.
type GrantStore interface {
	PaceUpdate(ctx context.Context, egress string, fn func(old []byte) ([]byte, error)) error
}

const (
	// storePatience is how long the store may take before the road goes on
	// with its local share.
	storePatience = time.Second
	// storeRest is how long a store that failed is left alone.
	storeRest = 2 * time.Second
	// stepTolerance: when the wall clock and the monotonic one disagree by more
	// than this between two looks at the store, the wall clock was set.
	stepTolerance = 50 * time.Millisecond
	// slowStore is the time of a PaceUpdate from which on grants are stamped ahead,
	// so that they are not void by the time the store has confirmed them.
	slowStore = 50 * time.Millisecond
)

// A ledger is the one door to the log of grants. It is used by the dispatcher
// alone, so nothing here waits for a lock while the store answers; others see
// snapshots.
//
// Within the process all instants are monotonic: a set wall clock changes
// nothing. The store holds wall time, the only clock that several processes and
// a restart have in common. The two are tied together anew at every PaceUpdate, and a
// row whose times cannot be trusted (the clock was set, the row is damaged, lost
// or older than what we wrote ourselves) is replaced by what this process
// remembers plus the most that others can have used in the meantime.
//
// When the store cannot be asked, the road goes on with 1/processes of the
// limits, and first assumes the same most. Should this process alone be cut off
// while the others still reach the store, the sum may be up to 1+1/processes of the
// limits: no process can know it is the only one. A refusal then pauses it.
//
// One case is beyond reach: a forward step of the wall clock by more than a minute
// while no process runs makes the stored minute look old.
type ledger struct {
	store     GrantStore
	egress    string
	wall      func() time.Time
	origin    time.Time // monotonic
	processes int
	limits    Limits
	report    func(err error) // entering (err) and leaving (nil) the local share

	mu sync.Mutex // guards g and degraded for the snapshots
	g  Grants

	degraded bool
	known    bool    // the log is known up to seen
	seen     int64   // when the store was last read
	offset   int64   // wall minus monotonic, at that time
	unsaved  []int64 // grants the store has not been told of
	stored   int64   // youngest grant this process put into the store
	restTill int64
	took     time.Duration // of the last PaceUpdate
	fresh    bool          // a row that is not there means that nothing was called
}

// grant is the permission for one call, at an instant that may lie a little
// ahead. It is worth nothing Limits.Life later, or once an incident began.
type grant struct {
	at    int64
	probe bool
	epoch int64
}

func newLedger(c *Config, report func(error)) *ledger {
	l := &ledger{
		store: c.Store, egress: c.Egress, wall: c.Now, origin: time.Now(), processes: c.Processes,
		limits: c.Limits, report: report, stored: math.MinInt64, fresh: c.Fresh,
	}
	if l.store == nil {
		l.known = true
		if !c.Fresh {
			l.g.Fill(0, c.Limits.PerMinute)
		}
	}
	return l
}

// mono is the present in microseconds since the start of the process. It comes
// from the runtime and not from Config.Now: what is measured is elapsed time.
func (l *ledger) mono() int64 { return time.Since(l.origin).Microseconds() }

// windows gives the laws for a lane's ceiling; degraded ones are the local share.
func (l *ledger) windows(lane Lane) [2]Window {
	minute, second := l.limits.PerMinute, l.limits.PerSecond
	if l.degraded {
		minute, second = max(1, minute/l.processes), max(1, second/l.processes)
	}
	c := ceiling[lane]
	return [2]Window{
		{max(1, minute*c.minute/100), l.limits.MinuteGuard},
		{max(1, second*c.second/100), l.limits.SecondGuard},
	}
}

// wait is a lower bound of the time until lane can have a grant, from memory.
// Others who share the log can only make it longer.
func (l *ledger) wait(lane Lane) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows(lane)
	return l.g.Wait(l.mono(), w[:]...)
}

// paused tells how long the incident's pause still lasts.
func (l *ledger) paused() (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	until, ok := l.g.Paused()
	left := time.Duration(until-l.mono()) * time.Microsecond
	return max(0, left), ok
}

// take asks for a grant under lane's ceiling. ok is false when there is no room;
// wait then tells more.
func (l *ledger) take(ctx context.Context, lane Lane) (gr grant, ok bool) {
	l.change(ctx, func(g *Grants, now int64) {
		w := l.windows(lane)
		wait, probe := g.Take(now, w[:]...)
		gr, ok = grant{at: now, probe: probe}, wait == 0
	}, func() {
		if ok && l.degraded {
			l.unsaved = append(l.unsaved, gr.at)
		} else if ok {
			l.stored = max(l.stored, gr.at)
		}
	})
	return gr, ok
}

// note applies a refusal or a recovery to the log.
func (l *ledger) note(ctx context.Context, fn func(g *Grants, now int64)) {
	l.change(ctx, fn, func() {})
}

// change applies fn to the log, in the store if it can be asked, else in memory.
// fn may run several times on different logs; only the last run counts, and done
// is called once after it.
func (l *ledger) change(ctx context.Context, fn func(g *Grants, now int64), done func()) {
	if l.store != nil && l.mono() >= l.restTill {
		err := l.changeStored(ctx, fn)
		if err == nil {
			done()
			return
		}
		l.fallBack(err)
	}
	now := l.mono()
	l.mu.Lock()
	l.g.Settle(now, l.limits.MinuteGuard)
	fn(&l.g, now)
	l.mu.Unlock()
	done()
}

// flush makes a last try to tell the store of the grants it has not heard of, for
// the next start.
func (l *ledger) flush() {
	if len(l.unsaved) > 0 {
		l.restTill = 0
		l.note(context.Background(), func(*Grants, int64) {})
	}
}

func (l *ledger) changeStored(ctx context.Context, fn func(g *Grants, now int64)) error {
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	var (
		next        Grants
		now, offset int64
		wasDegraded = l.degraded
	)
	begin := l.mono()
	l.setDegraded(false)
	err := l.store.PaceUpdate(ctx, l.egress, func(old []byte) ([]byte, error) {
		now = l.mono()
		offset = l.wall().UnixMicro() - now
		next = l.read(old, now, offset)
		next.merge(l.unsaved)
		fn(&next, now+l.ahead())
		out := next.Shift(offset)
		return out.Encode(), nil
	})
	l.took = time.Duration(l.mono()-begin) * time.Microsecond
	if err != nil {
		l.setDegraded(wasDegraded)
		return err
	}
	l.mu.Lock()
	l.g = next
	l.mu.Unlock()
	if n := len(l.unsaved); n > 0 {
		l.stored, l.unsaved = max(l.stored, l.unsaved[n-1]), nil
	}
	l.known, l.seen, l.offset = true, now, offset
	if wasDegraded {
		l.report(nil)
	}
	return nil
}

// ahead is by how much to stamp grants in the future, so that a slow store does
// not make every grant void before it is known.
func (l *ledger) ahead() int64 {
	if l.took < slowStore {
		return 0
	}
	return min(l.took*3/2, storePatience).Microseconds()
}

// read gives the log as far as it can be trusted: the store's, or memory and the
// most that others can have taken since.
func (l *ledger) read(old []byte, now, offset int64) Grants {
	keep := l.limits.MinuteGuard
	remembered := func() Grants {
		g := l.g.Shift(0)
		g.Settle(now, keep)
		l.assumeOthers(&g, now)
		return g
	}
	switch {
	case l.known && l.processes == 1:
		return remembered() // nobody else writes: memory is the better copy
	case !l.known && len(old) == 0 && !l.fresh:
		return remembered() // a log that was lost is not a log of nothing
	case l.known && (len(old) == 0 || abs(offset-l.offset) > stepTolerance.Microseconds()):
		return remembered()
	}
	row, err := DecodeGrants(old)
	if err != nil {
		return remembered()
	}
	g := row.Shift(-offset)
	if last, ok := g.Last(); l.stored != math.MinInt64 && (!ok || last < l.stored-stepTolerance.Microseconds()) {
		return remembered() // the row is older than what we wrote: restored, or emptied
	}
	g.Settle(now, keep)
	return g
}

// assumeOthers adds the most that other processes can have taken since the log
// was last known. Whoever obeys the window of a second cannot have taken more
// than that many a second.
func (l *ledger) assumeOthers(g *Grants, now int64) {
	room := l.limits.PerMinute - g.Since(now-l.limits.MinuteGuard.Microseconds())
	switch {
	case !l.known:
		g.Fill(now, max(0, room))
	case l.processes > 1:
		seconds := int((now-l.seen)/time.Second.Microseconds()) + 2
		g.Fill(now, max(0, min(room, seconds*l.limits.PerSecond)))
	}
}

// fallBack begins, or goes on with, the local share.
func (l *ledger) fallBack(err error) {
	now := l.mono()
	l.restTill = now + storeRest.Microseconds()
	if l.degraded {
		return
	}
	l.mu.Lock()
	l.g.Settle(now, l.limits.MinuteGuard)
	l.assumeOthers(&l.g, now)
	l.degraded = true
	l.mu.Unlock()
	l.known = true
	l.seen = now
	if !errors.Is(err, context.Canceled) {
		l.report(err)
	}
}

func (l *ledger) setDegraded(v bool) {
	l.mu.Lock()
	l.degraded = v
	l.mu.Unlock()
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
