package booking

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/store"
	"zapis/sandbox"
	"zapis/yclients"
)

// nothingStored checks that a refusal left no booking and no held key behind.
func (h *house) nothingStored(key string, wish salon.NewBooking) {
	h.t.Helper()
	phone, _ := salon.ParsePhone(wish.Client.Phone)
	if _, err := h.store.Idempotent(h.t.Context(), h.store.PhoneHMAC(phone), key); err == nil {
		h.t.Error("the key is still held")
	}
	for _, status := range []salon.Status{salon.Pending, salon.Confirmed, salon.NeedsAttention} {
		if list, err := h.store.BookingsInStatus(h.t.Context(), status, 10); err != nil || len(list) > 0 {
			h.t.Errorf("%d bookings are %s, %v; want none", len(list), status, err)
		}
	}
	if n := h.made(); n != 0 {
		h.t.Errorf("%d records were made", n)
	}
}

func TestBadWishes(t *testing.T) {
	h := setup(t)
	good := h.wish(0)
	past := salon.Start{Datetime: "2027-03-10T09:00:00+03:00", Length: time.Hour}.String()
	far := salon.Start{Datetime: "2029-03-10T09:00:00+03:00"}.String()
	nails := h.service(moscow, "Маникюр классический")
	tests := []struct {
		name   string
		change func(*salon.NewBooking)
		want   problem.Code
	}{
		{"unknown branch", func(w *salon.NewBooking) { w.Branch = 7001 }, problem.BranchUnknown},
		{"no appointments", func(w *salon.NewBooking) { w.Appointments = nil }, problem.InvalidRequest},
		{"eleven appointments", func(w *salon.NewBooking) { w.Appointments = slices.Repeat(w.Appointments, 11) }, problem.InvalidRequest},
		{"no services", func(w *salon.NewBooking) { w.Appointments[0].Services = nil }, problem.InvalidRequest},
		{"unknown service", func(w *salon.NewBooking) { w.Appointments[0].Services = []int64{1 << 50} }, problem.ServiceUnknown},
		{"negative service", func(w *salon.NewBooking) { w.Appointments[0].Services = []int64{-1} }, problem.ServiceUnknown},
		{"unknown staff", func(w *salon.NewBooking) { w.Appointments[0].Staff = 1 << 50 }, problem.StaffUnknown},
		{"negative staff", func(w *salon.NewBooking) { w.Appointments[0].Staff = -3 }, problem.StaffUnknown},
		{"a master who does not do it", func(w *salon.NewBooking) { w.Appointments[0].Services = []int64{nails} }, problem.StaffService},
		{"start of nobody", func(w *salon.NewBooking) { w.Appointments[0].Start = "2027-03-13 12:00" }, problem.StartInvalid},
		{"start past", func(w *salon.NewBooking) { w.Appointments[0].Start = past }, problem.StartPast},
		{"start far", func(w *salon.NewBooking) { w.Appointments[0].Start = far }, problem.StartInvalid},
		{"no phone", func(w *salon.NewBooking) { w.Client.Phone = "" }, problem.PhoneInvalid},
		{"a phone of letters", func(w *salon.NewBooking) { w.Client.Phone = "'; DROP TABLE" }, problem.PhoneInvalid},
		{"no name", func(w *salon.NewBooking) { w.Client.Name = " \t\u200b\x00 " }, problem.NameRequired},
		{"a long name", func(w *salon.NewBooking) { w.Client.Name = strings.Repeat("я", 101) }, problem.InvalidRequest},
		{"a bad e-mail", func(w *salon.NewBooking) { w.Client.Email = "not an address" }, problem.InvalidRequest},
		{"a long comment", func(w *salon.NewBooking) { w.Comment = strings.Repeat("я", 1001) }, problem.InvalidRequest},
		{"no consent", func(w *salon.NewBooking) { w.Consent = nil }, problem.ConsentRequired},
		{"an old consent", func(w *salon.NewBooking) { w.Consent = &salon.GivenConsent{Version: "old"} }, problem.ConsentOutdated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var wish salon.NewBooking
			b, _ := json.Marshal(good)
			if err := json.Unmarshal(b, &wish); err != nil {
				t.Fatal(err)
			}
			tt.change(&wish)
			key := newKey()
			_, err := h.Create(t.Context(), guest, key, wish)
			wantCode(t, err, tt.want)
			h.nothingStored(key, wish)
		})
	}
	if n := h.calls("createBooking"); n != 0 {
		t.Errorf("bad wishes cost %d calls of createBooking", n)
	}
}

