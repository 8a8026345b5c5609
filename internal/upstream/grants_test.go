package upstream

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var realWindows = []Window{{200, 60200 * time.Millisecond}, {5, 1200 * time.Millisecond}}

// Whatever the times of asking, no span of a window's length ever holds more
// than its limit, and the wait that is told is exact: a grant can be had then, and
// not a microsecond before.
func TestGrantsNeverExceed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		windows := []Window{
			{rapid.IntRange(3, 30).Draw(t, "long limit"), 20 * time.Second},
			{rapid.IntRange(1, 4).Draw(t, "short limit"), time.Second},
		}
		var g Grants
		var taken []int64
		now := int64(0)
		for _, step := range rapid.SliceOfN(rapid.Int64Range(0, 3_000_000), 1, 200).Draw(t, "steps") {
			now += step
			g.Settle(now, 20*time.Second)
			wait, probe := g.Take(now, windows...)
			if probe {
				t.Fatal("a probe without an incident")
			}
			if wait > 0 {
				if w := wait.Microseconds(); g.Wait(now+w, windows...) != 0 || g.Wait(now+w-1, windows...) == 0 {
					t.Fatalf("wait %s is not exact", wait)
				}
				continue
			}
			taken = append(taken, now)
		}
		for _, w := range windows {
			for i, from := range taken {
				n := 0
				for _, at := range taken[i:] {
					if at-from < w.Per.Microseconds() {
						n++
					}
				}
				if n > w.Limit {
					t.Fatalf("%d grants in %s, want at most %d", n, w.Per, w.Limit)
				}
			}
		}
	})
}

func anyGrants(t *rapid.T) Grants {
	at := rapid.SliceOfN(rapid.Int64Range(-1<<50, 1<<50), 0, 300).Draw(t, "at")
	slices.Sort(at)
	g := Grants{at: at, strikes: rapid.IntRange(0, 16).Draw(t, "strikes")}
	if g.strikes > 0 {
		g.pausedUntil = rapid.Int64Range(-1<<50, 1<<50).Draw(t, "paused")
	}
	return g
}

func TestGrantsEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGrants(t)
		b := g.Encode()
		got, err := DecodeGrants(b)
		if err != nil || !slices.Equal(got.at, g.at) || got.strikes != g.strikes || got.pausedUntil != g.pausedUntil {
			t.Fatalf("got %+v, %v, want %+v", got, err, g)
		}
		// A changed byte must be noticed: unknown history is assumed full.
		i := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
		b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		if _, err := DecodeGrants(b); err == nil {
			t.Fatalf("byte %d was changed unnoticed", i)
		}
		d := rapid.Int64Range(-1<<40, 1<<40).Draw(t, "shift")
		moved := g.Shift(d)
		if back := moved.Shift(-d); !slices.Equal(back.at, g.at) || back.pausedUntil != g.pausedUntil {
			t.Fatal("shifting there and back changed the log")
		}
	})
}

func TestDecodeGrantsOfNothing(t *testing.T) {
	g, err := DecodeGrants(nil)
	if _, ok := g.Last(); err != nil || ok {
		t.Errorf("no bytes: got %+v, %v, want an empty log", g, err)
	}
}

// However wild the stored log, a grant can be had after a bounded wait.
func TestGrantsNeverFreeze(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGrants(t)
		now := rapid.Int64Range(-1<<50, 1<<50).Draw(t, "now")
		g.Settle(now, 60200*time.Millisecond)
		if !slices.IsSorted(g.at) {
			t.Fatal("the settled log is out of order")
		}
		if wait := g.Wait(now, realWindows...); wait > pauseCap || (g.strikes == 0 && wait > 63*time.Second) {
			t.Fatalf("a wait of %s", wait)
		}
	})
}

