package yclients

import (
	"testing"
	"time"
)

// What ParseTime leaves out because it does not resemble a layout, no layout would have read.
func FuzzParseTime(f *testing.F) {
	for _, l := range layouts {
		f.Add(time.Date(2026, 12, 1, 12, 30, 0, 0, time.FixedZone("", 3*3600)).Format(l.layout))
	}
	for _, s := range []string{
		"", "0", "2026-12-01T12:00:00Z", "2026-12-01T12:00:00.123+03:00", "2026-12-01 12:00:00.5", "2026-12-01T12:00:00-0330", "1796090400",
		"2026-12-01T12:00:00,25Z", "2026-12-01 12:00:00-07:00", "2026-12-01T-2:00:00", "2026-12-01T12:00:00+3", "01.12.2026", "2026-12-01T12:00:00Z07:00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTime(s)
		for _, l := range layouts {
			want, failed := time.Parse(l.layout, s)
			if failed != nil {
				continue
			}
			if err != nil || !got.Time.Equal(want) || got.Local != l.local {
				t.Errorf("%q: got %v %t, %v; %s reads %v", s, got.Time, got.Local, err, l.layout, want)
			}
			return
		}
		if err == nil && (got.Local || got.Time.Unix() >= 1<<40) {
			t.Errorf("%q is taken for %v", s, got.Time)
		}
	})
}
