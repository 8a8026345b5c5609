// Package booking is the writing side: it makes, moves and cancels records in YCLIENTS so that nothing is ever made
// twice and nothing accepted is ever lost.
//
// A change is first written down as an intent, together with the customer's idempotency key, then marked as sent,
// then sent. What became of it is known from the answer, or, when the answer is lost, looked up in the salon's
// journal by a mark of ours (api_id) until it is known; before that it is never sent again. Every step is a
// compare-and-set in the store, so that a crash, a second process or a process that wakes up late cannot do a
// step twice. Whatever a dead process left is taken up by Settle, which the jobs call.
package booking

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// Mirror is what booking needs to know of the catalogue and of free time.
type Mirror interface {
	// Branch is the branch's card; an unknown branch is branch_unknown.
	Branch(ctx context.Context, branch salon.BranchID) (salon.Branch, error)
	// Prepare checks services and master and gives their cards. choice are the masters among whom "any" may fall,
	// nil when YCLIENTS may choose.
	Prepare(ctx context.Context, branch salon.BranchID, services []int64, staff int64) (list []salon.Service, who salon.Staff, choice []int64, err error)
	// Choose finds one of choice who is free at a start.
	Choose(ctx context.Context, branch salon.BranchID, services, choice []int64, start time.Time) (int64, error)
	// StaffCard is what is remembered of a master.
	StaffCard(ctx context.Context, branch salon.BranchID, staff int64) salon.Staff
	// Slots are the free starts of a day.
	Slots(ctx context.Context, ask salon.Ask, date string) (salon.Slots, error)
	// Touch says that the free time of a master (0: unknown whose) on a day has changed.
	Touch(branch salon.BranchID, staff int64, day string)
	// Help adds the branch's phone and widget to a failure that is not the request's fault.
	Help(branch salon.BranchID, err error) *problem.Error
}

// Codes caps the guessing of SMS codes; a code sent with a booking counts as one sent to sign in.
type Codes interface {
	// ReserveTry counts a try as failed before it is made. Refused it is code_tries_exceeded.
	ReserveTry(ctx context.Context, phone salon.Phone, addr string) (id string, err error)
	// ForgiveTry takes the failure back: the code was not refused.
	ForgiveTry(ctx context.Context, id string) error
	// VoidTry removes a try that never left.
	VoidTry(ctx context.Context, id string) error
}

// Clients gives a person's own token of YCLIENTS (C) and phone. The token is empty when there is none any more.
type Clients interface {
	ClientToken(ctx context.Context, person string) (token secret.String, phone salon.Phone, err error)
}

// Mode says who may book.
type Mode string

// The modes of ZAPIS_MODE.
const (
	Live     Mode = "live"
	ReadOnly Mode = "readonly" // reads are live, writes are refused
	Pilot    Mode = "pilot"    // only the listed phones book
)

// Config is what a Service is made of. Store, API, Mirror, Codes, Clients, Account and Branches are needed.
type Config struct {
	Account     string
	Branches    []salon.BranchID
	Mode        Mode          // Live when empty
	PilotPhones []salon.Phone // who may book in Pilot
	Store       *store.Store
	API         *yclients.Client // with the employee's token (E)
	Mirror      Mirror
	Codes       Codes
	Clients     Clients
	Now         func() time.Time // the clock of the store; time.Now when nil
	Logger      *slog.Logger     // slog.Default() when nil
}

// pace is the patience of each step. The rules between the times are what safety hangs on: a lease outlasts the
// sending it protects, and quiet outlasts any chance that YCLIENTS is still working on what was sent.
type pace struct {
	send     time.Duration   // limit of one write, the queue for the pace included
	hold     time.Duration   // how long a new intent is held before it is marked as sent, which takes milliseconds
	lease    time.Duration   // how long whoever sends holds the intent
	quiet    time.Duration   // after sending: before that, "not there" proves nothing
	again    time.Duration   // between two looks that both must find nothing
	first    time.Duration   // to the first look for a lost answer; the pauses then double
	longest  time.Duration   // pause between looks
	wait     time.Duration   // how long a caller waits before a 202
	young    time.Duration   // age up to which an intent that was never sent is still sent
	helpless time.Duration   // of not being allowed to look, until the operator is asked
	watch    time.Duration   // between looks at what waits for the operator
	late     []time.Duration // to the late looks for what was called not made: to the first, and between them
	glance   time.Duration   // patience of a read that only makes an answer better
	fresh    time.Duration   // how long a look at a record is good
}

