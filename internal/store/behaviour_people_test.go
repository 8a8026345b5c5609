package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"zapis/internal/secret"
	"zapis/internal/store"
)

var sessions = store.SessionPolicy{Access: 15 * time.Minute, Refresh: 90 * 24 * time.Hour, Grace: 30 * time.Second}

func testIdempotency(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	begin := func(fingerprint string) store.Idempotent {
		t.Helper()
		got, err := s.BeginIdempotent(ctx, "owner", "key", fingerprint, time.Minute)
		must(t, err)
		return got
	}
	states := make(chan store.IdempotencyState, 8)
	refs := make(chan store.IdempotencyRef, 8)
	for range cap(states) {
		go func() {
			got, err := s.BeginIdempotent(ctx, "owner", "key", "fp", time.Minute)
			if err != nil {
				t.Error(err)
			}
			if got.State == store.IdempotencyNew {
				refs <- got.Ref
			}
			states <- got.State
		}()
	}
	count := map[store.IdempotencyState]int{}
	for range cap(states) {
		count[<-states]++
	}
	equal(t, count, map[store.IdempotencyState]int{store.IdempotencyNew: 1, store.IdempotencyRunning: 7})
	ref := <-refs
	equal(t, begin("other").State, store.IdempotencyMismatch)

	must(t, s.ReleaseIdempotent(ctx, ref))
	again := begin("other") // forgotten, so another body is as good as the first
	equal(t, again.State, store.IdempotencyNew)

	n := newBooking(c)
	n.Idempotency = &again.Ref
	n.Idempotency.Keep = []byte("zs_keep")
	b, it := create(t, s, n)
	running := begin("other")
	equal(t, running.State, store.IdempotencyRunning)
	equal(t, running.BookingID, b.ID)
	equal(t, running.IntentID, it.ID)
	equal(t, string(running.Ref.Keep), "zs_keep")
	wantErr(t, s.ReleaseIdempotent(ctx, again.Ref), store.ErrConflict) // something was made
	c.add(time.Hour)
	equal(t, begin("other").State, store.IdempotencyRunning) // and so it is never run again, whoever died

	must(t, s.FinishIdempotent(ctx, again.Ref, 201, []byte(`{"id":1}`)))
	wantErr(t, s.FinishIdempotent(ctx, again.Ref, 409, []byte(`{}`)), store.ErrConflict)
	done := begin("other")
	if done.State != store.IdempotencyDone || done.StatusCode != 201 || string(done.Response) != `{"id":1}` {
		t.Fatalf("got %+v, want the stored answer", done)
	}
	seen, err := s.Idempotent(ctx, "owner", "key")
	must(t, err)
	equal(t, seen, done)
	_, err = s.Idempotent(ctx, "owner2", "key")
	wantErr(t, err, store.ErrNotFound)
	equal(t, begin("third").State, store.IdempotencyMismatch)
	c.add(store.IdempotencyTTL)
	equal(t, begin("third").State, store.IdempotencyNew)
}

func testIdempotencyTakeover(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	zombie, err := s.BeginIdempotent(ctx, "owner", "key", "fp", time.Minute)
	must(t, err)
	c.add(time.Minute)
	heir, err := s.BeginIdempotent(ctx, "owner", "key", "fp", time.Minute)
	must(t, err)
	equal(t, heir.State, store.IdempotencyNew)
	n := newBooking(c)
	n.Idempotency = &zombie.Ref
	_, _, err = s.CreateBooking(ctx, n)
	wantErr(t, err, store.ErrConflict)
	_, err = s.Booking(ctx, n.Booking.ID)
	wantErr(t, err, store.ErrNotFound)
	wantErr(t, s.ReleaseIdempotent(ctx, zombie.Ref), store.ErrConflict)
	wantErr(t, s.FinishIdempotent(ctx, zombie.Ref, 200, nil), store.ErrConflict)
	n.Idempotency = &heir.Ref
	create(t, s, n)
}

func start(t testing.TB, s *store.Store) (store.Tokens, store.Person) {
	t.Helper()
	tokens, person, err := s.StartSession(t.Context(), store.SignIn{AccountID: store.EnvAccount, Phone: phone, Name: "Анна", ClientToken: secret.Text("client-token")}, sessions)
	must(t, err)
	return tokens, person
}

