package gateway

import (
	"strings"
	"sync"
	"time"
)

// maxAddresses bounds the limiter's memory: about 10 MB.
const maxAddresses = 100_000

// limiter keeps one address from taking the server for itself. For each it remembers the moment up to which its
// requests are paid for (the "virtual scheduling" form of a leaky bucket): one number, no timer.
type limiter struct {
	each  time.Duration // price of a request; 0: no limit
	burst time.Duration // how far ahead an address may be

	mu   sync.Mutex
	paid map[string]time.Time
}

func newLimiter(rate int) *limiter {
	if rate == 0 {
		rate = 100
	}
	if rate < 0 {
		return &limiter{}
	}
	each := time.Second / time.Duration(rate)
	return &limiter{each: each, burst: 4 * time.Duration(rate) * each, paid: map[string]time.Time{}}
}

// take counts a request; when it is too many, it returns how long to wait.
func (l *limiter) take(addr string, now time.Time) time.Duration {
	if l.each == 0 || strings.HasPrefix(addr, "127.") || addr == "::1" {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	paid, known := l.paid[addr]
	if paid.Before(now) {
		paid = now
	}
	paid = paid.Add(l.each)
	if over := paid.Sub(now) - l.burst; over > 0 {
		return over
	}
	if !known && len(l.paid) >= maxAddresses {
		l.sweep(now)
	}
	l.paid[addr] = paid
	return 0
}

// sweep forgets who is paid up. Should everybody be ahead, somebody is forgiven.
func (l *limiter) sweep(now time.Time) {
	for addr, paid := range l.paid {
		if paid.Before(now) {
			delete(l.paid, addr)
		}
	}
	for addr := range l.paid {
		if len(l.paid) < maxAddresses {
			break
		}
		delete(l.paid, addr)
	}
}
