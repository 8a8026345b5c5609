package store_test

import (
	"errors"
	"testing"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/store/storetest"
)

func TestKeep(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t testing.TB, now func() time.Time) *store.Store) {
		s, ctx := open(t, nil), t.Context()
		if got, err := s.Kept(ctx, "never"); err != nil || got != nil {
			t.Errorf("what was never kept reads as %q, %v", got, err)
		}
		for _, value := range []string{`{"title":"Сирень"}`, `{}`} {
			if err := s.Keep(ctx, "branch.1", []byte(value)); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Kept(ctx, "branch.1"); err != nil || string(got) != value {
				t.Errorf("got %q, %v; want %q", got, err, value)
			}
		}
		if got, err := s.Kept(ctx, "branch.2"); err != nil || got != nil {
			t.Errorf("another name reads as %q, %v", got, err)
		}
	})
}

// A booking refused for its code frees its key in the same transaction, and only its own.
func TestFreeKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t testing.TB, now func() time.Time) *store.Store) {
		s, ctx := open(t, nil), t.Context()
		book := func(key string) store.Intent {
			t.Helper()
			found, err := s.BeginIdempotent(ctx, "owner", key, "print", time.Minute)
			if err != nil || found.State != store.IdempotencyNew {
				t.Fatalf("key %s: %s, %v", key, found.State, err)
			}
			_, it, err := s.CreateBooking(ctx, store.NewBooking{
				Booking: store.Booking{
					ID: secret.NewID(secret.BookingID), AccountID: store.EnvAccount, BranchID: 1, Client: store.Client{Phone: "+79000000001"},
					Appointments: []store.Appointment{{ServiceIDs: []int64{1}, Start: "s", StartsAt: time.Now()}},
				},
				Intent:      store.NewIntent{ID: secret.NewID(secret.IntentID), APIID: secret.NewAPIID(), Lease: time.Minute, FirstLook: time.Minute},
				Idempotency: &found.Ref,
			})
			if err != nil {
				t.Fatal(err)
			}
			return it
		}
		wrong, other := book("key-of-the-wrong-code"), book("another-key")
		if err := s.Refuse(ctx, &wrong, problem.CodeWrong, s.FreeKey(wrong.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Idempotent(ctx, "owner", "key-of-the-wrong-code"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the key is still held: %v", err)
		}
		if found, err := s.Idempotent(ctx, "owner", "another-key"); err != nil || found.IntentID != other.ID {
			t.Errorf("another key was touched: %v", err)
		}
		if b, err := s.Booking(ctx, wrong.BookingID); err != nil || b.Status != salon.Rejected {
			t.Errorf("booking %s, %v; want rejected", b.Status, err)
		}
	})
}
