package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zapis/internal/salon"
	"zapis/internal/store"
	"zapis/internal/store/storetest"
)

// TestIntentMachine walks an intent at random, through holders that are up to date and zombies that are not, beside a
// model of what the intent is. Whatever happens: only the newest holder writes, nothing is sent after its outcome
// became unknown, end states are final, and the booking tells the same story as its intent.
func TestIntentMachine(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := storetest.SQLite(t, c.now)
	rapid.Check(t, func(rt *rapid.T) {
		ctx := t.Context()
		b, first, err := s.CreateBooking(ctx, newBooking(c))
		if err != nil {
			rt.Fatal(err)
		}
		model := first                   // what the store must hold
		holders := []store.Intent{first} // everybody who ever saw it
		everUnknown := false

		// step runs a transition of some holder and compares with the model.
		step := func(name string, from []store.IntentState, run func(it *store.Intent) error) func(*rapid.T) {
			return func(rt *rapid.T) {
				h := rapid.IntRange(0, len(holders)-1).Draw(rt, "holder")
				it := holders[h]
				allowed := it.Version == model.Version && slices.Contains(from, model.State)
				err := run(&it)
				switch {
				case allowed && err != nil:
					rt.Fatalf("%s from %s: %v", name, model.State, err)
				case !allowed && !errors.Is(err, store.ErrConflict):
					rt.Fatalf("%s of version %d in state %s, the newest being %d in %s: got %v, want ErrConflict",
						name, it.Version, it.State, model.Version, model.State, err)
				case allowed:
					if it.State == store.Sent && everUnknown {
						rt.Fatal("sent again after the outcome was unknown")
					}
					everUnknown = everUnknown || it.State == store.Unknown
					model = it
					holders = append(holders, it)
				}
			}
		}
		soon := func() time.Time { return c.now().Add(time.Second) }
		open := []store.IntentState{store.Ready, store.Sent, store.Unknown}
		known := []store.IntentState{store.Sent, store.Unknown, store.Attention}
		rt.Repeat(map[string]func(*rapid.T){
			"sent":    step("MarkSent", []store.IntentState{store.Ready}, func(it *store.Intent) error { return s.MarkSent(ctx, it, time.Minute) }),
			"ready":   step("MarkReady", []store.IntentState{store.Sent}, func(it *store.Intent) error { return s.MarkReady(ctx, it, soon()) }),
			"unknown": step("MarkUnknown", []store.IntentState{store.Sent}, func(it *store.Intent) error { return s.MarkUnknown(ctx, it, soon()) }),
			"looked":  step("Looked", []store.IntentState{store.Unknown, store.Attention}, func(it *store.Intent) error { return s.Looked(ctx, it, soon()) }),
			"postpone": step("Postpone", append(open, store.Attention), func(it *store.Intent) error {
				return s.Postpone(ctx, it, soon())
			}),
			"settle": step("SettleCreate", known, func(it *store.Intent) error { return s.SettleCreate(ctx, it, made) }),
			"refuse": step("Refuse", append(open, store.Attention), func(it *store.Intent) error { return s.Refuse(ctx, it, "x") }),
			"giveup": step("GiveUp", []store.IntentState{store.Sent, store.Unknown}, func(it *store.Intent) error { return s.GiveUp(ctx, it, "x", c.now()) }),
			"time": func(rt *rapid.T) {
				c.add(rapid.SampledFrom([]time.Duration{time.Second, 2 * time.Minute}).Draw(rt, "pass"))
			},
			"claim": func(rt *rapid.T) {
				may := !model.State.Settled() && !model.LeaseUntil.After(c.now())
				it, err := s.ClaimIntent(ctx, model.ID, time.Minute)
				if may != (err == nil) || err != nil && !errors.Is(err, store.ErrConflict) {
					rt.Fatalf("claim in %s with the lease until %v at %v: got %v", model.State, model.LeaseUntil, c.now(), err)
				}
				if err == nil {
					model = it
					holders = append(holders, it)
				}
			},
			"": func(rt *rapid.T) {
				stored, err := s.Intent(ctx, model.ID)
				if err != nil {
					rt.Fatal(err)
				}
				if stored.State != model.State || stored.Version != model.Version || !stored.LeaseUntil.Equal(model.LeaseUntil) {
					rt.Fatalf("stored %s version %d, the model %s version %d", stored.State, stored.Version, model.State, model.Version)
				}
				if stored.State.Settled() != (stored.Payload == nil) {
					rt.Fatalf("payload kept: %v, in state %s", stored.Payload != nil, stored.State)
				}
				got, err := s.Booking(ctx, b.ID)
				if err != nil {
					rt.Fatal(err)
				}
				want := map[store.IntentState]salon.Status{store.Ready: salon.Pending, store.Sent: salon.Pending, store.Unknown: salon.Pending,
					store.Done: salon.Confirmed, store.Refused: salon.Rejected, store.Attention: salon.NeedsAttention}[model.State]
				if got.Status != want {
					rt.Fatalf("the intent is %s and the booking %s, want %s", model.State, got.Status, want)
				}
			},
		})
	})
}