func TestKeys(t *testing.T) {
	h := setup(t)
	wish := h.wish(0)
	for key, want := range map[string]problem.Code{
		"": problem.KeyMissing, "short": problem.KeyInvalid, strings.Repeat("k", 256): problem.KeyInvalid,
		"fifteen-letters": problem.KeyInvalid, "with space": problem.KeyInvalid, "кириллица": problem.KeyInvalid, "new\nline1": problem.KeyInvalid,
	} {
		_, err := h.Create(t.Context(), guest, key, wish)
		wantCode(t, err, want)
	}

	key := newKey()
	first, err := h.Create(t.Context(), guest, key, wish)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(first.Booking)
	h.clock.advance(23 * time.Hour)
	h.faults(sandbox.Faults{Off: true}) // a repeat asks nobody
	for range 3 {
		again, err := h.Create(t.Context(), guest, key, wish)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(again.Booking); string(got) != string(want) || again.Status != first.Status {
			t.Errorf("the repeat answers\n%s\nwant, byte for byte,\n%s", got, want)
		}
	}
	h.restart()
	if again, err := h.Create(t.Context(), guest, key, wish); err != nil || again.Booking.Secret != first.Booking.Secret {
		t.Errorf("after a restart the repeat gives secret %t, %v; want the same", again.Booking.Secret != "", err)
	}
	h.faults(sandbox.Faults{})

	other := h.wish(1)
	_, err = h.Create(t.Context(), guest, key, other)
	wantCode(t, err, problem.KeyReused)
	other.Client.Phone = "+79000000002" // another person's key of the same name
	if b, err := h.Create(t.Context(), guest, key, other); err != nil || b.Booking.ID == first.Booking.ID {
		t.Errorf("another owner's key: %v, %v", b.Booking.ID, err)
	}
	if n := h.made(); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
	h.clock.advance(2 * time.Hour)
	_, err = h.Create(t.Context(), guest, key, wish) // a day later the key is new, and the time is taken by ourselves
	wantCode(t, err, problem.SlotTaken)
}

// A guest's key opens the booking to whoever repeats it, and must be long; a person's is guarded by the session.
func TestAPersonsKeyMayBeShort(t *testing.T) {
	h := setup(t)
	wish := h.wish(0)
	wish.Client.Phone = ""
	if a, err := h.Create(t.Context(), h.signIn(personPhone), "tap-0001", wish); err != nil || a.Status != http.StatusCreated {
		t.Errorf("got %d, %v; want 201", a.Status, err)
	}
}

// The same phone in all its spellings is one owner, and the code is not compared.
func TestRepeatsAreComparedByMeaning(t *testing.T) {
	h := setup(t)
	wish, key := h.wish(0), newKey()
	first, err := h.Create(t.Context(), guest, key, wish)
	if err != nil {
		t.Fatal(err)
	}
	wish.Client.Phone, wish.Code = "8 (900) 000-00-01", "12345"
	again, err := h.Create(t.Context(), guest, key, wish)
	if err != nil || again.Booking.ID != first.Booking.ID {
		t.Errorf("got %v, %v; want the first booking", again.Booking.ID, err)
	}
}

// Fifty taps at once: one record, and everybody gets the one booking or is told to wait.
func TestManyTapsOneKey(t *testing.T) { onEach(t, testManyTapsOneKey) }

