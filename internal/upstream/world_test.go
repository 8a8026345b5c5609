package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is a server behind an in-memory listener, with virtual time all around.
type world struct {
	t        *testing.T
	listener *pipes
	handle   func(w http.ResponseWriter, r *http.Request) // may be set before the first call
	dial     func() error                                 // runs before each connection is made
	write    func()                                       // runs before bytes of the client move on

	mu       sync.Mutex
	arrivals []arrival
}

type arrival struct {
	at     time.Time
	method string
	path   string
	lane   string
}

// inWorld runs fn in a bubble with a fresh world.
func inWorld(t *testing.T, fn func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, listener: newPipes()}
		srv := &http.Server{Handler: http.HandlerFunc(w.serve)}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = srv.Serve(w.listener)
		}()
		fn(w)
		_ = srv.Close()
		<-served
	})
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.arrivals = append(w.arrivals, arrival{time.Now(), r.Method, r.URL.Path, r.Header.Get("Lane")})
	w.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body)
	if w.handle != nil {
		w.handle(rw, r)
		return
	}
	answer(rw, http.StatusOK, `{"success":true,"data":[]}`)
}

func answer(rw http.ResponseWriter, status int, body string) {
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, body)
}

func (w *world) seen() []arrival {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.arrivals)
}

func (w *world) count(path string) (n int) {
	for _, a := range w.seen() {
		if a.path == path {
			n++
		}
	}
	return n
}

// road builds a road into the world; it is closed with the test.
func (w *world) road(c Config) *Road {
	w.t.Helper()
	c.Fresh = true
	return w.roadAsIs(c)
}

func (w *world) roadAsIs(c Config) *Road {
	w.t.Helper()
	c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		if w.dial != nil {
			if err := w.dial(); err != nil {
				return nil, err
			}
		}
		conn, err := w.listener.dial(ctx)
		if err != nil {
			return nil, err
		}
		return &slowConn{Conn: conn, before: w.write}, nil
	}
	c.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	r, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func closeRoad(t *testing.T, r *Road) {
	t.Helper()
	if err := r.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// result is what a call came to.
type result struct {
	status int
	body   string
	err    error
	took   time.Duration
}

func do(ctx context.Context, r *Road, method, path, body string) result {
	var rd io.Reader
	if body != "" {
		rd = bytes.NewReader([]byte(body))
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://yclients.test"+path, rd)
	if err != nil {
		return result{err: err}
	}
	req.Header.Set("Lane", LaneFrom(ctx).String())
	begin := time.Now()
	resp, err := r.Client().Do(req)
	if err != nil {
		return result{err: err, took: time.Since(begin)}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return result{resp.StatusCode, string(b), err, time.Since(begin)}
}

func get(ctx context.Context, r *Road, path string) result {
	return do(ctx, r, http.MethodGet, path, "")
}

// flood keeps n callers of a lane busy for d.
func flood(ctx context.Context, wg *sync.WaitGroup, r *Road, lane Lane, n int, d time.Duration) {
	ctx = WithLane(ctx, lane)
	end := time.Now().Add(d)
	for range n {
		wg.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil {
				res := get(ctx, r, "/api/v1/company/1")
				if notSent(res.err) {
					pass(ctx, time.Second)
				}
			}
		})
	}
}

// pass lets time go by.
func pass(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// worst is the oracle: the most arrivals in any closed span of length per, by
// looking at every span that begins with an arrival. It shares nothing with the
// limiter.
func worst(at []arrival, per time.Duration) int {
	most := 0
	for i := range at {
		n := 0
		for j := range at {
			if d := at[j].at.Sub(at[i].at); d >= 0 && d <= per {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func (w *world) checkWindows(perMinute, perSecond int) {
	w.t.Helper()
	at := w.seen()
	if got := worst(at, time.Second); got > perSecond {
		w.t.Errorf("worst second: got %d arrivals, want at most %d", got, perSecond)
	}
	if got := worst(at, time.Minute); got > perMinute {
		w.t.Errorf("worst minute: got %d arrivals, want at most %d", got, perMinute)
	}
}

// slowConn lets time go by before bytes leave the client, as a network does.
type slowConn struct {
	net.Conn
	before func()
}

func (c *slowConn) Write(p []byte) (int, error) {
	if c.before != nil {
		c.before()
	}
	return c.Conn.Write(p)
}

// jitter is a network's: seeded, so that a failure can be repeated.
func jitter(seed uint64) func(from, to time.Duration) {
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(seed, 1))
	return func(from, to time.Duration) {
		mu.Lock()
		d := from + time.Duration(rnd.Int64N(int64(to-from)))
		mu.Unlock()
		pass(context.Background(), d)
	}
}

// pipes is an in-memory listener; sockets would keep the bubble's clock waiting.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// shelf is a GrantStore in memory, with faults. Its lock is a channel, because a
// bubble's clock stands still while somebody waits for a mutex.
type shelf struct {
	once  sync.Once
	lock  chan struct{}
	rows  map[string][]byte
	fail  error         // every Update fails
	late  bool          // what is written is kept, but the caller is told of a failure
	delay time.Duration // the store is slow
}

func (s *shelf) hold(ctx context.Context) error {
	s.once.Do(func() { s.lock = make(chan struct{}, 1) })
	select {
	case s.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *shelf) PaceUpdate(ctx context.Context, egress string, fn func([]byte) ([]byte, error)) error {
	if err := s.hold(ctx); err != nil {
		return err
	}
	defer func() { <-s.lock }()
	if s.fail != nil {
		return s.fail
	}
	next, err := fn(slices.Clone(s.rows[egress]))
	if err != nil {
		return err
	}
	if s.delay > 0 {
		pass(ctx, s.delay)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.rows == nil {
		s.rows = make(map[string][]byte)
	}
	s.rows[egress] = next
	if s.late {
		return errors.New("connection lost after commit")
	}
	return nil
}

func (s *shelf) set(fn func(s *shelf)) {
	_ = s.hold(context.Background())
	defer func() { <-s.lock }()
	fn(s)
}