func TestRefusedProbesBackOff(t *testing.T) {
	var g Grants
	now := int64(0)
	g.Refused(now, 0, false)
	var waits []time.Duration
	for range 6 {
		wait := g.Wait(now, realWindows...)
		waits = append(waits, wait)
		g.Refused(now, 0, false) // a straggler changes nothing
		now += wait.Microseconds()
		if wait, probe := g.Take(now, realWindows...); wait != 0 || !probe {
			t.Fatalf("after the pause: got wait %s, probe %v", wait, probe)
		}
		if g.Wait(now, realWindows...) < firstPause {
			t.Fatal("a second probe within the interval")
		}
		g.Refused(now, 0, true)
	}
	want := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, longestPause, longestPause}
	if !slices.Equal(waits, want) {
		t.Errorf("pauses: got %v, want %v", waits, want)
	}
	g.Recovered()
	if _, paused := g.Paused(); paused {
		t.Error("still paused after a probe was answered")
	}
}

func FuzzDecodeGrants(f *testing.F) {
	g := Grants{at: []int64{1, 2, 3_000_000}, strikes: 1, pausedUntil: 7}
	f.Add(g.Encode())
	f.Add([]byte{})
	f.Add([]byte("G\x01\x00\x00\xff\xff\xff\xff\x0f\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := DecodeGrants(b)
		if err == nil && !slices.IsSorted(g.at) {
			t.Error("out of order")
		}
	})
}

func TestPaths(t *testing.T) {
	for _, test := range []struct {
		path, template string
		branch         int64
	}{
		{"/api/v1/book_record/77/5/deadbeef", "/api/v1/book_record/{}/{}/{}", 77},
		{"/api/v1/company/77/", "/api/v1/company/{}", 77},
		{"/api/v2/companies/77/activities/3", "/api/v2/companies/{}/activities/{}", 77},
		{"/api/v1/loyalty/cards/79000000001/5/77", "/api/v1/loyalty/cards/{}/{}/{}", 77},
		{"/api/v1/loyalty/cards/77/3", "/api/v1/loyalty/cards/{}/{}", 77},
		{"/api/v1/custom_fields/record/77", "/api/v1/custom_fields/record/{}", 77},
		{"/api/v1/records/partner/", "/api/v1/records/partner", 0},
		{"/api/v1/user/records/9/deadbeef", "/api/v1/user/records/{}/{}", 0},
		{"/api/v1/auth", "/api/v1/auth", 0},
		{"/api/v1/company/99999999999999999999", "/api/v1/company/{}", 0},
		{"/api/v1/company/-5", "/api/v1/company/{}", 0},
		{"//api//v1/book_dates/77", "/api/v1/book_dates/{}", 77},
		{"", "/", 0},
	} {
		if got := Template(test.path); got != test.template {
			t.Errorf("template of %s: got %s, want %s", test.path, got, test.template)
		}
		if got := branchOf(test.path); got != test.branch {
			t.Errorf("branch of %s: got %d, want %d", test.path, got, test.branch)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"guard below the life of a grant": {Limits: Limits{SecondGuard: 1040 * time.Millisecond}},
		"negative limit":                  {Limits: Limits{PerMinute: -1}},
		"negative scale":                  {Scale: -1},
		"no such CA file":                 {CAFile: "no-such-file.pem"},
		"CA file that is none":            {CAFile: "grants.go"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkGrantsTake(b *testing.B) {
	var g Grants
	now := int64(0)
	for b.Loop() {
		now += 300_000
		g.Settle(now, 60200*time.Millisecond)
		g.Take(now, realWindows...)
	}
}

func BenchmarkGrantsStored(b *testing.B) {
	var g Grants
	for i := range int64(200) {
		g.Take(i*1_300_000, realWindows...)
	}
	row := g.Encode()
	b.ReportMetric(float64(len(row)), "bytes/row")
	for b.Loop() {
		g, _ := DecodeGrants(row)
		row = g.Encode()
	}
}

// BenchmarkLimiter is a call's way through queue and dispatcher when there is
// room: what the pace costs.
func BenchmarkLimiter(b *testing.B) {
	c := Config{Fresh: true, Scale: 1_000_000}
	if err := c.fill(); err != nil {
		b.Fatal(err)
	}
	q := newQueue(newLedger(&c, func(error) {}), &c)
	defer q.close()
	for b.Loop() {
		if _, err := q.wait(b.Context(), Person, false); err != nil {
			b.Fatal(err)
		}
	}
}
