package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits is the number by which the real limits (200 calls in any 60 s and 5
// in any 1 s for each remote address) are multiplied; [Off] is none.
type Limits int

// The usual limits. Limits(20) is twenty times the real ones.
const (
	Off  Limits = 0
	Real Limits = 1
)

// The real limits for one address.
const (
	perMinute = 200
	perSecond = 5
)

// ParseLimits reads off, real or xN.
func ParseLimits(s string) (Limits, error) {
	switch s = strings.ToLower(strings.TrimSpace(s)); s {
	case "off":
		return Off, nil
	case "real":
		return Real, nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(s, "x"))
	if err != nil || !strings.HasPrefix(s, "x") || n < 1 || n > 100_000 {
		return Off, fmt.Errorf("limits are %q, must be off, real or xN with N from 1 to 100000", s)
	}
	return Limits(n), nil
}

func (l Limits) String() string {
	switch l {
	case Off:
		return "off"
	case Real:
		return "real"
	}
	return "x" + strconv.Itoa(int(l))
}

// pace keeps the calls of the last minute for each address.
type pace struct {
	seen  map[string][]time.Time
	swept time.Time
}

// allow counts a call and tells whether both windows still had room for it. A
// refused call takes no room. Calls may be counted in another order than that of
// their arrival.
func (p *pace) allow(l Limits, address string, now time.Time) bool {
	if l == Off {
		return true
	}
	if p.seen == nil {
		p.seen = map[string][]time.Time{}
	}
	p.sweep(now)
	calls := since(p.seen[address], now.Add(-time.Minute))
	ok := len(calls) < perMinute*int(l) && len(since(calls, now.Add(-time.Second))) < perSecond*int(l)
	if ok {
		at, _ := slices.BinarySearchFunc(calls, now, time.Time.Compare)
		calls = slices.Insert(calls, at, now)
	}
	p.seen[address] = calls
	return ok
}

// since gives the calls after a moment; calls are in order of time.
func since(calls []time.Time, t time.Time) []time.Time {
	lo, hi := 0, len(calls)
	for lo < hi {
		mid := (lo + hi) / 2
		if calls[mid].After(t) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return calls[lo:]
}

// sweep forgets addresses without a call in the last minute.
func (p *pace) sweep(now time.Time) {
	if now.Sub(p.swept) < time.Minute {
		return
	}
	p.swept = now
	for address, calls := range p.seen {
		if len(since(calls, now.Add(-time.Minute))) == 0 {
			delete(p.seen, address)
		}
	}
}
