package store

import (
	"context"
	"time"

	"zapis/internal/secret"
)

// CodePolicy is how many codes may be sent and tried. The numbers are the session's, the counting is here: in the
// database, so that neither a restart nor another replica resets it. A zero switches that cap off.
type CodePolicy struct {
	SendsPerHour int // codes sent to a phone in any hour
	SendsPerDay  int // codes sent to a phone in any 24 h

	TriesPerCode int           // tries of one code; a try reserved before any send counts against code 0
	FreeFails    int           // failed tries of a phone in 24 h, over all codes, before waiting begins
	WaitFirst    time.Duration // wait after failure number FreeFails; it doubles with each further failure
	WaitMax      time.Duration // up to this
	FailsPerDay  int           // failed tries of a phone in 24 h after which nothing passes any more

	AddrWindow time.Duration // window of the two caps per address
	AddrFails  int           // failed tries from one address
	AddrSends  int           // codes sent at the wish of one address that no right try has answered: real clients
	// behind one carrier answer theirs and do not add up

	GlobalWindow   time.Duration // window of the circuit over everybody
	GlobalMinTries int           // tries in the window before the share means anything
	GlobalFails    float64       // share of failed tries above which all tries wait, 0…1
}

// CodeLimit names the cap that refused.
type CodeLimit string

// The caps. Which one refused is for the log and metrics; an answer to the app must not tell more than "wait".
const (
	LimitSendsHour CodeLimit = "phone_sends_hour"
	LimitSendsDay  CodeLimit = "phone_sends_day"
	LimitCode      CodeLimit = "code_tries" // a new code has to be sent
	LimitWait      CodeLimit = "phone_wait"
	LimitPhoneDay  CodeLimit = "phone_fails_day"
	LimitAddr      CodeLimit = "address"
	LimitGlobal    CodeLimit = "global"
)

// CodeVerdict is the answer to a reservation.
type CodeVerdict struct {
	ID         string        // of the reservation; empty when refused
	Limit      CodeLimit     // the cap that refused; empty when allowed
	RetryAfter time.Duration // when to ask again, at the earliest; 0 for LimitCode
}

// Allowed reports whether the call to YCLIENTS may be made.
func (v CodeVerdict) Allowed() bool { return v.Limit == "" }

const (
	codeDay  = 24 * time.Hour
	codeKeep = 2 * codeDay
	// codesLock makes all reservations follow one another. They are rare and short, and a cap over everybody
	// can only be exact so.
	codesLock = "codes"
)

// ReserveSend counts a code as sent before it is asked for, so that a crash cannot uncount it.
func (s *Store) ReserveSend(ctx context.Context, phoneHMAC, addr string, p CodePolicy) (v CodeVerdict, err error) {
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		c := codeCounter{tx: tx, now: s.now(), phone: phoneHMAC, addr: s.key.Lookup("addr:" + addr)}
		if err := tx.lock(ctx, codesLock); err != nil {
			return err
		}
		v, err = c.judge(ctx,
			codeCap{LimitSendsHour, p.SendsPerHour, time.Hour, phoneSends, c.phone},
			codeCap{LimitSendsDay, p.SendsPerDay, codeDay, phoneSends, c.phone},
			codeCap{LimitAddr, p.AddrSends, p.AddrWindow, addrSends, c.addr},
			codeCap{LimitAddr, p.AddrFails, p.AddrWindow, addrFails, c.addr})
		if err != nil || !v.Allowed() {
			return err
		}
		code, err := c.code(ctx)
		if err != nil {
			return err
		}
		v.ID, err = c.add(ctx, "send", "sent", code+1)
		return err
	})
	return v, err
}

// ReserveTry counts a try as failed before the code is put to YCLIENTS; ForgiveTry takes that back when it was right.
// A crash in between leaves it counted.
func (s *Store) ReserveTry(ctx context.Context, phoneHMAC, addr string, p CodePolicy) (v CodeVerdict, err error) {
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		c := codeCounter{tx: tx, now: s.now(), phone: phoneHMAC, addr: s.key.Lookup("addr:" + addr)}
		if err := tx.lock(ctx, codesLock); err != nil {
			return err
		}
		code, err := c.code(ctx)
		if err != nil {
			return err
		}
		v, err = c.judge(ctx,
			codeCap{LimitPhoneDay, p.FailsPerDay, codeDay, phoneFails, c.phone},
			codeCap{LimitAddr, p.AddrFails, p.AddrWindow, addrFails, c.addr})
		if err == nil && v.Allowed() {
			v, err = c.judgeWait(ctx, p)
		}
		if err == nil && v.Allowed() {
			v, err = c.judgeCode(ctx, p, code)
		}
		if err == nil && v.Allowed() {
			v, err = c.judgeShare(ctx, p)
		}
		if err != nil || !v.Allowed() {
			return err
		}
		v.ID, err = c.add(ctx, "try", "failed", code)
		return err
	})
	return v, err
}

// ForgiveTry marks a try as right: it no longer counts as a failure, and its code as answered.
func (s *Store) ForgiveTry(ctx context.Context, id string) error {
	return s.outcome(ctx, func(ctx context.Context, tx *Tx) error {
		n, err := tx.exec(ctx, `UPDATE code_events SET outcome = 'right' WHERE id = $1 AND kind = 'try'`, id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `UPDATE code_events SET outcome = 'answered' WHERE kind = 'send'
			AND phone_hmac = (SELECT phone_hmac FROM code_events WHERE id = $1) AND code_no = (SELECT code_no FROM code_events WHERE id = $1)`, id)
		return err
	})
}

