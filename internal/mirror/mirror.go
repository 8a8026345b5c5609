// Package mirror is the reading side: branches, services, masters and free time, as the mobile API words them. It
// answers from memory what YCLIENTS said a moment ago, asks once however many want to know at the same time, serves
// the last answer marked as stale when YCLIENTS cannot be asked, and never takes a failure for an empty list.
//
// Free time is always asked for concrete services. "Any master" is offered where the branch allows it; where the
// operator hides masters (waiting lists in the guise of one), the free time of any master is put together from
// the visible ones, because YCLIENTS would also count the hidden.
package mirror

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the branches' zones, on machines without a zone database

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// Keeper remembers small values over a restart. The store is one. Kept returns nil for what was never kept.
type Keeper interface {
	Keep(ctx context.Context, name string, value []byte) error
	Kept(ctx context.Context, name string) ([]byte, error)
}

// Config is what a mirror is made of. API and Branches are needed; the rest has defaults.
type Config struct {
	API      *yclients.Client // with the employee's token; catalogue calls go out without it
	Branches []salon.BranchID // the first is the main one
	Hidden   []string         // masters never shown: ids, or names as YCLIENTS writes them, in any case
	Keeper   Keeper           // keeps the last good branch cards; nil: a restart forgets them
	Now      func() time.Time // time.Now when nil
	Logger   *slog.Logger     // slog.Default() when nil
}

// Mirror answers what can be booked, and when. It is safe for concurrent use; Close ends its goroutines.
type Mirror struct {
	employee *yclients.Client
	partner  *yclients.Client
	branches []salon.BranchID
	hidden   map[string]bool
	keeper   Keeper
	now      func() time.Time
	log      *slog.Logger
	memory   *memory
	zones    sync.Map // *time.Location by IANA name

	mu      sync.Mutex
	changes map[change]uint64
}

// change counts what is known to have changed: the free time of a master, or with staff -1 of a whole day. An
// empty day is the whole calendar of a branch.
type change struct {
	branch salon.BranchID
	staff  int64
	day    string
}

const wholeDay int64 = -1

// New builds a mirror. It asks nothing yet.
func New(c Config) (*Mirror, error) {
	if c.API == nil || len(c.Branches) == 0 {
		return nil, errors.New("mirror: a client of YCLIENTS and at least one branch are needed")
	}
	m := &Mirror{
		employee: c.API, partner: c.API.AsPartner(), branches: slices.Clone(c.Branches), hidden: map[string]bool{},
		keeper: c.Keeper, now: c.Now, log: c.Logger, changes: map[change]uint64{},
	}
	for _, name := range c.Hidden {
		if name = hiddenForm(name); name != "" {
			m.hidden[name] = true
		}
	}
	if m.now == nil {
		m.now = time.Now
	}
	if m.log == nil {
		m.log = slog.Default()
	}
	var err error
	m.memory, err = newMemory(m.now)
	return m, err
}

// Close ends the loads under way and waits for them.
func (m *Mirror) Close() { m.memory.close() }

// Touch says that the free time of a master (0: it is not known whose) on a day (yyyy-mm-dd; empty: not known)
// is not what it was: we booked, moved or cancelled, or YCLIENTS refused a start as taken. No answer from before
// is served any more.
func (m *Mirror) Touch(branch salon.BranchID, staff int64, day string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.changes) > maxEntries {
		m.forgetOld()
	}
	m.changes[change{branch: branch}]++
	switch {
	case day == "":
		m.changes[change{branch, wholeDay, ""}]++
	case staff == salon.AnyStaff:
		m.changes[change{branch, wholeDay, day}]++
	default:
		m.changes[change{branch, staff, day}]++
		m.changes[change{branch, salon.AnyStaff, day}]++
	}
}

// forgetOld drops the counts of days that are over; answers about them are refused anyway.
func (m *Mirror) forgetOld() {
	yesterday := m.now().AddDate(0, 0, -2).Format(time.DateOnly)
	for c := range m.changes {
		if c.day != "" && c.day < yesterday {
			delete(m.changes, c)
		}
	}
}

// slotsGen numbers the known states of a master's day; it only rises.
func (m *Mirror) slotsGen(branch salon.BranchID, staff int64, day string) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changes[change{branch, wholeDay, ""}] + m.changes[change{branch, wholeDay, day}] + m.changes[change{branch, staff, day}]
}

// calendarGen numbers the known states of a branch's calendar.
func (m *Mirror) calendarGen(branch salon.BranchID) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changes[change{branch: branch}]
}

// Help adds to a failure what lets the customer book without us: the branch's phone and widget, when they are known
// from memory. A failure that is the request's own fault stays as it is.
func (m *Mirror) Help(branch salon.BranchID, err error) *problem.Error {
	e := verdict.Of(err)
	if e == nil || e.Meaning().Status < 500 {
		return e
	}
	card, known := peek[card](m.memory, key{kind: kindBranch, branch: branch})
	if !known {
		card, known = m.kept(branch)
	}
	if !known {
		return e
	}
	// A copy: one failure is given to all who waited for the same answer.
	helped := *e
	helped.With = maps.Clone(e.With)
	if len(card.Branch.Phones) > 0 {
		helped.Adding("phone", card.Branch.Phones[0])
	}
	if card.Branch.WidgetURL != "" {
		helped.Adding("widget_url", card.Branch.WidgetURL)
	}
	return &helped
}

// knows refuses a branch that is not ours before anything is asked.
func (m *Mirror) knows(branch salon.BranchID) error {
	if !slices.Contains(m.branches, branch) {
		return problem.New(problem.BranchUnknown)
	}
	return nil
}

func (m *Mirror) isHidden(id int64, name string) bool {
	return m.hidden[strconv.FormatInt(id, 10)] || m.hidden[hiddenForm(name)]
}

func hiddenForm(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

func freshness(asOf time.Time, stale bool) salon.Freshness {
	return salon.Freshness{AsOf: asOf, Stale: stale}
}

// older joins the ages of the parts of one answer.
func older(a, b salon.Freshness) salon.Freshness {
	if a.AsOf.IsZero() || !b.AsOf.IsZero() && b.AsOf.Before(a.AsOf) {
		a.AsOf = b.AsOf
	}
	a.Stale = a.Stale || b.Stale
	return a
}
