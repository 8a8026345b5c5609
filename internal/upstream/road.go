// Package upstream is the road to YCLIENTS: an http.RoundTripper under the SDK's
// client that keeps the pace, the order, and the peace.
//
// YCLIENTS allows an address 200 calls in any minute and 5 in any second, and
// refuses everybody behind that address for a while when there are more. Whoever
// calls through one [Road], or through several that share a [GrantStore], spends
// one budget, exactly. A call goes down through
//
//	log and counters → retries → breakers → pace → gate → net/http
//
// and travels in the lane of its context ([WithLane]). All that can go wrong before
// the first byte has left comes back as an error that answers NotSent() with true;
// for a booking that is the difference between "try again" and "find out".
//
// Tokens are the SDK's: the road reads no header of a request and writes none. Above it, [Tokens] looks at who is
// asking, and stops calls whose token YCLIENTS no longer accepts.
package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

// Limits are the laws of the pace. The guards are longer than the windows they
// guard by at least the life of a grant: a grant is counted when it is given, and
// its call may be on the wire a Life later. What the guard has beyond the Life is
// left for the network: with a Life of 0.2 s, all that the law allows, a busy
// machine was seen to put a sixth call into a second at the server.
type Limits struct {
	PerMinute   int           // calls in any 60 s; default 200
	PerSecond   int           // calls in any 1 s; default 5
	MinuteGuard time.Duration // the span really kept for PerMinute; default 60.2 s
	SecondGuard time.Duration // the span really kept for PerSecond; default 1.2 s
	Life        time.Duration // a grant not on the wire by then is void, and stays counted; default 50 ms
}

// MaxWait is how long a call of each lane may stay in the queue before it is told
// to come again (*Busy). A context that ends earlier is obeyed.
type MaxWait struct {
	Booking time.Duration // default 15 s
	Person  time.Duration // default 8 s
	Refresh time.Duration // default 30 s
	Sync    time.Duration // default 5 min
}

// Config says how the road is built. The zero value is the real thing without a
// store.
type Config struct {
	Limits Limits
	// Scale multiplies PerMinute and PerSecond, for tests against a sandbox scaled
	// alike; default 1.
	Scale int

	// Egress names the outward address whose budget is spent; default "default".
	// Roads with the same name and store share one log.
	Egress string
	// Store keeps the log. Without one it lives in memory, and because nobody knows
	// what was called before the start, the last minute is assumed full: the first
	// call can leave after MinuteGuard.
	Store GrantStore
	// Fresh says that a missing log is no lost one: nothing was called from this
	// address before, as on the very first start, in tests and in the demo. Without
	// it an empty store, like none, means that the last minute is taken as full.
	Fresh bool
	// Processes is how many processes share the store at most; default 2, a server
	// and one command beside it. While the store cannot be asked each goes on with
	// its part. With 1, the process's own memory is the truth and the store is only
	// for the next start.
	Processes int

	MaxWait  MaxWait
	Attempts int // tries in all for what may be repeated; default 3

	CAFile         string        // PEM with further roots, e.g. a national CA; default none
	DialTimeout    time.Duration // default 5 s
	TLSTimeout     time.Duration // default 5 s
	HeaderTimeout  time.Duration // from the request written to the first byte of the answer; default 15 s
	AttemptTimeout time.Duration // from the grant to the end of the answer's body; default 20 s
	IdleTimeout    time.Duration // default 30 s, below what servers usually keep: a reused connection should be alive
	// Dial makes connections; default a net.Dialer with DialTimeout.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy is as in http.Transport; default http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	Now      func() time.Time // wall clock, for the store and for dates in Retry-After; default time.Now
	Logger   *slog.Logger     // default: discard
	Observer Observer         // default: none
}

// A Road carries calls to YCLIENTS. It is safe for concurrent use.
type Road struct {
	config   Config
	base     *http.Transport
	queue    *queue
	breakers *breakers
	count    counters
	chain    roundTrip
	end      context.CancelFunc // of what is under way

	mu     sync.Mutex
	closed bool
	flying sync.WaitGroup
}

type roundTrip func(*http.Request) (*http.Response, error)

// New builds the road and starts its one goroutine, which Close ends.
func New(c Config) (*Road, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	base, err := c.transport()
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	r := &Road{config: c, base: base, end: end}
	r.queue = newQueue(newLedger(&c, r.storeChanged), &c)
	r.breakers = newBreakers(r.breakerChanged)
	w := &wire{base: base, queue: r.queue, limit: c.AttemptTimeout, count: &r.count, life: life}
	pace := &paced{queue: r.queue, wire: w, now: c.Now, refused: r.refused}
	r.chain = newRetries(c.Attempts, life).around(r.breakers.around(pace.roundTrip))
	return r, nil
}