func testSession(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	first, person := start(t, s)
	equal(t, person.Profile, store.Profile{Phone: phone, Name: "Анна"})
	id, err := s.Authenticate(ctx, first.Access)
	must(t, err)
	equal(t, id, store.Identity{PersonID: person.ID, FamilyID: first.FamilyID, AccountID: store.EnvAccount, Expires: c.now().Add(15 * time.Minute)})
	_, err = s.Authenticate(ctx, first.Refresh)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.Authenticate(ctx, secret.NewToken(secret.AccessToken))
	wantErr(t, err, store.ErrNotFound)

	token, err := s.ClientToken(ctx, first.FamilyID)
	must(t, err)
	equal(t, token.Reveal(), "client-token")
	must(t, s.SetClientToken(ctx, first.FamilyID, secret.String{}))
	token, err = s.ClientToken(ctx, first.FamilyID)
	must(t, err)
	equal(t, token.IsZero(), true)

	c.add(15 * time.Minute)
	_, err = s.Authenticate(ctx, first.Access)
	wantErr(t, err, store.ErrNotFound)
	c.add(89 * 24 * time.Hour)
	second, err := s.Rotate(ctx, first.Refresh, sessions)
	must(t, err)
	equal(t, second.RefreshExpires, c.now().Add(90*24*time.Hour)) // sliding
	equal(t, second.FamilyID, first.FamilyID)
	_, err = s.Authenticate(ctx, second.Access)
	must(t, err)

	other, samePerson := start(t, s)
	equal(t, samePerson.ID, person.ID)
	must(t, s.EndSession(ctx, second.FamilyID))
	must(t, s.EndSession(ctx, second.FamilyID))
	_, err = s.Authenticate(ctx, second.Access)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.Rotate(ctx, second.Refresh, sessions)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.ClientToken(ctx, second.FamilyID)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.Authenticate(ctx, other.Access)
	must(t, err)
	must(t, s.EndSessions(ctx, person.ID))
	_, err = s.Authenticate(ctx, other.Access)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.Rotate(ctx, secret.NewToken(secret.RefreshToken), sessions)
	wantErr(t, err, store.ErrNotFound)

	third, _ := start(t, s)
	c.add(90 * 24 * time.Hour)
	_, err = s.Rotate(ctx, third.Refresh, sessions)
	wantErr(t, err, store.ErrNotFound)
}

func testRefreshReuse(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	rotate := func(token secret.String) store.Tokens {
		t.Helper()
		next, err := s.Rotate(ctx, token, sessions)
		must(t, err)
		return next
	}
	t.Run("within the grace the same successor", func(t *testing.T) {
		first, _ := start(t, s)
		second := rotate(first.Refresh)
		c.add(29 * time.Second)
		equal(t, rotate(first.Refresh), second)
		c.add(time.Second)
		_, err := s.Rotate(ctx, first.Refresh, sessions)
		wantErr(t, err, store.ErrReused)
		_, err = s.Authenticate(ctx, second.Access)
		wantErr(t, err, store.ErrNotFound)
		_, err = s.Rotate(ctx, second.Refresh, sessions)
		wantErr(t, err, store.ErrNotFound)
	})
	t.Run("the one before the previous is reuse at once", func(t *testing.T) {
		first, _ := start(t, s)
		third := rotate(rotate(first.Refresh).Refresh)
		_, err := s.Rotate(ctx, first.Refresh, sessions)
		wantErr(t, err, store.ErrReused)
		_, err = s.Authenticate(ctx, third.Access)
		wantErr(t, err, store.ErrNotFound)
	})
}

