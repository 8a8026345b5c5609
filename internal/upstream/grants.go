package upstream

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"time"
)

// Window is one law of the pace: fewer than Limit+1 grants in any span of Per.
type Window struct {
	Limit int
	Per   time.Duration
}

// Grants is the sliding log of the calls an egress address was allowed, and of
// the pause YCLIENTS has asked for. It is a value without a clock, a lock or a
// store: every method takes the present as microseconds since an origin of the
// caller's choice, and the log must be used with one origin (see [Grants.Shift]).
//
// A token bucket would be shorter and wrong: with 5 tokens refilled at 5 a
// second, nine calls fit into one second. The log knows every grant, so the
// worst window is exact.
type Grants struct {
	at          []int64 // ascending
	pausedUntil int64
	strikes     int // refusals in a row; 0 = no incident
}

// How refusals are waited out: the first pause, doubled with every refused
// probe up to the length of the longer window.
const (
	firstPause   = 5 * time.Second
	longestPause = 60200 * time.Millisecond
	// pauseCap bounds what a Retry-After may ask for; see [retryAfter].
	pauseCap = 5 * time.Minute
	// tolerance is how far in the future a grant of another process may lie
	// (clocks of two hosts) before it is taken for a trace of a clock that was
	// stepped back.
	tolerance = 2 * time.Second
)

// Wait tells how long after now a grant can be had under all windows; 0 is now.
func (g *Grants) Wait(now int64, windows ...Window) time.Duration {
	at := now
	if g.strikes > 0 {
		at = max(at, g.pausedUntil)
	}
	n := len(g.at)
	if n > 0 {
		// Never before the youngest grant: with the log in order, checking the
		// window that ends at the new grant checks all of them.
		at = max(at, g.at[n-1])
	}
	for _, w := range windows {
		if n >= w.Limit {
			at = max(at, g.at[n-w.Limit]+w.Per.Microseconds())
		}
	}
	return time.Duration(at-now) * time.Microsecond
}

// Take appends a grant at now if all windows have room, else tells how long to
// wait. While an incident lasts, a grant is a probe: taking it moves the pause
// on by one interval, so that all who share the log send one probe an interval.
func (g *Grants) Take(now int64, windows ...Window) (wait time.Duration, probe bool) {
	if wait = g.Wait(now, windows...); wait > 0 {
		return wait, false
	}
	if probe = g.strikes > 0; probe {
		g.pausedUntil = now + pauseAfter(g.strikes).Microseconds()
	}
	g.at = append(g.at, now)
	return 0, probe
}

// Fill adds n grants at now for calls that nobody can account for.
func (g *Grants) Fill(now int64, n int) {
	if k := len(g.at); k > 0 {
		now = max(now, g.at[k-1])
	}
	for range n {
		g.at = append(g.at, now)
	}
}

// Refused pauses everything after a refusal. asked is what Retry-After said, 0
// if nothing usable. probe tells that the refused call was sent to test an
// earlier pause; other refusals during an incident are calls that were already
// under way and prolong nothing but what they ask for.
func (g *Grants) Refused(now int64, asked time.Duration, probe bool) {
	pause := asked
	if g.strikes == 0 || probe {
		g.strikes = min(g.strikes+1, 16)
		if asked == 0 {
			pause = pauseAfter(g.strikes)
		}
	}
	until := now + min(pause, pauseCap).Microseconds()
	if probe {
		g.pausedUntil = until // the probe's own reservation ends here
		return
	}
	g.pausedUntil = max(g.pausedUntil, until)
}

// Recovered ends the incident: a probe was answered.
func (g *Grants) Recovered() { g.strikes, g.pausedUntil = 0, 0 }

// Settle forgets what is older than keep and mends what a stepped clock left
// behind: a grant or a pause too far in the future to be true is taken as of
// now. So a clock set back a day costs one window and never freezes.
func (g *Grants) Settle(now int64, keep time.Duration) {
	old, _ := slices.BinarySearch(g.at, now-keep.Microseconds()+1)
	g.at = g.at[old:]
	limit := now + tolerance.Microseconds()
	if k, _ := slices.BinarySearch(g.at, limit+1); k < len(g.at) {
		mend := now
		if k > 0 {
			mend = max(mend, g.at[k-1])
		}
		for i := k; i < len(g.at); i++ {
			g.at[i] = mend
		}
	}
	g.pausedUntil = min(g.pausedUntil, now+pauseCap.Microseconds())
}

// Since counts the grants after t.
func (g *Grants) Since(t int64) int {
	k, _ := slices.BinarySearch(g.at, t+1)
	return len(g.at) - k
}

// Last is the youngest grant; ok is false for an empty log.
func (g *Grants) Last() (at int64, ok bool) {
	if len(g.at) == 0 {
		return 0, false
	}
	return g.at[len(g.at)-1], true
}

// Paused tells until when an incident pauses everything; ok is false without one.
func (g *Grants) Paused() (until int64, ok bool) { return g.pausedUntil, g.strikes > 0 }

// Shift returns a copy with another origin: every instant moved by d microseconds.
func (g *Grants) Shift(d int64) Grants {
	out := Grants{at: make([]int64, len(g.at), len(g.at)+8), strikes: g.strikes}
	for i, t := range g.at {
		out.at[i] = t + d
	}
	if g.strikes > 0 {
		out.pausedUntil = g.pausedUntil + d
	}
	return out
}

// merge adds instants that are missing from the log.
func (g *Grants) merge(more []int64) {
	if len(more) == 0 {
		return
	}
	g.at = append(g.at, more...)
	slices.Sort(g.at)
}

func pauseAfter(strikes int) time.Duration {
	return min(firstPause<<min(max(strikes-1, 0), 8), longestPause)
}

// The stored form: a magic byte, a version, strikes, pause, count, the first
// instant, then differences (two or three bytes a grant), and a checksum. It is
// opaque to the store.
const grantsMagic, grantsVersion = 'G', 1

var errGrants = errors.New("upstream: the stored log of grants cannot be read")

// Encode gives the stored form.
func (g *Grants) Encode() []byte {
	b := make([]byte, 0, 24+3*len(g.at))
	b = append(b, grantsMagic, grantsVersion)
	b = binary.AppendUvarint(b, uint64(g.strikes))
	b = binary.AppendVarint(b, g.pausedUntil)
	b = binary.AppendUvarint(b, uint64(len(g.at)))
	prev := int64(0)
	for _, t := range g.at {
		b = binary.AppendVarint(b, t-prev)
		prev = t
	}
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// DecodeGrants reads what Encode wrote. No bytes at all are an empty log; bytes
// that are damaged, or of a later version, are an error.
func DecodeGrants(b []byte) (Grants, error) {
	if len(b) == 0 {
		return Grants{}, nil
	}
	if len(b) < 6 || b[0] != grantsMagic || b[1] != grantsVersion {
		return Grants{}, errGrants
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return Grants{}, errGrants
	}
	d := decoder{b: body[2:]}
	strikes, paused, n := d.uvarint(), d.varint(), d.uvarint()
	if d.bad || strikes > 16 || n > uint64(len(d.b)) { // a grant takes at least one byte
		return Grants{}, errGrants
	}
	g := Grants{at: make([]int64, 0, n+8), strikes: int(strikes), pausedUntil: paused}
	t := int64(0)
	for i := range n {
		step := d.varint()
		if i > 0 && (step < 0 || t+step < t) {
			return Grants{}, errGrants
		}
		t += step
		g.at = append(g.at, t)
	}
	if d.bad || len(d.b) > 0 {
		return Grants{}, errGrants
	}
	return g, nil
}

type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}
