package upstream

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// Observer is told what happens on the road, in the goroutine it happens in: be
// quick. Embed [NopObserver] to implement only a part.
type Observer interface {
	// Call is told of every call at its end (headers received, or failed).
	Call(Call)
	// Refused is told of every refusal by YCLIENTS.
	Refused(lane Lane, branch int64, retryAfter time.Duration)
	// Store is told when the store of the log cannot be asked and the road goes on
	// with its local share (err), and when it can be again (nil).
	Store(err error)
	// Breaker is told that a breaker became "open", "half-open" or "closed";
	// branch 0 is the whole host.
	Breaker(branch int64, state string)
}

// NopObserver ignores everything.
type NopObserver struct{}

func (NopObserver) Call(Call)                          {}
func (NopObserver) Refused(Lane, int64, time.Duration) {}
func (NopObserver) Store(error)                        {}
func (NopObserver) Breaker(int64, string)              {}

// Call is what became of one call. It holds no id but the branch's, no query, no
// phone and no token.
type Call struct {
	Method   string
	Template string // the path with {} for every value; see [Template]
	Branch   int64
	Lane     Lane
	Status   int           // 0 if there was no answer
	Err      error         // nil if there was an answer
	NotSent  bool          // Err, and no byte left
	Attempts int           // 1 without retries
	Wait     time.Duration // in the queue, over all attempts
	Took     time.Duration // in all, Wait included
}

// call goes along with a request through the layers; one goroutine at a time.
type call struct {
	lane     Lane
	branch   int64
	attempts int
	wait     time.Duration
}

type callKey struct{}

func callFrom(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{lane: LaneFrom(ctx)}
}

type counters struct {
	calls, refusals, voids, busy, unavailable, lost atomic.Int64
}

// finish counts and logs a call. Errors of net/http may quote addresses and query
// strings; only what kind of error it was is logged.
func (r *Road) finish(req *http.Request, c *call, resp *http.Response, err error, took time.Duration) {
	e := Call{
		Method: req.Method, Template: Template(req.URL.Path), Branch: c.branch, Lane: c.lane, Err: err,
		NotSent: notSent(err), Attempts: c.attempts, Wait: c.wait, Took: took,
	}
	outcome := "answered"
	r.count.calls.Add(1)
	if resp != nil {
		e.Status = resp.StatusCode
	} else {
		outcome = r.count.failure(err)
	}
	r.config.Observer.Call(e)
	r.config.Logger.LogAttrs(req.Context(), slog.LevelDebug, "call to YCLIENTS",
		slog.String("method", e.Method), slog.String("path", e.Template), slog.Int64("branch", e.Branch),
		slog.String("lane", e.Lane.String()), slog.String("outcome", outcome), slog.Int("status", e.Status),
		slog.Int("attempts", e.Attempts), slog.Duration("wait", e.Wait), slog.Duration("took", e.Took))
}

func (n *counters) failure(err error) string {
	switch err.(type) {
	case *Busy:
		n.busy.Add(1)
		return "busy"
	case *Unavailable:
		n.unavailable.Add(1)
		return "unavailable"
	case *LostError:
		n.lost.Add(1)
		return "lost"
	}
	return "not sent"
}

func (r *Road) refused(c *call, status int, asked time.Duration) {
	r.count.refusals.Add(1)
	r.config.Observer.Refused(c.lane, c.branch, asked)
	r.config.Logger.Warn("YCLIENTS refused a call because of its rate limit; the whole budget pauses",
		slog.Int("status", status), slog.Duration("retry_after", asked), slog.String("lane", c.lane.String()),
		slog.Int64("branch", c.branch))
}

func (r *Road) storeChanged(err error) {
	r.config.Observer.Store(err)
	if err == nil {
		r.config.Logger.Info("the store keeps the pace again")
		return
	}
	r.config.Logger.Warn("the store cannot be asked for the pace; going on with this process's share of the limits",
		slog.Int("processes", r.config.Processes), slog.Any("error", err))
}

func (r *Road) breakerChanged(branch int64, state string) {
	r.config.Observer.Breaker(branch, state)
	r.config.Logger.Warn("a breaker changed", slog.Int64("branch", branch), slog.String("state", state))
}

// Stats is a picture of the road, for the doctor, the console and metrics.
type Stats struct {
	PerMinute, PerSecond   int // the limits, scaled
	LastMinute, LastSecond int // grants in the guarded windows, as far as this process knows
	Queued                 [laneCount]int
	Paused                 bool          // an incident lasts: YCLIENTS refused, no probe was answered yet
	PausedFor              time.Duration // until the next probe may go
	LocalShare             bool          // the store cannot be asked
	Breakers               map[int64]string
	Calls, Refusals, Voids int64
	Busy, Unavailable      int64
	Lost                   int64 // sent, no answer
}

// Stats takes the picture.
func (r *Road) Stats() Stats {
	l, n := r.queue.ledger, &r.count
	s := Stats{
		PerMinute: r.config.Limits.PerMinute, PerSecond: r.config.Limits.PerSecond,
		Queued: r.queue.lengths(), Breakers: r.breakers.states(),
		Calls: n.calls.Load(), Refusals: n.refusals.Load(), Voids: n.voids.Load(),
		Busy: n.busy.Load(), Unavailable: n.unavailable.Load(), Lost: n.lost.Load(),
	}
	s.PausedFor, s.Paused = l.paused()
	now := l.mono()
	l.mu.Lock()
	defer l.mu.Unlock()
	s.LocalShare = l.degraded
	s.LastMinute = l.g.Since(now - l.limits.MinuteGuard.Microseconds())
	s.LastSecond = l.g.Since(now - l.limits.SecondGuard.Microseconds())
	return s
}