func testConcurrentRotation(t *testing.T, s *store.Store, _ *clock) {
	first, _ := start(t, s)
	got := make([]store.Tokens, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = s.Rotate(t.Context(), first.Refresh, sessions); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, g := range got {
		equal(t, g, got[0])
	}
}

func testProfile(t *testing.T, s *store.Store, _ *clock) {
	ctx := t.Context()
	_, person := start(t, s)
	email := "a@example.org"
	got, err := s.UpdatePerson(ctx, person.ID, nil, &email)
	must(t, err)
	equal(t, got.Profile, store.Profile{Phone: phone, Name: "Анна", Email: email})
	stored, err := s.Person(ctx, person.ID)
	must(t, err)
	equal(t, stored, got)
	_, err = s.UpdatePerson(ctx, "p-none", nil, &email)
	wantErr(t, err, store.ErrNotFound)
}

func testErase(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	tokens, person := start(t, s)
	n := newBooking(c)
	n.Booking.Owner = person.ID
	past := confirm(t, s, n)
	guest := confirm(t, s, newBooking(c))
	open, it := create(t, s, newBooking(c))
	must(t, s.ErasePerson(ctx, person.ID))
	_, err := s.Authenticate(ctx, tokens.Access)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.Person(ctx, person.ID)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.LastConsent(ctx, s.PhoneHMAC(phone), 101)
	wantErr(t, err, store.ErrNotFound)
	for _, id := range []string{past.ID, guest.ID} {
		b := booking(t, s, id)
		if b.Client != (store.Client{}) || b.Owner != "" || b.SecretHash != "" {
			t.Fatalf("got %+v, want nothing personal", b)
		}
	}
	equal(t, booking(t, s, open.ID).Client.Phone, phone) // still needed
	must(t, s.Refuse(ctx, &it, "x"))
	_, err = s.Purge(ctx, store.Retention{})
	must(t, err)
	equal(t, booking(t, s, open.ID).Client, store.Client{})
	wantErr(t, s.ErasePerson(ctx, person.ID), store.ErrNotFound)
}

// A booking written while its owner is being erased is either erased along or not written.
func testEraseMeetsBooking(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	_, person := start(t, s)
	n := newBooking(c)
	n.Booking.Owner = person.ID
	erased := make(chan error, 1)
	b, _, err := s.CreateBooking(ctx, n, func(context.Context, *store.Tx) error {
		go func() { erased <- s.ErasePerson(ctx, person.ID) }()
		select { // it must wait for us, which a moment of not coming back shows
		case err := <-erased:
			erased <- err
		case <-time.After(100 * time.Millisecond):
		}
		return nil
	})
	must(t, err)
	must(t, <-erased)
	if got := booking(t, s, b.ID); got.Owner != "" {
		t.Fatalf("the booking belongs to %q, who is gone", got.Owner)
	}

	late := newBooking(c)
	late.Booking.Owner = person.ID
	_, _, err = s.CreateBooking(ctx, late)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.Booking(ctx, late.Booking.ID)
	wantErr(t, err, store.ErrNotFound)
	_, err = s.LastConsent(ctx, person.ID, 101)
	wantErr(t, err, store.ErrNotFound)
}

// No answer, which repeats what the person told, is kept under a key of somebody erased.
func testEraseMeetsKeys(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	_, person := start(t, s)
	book := func(owner, ownerKey, key string) (store.IdempotencyRef, store.Intent) {
		t.Helper()
		found, err := s.BeginIdempotent(ctx, ownerKey, key, "fp", time.Minute)
		must(t, err)
		found.Ref.Keep = []byte("zs_keep")
		n := newBooking(c)
		n.Booking.Owner, n.Idempotency = owner, &found.Ref
		_, it := create(t, s, n)
		must(t, s.MarkSent(ctx, &it, time.Minute))
		return found.Ref, it
	}
	guest := s.PhoneHMAC(phone)
	settledMine, itMine := book(person.ID, person.ID, "settled")
	settledGuest, itGuest := book("", guest, "settled")
	must(t, s.SettleCreate(ctx, &itMine, made))
	must(t, s.SettleCreate(ctx, &itGuest, made))
	openMine, itOpen := book(person.ID, person.ID, "open")
	openGuest, itOpenGuest := book("", guest, "open")
	found, err := s.BeginIdempotent(ctx, person.ID, "nothing made yet", "fp", time.Minute)
	must(t, err)
	stranger, err := s.BeginIdempotent(ctx, s.PhoneHMAC("+79000000002"), "open", "fp", time.Minute)
	must(t, err)

	must(t, s.ErasePerson(ctx, person.ID))
	for _, ref := range []store.IdempotencyRef{settledMine, settledGuest} {
		_, err := s.Idempotent(ctx, ref.OwnerKey, ref.Key)
		wantErr(t, err, store.ErrNotFound)
	}
	must(t, s.SettleCreate(ctx, &itOpen, made)) // what was under way comes to its end
	must(t, s.SettleCreate(ctx, &itOpenGuest, made))
	for _, ref := range []store.IdempotencyRef{settledMine, settledGuest, openMine, openGuest, found.Ref} {
		wantErr(t, s.FinishIdempotent(ctx, ref, 201, []byte(`{"name":"Анна"}`)), store.ErrConflict)
	}
	_, err = s.Purge(ctx, store.Retention{})
	must(t, err)
	wantErr(t, s.FinishIdempotent(ctx, openGuest, 201, []byte(`{"name":"Анна"}`)), store.ErrConflict)
	must(t, s.FinishIdempotent(ctx, stranger.Ref, 201, []byte(`{}`)))
}

var codes = store.CodePolicy{SendsPerHour: 3, SendsPerDay: 5, TriesPerCode: 5, FreeFails: 10, WaitFirst: 30 * time.Second, WaitMax: time.Hour,
	AddrWindow: time.Hour, AddrFails: 30, AddrSends: 8, GlobalWindow: time.Hour, GlobalMinTries: 1000, GlobalFails: 0.9}

func send(t testing.TB, s *store.Store, phone, addr string) store.CodeVerdict {
	t.Helper()
	v, err := s.ReserveSend(t.Context(), phone, addr, codes)
	must(t, err)
	return v
}

func testCodeSends(t *testing.T, s *store.Store, c *clock) {
	for i := range 3 {
		if v := send(t, s, "phone", "addr"); !v.Allowed() {
			t.Fatalf("send %d: got %+v, want allowed", i, v)
		}
		c.add(time.Minute)
	}
	equal(t, send(t, s, "phone", "addr2"), store.CodeVerdict{Limit: store.LimitSendsHour, RetryAfter: 57 * time.Minute})
	c.add(57 * time.Minute)
	for range 2 {
		equal(t, send(t, s, "phone", "addr").Allowed(), true)
		c.add(time.Hour)
	}
	v := send(t, s, "phone", "addr")
	equal(t, v.Limit, store.LimitSendsDay)
	equal(t, v.RetryAfter, 21*time.Hour)

	t.Run("a void send does not count", func(t *testing.T) {
		for range 10 {
			v := send(t, s, "void", "addr3")
			equal(t, v.Allowed(), true)
			must(t, s.VoidCode(t.Context(), v.ID))
		}
	})
	t.Run("one address, many phones: only unanswered codes add up", func(t *testing.T) {
		for i := range 20 {
			phone := string(rune('A' + i))
			equal(t, send(t, s, phone, "carrier").Allowed(), true)
			v, err := s.ReserveTry(t.Context(), phone, "carrier", codes)
			must(t, err)
			must(t, s.ForgiveTry(t.Context(), v.ID))
		}
		for i := range 8 {
			equal(t, send(t, s, string(rune('a'+i)), "bomber").Allowed(), true)
		}
		equal(t, send(t, s, "z", "bomber"), store.CodeVerdict{Limit: store.LimitAddr, RetryAfter: time.Hour})
		equal(t, send(t, s, "z", "carrier").Allowed(), true)
	})
}

func testCodeTries(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	try := func(phone, addr string, p store.CodePolicy) store.CodeVerdict {
		t.Helper()
		v, err := s.ReserveTry(ctx, phone, addr, p)
		must(t, err)
		return v
	}
	for range 2 { // two codes, five tries each; the new code does not reset the phone's count
		equal(t, send(t, s, "phone", "addr").Allowed(), true)
		for range 5 {
			equal(t, try("phone", "addr", codes).Allowed(), true)
		}
		c.add(time.Second)
		v := try("phone", "addr", codes)
		if v.Allowed() {
			t.Fatal("a sixth try of one code passed")
		}
	}
	equal(t, send(t, s, "phone", "addr").Allowed(), true)
	equal(t, try("phone", "other", codes), store.CodeVerdict{Limit: store.LimitWait, RetryAfter: 29 * time.Second})
	wait := 30 * time.Second
	c.add(29 * time.Second)
	for i := range 4 { // the wait doubles
		equal(t, try("phone", "addr", codes).Allowed(), true)
		wait *= 2
		equal(t, try("phone", "addr", codes), store.CodeVerdict{Limit: store.LimitWait, RetryAfter: wait})
		c.add(wait)
		_ = i
	}
	hard := codes
	hard.FailsPerDay = 10
	equal(t, try("phone", "addr", hard).Limit, store.LimitPhoneDay)
	c.add(24 * time.Hour)
	equal(t, try("phone", "addr", hard).Allowed(), true)

	t.Run("a right try is no failure", func(t *testing.T) {
		for range 20 {
			equal(t, send(t, s, secret.NewID("x"), secret.NewID("x")).Allowed(), true)
			v := try("lucky", "home", codes)
			if v.Limit == store.LimitCode { // a right try counts against its code all the same
				break
			}
			must(t, s.ForgiveTry(ctx, v.ID))
		}
		hard := store.CodePolicy{FailsPerDay: 1}
		equal(t, try("lucky", "home", hard).Allowed(), true)
		equal(t, try("lucky", "home", hard).Limit, store.LimitPhoneDay)
		wantErr(t, s.ForgiveTry(ctx, "e-none"), store.ErrNotFound)
	})
	t.Run("one address guessing at many phones", func(t *testing.T) {
		p := store.CodePolicy{AddrFails: 3, AddrWindow: time.Minute}
		for range 3 {
			equal(t, try(secret.NewID("x"), "guesser", p).Allowed(), true)
		}
		equal(t, try("fresh", "guesser", p), store.CodeVerdict{Limit: store.LimitAddr, RetryAfter: time.Minute})
		c.add(time.Minute)
		equal(t, try("fresh", "guesser", p).Allowed(), true)
	})
	t.Run("everybody guessing", func(t *testing.T) {
		c.add(48 * time.Hour)
		p := store.CodePolicy{GlobalWindow: time.Hour, GlobalMinTries: 10, GlobalFails: 0.5}
		for i := range 10 {
			v := try(secret.NewID("x"), secret.NewID("x"), p)
			if i < 4 {
				must(t, s.ForgiveTry(ctx, v.ID))
			}
		}
		equal(t, try("fresh", "fresh", p), store.CodeVerdict{Limit: store.LimitGlobal, RetryAfter: time.Hour})
		c.add(time.Hour)
		equal(t, try("fresh", "fresh", p).Allowed(), true)
	})
}

func testConcurrentTries(t *testing.T, s *store.Store, _ *clock) {
	p := store.CodePolicy{FailsPerDay: 10}
	passed := make(chan bool, 60)
	for range cap(passed) {
		go func() {
			v, err := s.ReserveTry(t.Context(), "phone", secret.NewID("x"), p)
			if err != nil {
				t.Error(err)
			}
			passed <- v.Allowed()
		}()
	}
	n := 0
	for range cap(passed) {
		if <-passed {
			n++
		}
	}
	equal(t, n, 10)
}

func testPurge(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	tokens, _ := start(t, s)
	begun, err := s.BeginIdempotent(ctx, "o", "k", "fp", time.Minute)
	must(t, err)
	n := newBooking(c)
	n.Idempotency = &begun.Ref
	old := confirm(t, s, n)
	stuck, it := create(t, s, newBooking(c))
	must(t, s.MarkSent(ctx, &it, time.Minute))
	must(t, s.GiveUp(ctx, &it, "outcome_unknown", c.now()))
	send(t, s, "phone", "addr")
	rows, err := s.Purge(ctx, store.Retention{Bookings: time.Hour, Consents: time.Hour})
	must(t, err)
	equal(t, rows, 0)
	c.add(365 * 24 * time.Hour)
	rows, err = s.Purge(ctx, store.Retention{Bookings: 24 * time.Hour, Consents: time.Hour})
	must(t, err)
	// One each of idempotency, access, refresh, family, code event, booking and intent; two consents.
	equal(t, rows, 9)
	_, err = s.Booking(ctx, old.ID)
	wantErr(t, err, store.ErrNotFound)
	equal(t, booking(t, s, stuck.ID).ID, stuck.ID) // its customer still waits for an answer
	_, err = s.Rotate(ctx, tokens.Refresh, sessions)
	if !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("got %v, want the session gone", err)
	}
}