func testManyTapsOneKey(t *testing.T, on func(*options)) {
	h := setup(t, on)
	wish, key := h.wish(0), newKey()
	h.faults(sandbox.Faults{DelayMS: 30})
	h.pace.wait = time.Second
	var all sync.WaitGroup
	var mu sync.Mutex
	ids, waits := map[string]int{}, 0
	for range 50 {
		all.Go(func() {
			a, err := h.Create(context.Background(), guest, key, wish)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				ids[a.Booking.ID]++
			case problem.Has(err, problem.KeyRunning):
				waits++
			default:
				t.Errorf("a tap was answered %v", err)
			}
		})
	}
	all.Wait()
	if len(ids) != 1 || h.made() != 1 || h.calls("createBooking") != 1 {
		t.Errorf("%d bookings, %d records, %d calls, %d told to wait; want one of each", len(ids), h.made(), h.calls("createBooking"), waits)
	}
}

// Many people, one start: one gets it, the others get fresh times without it.
func TestManyPeopleOneStart(t *testing.T) { onEach(t, testManyPeopleOneStart) }

func testManyPeopleOneStart(t *testing.T, on func(*options)) {
	h := setup(t, on)
	wish := h.wish(0)
	taken := wish.Appointments[0].Start
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 20 {
		all.Go(func() {
			mine := wish
			mine.Client.Phone = fmt.Sprintf("+790000001%02d", i)
			a, err := h.Create(context.Background(), guest, newKey(), mine)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
				if a.Status != http.StatusCreated {
					t.Errorf("the winner was answered %d", a.Status)
				}
				return
			}
			slots, ok := problem.From(err).With["alternatives"].(salon.Slots)
			if !problem.Has(err, problem.SlotTaken) || !ok || len(slots.Slots) == 0 {
				t.Errorf("a loser was answered %v, want slot_taken with other times", err)
			}
			if slices.ContainsFunc(slots.Slots, func(s salon.Slot) bool { return s.Start == taken }) {
				t.Error("the taken start is among the alternatives")
			}
		})
	}
	all.Wait()
	if won != 1 || h.made() != 1 {
		t.Errorf("%d won and %d records, want one", won, h.made())
	}
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// every place where YCLIENTS may put the codes 431 to 438
var codePlaces = []string{sandbox.CodeInMeta, sandbox.CodeInErrors, sandbox.CodeOnTop, sandbox.CodeNowhere}

func TestRefusals(t *testing.T) {
	for _, place := range codePlaces {
		t.Run(place, func(t *testing.T) {
			h := setup(t, func(o *options) {
				sw := sandbox.DefaultSwitches()
				sw.ErrorCodeAt = place
				o.switches = &sw
			})
			wish := h.wish(0)
			start, _ := salon.ParseStart(wish.Appointments[0].Start)
			if _, err := h.sandbox.Take(sandbox.TakeRequest{CompanyID: moscow, StaffID: wish.Appointments[0].Staff, Datetime: start.Datetime, Services: wish.Appointments[0].Services}); err != nil {
				t.Fatal(err)
			}
			key := newKey()
			_, err := h.Create(t.Context(), guest, key, wish)
			wantCode(t, err, problem.SlotTaken)
			slots, _ := problem.From(err).With["alternatives"].(salon.Slots)
			if len(slots.Slots) == 0 || slots.Date != day {
				t.Errorf("alternatives %+v, want those of the day", slots)
			}
			_, again := h.Create(t.Context(), guest, key, wish)
			if said, repeated := asJSON(refusalOf(problem.From(err))), asJSON(refusalOf(problem.From(again))); said != repeated {
				t.Errorf("the repeat of a refusal says\n%s\nwant\n%s", repeated, said)
			}
			if n := h.calls("createBooking"); n != 1 {
				t.Errorf("%d calls, want one for the refusal and none for its repeat", n)
			}

			blocked := h.wish(1)
			blocked.Client.Phone = "+" + sandbox.BlacklistedPhone
			_, err = h.Create(t.Context(), guest, newKey(), blocked)
			wantCode(t, err, problem.ClientBlocked)

			foreign := h.wish(1)
			foreign.Client.Phone = "+7900000000099" // possible for us to read or not, never for YCLIENTS to ring
			if _, err = h.Create(t.Context(), guest, newKey(), foreign); !problem.Has(err, problem.PhoneInvalid) {
				t.Errorf("got %v, want phone_invalid", err)
			}
		})
	}
}

