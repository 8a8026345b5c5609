package store_test

import (
	"testing"
	"time"

	"zapis/internal/store"
	"zapis/internal/store/storetest"
)

func TestFacts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t testing.TB, now func() time.Time) *store.Store) {
		now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		s, ctx := open(t, func() time.Time { return now }), t.Context()
		for range 3 {
			if _, err := s.ReserveSend(ctx, "somebody", "192.0.2.1", store.CodePolicy{}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 2 {
			v, err := s.ReserveTry(ctx, "somebody", "192.0.2.1", store.CodePolicy{})
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				if err := s.ForgiveTry(ctx, v.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		if f, err := s.Facts(ctx, now.Add(-24*time.Hour)); err != nil || f != (store.Facts{CodesSent: 3, CodesUsed: 1}) {
			t.Errorf("got %+v, %v", f, err)
		}
		if f, err := s.Facts(ctx, now); err != nil || f != (store.Facts{}) {
			t.Errorf("of the future: %+v, %v", f, err)
		}
	})
}
