package gateway

import (
	"context"
	"sync"
	"time"
)

// budgetContext ends at a moment, like one of context.WithDeadline, but sets its timer only when somebody waits for
// the end. An answer from memory waits for nothing, and most answers are from memory.
type budgetContext struct {
	parent context.Context
	at     time.Time

	mu     sync.Mutex
	timed  context.Context // nil until somebody waits
	cancel context.CancelFunc
	over   bool
}

func newBudget(parent context.Context, at time.Time) *budgetContext {
	if earlier, ok := parent.Deadline(); ok && earlier.Before(at) {
		at = earlier
	}
	return &budgetContext{parent: parent, at: at}
}

// wait is the context with the timer.
func (b *budgetContext) wait() context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timed == nil {
		b.timed, b.cancel = context.WithDeadline(b.parent, b.at)
		if b.over {
			b.cancel()
		}
	}
	return b.timed
}

// end lets go of the timer; whoever still holds the context finds it cancelled.
func (b *budgetContext) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	if b.timed != nil {
		b.cancel()
	}
}

func (b *budgetContext) Deadline() (time.Time, bool) { return b.at, true }
func (b *budgetContext) Done() <-chan struct{}       { return b.wait().Done() }
func (b *budgetContext) Err() error                  { return b.wait().Err() }

// Value also answers how contexts find the one above them, which must be the one that Done belongs to.
func (b *budgetContext) Value(key any) any {
	b.mu.Lock()
	timed := b.timed
	b.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return b.parent.Value(key)
}
