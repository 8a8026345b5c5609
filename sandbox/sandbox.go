package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Sandbox is one emulated service with its memory. Its methods are safe for
// concurrent use.
type Sandbox struct {
	now    func() time.Time
	log    *slog.Logger
	seed   int64
	plan   *Plan // nil: the small chain
	limits Limits
	start  Switches // what a reset returns to

	publicURL string // of pictures; empty: as the API

	control  http.Handler
	clock    *clock
	life     context.Context // ends with the sandbox
	end      context.CancelFunc
	closed   <-chan struct{} // the end of life
	couriers sync.WaitGroup  // of webhooks
	postman  *http.Client

	mu        sync.Mutex
	baseURL   string // empty: the address of each request
	state     *state
	switches  Switches
	faults    Faults
	rules     faultRules
	webhooks  webhooks
	callback  string // of marketplace events
	ledger    ledger
	pace      pace
	calls     int64 // to the API since the start
	refusals  int64 // of those, refused by the limits
	listeners map[chan event]struct{}
	snapshots []snapshot
}

// Option changes a default of [New].
type Option func(*Sandbox)

// WithSeed sets the number that the existing records, codes and tokens are
// made from. Default 1.
func WithSeed(seed int64) Option { return func(s *Sandbox) { s.seed = seed } }

// WithNow sets the clock below the sandbox's. Default [time.Now]. Delays do not follow
// it: they wait on timers, which are virtual inside testing/synctest.
func WithNow(now func() time.Time) Option { return func(s *Sandbox) { s.clock = newClock(now) } }

// WithStandingClock gives the sandbox a clock that stands at a moment and moves only with
// [Sandbox.Advance], [Sandbox.SetClock] and the delays that callers wait for. Nothing
// sleeps in real time then.
func WithStandingClock(at time.Time) Option { return func(s *Sandbox) { s.clock.set(at, true) } }

// WithWebhookTransport sets how webhooks are sent. Default: a transport of its own.
func WithWebhookTransport(rt http.RoundTripper) Option {
	return func(s *Sandbox) { s.postman.Transport = rt }
}

// WithLimits sets the limits of calls. Default [Real].
func WithLimits(l Limits) Option { return func(s *Sandbox) { s.limits = max(l, Off) } }

// WithLogger sets where failures of the sandbox itself are told. Default: nowhere.
func WithLogger(log *slog.Logger) Option { return func(s *Sandbox) { s.log = log } }

// WithBaseURL sets the address of the API as /_sandbox/info and pictures in
// answers show it. Default: the host of each request.
func WithBaseURL(address string) Option { return func(s *Sandbox) { s.baseURL = address } }

// WithPublicURL sets the address that pictures have in answers, where it is
// another than that of the API: the sandbox serves them under /_sandbox/avatar.
func WithPublicURL(address string) Option { return func(s *Sandbox) { s.publicURL = address } }

// WithSwitches sets the switches. Values that do not exist are refused by
// [Switches.Validate]; New panics on them, as they are written by a programmer.
func WithSwitches(sw Switches) Option {
	return func(s *Sandbox) {
		if err := sw.Validate(); err != nil {
			panic(err)
		}
		s.start = sw
	}
}

// New builds a sandbox with its seed around the present moment.
func New(opts ...Option) *Sandbox {
	s := &Sandbox{
		clock: newClock(time.Now), log: slog.New(slog.DiscardHandler), seed: 1, limits: Real, start: DefaultSwitches(),
		listeners: map[chan event]struct{}{},
		postman: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 10 * time.Second},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.closed = s.life.Done()
	for _, o := range opts {
		o(s)
	}
	s.now = s.clock.now
	s.rules.chance = rand.New(rand.NewPCG(uint64(s.seed), 2))
	s.switches = s.start
	s.state = newState(s.seed, s.now(), &s.switches.Rules, s.plan)
	s.control = s.controlRoutes()
	return s
}

// Close ends the event streams and the webhooks on their way, and waits for them.
func (s *Sandbox) Close() {
	s.mu.Lock() // no webhook sets out any more
	s.end()
	s.mu.Unlock()
	s.couriers.Wait()
	s.postman.CloseIdleConnections()
}

// URL is the base address, when it is known: after [Start] or [WithBaseURL].
func (s *Sandbox) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.baseURL
}

// Reset returns to the seed at the present moment: records, codes, messages,
// webhooks, switches, faults and the windows of the limits. The ledger and the
// clock go on.
func (s *Sandbox) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.state = newState(s.seed, now, &s.switches.Rules, s.plan)
	s.switches, s.faults, s.pace = s.start, Faults{}, pace{}
	s.rules.list = nil
	s.forgetWebhooks()
	s.ledger.add(Entry{At: now, Note: "reset"})
	s.emit("fault", s.faults)
}

// Ledger returns all entries, the oldest first.
func (s *Sandbox) Ledger() []Entry { return s.LedgerSince(0) }

// LedgerSince returns the entries after a sequence number.
func (s *Sandbox) LedgerSince(seq int64) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.since(seq)
}

// Faults returns the faults still to come.
func (s *Sandbox) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// SetFaults replaces the faults.
func (s *Sandbox) SetFaults(f Faults) error {
	if err := f.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
	s.emit("fault", f)
	return nil
}

// Switches returns the present switches.
func (s *Sandbox) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// SetSwitches replaces the switches.
func (s *Sandbox) SetSwitches(sw Switches) error {
	if err := sw.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switches = sw
	return nil
}

// ChangePassword gives a user a new password, and with it a new user token,
// which it returns. Calls with the old one answer 401 from then on.
func (s *Sandbox) ChangePassword(login, password string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.state.userByLogin(login)
	if u == nil || password == "" {
		return "", fmt.Errorf("sandbox: change password: no such login, or an empty password")
	}
	u.password = password
	u.token = s.state.newToken()
	return u.token, nil
}

// SMS returns the messages "sent", the newest first.
func (s *Sandbox) SMS() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.inbox()
}

// Usage is what the limits have seen.
type Usage struct {
	Calls    int64 `json:"calls"`    // to the API, of any outcome
	Refusals int64 `json:"refusals"` // of those, beyond the limits
}

// Usage counts calls and refusals since the start.
func (s *Sandbox) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Usage{s.calls, s.refusals}
}