func usualPace() pace {
	return pace{
		send: 20 * time.Second, hold: 5 * time.Second, lease: 45 * time.Second, quiet: 35 * time.Second, again: 15 * time.Second,
		first: time.Second, longest: 15 * time.Second, wait: 10 * time.Second, young: 30 * time.Second,
		helpless: 5 * time.Minute, watch: 15 * time.Minute, late: []time.Duration{5 * time.Minute, time.Hour}, glance: 2500 * time.Millisecond, fresh: 30 * time.Second,
	}
}

// Service makes, reads, moves and cancels bookings. It is safe for concurrent use and by several replicas; Close
// ends its goroutines.
type Service struct {
	account  string
	branches []salon.BranchID
	mode     Mode
	pilot    []salon.Phone
	store    *store.Store
	employee *yclients.Client
	partner  *yclients.Client
	mirror   Mirror
	codes    Codes
	clients  Clients
	now      func() time.Time
	log      *slog.Logger
	pace     pace
	crash    func(point string) bool // tests stop the work at a named point, as a killed process would

	life  context.Context // of the work that outlives its request
	end   context.CancelFunc
	mu    sync.Mutex
	over  bool
	tasks sync.WaitGroup
	seen  sightings
}

// New builds a Service. It asks nothing yet.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.API == nil || c.Mirror == nil || c.Codes == nil || c.Clients == nil {
		return nil, errors.New("booking: store, client of YCLIENTS, mirror, codes and clients are needed")
	}
	if c.Account == "" || len(c.Branches) == 0 {
		return nil, errors.New("booking: an account and at least one branch are needed")
	}
	switch c.Mode {
	case "", Live, ReadOnly, Pilot:
	default:
		return nil, fmt.Errorf("booking: mode %q is none of live, readonly, pilot", c.Mode)
	}
	s := &Service{
		account: c.Account, branches: slices.Clone(c.Branches), mode: c.Mode, pilot: slices.Clone(c.PilotPhones),
		store: c.Store, employee: c.API, partner: c.API.AsPartner(), mirror: c.Mirror, codes: c.Codes, clients: c.Clients,
		now: c.Now, log: c.Logger, pace: usualPace(), crash: func(string) bool { return false },
		seen: newSightings(),
	}
	if s.mode == "" {
		s.mode = Live
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

// Close takes no new work and waits for what is under way. When ctx ends first, calls to YCLIENTS are cut; what they
// leave unknown is an intent, which the next start looks up.
func (s *Service) Close(ctx context.Context) {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	defer context.AfterFunc(ctx, s.end)()
	s.tasks.Wait()
	s.end()
}

// begin runs work that goes on when the caller hangs up: a dropped connection must not cut a booking in half.
func (s *Service) begin(work func(ctx context.Context)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return problem.New(problem.StoreUnavailable).Detailf("the server is stopping").After(time.Second)
	}
	s.tasks.Go(func() { work(upstream.WithLane(s.life, upstream.Booking)) })
	return nil
}

// errCrashed ends the work at a fail point.
var errCrashed = errors.New("stopped at a fail point")

// allowed refuses writes in readonly, and in pilot those of phones that are not listed.
func (s *Service) allowed(phone salon.Phone) error {
	switch {
	case s.mode == ReadOnly:
		return problem.New(problem.ReadOnly)
	case s.mode == Pilot && !slices.Contains(s.pilot, phone):
		return problem.New(problem.PilotOnly)
	}
	return nil
}

// stored words a failure of the store; one of the table, and nil, stay what they are.
func stored(err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*problem.Error](err); known {
		return err
	}
	return problem.Because(problem.StoreUnavailable, err)
}

// pause waits, or reports that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