func (c *Config) fill() error {
	or := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	l := &c.Limits
	if l.PerMinute == 0 {
		l.PerMinute = 200
	}
	if l.PerSecond == 0 {
		l.PerSecond = 5
	}
	or(&l.MinuteGuard, 60200*time.Millisecond)
	or(&l.SecondGuard, 1200*time.Millisecond)
	or(&l.Life, 50*time.Millisecond)
	if c.Scale == 0 {
		c.Scale = 1
	}
	if c.Processes == 0 {
		c.Processes = 2
	}
	if c.Attempts == 0 {
		c.Attempts = 3
	}
	if l.PerMinute < 1 || l.PerSecond < 1 || c.Scale < 1 || c.Processes < 1 || c.Attempts < 1 {
		return fmt.Errorf("upstream: limits, scale, processes and attempts must be positive")
	}
	if l.Life < 0 || l.SecondGuard < time.Second+l.Life || l.MinuteGuard < time.Minute+l.Life {
		return fmt.Errorf("upstream: the guards (%s, %s) must be at least a minute and a second plus the life of a grant (%s)",
			l.MinuteGuard, l.SecondGuard, l.Life)
	}
	l.PerMinute *= c.Scale
	l.PerSecond *= c.Scale
	or(&c.MaxWait.Booking, 15*time.Second)
	or(&c.MaxWait.Person, 8*time.Second)
	or(&c.MaxWait.Refresh, 30*time.Second)
	or(&c.MaxWait.Sync, 5*time.Minute)
	or(&c.DialTimeout, 5*time.Second)
	or(&c.TLSTimeout, 5*time.Second)
	or(&c.HeaderTimeout, 15*time.Second)
	or(&c.AttemptTimeout, 20*time.Second)
	or(&c.IdleTimeout, 30*time.Second)
	if c.Egress == "" {
		c.Egress = "default"
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: c.DialTimeout, KeepAlive: 15 * time.Second}).DialContext
	}
	if c.Proxy == nil {
		c.Proxy = http.ProxyFromEnvironment
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Observer == nil {
		c.Observer = NopObserver{}
	}
	return nil
}

func (c *Config) transport() (*http.Transport, error) {
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy: c.Proxy,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			// net/http takes the call's end off the context of a dial, to keep the
			// connection for the next call; so the dial has an end of its own.
			ctx, cancel := context.WithTimeout(ctx, c.DialTimeout)
			defer cancel()
			conn, err := c.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &gate{Conn: conn}, nil
		},
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   c.TLSTimeout,
		ResponseHeaderTimeout: c.HeaderTimeout,
		IdleConnTimeout:       c.IdleTimeout,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   16,
		Protocols:             &protocols, // HTTP/1.1 only: see wire.go
	}, nil
}

// roots are the system's and those of CAFile; nil means the system's.
func (c *Config) roots() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("upstream: cannot read the CA file; check YCLIENTS_CA_FILE: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("upstream: no certificate in the CA file %s; it must be PEM", c.CAFile)
	}
	return pool, nil
}

// Client is an http.Client over the road. It has no time limit of its own, since
// waiting in the queue is not the call's fault: limit calls by their context. It
// does not follow redirects, because a redirected write is a second write.
func (r *Road) Client() *http.Client {
	return &http.Client{
		Transport:     r,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip implements http.RoundTripper. Its errors are *Busy, *Unavailable,
// *NotSentError and *LostError.
func (r *Road) RoundTrip(req *http.Request) (*http.Response, error) {
	if !r.depart() {
		closeBody(req)
		return nil, &NotSentError{ErrClosed}
	}
	c := &call{lane: LaneFrom(req.Context()), branch: branchOf(req.URL.Path)}
	begin := time.Now()
	resp, err := r.chain(req.WithContext(context.WithValue(req.Context(), callKey{}, c)))
	r.finish(req, c, resp, err, time.Since(begin))
	if err != nil {
		r.flying.Done()
		return nil, err
	}
	resp.Request = req
	resp.Body = &endBody{ReadCloser: resp.Body, end: r.flying.Done, cause: func() error { return nil }}
	return resp, nil
}

func (r *Road) depart() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.flying.Add(1)
	return true
}

// Close takes no more calls, sends away those that wait (nothing of them was
// sent), lets those under way come to their end, and cuts them when ctx ends; it
// then returns the error of ctx.
func (r *Road) Close(ctx context.Context) error {
	r.mu.Lock()
	first := !r.closed
	r.closed = true
	r.mu.Unlock()
	if !first {
		return nil
	}
	defer r.base.CloseIdleConnections()
	defer r.end()
	r.queue.close()
	landed := make(chan struct{})
	go func() {
		r.flying.Wait()
		close(landed)
	}()
	select {
	case <-landed:
		return nil
	case <-ctx.Done():
		r.end()
		return context.Cause(ctx)
	}
}