// The codes that our own checks never let YCLIENTS say, said by it all the same.
func TestEveryCodeHasItsMeaning(t *testing.T) {
	for code, want := range map[int]problem.Code{
		431: problem.PhoneInvalid, 432: problem.CodeRequired, 433: problem.SlotTaken, 434: problem.ClientBlocked, 435: problem.NameRequired,
		436: problem.NoStaffFree, 437: problem.SlotsOverlap, 438: problem.ServicesUnavailable,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			h := setup(t, func(o *options) { o.change = func(c *Config) { c.API = refusing(t, c.API, code) } })
			key, wish := newKey(), h.wish(0)
			_, err := h.Create(t.Context(), guest, key, wish)
			wantCode(t, err, want)
			if _, hasTimes := problem.From(err).With["alternatives"]; hasTimes != (code == 433 || code == 436 || code == 437) {
				t.Errorf("alternatives: %t", hasTimes)
			}
			if rejected, err := h.store.BookingsInStatus(t.Context(), salon.Rejected, 10); err != nil || len(rejected) != 1 || rejected[0].Reason != want {
				t.Errorf("stored as %+v, %v; want one rejected for %s", rejected, err, want)
			}
		})
	}
}

// refusing answers every createBooking with a code, and passes the rest on.
func refusing(t *testing.T, api *yclients.Client, code int) *yclients.Client {
	t.Helper()
	status := http.StatusUnprocessableEntity
	if code == 434 {
		status = http.StatusForbidden
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	hook := roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.Contains(r.URL.Path, "/book_record/") {
			return transport.RoundTrip(r)
		}
		rec := newRecorder(status, fmt.Sprintf(`{"success":false,"data":null,"meta":{"message":"Отказ","code":%d}}`, code))
		rec.Request = r
		return rec, nil
	})
	return clientOver(t, api, hook)
}

func TestRateRefusalIsSentAgain(t *testing.T) {
	h := setup(t)
	wish := h.wish(0)
	h.warm(wish)
	h.faults(sandbox.Faults{RefuseNext: 1})
	if a, err := h.Create(t.Context(), guest, newKey(), wish); err != nil || a.Status != 201 {
		t.Errorf("got %d, %v; want 201: a refusal for the rate was not applied and may be sent again", a.Status, err)
	}
	if h.made() != 1 {
		t.Errorf("%d records, want 1", h.made())
	}
}

