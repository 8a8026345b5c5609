package upstream

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how old the first of a lane may get before its lane's reserve is
// set aside for it: without that, steady use by people just under their ceiling
// would keep background work out for ever.
const patience = 10 * time.Second

// A queue lets calls wait for a grant, by lane, and hands grants out. Its
// dispatcher is the only goroutine that touches the ledger.
type queue struct {
	ledger *ledger
	limits Limits
	max    [laneCount]time.Duration // how long a lane may wait

	epoch   atomic.Int64 // rises with every refusal: grants of an older epoch are void
	nowMono func() int64

	mu      sync.Mutex
	lanes   [laneCount]list.List
	passes  [laneCount]float64 // fair share: the lane with the lowest pass is next
	reached float64            // the pass of the one served last
	inRow   int                // bookings served in a row while others waited
	notes   []func(g *Grants, now int64)
	closed  bool

	wake  chan struct{} // something changed
	halt  context.CancelFunc
	ended chan struct{}
}

type waiter struct {
	ctx   context.Context
	lane  Lane
	since time.Time
	ready chan grant // one place; filled or closed when the queue lets the waiter go
	place *list.Element
}

func newQueue(l *ledger, c *Config) *queue {
	ctx, cancel := context.WithCancel(context.Background())
	q := &queue{
		ledger: l, limits: c.Limits, nowMono: l.mono,
		max:  [laneCount]time.Duration{c.MaxWait.Booking, c.MaxWait.Person, c.MaxWait.Refresh, c.MaxWait.Sync},
		wake: make(chan struct{}, 1), halt: cancel, ended: make(chan struct{}),
	}
	go q.dispatch(ctx)
	return q
}

// wait takes a place in the lane of a call and returns with a grant, or with why
// there is none: *Busy, or *NotSentError around the end of ctx or of the road.
// again puts the call at the head of its lane; it has waited before.
func (q *queue) wait(ctx context.Context, lane Lane, again bool) (grant, error) {
	if err := context.Cause(ctx); err != nil {
		return grant{}, &NotSentError{err}
	}
	limit := q.max[lane]
	if dl, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(dl))
	}
	// Whoever cannot be served in time learns it now and not at the end.
	if w := q.ledger.wait(lane); w > limit {
		return grant{}, q.busy(lane, w)
	}
	w, err := q.enter(ctx, lane, again)
	if err != nil {
		return grant{}, err
	}
	age := time.NewTimer(q.max[lane])
	defer age.Stop()
	select {
	case g, ok := <-w.ready:
		if !ok && ctx.Err() != nil {
			return grant{}, &NotSentError{context.Cause(ctx)}
		}
		if !ok {
			return grant{}, &NotSentError{ErrClosed}
		}
		return g, nil
	case <-ctx.Done():
		err = &NotSentError{context.Cause(ctx)}
	case <-age.C:
		err = q.busy(lane, q.ledger.wait(lane))
	}
	if !q.leave(w) {
		// The grant came at the same moment. For the one who still wants it that
		// is luck; for the one who left, the call stays counted and unused.
		if g, ok := <-w.ready; ok && ctx.Err() == nil {
			return g, nil
		}
	}
	return grant{}, err
}

func (q *queue) busy(lane Lane, wait time.Duration) *Busy {
	_, paused := q.ledger.paused()
	return &Busy{Lane: lane, RetryAfter: max(wait, time.Second), Paused: paused}
}

func (q *queue) enter(ctx context.Context, lane Lane, again bool) (*waiter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, &NotSentError{ErrClosed}
	}
	line := &q.lanes[lane]
	if longest := max(1, int(float64(q.limits.PerSecond)*q.max[lane].Seconds())); line.Len() >= longest && !again {
		// So many are served at best within the lane's patience: one more could
		// only grow old.
		return nil, q.busy(lane, q.max[lane])
	}
	w := &waiter{ctx: ctx, lane: lane, since: time.Now(), ready: make(chan grant, 1)}
	if line.Len() == 0 && lane != Booking {
		// A lane that comes back has saved nothing up, and begins behind its share.
		q.passes[lane] = max(q.passes[lane], q.reached+1/float64(share[lane]))
	}
	if again {
		w.place = line.PushFront(w)
	} else {
		w.place = line.PushBack(w)
	}
	q.poke()
	return w, nil
}

// leave takes w out of its lane; false if it was served already.
func (q *queue) leave(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.place == nil {
		return false
	}
	q.lanes[w.lane].Remove(w.place)
	w.place = nil
	return true
}

// refused pauses the budget. Grants already given but not yet on the wire are
// void from this moment.
func (q *queue) refused(asked time.Duration, probe bool) {
	q.epoch.Add(1)
	q.post(func(g *Grants, now int64) { g.Refused(now, asked, probe) })
}

