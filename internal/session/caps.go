package session

import (
	"context"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/store"
)

// caps hold a five-digit code: ten guesses of 90,000 a phone and day. The wait begins at the fifth failure and not at
// the tenth, so that ten stays the most that ever reaches YCLIENTS. An address is judged by its failures and by codes
// that nobody answered, never by the number of phones behind it: carriers and salons' Wi-Fi put many behind one.
// The circuit over everybody holds guessing spread over phones and addresses to some hundred tries in ten minutes; its
// price is that such an attack stops everybody's signing in for as long.
var caps = store.CodePolicy{
	SendsPerHour: 3, SendsPerDay: 5,
	TriesPerCode: 5, FreeFails: 5, WaitFirst: 30 * time.Second, WaitMax: time.Hour, FailsPerDay: 10,
	AddrWindow: time.Hour, AddrFails: 30, AddrSends: 30,
	GlobalWindow: 10 * time.Minute, GlobalMinTries: 100, GlobalFails: 0.7,
}

// ReserveTry counts a try of a code as failed before the code is put to YCLIENTS, so that no crash uncounts it. It
// returns the id for ForgiveTry or VoidTry. Refused, it is code_tries_exceeded. Signing in and guest bookings share
// one count: the codes are the same.
func (s *Service) ReserveTry(ctx context.Context, phone salon.Phone, addr string) (string, error) {
	v, err := s.store.ReserveTry(ctx, s.store.PhoneHMAC(phone), addr, caps)
	switch {
	case err != nil:
		return "", stored(err)
	case v.Limit == store.LimitCode:
		return "", problem.New(problem.CodeTries).Detailf("this code was tried enough: send a new one")
	case !v.Allowed():
		return "", problem.New(problem.CodeTries).After(v.RetryAfter)
	}
	return v.ID, nil
}

// ForgiveTry takes the failure back after YCLIENTS accepted the code.
func (s *Service) ForgiveTry(ctx context.Context, id string) error {
	return stored(s.store.ForgiveTry(ctx, id))
}

// VoidTry removes a reservation whose call provably never left, and only such a one: whoever voids on an answer
// gives guesses away.
func (s *Service) VoidTry(ctx context.Context, id string) error {
	return stored(s.store.VoidCode(ctx, id))
}

func (s *Service) reserveSend(ctx context.Context, phone salon.Phone, addr string) (string, error) {
	v, err := s.store.ReserveSend(ctx, s.store.PhoneHMAC(phone), addr, caps)
	switch {
	case err != nil:
		return "", stored(err)
	case v.Limit == store.LimitAddr:
		return "", problem.New(problem.TooManyRequests).After(v.RetryAfter)
	case !v.Allowed():
		return "", problem.New(problem.CodeSends).After(v.RetryAfter)
	}
	return v.ID, nil
}

func (s *Service) void(ctx context.Context, id string) {
	if err := s.VoidTry(ctx, id); err != nil {
		s.log.WarnContext(ctx, "a code that never left stays counted", "error", err)
	}
}

// looksLikeCode lets through what an SMS code can be; the rest is refused without asking or counting.
func looksLikeCode(code string) bool {
	if len(code) < 3 || len(code) > 12 {
		return false
	}
	for _, r := range []byte(code) {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}
