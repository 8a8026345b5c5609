package upstream

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

const (
	hostFailures   = 8 // in a row
	branchFailures = 5
	hostRest       = 5 * time.Second
	branchRest     = 10 * time.Second
	// manyBranches failing with no answer in between are the host's failure.
	manyBranches = 3
	// breakersKept bounds the memory for branches; the ids come from paths.
	breakersKept = 1024
)

// breakers refuse calls that would most likely fail, before they cost a grant or
// a person's time. Failures are: no connection, no answer in time, a connection
// cut, 5xx. Answers of any other kind, 401 and 403 included, prove that somebody
// is there: what they mean concerns one token, not the road.
//
// A failed connection says nothing about a branch and counts for the host. A
// failed answer counts for the branch named in the path, so that one broken salon
// closes only its own door; only when several branches fail with no good answer in
// between does it count for the host too.
//
// The breaker itself is failsafe-go's. It has no way to give a half-open permit
// back, so a probe that ended without a verdict (its caller left, the queue was
// full) is recorded as failed: one more rest, then the next probe.
type breakers struct {
	report func(branch int64, state string)

	mu       sync.Mutex
	host     breaker
	branches map[int64]breaker
	failing  map[int64]bool // branches that failed since the last good answer
}

type breaker = circuitbreaker.CircuitBreaker[any]

func newBreakers(report func(branch int64, state string)) *breakers {
	b := &breakers{report: report, branches: make(map[int64]breaker), failing: make(map[int64]bool)}
	b.host = b.build(0, hostFailures, hostRest)
	return b
}

func (b *breakers) build(branch int64, failures uint, rest time.Duration) breaker {
	return circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(failures).
		WithSuccessThreshold(1).
		WithDelay(rest).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) { b.report(branch, e.NewState.String()) }).
		Build()
}

func (b *breakers) of(branch int64) breaker {
	if branch == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if br, ok := b.branches[branch]; ok {
		return br
	}
	if len(b.branches) >= breakersKept {
		for id, br := range b.branches {
			if br.IsClosed() {
				delete(b.branches, id)
			}
		}
	}
	br := b.build(branch, branchFailures, branchRest)
	b.branches[branch] = br
	return br
}

// around puts the breakers in front of next.
func (b *breakers) around(next roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		c := callFrom(req.Context())
		br := b.of(c.branch)
		// Look before acquiring: a half-open permit taken in vain costs a rest.
		if wait := resting(br); wait > 0 {
			return nil, &Unavailable{Branch: c.branch, RetryAfter: wait}
		}
		if wait := resting(b.host); wait > 0 || !b.host.TryAcquirePermit() {
			return nil, &Unavailable{RetryAfter: max(wait, time.Second)}
		}
		if br != nil && !br.TryAcquirePermit() {
			b.noVerdict(b.host)
			return nil, &Unavailable{Branch: c.branch, RetryAfter: time.Second}
		}
		resp, err := next(req)
		b.record(br, c.branch, judge(req.Context(), resp, err))
		return resp, err
	}
}

func resting(br breaker) time.Duration {
	if br == nil {
		return 0
	}
	return br.RemainingDelay()
}

type verdict int

const (
	noVerdict verdict = iota
	good
	noConnection
	badAnswer
)

func judge(ctx context.Context, resp *http.Response, err error) verdict {
	var busy *Busy
	var lost *LostError
	switch {
	case err == nil && resp.StatusCode >= 500:
		return badAnswer
	case err == nil && resp.StatusCode == http.StatusTooManyRequests:
		return noVerdict
	case err == nil:
		return good
	case ctx.Err() != nil || errors.As(err, &busy) || errors.Is(err, ErrClosed) || errors.Is(err, errVoid):
		return noVerdict
	case errors.As(err, &lost):
		return badAnswer
	}
	return noConnection
}

func (b *breakers) record(br breaker, branch int64, v verdict) {
	switch v {
	case noVerdict:
		b.noVerdict(b.host)
		b.noVerdict(br)
	case good:
		b.mu.Lock()
		clear(b.failing)
		b.mu.Unlock()
		b.host.RecordSuccess()
		if br != nil {
			br.RecordSuccess()
		}
	case noConnection:
		b.host.RecordFailure()
		b.noVerdict(br)
	case badAnswer:
		if br == nil {
			b.host.RecordFailure()
			return
		}
		br.RecordFailure()
		b.mu.Lock()
		b.failing[branch] = true
		many := len(b.failing) >= manyBranches
		b.mu.Unlock()
		if many {
			b.host.RecordFailure()
			return
		}
		// The host did answer, or at least took the connection.
		if b.host.IsHalfOpen() {
			b.host.RecordSuccess()
		}
	}
}

func (b *breakers) noVerdict(br breaker) {
	if br != nil && br.IsHalfOpen() {
		br.RecordFailure()
	}
}

// states lists the breakers that are not closed; branch 0 is the host.
func (b *breakers) states() map[int64]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := make(map[int64]string)
	if !b.host.IsClosed() {
		m[0] = b.host.State().String()
	}
	for id, br := range b.branches {
		if !br.IsClosed() {
			m[id] = br.State().String()
		}
	}
	return m
}
