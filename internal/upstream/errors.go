package upstream

import (
	"errors"
	"fmt"
	"time"
)

// Every error of this package answers NotSent: true means that not one byte of
// the request reached the network, so that even a booking may be sent again. An
// error without the method, or answering false, means the outcome is unknown.

// Busy says that the call could not be sent in time: the budget is used up or
// paused and the queue is longer than the lane's patience. Nothing was sent. Ask
// again after RetryAfter, or serve what is known.
type Busy struct {
	Lane       Lane
	RetryAfter time.Duration
	Paused     bool // YCLIENTS refused a call and the whole budget waits
}

func (e *Busy) Error() string {
	why := "the budget of calls is used up"
	if e.Paused {
		why = "YCLIENTS has refused a call and the budget is paused"
	}
	return fmt.Sprintf("upstream: not sent: %s; try again in %s", why, e.RetryAfter.Round(100*time.Millisecond))
}

// NotSent reports true.
func (e *Busy) NotSent() bool { return true }

// Unavailable says that recent calls failed so consistently that this one was
// not sent. Branch is the company of YCLIENTS concerned, 0 for the whole host.
type Unavailable struct {
	Branch     int64
	RetryAfter time.Duration
}

func (e *Unavailable) Error() string {
	who := "YCLIENTS"
	if e.Branch != 0 {
		who = fmt.Sprintf("YCLIENTS for branch %d", e.Branch)
	}
	return fmt.Sprintf("upstream: not sent: %s has been failing; the next try is in %s", who, e.RetryAfter.Round(100*time.Millisecond))
}

// NotSent reports true.
func (e *Unavailable) NotSent() bool { return true }

// NotSentError wraps a failure that happened before the request left: no
// address, no connection, no TLS, a context that ended in the queue.
type NotSentError struct{ Err error }

func (e *NotSentError) Error() string { return "upstream: not sent: " + e.Err.Error() }

func (e *NotSentError) Unwrap() error { return e.Err }

// NotSent reports true.
func (e *NotSentError) NotSent() bool { return true }

// LostError says that the request, or a part of it, left and no answer came. For
// a write the outcome is unknown: look it up, never send it again blindly.
type LostError struct{ Err error }

func (e *LostError) Error() string {
	return "upstream: sent, but the answer is lost: " + e.Err.Error()
}

func (e *LostError) Unwrap() error { return e.Err }

// NotSent reports false.
func (e *LostError) NotSent() bool { return false }

// ErrClosed is inside the error of a call made after Close.
var ErrClosed = errors.New("the road to YCLIENTS is closed")

var (
	errVoid   = errors.New("the grant is void")
	errCut    = errors.New("the connection was closed before an answer came")
	errOver   = errors.New("the call is over")
	errNoGate = errors.New("the connection is not one of ours")
)

// attemptTimeout ends an attempt that took too long.
type attemptTimeout struct{ after time.Duration }

func (e *attemptTimeout) Error() string { return fmt.Sprintf("no complete answer within %s", e.after) }

// Timeout makes it a net.Error in spirit: callers ask for the method.
func (e *attemptTimeout) Timeout() bool { return true }

func notSent(err error) bool {
	var n interface{ NotSent() bool }
	return errors.As(err, &n) && n.NotSent()
}
