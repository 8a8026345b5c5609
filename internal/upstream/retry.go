package upstream

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	retryBase = 250 * time.Millisecond // doubled each time; jitter only adds
	// retryLongest is the longest wait that is still worth a retry.
	retryLongest = 5 * time.Second
	// Every call earns a tenth of a retry, and so many are in hand at first: when
	// everything fails, retries are a tenth more calls and not three times as many.
	retryEarn = 0.1
	retryHand = 5
)

// retries repeat what may be repeated: reads that failed on the way or were
// answered 502, 503 or 504, and any call that provably never left (its connection
// could not be made). A write that may have arrived is never repeated, and a
// refusal is not repeated by anybody: its pause may be long, and the caller knows
// best what to do meanwhile.
//
// failsafe-go's retry policy repeats POST unless told otherwise, and its budget is
// a share of the calls in flight, which behind a queue is the queue's length; both
// are why this loop is our own.
type retries struct {
	attempts int
	life     context.Context

	mu   sync.Mutex
	hand float64
}

func newRetries(attempts int, life context.Context) *retries {
	return &retries{attempts: attempts, life: life, hand: retryHand}
}

func (r *retries) around(next roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		r.earn()
		for n := 1; ; n++ {
			resp, err := next(req)
			callFrom(req.Context()).attempts = n
			wait, ok := r.again(req, resp, err, n)
			if !ok || !r.spend() {
				return resp, err
			}
			fresh, rewound := rewind(req)
			if !rewound {
				return resp, err
			}
			if !r.pause(req.Context(), wait) {
				return resp, err
			}
			if resp != nil {
				// Read to the end, so that the connection can be used again.
				_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
				_ = resp.Body.Close()
			}
			req = fresh
		}
	}
}

// again tells whether the outcome of try n calls for another, and after how long.
func (r *retries) again(req *http.Request, resp *http.Response, err error, n int) (time.Duration, bool) {
	if n >= r.attempts || req.Context().Err() != nil {
		return 0, false
	}
	wait := retryBase << (n - 1)
	wait += rand.N(wait)
	if err != nil {
		var busy *Busy
		var down *Unavailable
		if errors.As(err, &busy) || errors.As(err, &down) || errors.Is(err, ErrClosed) {
			return 0, false
		}
		return wait, notSent(err) || repeatable(req)
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		asked := retryAfter(resp.Header, time.Now())
		wait = max(wait, asked)
		return wait, repeatable(req) && wait <= retryLongest
	}
	return 0, false
}

func (r *retries) earn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hand = min(r.hand+retryEarn, retryHand)
}

func (r *retries) spend() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hand < 1 {
		return false
	}
	r.hand--
	return true
}

// pause waits between tries; false when there will be no next one.
func (r *retries) pause(ctx context.Context, d time.Duration) bool {
	if dl, ok := ctx.Deadline(); ok && time.Until(dl) <= d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-r.life.Done():
	}
	return false
}

// rewind gives req with its body at the beginning; false if that cannot be had.
func rewind(req *http.Request) (*http.Request, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, false
	}
	out := *req
	out.Body = body
	return &out, true
}