// warm reads what Create reads of the catalogue, so that the next call is the booking itself.
func (h *house) warm(wish salon.NewBooking) {
	h.t.Helper()
	for _, a := range wish.Appointments {
		if _, _, _, err := h.mirror.Prepare(h.t.Context(), wish.Branch, a.Services, a.Staff); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestNotReachable(t *testing.T) {
	h := setup(t, func(o *options) { o.change = func(c *Config) { c.API = unreachable(t, c.API) } })
	wish, key := h.wish(0), newKey()
	_, err := h.Create(t.Context(), guest, key, wish)
	wantCode(t, err, problem.UpstreamUnavailable)
	if p := problem.From(err); p.With["phone"] == nil || p.With["widget_url"] == nil {
		t.Errorf("%v does not say how else to book", p.With)
	}
	h.nothingStored(key, wish)
}

func TestModes(t *testing.T) {
	h := setup(t, func(o *options) {
		o.change = func(c *Config) { c.Mode, c.PilotPhones = Pilot, []salon.Phone{"+79000000002"} }
	})
	wish := h.wish(0)
	_, err := h.Create(t.Context(), guest, newKey(), wish)
	wantCode(t, err, problem.PilotOnly)
	wish.Client.Phone = "8 900 000-00-02"
	b := h.book(guest, wish)
	h.config.Mode = ReadOnly
	h.restart()
	_, err = h.Create(t.Context(), guest, newKey(), wish)
	wantCode(t, err, problem.ReadOnly)
	_, err = h.Cancel(t.Context(), owns(b), refOf(b))
	wantCode(t, err, problem.ReadOnly)
	_, err = h.Move(t.Context(), owns(b), refOf(b), salon.Move{Start: h.wish(2).Appointments[0].Start})
	wantCode(t, err, problem.ReadOnly)
	if _, err := h.Get(t.Context(), owns(b), refOf(b)); err != nil {
		t.Errorf("reading stays possible: %v", err)
	}
}

// A branch that asks a guest for an SMS code.
func (h *house) wishWithCode(n int) salon.NewBooking {
	h.t.Helper()
	cut, timur := h.service(urals, "Мужская стрижка"), h.master(urals, "Тимур Асанов")
	return h.wishAt(urals, timur, cut, h.slots(urals, timur, cut, day)[n].Start)
}

func (h *house) sendCode(phone string) string {
	h.t.Helper()
	if err := h.session.SendCode(h.t.Context(), guest, urals, phone); err != nil {
		h.t.Fatal(err)
	}
	return h.sandbox.SMS()[0].Code
}

func TestGuestsCode(t *testing.T) {
	h := setup(t)
	wish, key := h.wishWithCode(0), newKey()
	_, err := h.Create(t.Context(), guest, key, wish)
	wantCode(t, err, problem.CodeRequired)
	h.nothingStored(key, wish)
	if h.calls("createBooking") != 0 {
		t.Error("YCLIENTS was asked without a code")
	}

	code := h.sendCode(guestPhone)
	wish.Code = "00000"
	if code == wish.Code {
		wish.Code = "00001"
	}
	_, err = h.Create(t.Context(), guest, key, wish)
	wantCode(t, err, problem.CodeWrong)
	wish.Code = code
	a, err := h.Create(t.Context(), guest, key, wish) // the same key, for the code is not compared
	if err != nil || a.Status != 201 {
		t.Fatalf("with the right code: %d, %v", a.Status, err)
	}
	if again, err := h.Create(t.Context(), guest, key, wish); err != nil || again.Booking.ID != a.Booking.ID {
		t.Errorf("the repeat: %v, %v", again.Booking.ID, err)
	}
	if h.made() != 1 {
		t.Errorf("%d records, want 1", h.made())
	}
}

// Guessing through bookings is capped as guessing through sign-in is: over all codes, over restarts, for a day.
func TestGuessingThroughBookings(t *testing.T) {
	h := setup(t)
	wish := h.wishWithCode(0)
	right := map[string]bool{h.sendCode(guestPhone): true}
	h.seq = h.ledgerEnd()
	capped := 0
	for n := range 120 { // 20 hours of it
		if n%12 == 11 && h.session.SendCode(t.Context(), guest, urals, guestPhone) == nil {
			right[h.sandbox.SMS()[0].Code] = true
		}
		if wish.Code = fmt.Sprintf("%05d", n); right[wish.Code] {
			continue
		}
		_, err := h.Create(t.Context(), guest, newKey(), wish)
		if problem.Has(err, problem.CodeTries) {
			capped++
		}
		if n%40 == 39 {
			h.restart()
		}
		h.clock.advance(10 * time.Minute)
	}
	if n := h.calls("createBooking"); n > 10 || capped < 100 {
		t.Errorf("%d guesses reached YCLIENTS, %d were refused here; want at most 10", n, capped)
	}
}

// A refusal in words that nobody knows may be for the code, and counts as a guess over the whole day; one that is
// certainly for the time does not.
func TestGuessingUnderUnknownWords(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		capped bool
	}{
		"unknown": {`{"success":false,"data":null,"meta":{"message":"Телефон не подтвержден"}}`, true},
		"taken":   {`{"success":false,"data":null,"meta":{"message":"Отказ","code":433}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			guesses := 0
			h := setup(t, func(o *options) {
				o.change = func(c *Config) {
					c.API = passing(t, c.API, func(r *http.Request) (*http.Response, error) {
						if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/book_record/") {
							return nil, nil
						}
						guesses++
						return newRecorder(http.StatusUnprocessableEntity, tt.answer), nil
					})
				}
			})
			wish := h.wish(0)
			for range 4 { // codes are sent an hour apart
				h.sendCode(guestPhone)
				for n := range 6 {
					wish.Code = fmt.Sprintf("%05d", n)
					if _, err := h.Create(t.Context(), guest, newKey(), wish); err == nil {
						t.Fatal("booked")
					}
				}
				h.clock.advance(61 * time.Minute)
			}
			if (guesses <= 10) != tt.capped {
				t.Errorf("%d guesses reached YCLIENTS; capped at 10: want %t", guesses, tt.capped)
			}
		})
	}
}

// Whether the client's own token spares the code is not known: both must work.
func TestSignedInWhereACodeIsAsked(t *testing.T) {
	for _, needed := range []bool{true, false} {
		t.Run(fmt.Sprint("needed ", needed), func(t *testing.T) {
			h := setup(t, func(o *options) {
				sw := sandbox.DefaultSwitches()
				sw.ClientTokenNeedsCode = needed
				o.switches = &sw
			})
			who := h.signIn(personPhone)
			wish, key := h.wishWithCode(0), newKey()
			wish.Client.Phone = ""
			_, err := h.Create(t.Context(), who, key, wish)
			if !needed {
				if err != nil {
					t.Fatalf("the token was to spare the code: %v", err)
				}
				return
			}
			wantCode(t, err, problem.CodeRequired)
			wish.Code = h.sendCode(personPhone)
			if a, err := h.Create(t.Context(), who, key, wish); err != nil || a.Status != 201 {
				t.Errorf("with the code: %d, %v", a.Status, err)
			}
		})
	}
}

func TestAnyMaster(t *testing.T) {
	h := setup(t, func(o *options) { o.hidden = []string{"Лист ожидания"} })
	cut := h.service(moscow, "Мужская стрижка")
	wish := h.wishAt(moscow, 0, cut, h.slots(moscow, 0, cut, day)[0].Start)
	b := h.book(guest, wish)
	if b.Appointments[0].Staff.Name != "Игорь Власов" {
		t.Errorf("any fell on %+v, want the only visible master", b.Appointments[0].Staff)
	}
	_, err := h.Create(t.Context(), guest, newKey(), wish)
	wantCode(t, err, problem.NoStaffFree)
	if h.made() != 1 {
		t.Errorf("%d records, want 1", h.made())
	}
}

// Where no master is hidden YCLIENTS chooses, and we learn whom.
func TestAnyMasterChosenByYCLIENTS(t *testing.T) {
	h := setup(t)
	nails := h.service(moscow, "Маникюр классический")
	free := ""
	for _, d := range []string{"2027-03-25", "2027-03-26", "2027-03-27", "2027-03-28"} {
		s, err := h.mirror.Slots(t.Context(), salon.Ask{Branch: moscow, Items: []salon.AskItem{{Services: []int64{nails}}}}, d)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Slots) > 0 {
			free = s.Slots[0].Start
			break
		}
	}
	b := h.book(guest, h.wishAt(moscow, 0, nails, free))
	if b.Appointments[0].Staff.Name != "Ольга Зимина" {
		t.Errorf("staff %+v, want the one YCLIENTS chose", b.Appointments[0].Staff)
	}
}

// twoVisits are two haircuts one after the other, the second at a start of the caller's choice.
func (h *house) twoVisits(first, second int) salon.NewBooking {
	wish := h.wish(first)
	wish.Appointments = append(wish.Appointments, h.wish(second).Appointments...)
	return wish
}

func TestSeveralVisits(t *testing.T) {
	for _, atomic := range []bool{true, false} {
		t.Run(fmt.Sprint("atomic ", atomic), func(t *testing.T) {
			h := setup(t, func(o *options) {
				sw := sandbox.DefaultSwitches()
				sw.AppointmentsAtomic = atomic
				o.switches = &sw
			})
			b := h.book(guest, h.twoVisits(0, 3))
			if len(b.Appointments) != 2 || h.made() != 2 {
				t.Errorf("%d appointments, %d records; want two", len(b.Appointments), h.made())
			}
			_, err := h.Create(t.Context(), guest, newKey(), h.twoVisits(2, 2)) // twice the same time
			wantCode(t, err, problem.SlotsOverlap)
			if a, err := h.Cancel(t.Context(), owns(b), refOf(b)); err != nil || a.Booking.Status != salon.Cancelled {
				t.Errorf("cancel both: %v, %v", a.Booking.Status, err)
			}
			for _, r := range h.live() {
				t.Errorf("record %d is still there", r.ID)
			}
		})
	}
}

// live are the records of ours that are not deleted.
func (h *house) live() []sandbox.Record {
	var list []sandbox.Record
	for _, branch := range h.branches {
		for _, r := range h.sandbox.Records(branch) {
			if r.APIID != "" && !r.Deleted {
				list = append(list, r)
			}
		}
	}
	return list
}

// A half of a booking is none: what was made before the refusal of the other half is taken back.
func TestHalfABookingIsTakenBack(t *testing.T) {
	h := setup(t, func(o *options) {
		sw := sandbox.DefaultSwitches()
		sw.AppointmentsAtomic = false
		o.switches = &sw
		o.change = func(c *Config) { c.API = withoutCheck(t, c.API) }
	})
	wish := h.twoVisits(0, 3)
	start, _ := salon.ParseStart(wish.Appointments[1].Start)
	if _, err := h.sandbox.Take(sandbox.TakeRequest{CompanyID: moscow, StaffID: wish.Appointments[1].Staff, Datetime: start.Datetime, Services: wish.Appointments[1].Services}); err != nil {
		t.Fatal(err)
	}
	_, err := h.Create(t.Context(), guest, newKey(), wish)
	wantCode(t, err, problem.SlotTaken)
	if n := len(h.live()); h.made() != 1 || n != 0 {
		t.Errorf("%d records were made and %d are left, want one made and taken back", h.made(), n)
	}
}

func TestMoveRules(t *testing.T) {
	h := setup(t)
	b := h.book(guest, h.wish(0))
	who, ref := owns(b), refOf(b)
	move := func(start string) error {
		_, err := h.Move(t.Context(), who, ref, salon.Move{Start: start})
		return err
	}
	taken := h.wish(2).Appointments[0].Start
	other := h.wish(2)
	other.Client.Phone = "+79000000002"
	h.book(guest, other)
	err := move(taken)
	wantCode(t, err, problem.SlotTaken)
	if slots, _ := problem.From(err).With["alternatives"].(salon.Slots); len(slots.Slots) == 0 {
		t.Error("no alternatives to a taken time")
	}
	wantCode(t, move("nonsense"), problem.StartInvalid)
	_, err = h.Move(t.Context(), who, ref, salon.Move{Start: taken, Appointment: 1})
	wantCode(t, err, problem.InvalidRequest)
	if err := move(b.Appointments[0].Start); err != nil {
		t.Errorf("moving to where it is: %v, want nothing done", err)
	}
	h.clock.advance(b.Appointments[0].Time.Sub(h.clock.now()) - 30*time.Minute) // the branch allows an hour before
	got, err := h.Get(t.Context(), who, ref)
	if err != nil || got.CanMove || got.CanCancel {
		t.Errorf("half an hour before: can_move %t, can_cancel %t, %v; want neither", got.CanMove, got.CanCancel, err)
	}
	free := h.slots(moscow, b.Appointments[0].Staff.ID, b.Appointments[0].Services[0].ID, "2027-03-26")[0].Start
	wantCode(t, move(free), problem.MoveTooLate)
	_, err = h.Cancel(t.Context(), who, ref)
	wantCode(t, err, problem.CancelTooLate)
	if r := h.record(b); r.Deleted || !r.Start.Equal(b.Appointments[0].Time) {
		t.Error("the record was changed all the same")
	}
}

// Whether a guest's move needs more than the API key is not known: both must work.
func TestGuestsMoveUnderBothSwitches(t *testing.T) {
	for _, needed := range []bool{false, true} {
		t.Run(fmt.Sprint("client token needed ", needed), func(t *testing.T) {
			h := setup(t, func(o *options) {
				sw := sandbox.DefaultSwitches()
				sw.MoveNeedsClientToken = needed
				o.switches = &sw
			})
			b := h.book(guest, h.wish(0))
			to := h.slots(moscow, b.Appointments[0].Staff.ID, b.Appointments[0].Services[0].ID, day)[4]
			a, err := h.Move(t.Context(), owns(b), refOf(b), salon.Move{Start: to.Start})
			if err != nil || !a.Booking.Appointments[0].Time.Equal(to.Time) {
				t.Fatalf("move: %v", err)
			}
			if r := h.record(b); !r.Start.Equal(to.Time) || r.Phone != "79000000001" || r.APIID == "" || r.Seconds != 2700 {
				t.Errorf("the record lost something on its way: %+v", r)
			}
		})
	}
}

func TestWrongOffsets(t *testing.T) {
	h := setup(t, func(o *options) {
		sw := sandbox.DefaultSwitches()
		sw.WrongOffset = true
		o.switches = &sw
	})
	h.faults(sandbox.Faults{LoseNext: 1})
	wish := h.wish(0)
	b := h.book(guest, wish)
	h.clock.advance(time.Minute)
	got, err := h.Get(t.Context(), owns(b), refOf(b))
	if err != nil || !got.Appointments[0].Time.Equal(h.record(b).Start) || got.Appointments[0].Start != wish.Appointments[0].Start {
		t.Errorf("time %v, %v; want %v", got.Appointments[0].Time, err, h.record(b).Start)
	}
}

func TestOneChangeAtATime(t *testing.T) {
	h := setup(t)
	b := h.book(guest, h.wish(0))
	h.faults(sandbox.Faults{DelayMS: 100})
	var all sync.WaitGroup
	var mu sync.Mutex
	done, pending := 0, 0
	for range 10 {
		all.Go(func() {
			a, err := h.Cancel(context.Background(), owns(b), refOf(b))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && a.Booking.Status == salon.Cancelled:
				done++
			case problem.Has(err, problem.BookingPending):
				pending++
			default:
				t.Errorf("a cancel was answered %v, %v", a.Booking.Status, err)
			}
		})
	}
	all.Wait()
	if done == 0 || h.calls("deleteUserRecord") != 1 {
		t.Errorf("%d done, %d pending, %d calls; want one call", done, pending, h.calls("deleteUserRecord"))
	}
}

// A caller who hangs up does not cut a booking in half.
func TestTheCallerHangsUp(t *testing.T) {
	h := setup(t)
	wish, key := h.wish(0), newKey()
	h.warm(wish)
	h.faults(sandbox.Faults{DelayMS: 100})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := h.Create(ctx, guest, key, wish); err == nil {
		t.Fatal("the caller was still there")
	}
	a, err := h.Create(t.Context(), guest, key, wish)
	if err != nil || a.Status != 201 || a.Booking.Secret == "" || h.made() != 1 {
		t.Errorf("the repeat: %d, secret %t, %v, %d records; want the one booking with its secret", a.Status, a.Booking.Secret != "", err, h.made())
	}
	if it, err := h.store.LastIntent(t.Context(), a.Booking.ID); err != nil || it.State != store.Done || h.calls("listRecords") != 0 {
		t.Errorf("intent %v, %v; want it done without a look", it.State, err)
	}
}
