package upstream

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// The last gate before the network.
//
// Why a grant is taken before a connection and not the other way round: a queue of
// calls that each hold a connection would pin dozens of them idle until the
// server closes them. Instead a call takes its grant, then a connection (mostly
// one that lies ready); if that took longer than the grant lives, GotConn, which
// net/http calls in the call's own goroutine before anything is written, waits for
// a new grant while holding the connection. So a slow dial costs one grant.
//
// The gate proper is the connection's first Write for a request. It looks at the
// grant once more, because a process can be stopped between any two instructions
// (a suspended machine, SIGSTOP), and it is what "not sent" is decided by: an
// attempt that never passed it sent no byte, and after the attempt is over it
// cannot be passed. Nothing is concluded from the kind of an error.
//
// net/http repeats idempotent requests by itself when a kept connection turns out
// dead. That would be a call without a grant, so it is refused here, and the retry
// layer decides. HTTP/2 has more such repeats and brings nothing at five calls a
// second; it is off.

// An attempt is one request on its way to the wire.
type attempt struct {
	queue  *queue
	lane   Lane
	limit  time.Duration
	cancel context.CancelCauseFunc
	voided func()

	mu     sync.Mutex
	grant  grant
	timer  *time.Timer
	sent   bool
	over   bool
	void   bool // stopped at the gate; the grant had grown old since GotConn
	sentAt time.Time
	fail   error // why the gate stayed shut
}

// gotConn sees to it that the grant is good and arms the connection's gate.
func (a *attempt) gotConn(ctx context.Context, conn net.Conn) {
	g := gateOf(conn)
	if g == nil {
		a.shut(errNoGate)
		return
	}
	a.mu.Lock()
	repeat, current := a.sent, a.grant
	a.mu.Unlock()
	switch {
	case repeat:
		a.shut(errCut)
	case a.queue.void(current):
		a.voided()
		a.timer.Stop() // the wait in the queue is not the attempt's time
		fresh, err := a.queue.wait(ctx, a.lane, true)
		if err != nil {
			a.shut(err)
			break
		}
		a.timer.Reset(a.limit)
		a.mu.Lock()
		a.grant = fresh
		a.mu.Unlock()
	}
	g.arm(a)
}

// shut keeps the gate closed for good.
func (a *attempt) shut(err error) {
	a.mu.Lock()
	a.fail = err
	a.mu.Unlock()
	a.cancel(err)
}

// depart is the last look: nil lets the first byte out.
func (a *attempt) depart() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.fail != nil:
		return a.fail
	case a.over:
		return errOver
	case a.queue.void(a.grant):
		a.void = true
		return errVoid
	}
	a.sent, a.sentAt = true, time.Now()
	return nil
}

// end closes the gate and tells whether anything went through.
func (a *attempt) end() (sent bool, fail error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	if a.fail == nil && a.void && !a.sent {
		return false, errVoid
	}
	return a.sent, a.fail
}

// gate is a connection whose first Write for each request asks the attempt.
type gate struct {
	net.Conn
	mu      sync.Mutex
	attempt *attempt // of the present request; nil before the first (TLS, proxy)
	open    bool
}

func (g *gate) arm(a *attempt) {
	g.mu.Lock()
	g.attempt, g.open = a, false
	g.mu.Unlock()
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	if g.attempt != nil && !g.open {
		if err := g.attempt.depart(); err != nil {
			g.mu.Unlock()
			return 0, err
		}
		g.open = true
	}
	g.mu.Unlock()
	return g.Conn.Write(p)
}

// gateOf finds the gate under TLS.
func gateOf(c net.Conn) *gate {
	for {
		switch v := c.(type) {
		case *gate:
			return v
		case interface{ NetConn() net.Conn }:
			c = v.NetConn()
		default:
			return nil
		}
	}
}

// A wire sends one attempt at a time over the base transport.
type wire struct {
	base  *http.Transport
	queue *queue
	limit time.Duration
	count *counters
	life  context.Context // of the road; its end cuts what is still under way
}

// send makes one attempt under a grant. An error is *NotSentError, *LostError, or
// errVoid inside the former.
func (w *wire) send(req *http.Request, lane Lane, g grant) (*http.Response, *attempt, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	unhook := context.AfterFunc(w.life, func() { cancel(ErrClosed) })
	a := &attempt{
		queue: w.queue, lane: lane, grant: g, limit: w.limit, cancel: cancel,
		voided: func() { w.count.voids.Add(1) },
	}
	a.timer = time.AfterFunc(w.limit, func() { cancel(&attemptTimeout{w.limit}) })
	stop := func() {
		a.timer.Stop()
		unhook()
		cancel(errOver)
	}
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) { a.gotConn(ctx, i.Conn) },
	})
	resp, err := w.base.RoundTrip(req.WithContext(traced))
	if err == nil {
		resp.Request = req
		resp.Body = &endBody{ReadCloser: resp.Body, end: stop, cause: func() error { return context.Cause(ctx) }}
		return resp, a, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	sent, fail := a.end()
	stop()
	if fail != nil {
		err = fail
	}
	if sent {
		return nil, a, &LostError{err}
	}
	if notSent(err) {
		return nil, a, err // Busy while waiting for a second grant
	}
	return nil, a, &NotSentError{err}
}
