package sandbox

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// clock is the sandbox's own. It runs with the clock below it, shifted when it has been
// set, or it stands and moves by hand. While it stands nothing waits in real time.
type clock struct {
	mu      sync.Mutex
	below   func() time.Time
	shift   time.Duration
	stands  bool
	at      time.Time     // while it stands
	changed chan struct{} // closed when the clock is set
}

func newClock(below func() time.Time) *clock {
	return &clock{below: below, changed: make(chan struct{})}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *clock) read() time.Time {
	if c.stands {
		return c.at
	}
	return c.below().Add(c.shift)
}

// set shows another time; stands tells whether the clock waits to be moved.
func (c *clock) set(t time.Time, stands bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(t, stands)
}

func (c *clock) put(t time.Time, stands bool) {
	c.at, c.stands = t, stands
	c.shift = t.Sub(c.below())
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(c.read().Add(d), c.stands)
}

func (c *clock) isStanding() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stands
}

// reach waits until the clock shows a moment; false when the context or the
// sandbox ended first.
func (c *clock) reach(ctx context.Context, closed <-chan struct{}, t time.Time) bool {
	for {
		c.mu.Lock()
		left, stands, changed := t.Sub(c.read()), c.stands, c.changed
		c.mu.Unlock()
		if left <= 0 {
			return true
		}
		var timer *time.Timer
		var over <-chan time.Time
		if !stands {
			timer = time.NewTimer(left)
			over = timer.C
		}
		fired, ended := false, false
		select {
		case <-over:
			fired = true // also when the clock below is a test's and did not move
		case <-changed:
		case <-ctx.Done():
			ended = true
		case <-closed:
			ended = true
		}
		if timer != nil {
			timer.Stop()
		}
		if fired || ended {
			return fired
		}
	}
}

// pass lets time pass for a caller: a clock that stands is moved instead. False
// when the caller left or the sandbox closed first.
func (s *Sandbox) pass(ctx context.Context, d time.Duration) bool {
	if s.clock.isStanding() {
		s.clock.advance(d)
		return true
	}
	return wait(ctx, s.closed, d)
}

// Clock is how the sandbox's clock stands.
type Clock struct {
	Now    time.Time `json:"now"`
	Stands bool      `json:"stands"` // it moves only when it is moved
}

// Clock reads the clock.
func (s *Sandbox) Clock() Clock {
	return Clock{s.clock.now(), s.clock.isStanding()}
}

// SetClock sets the clock, forwards or back. The records of the seed stay where
// they are.
func (s *Sandbox) SetClock(c Clock) error {
	if y := c.Now.Year(); y < 2000 || y > 2100 {
		return fmt.Errorf("sandbox: the clock cannot be set to %s: give a time between 2000 and 2100", c.Now.Format(time.RFC3339))
	}
	s.clock.set(c.Now, c.Stands)
	return nil
}

// maxAdvance keeps a typing mistake from leading out of the calendar.
const maxAdvance = 10 * 366 * 24 * time.Hour

// Advance moves the clock forward and returns when what was due by then has been done:
// webhooks were delivered, or tried for the last time that fits in.
func (s *Sandbox) Advance(ctx context.Context, d time.Duration) error {
	if d < 0 || d > maxAdvance {
		return fmt.Errorf("sandbox: the clock cannot be moved by %s: give a time up to ten years, not negative", d)
	}
	s.clock.advance(d)
	return s.settle(ctx)
}
