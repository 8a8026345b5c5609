package salon

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStartRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "unix"), 0).UTC()
		layout := rapid.SampledFrom(startLayouts).Draw(t, "layout")
		want := Start{at.Format(layout), time.Duration(rapid.Int64Range(0, 86400).Draw(t, "length")) * time.Second}
		got, err := ParseStart(want.String())
		if err != nil || got != want {
			t.Fatalf("ParseStart(%q) = %v, %v, want %v", want, got, err, want)
		}
	})
}

func TestStartTrustsTheWallClock(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// A summer time with the winter offset, as seen in live answers.
	got, err := Start{Datetime: "2026-07-01T16:00:00+01:00"}.Time(zone)
	if err != nil {
		t.Fatal(err)
	}
	if want := "2026-07-01T16:00:00+02:00"; got.Format(time.RFC3339) != want {
		t.Errorf("got %s, want %s", got.Format(time.RFC3339), want)
	}
}

// Digits alone are Unix seconds: YCLIENTS sends some moments so. What is too short or too long to be a moment of a
// booking is none, a date without its dashes above all.
func TestStartReadsUnixSeconds(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Vladivostok")
	if err != nil {
		t.Fatal(err)
	}
	start := Start{"1805000400", time.Hour}
	got, err := start.Time(zone)
	if err != nil {
		t.Fatal(err)
	}
	if want := "2027-03-14T15:00:00+10:00"; got.Format(time.RFC3339) != want {
		t.Errorf("got %s, want %s", got.Format(time.RFC3339), want)
	}
	if back, err := ParseStart(start.String()); err != nil || back != start {
		t.Errorf("ParseStart gave %v, %v; want %v", back, err, start)
	}
	for _, text := range []string{"", "10", "20270314", "-1805000400", "+1805000400", "1805000400.5", "180500040000"} {
		if at, err := (Start{Datetime: text}).Time(zone); err == nil {
			t.Errorf("%q reads as %s; want an error", text, at)
		}
	}
}

func FuzzParseStart(f *testing.F) {
	f.Add(Start{"2026-11-24T12:00:00+03:00", time.Hour}.String())
	f.Add(Start{"1805000400", time.Hour}.String())
	f.Add("s1.")
	f.Add("2026-11-24T12:00:00+03:00")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseStart(text)
		if err == nil && s.String() != text {
			t.Fatalf("accepted %q, but encodes to %q", text, s)
		}
	})
}

func TestParseRef(t *testing.T) {
	for _, tt := range []struct {
		id   string
		want Ref
		ok   bool
	}{
		{"b-" + strings.Repeat("0", 26), Ref{Booking: "b-" + strings.Repeat("0", 26)}, true},
		{"r-4564-99", Ref{Branch: 4564, Record: 99}, true},
		{"b-" + strings.Repeat("0", 25), Ref{}, false},
		{"b-" + strings.Repeat("u", 26), Ref{}, false},
		{"r-4564-099", Ref{}, false},
		{"r-4564", Ref{}, false},
		{"r--1-5", Ref{}, false},
		{"r-0-5", Ref{}, false},
		{"r-1-99999999999999999999", Ref{}, false},
		{"", Ref{}, false},
	} {
		got, ok := ParseRef(tt.id)
		if got != tt.want || ok != tt.ok {
			t.Errorf("ParseRef(%q) = %v, %v, want %v, %v", tt.id, got, ok, tt.want, tt.ok)
		}
	}
}

func TestParsePhone(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"79000000001", "+79000000001"},
		{"+7 (900) 000-00-01", "+79000000001"},
		{"8 900 000 00 01", "+79000000001"},
		{"9000000001", "+79000000001"},
		{"+374 10 000001", "+37410000001"},
		{"", ""},
		{"12", ""},
		{"79000000001; drop", ""},
		{"+79000000001\u202e", ""},
		{strings.Repeat("7", 60), ""},
	} {
		got, err := ParsePhone(tt.in)
		if got.E164() != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("ParsePhone(%q) = %q, %v, want %q", tt.in, got.E164(), err, tt.want)
		}
	}
}

func TestPhoneIsMasked(t *testing.T) {
	p, err := ParsePhone("79000000001")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(p), fmt.Sprintf("%v %s %#v %+v", p, p, p, struct{ P Phone }{p})} {
		if strings.Contains(text, "9000000") {
			t.Errorf("the number shows in %q", text)
		}
	}
}

func FuzzParsePhone(f *testing.F) {
	f.Add("79000000001")
	f.Add("+7 (900) 000-00-01")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePhone(text)
		if err != nil {
			return
		}
		again, err := ParsePhone(p.E164())
		if err != nil || again != p {
			t.Fatalf("%q parsed to %q, which parses to %q, %v", text, p.E164(), again.E164(), err)
		}
	})
}