// VoidCode removes a reservation, of a send or a try, whose call is known never to have reached YCLIENTS.
func (s *Store) VoidCode(ctx context.Context, id string) error {
	return s.outcome(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM code_events WHERE id = $1`, id)
		return err
	})
}

// What is counted, each with one name in $1 and the start of the window in $2.
const (
	phoneSends = `kind = 'send' AND phone_hmac = $1 AND at > $2`
	phoneFails = `kind = 'try' AND outcome = 'failed' AND phone_hmac = $1 AND at > $2`
	addrSends  = `kind = 'send' AND outcome = 'sent' AND addr_hmac = $1 AND at > $2`
	addrFails  = `kind = 'try' AND outcome = 'failed' AND addr_hmac = $1 AND at > $2`
)

type codeCap struct {
	limit  CodeLimit
	max    int
	window time.Duration
	what   string
	name   string
}

type codeCounter struct {
	tx          *Tx
	now         time.Time
	phone, addr string
}

// judge tells the first cap that is full. Its room comes back when the event that is max events old leaves the window.
func (c codeCounter) judge(ctx context.Context, caps ...codeCap) (CodeVerdict, error) {
	for _, cap := range caps {
		if cap.max <= 0 {
			continue
		}
		since := millis(c.now.Add(-cap.window))
		count, err := c.count(ctx, cap.what, cap.name, since)
		if err != nil {
			return CodeVerdict{}, err
		}
		if count < cap.max {
			continue
		}
		var at int64
		err = c.tx.row(ctx, `SELECT at FROM code_events WHERE `+cap.what+` ORDER BY at DESC, id LIMIT 1 OFFSET $3`, cap.name, since, cap.max-1).Scan(&at)
		if err != nil {
			return CodeVerdict{}, err
		}
		return CodeVerdict{Limit: cap.limit, RetryAfter: moment(at).Add(cap.window).Sub(c.now)}, nil
	}
	return CodeVerdict{}, nil
}

// judgeWait asks for a pause after the last failure, doubling with each failure beyond the free ones.
func (c codeCounter) judgeWait(ctx context.Context, p CodePolicy) (CodeVerdict, error) {
	if p.FreeFails <= 0 {
		return CodeVerdict{}, nil
	}
	since := millis(c.now.Add(-codeDay))
	fails, err := c.count(ctx, phoneFails, c.phone, since)
	if err != nil || fails < p.FreeFails {
		return CodeVerdict{}, err
	}
	wait := p.WaitFirst
	for i := p.FreeFails; i < fails && wait < p.WaitMax; i++ {
		wait *= 2
	}
	wait = min(wait, p.WaitMax)
	var last int64
	err = c.tx.row(ctx, `SELECT max(at) FROM code_events WHERE `+phoneFails, c.phone, since).Scan(&last)
	if left := moment(last).Add(wait).Sub(c.now); err == nil && left > 0 {
		return CodeVerdict{Limit: LimitWait, RetryAfter: left}, nil
	}
	return CodeVerdict{}, err
}

// judgeCode bounds the tries of one code, right ones included: a code is not good forever.
func (c codeCounter) judgeCode(ctx context.Context, p CodePolicy, code int64) (CodeVerdict, error) {
	if p.TriesPerCode <= 0 {
		return CodeVerdict{}, nil
	}
	var tries int
	err := c.tx.row(ctx, `SELECT count(*) FROM code_events WHERE kind = 'try' AND phone_hmac = $1 AND code_no = $2`, c.phone, code).Scan(&tries)
	if err == nil && tries >= p.TriesPerCode {
		return CodeVerdict{Limit: LimitCode}, nil
	}
	return CodeVerdict{}, err
}

// judgeShare is the circuit over everybody: guessing spread over many phones and addresses shows in the share.
func (c codeCounter) judgeShare(ctx context.Context, p CodePolicy) (CodeVerdict, error) {
	if p.GlobalMinTries <= 0 {
		return CodeVerdict{}, nil
	}
	var tries, failed int
	var oldest *int64
	err := c.tx.row(ctx, `SELECT count(*), COALESCE(sum(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END), 0), min(at)
		FROM code_events WHERE kind = 'try' AND at > $1`, millis(c.now.Add(-p.GlobalWindow))).Scan(&tries, &failed, &oldest)
	if err == nil && tries >= p.GlobalMinTries && float64(failed) > p.GlobalFails*float64(tries) {
		return CodeVerdict{Limit: LimitGlobal, RetryAfter: momentOrZero(oldest).Add(p.GlobalWindow).Sub(c.now)}, nil
	}
	return CodeVerdict{}, err
}

func (c codeCounter) count(ctx context.Context, what, name string, since int64) (n int, err error) {
	err = c.tx.row(ctx, `SELECT count(*) FROM code_events WHERE `+what, name, since).Scan(&n)
	return n, err
}

// code is the number of the phone's current code. It rises with every send and stays when old sends are purged
// with their tries.
func (c codeCounter) code(ctx context.Context) (n int64, err error) {
	err = c.tx.row(ctx, `SELECT COALESCE(max(code_no), 0) FROM code_events WHERE phone_hmac = $1`, c.phone).Scan(&n)
	return n, err
}

func (c codeCounter) add(ctx context.Context, kind, outcome string, code int64) (string, error) {
	id := secret.NewID("e")
	_, err := c.tx.exec(ctx, `INSERT INTO code_events (id, kind, phone_hmac, addr_hmac, code_no, at, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, kind, c.phone, c.addr, code, millis(c.now), outcome)
	return id, err
}