// recovered ends the incident after a probe was answered.
func (q *queue) recovered() {
	q.post(func(g *Grants, _ int64) { g.Recovered() })
}

func (q *queue) post(fn func(*Grants, int64)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notes = append(q.notes, fn)
	q.poke()
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// void tells that a grant must not be used any more.
func (q *queue) void(g grant) bool {
	return q.nowMono()-g.at > q.limits.Life.Microseconds() || g.epoch != q.epoch.Load()
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.halt()
	<-q.ended
}

// dispatch serves the queue until ctx ends. The grant is taken first and its
// receiver chosen after, so that a booking that arrives meanwhile is not late.
func (q *queue) dispatch(ctx context.Context) {
	defer close(q.ended)
	defer q.ledger.flush()
	defer q.sendAway()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var spare *grant // its receiver left while it was being taken
	for ctx.Err() == nil {
		q.applyNotes(ctx)
		upTo, waiting := q.ceilingNow()
		if !waiting {
			q.sleep(ctx, timer, time.Hour)
			continue
		}
		if spare == nil || q.void(*spare) {
			if wait := q.ledger.wait(upTo); wait > 0 {
				q.sleep(ctx, timer, min(wait, patience/10))
				continue
			}
			epoch := q.epoch.Load()
			g, ok := q.ledger.take(ctx, upTo)
			if !ok || ctx.Err() != nil { // at the end of ctx the store may not have heard of g
				continue
			}
			g.epoch = epoch
			spare = &g
		}
		for ahead := spare.at - q.nowMono(); ahead > 0 && ctx.Err() == nil; ahead = spare.at - q.nowMono() {
			q.sleep(ctx, timer, time.Duration(ahead)*time.Microsecond)
		}
		if w := q.next(*spare); w != nil {
			w.ready <- *spare
			spare = nil
		}
	}
}

func (q *queue) sleep(ctx context.Context, timer *time.Timer, d time.Duration) {
	timer.Reset(d)
	select {
	case <-timer.C:
	case <-q.wake:
	case <-ctx.Done():
	}
}

func (q *queue) applyNotes(ctx context.Context) {
	q.mu.Lock()
	notes := q.notes
	q.notes = nil
	q.mu.Unlock()
	for _, fn := range notes {
		q.ledger.note(ctx, fn)
	}
}

// ceilingNow is the lane whose ceiling counts for the next grant: that of the
// most important one waiting, whoever's turn it is then; waiting is false when nobody
// waits.
func (q *queue) ceilingNow() (upTo Lane, waiting bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dropDead()
	for l := range q.lanes {
		head := q.lanes[l].Front()
		if head == nil {
			continue
		}
		if !waiting {
			upTo, waiting = Lane(l), true
		}
		if upTo > Person && time.Since(head.Value.(*waiter).since) >= patience {
			upTo = Person
		}
	}
	return upTo, waiting
}

// next takes the waiter whose turn it is out of its lane. A grant that is void by
// now, because a refusal came in between, is given to nobody.
func (q *queue) next(g grant) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if g.epoch != q.epoch.Load() {
		return nil
	}
	q.dropDead()
	lane, ok := q.turn()
	if !ok {
		return nil
	}
	return q.pop(lane)
}

// dropDead takes those out of the heads of the lanes whose context has ended, so
// that no grant is spent on them.
func (q *queue) dropDead() {
	for l := range q.lanes {
		for e := q.lanes[l].Front(); e != nil && e.Value.(*waiter).ctx.Err() != nil; e = q.lanes[l].Front() {
			close(q.pop(Lane(l)).ready)
		}
	}
}

func (q *queue) pop(lane Lane) *waiter {
	w := q.lanes[lane].Remove(q.lanes[lane].Front()).(*waiter)
	w.place = nil
	return w
}

// turn decides between the lanes: bookings first, but only streak in a row; the
// rest by their shares.
func (q *queue) turn() (Lane, bool) {
	other, found := Lane(0), false
	for l := Person; l < laneCount; l++ {
		if q.lanes[l].Len() > 0 && (!found || q.passes[l] < q.passes[other]) {
			other, found = l, true
		}
	}
	if q.lanes[Booking].Len() > 0 && (!found || q.inRow < streak) {
		q.inRow++
		if !found {
			q.inRow = 0
		}
		return Booking, true
	}
	if !found {
		return 0, false
	}
	q.inRow = 0
	q.reached = q.passes[other]
	q.passes[other] += 1 / float64(share[other])
	return other, true
}

// sendAway ends the wait of everybody when the road closes.
func (q *queue) sendAway() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for l := range q.lanes {
		for q.lanes[l].Len() > 0 {
			close(q.pop(Lane(l)).ready)
		}
	}
}

func (q *queue) lengths() (n [laneCount]int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for l := range q.lanes {
		n[l] = q.lanes[l].Len()
	}
	return n
}
