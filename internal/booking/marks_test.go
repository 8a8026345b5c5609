package booking

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/sandbox"
	"zapis/yclients"
)

var markInAnswer = regexp.MustCompile(`"api_id":\s*"[^"]*"`)

// withoutMarks takes our mark out of every answer to a read, as a YCLIENTS that does not tell it would. hook may answer
// first.
func withoutMarks(t *testing.T, api *yclients.Client, hook func(*http.Request) (*http.Response, error)) *yclients.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return clientOver(t, api, roundTrip(func(r *http.Request) (*http.Response, error) {
		if answer, err := hook(r); answer != nil || err != nil {
			return answer, err
		}
		resp, err := transport.RoundTrip(r)
		if err != nil || r.Method != http.MethodGet {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		body = markInAnswer.ReplaceAll(body, []byte(`"api_id":""`))
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return resp, err
	}))
}

// yesToChecks answers every checkBooking with yes.
func yesToChecks(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/book_check/") {
		return newRecorder(http.StatusCreated, `{"success":true,"data":null,"meta":{"message":"Created"}}`), nil
	}
	return nil, nil
}

// standing counts the records of the guest's phone on the day that are not deleted, whoever made them.
func (h *house) standing() (n int) {
	for _, r := range h.sandbox.Records(moscow) {
		if !r.Deleted && r.Phone == "79000000001" && r.Start.Format(time.DateOnly) == day {
			n++
		}
	}
	return n
}

// inTheWidget makes what is wished as the web widget would, without a mark.
func (h *house) inTheWidget(wish salon.NewBooking) {
	h.t.Helper()
	body := &yclients.BookingRequest{Phone: "79000000001", Fullname: "Анна"}
	for i, a := range wish.Appointments {
		start, err := salon.ParseStart(a.Start)
		if err != nil {
			h.t.Fatal(err)
		}
		body.Appointments = append(body.Appointments, &yclients.BookingAppointmentRequest{ID: int64(i + 1), Services: a.Services, StaffID: a.Staff, Datetime: start.Datetime})
	}
	if _, _, err := h.partner.Booking.Create(h.t.Context(), moscow, body); err != nil {
		h.t.Fatal(err)
	}
}

// The same two visits were made in the web widget a moment before: ours is refused, and the widget's records stay.
func TestWhatTheWidgetMadeIsNotTakenBack(t *testing.T) {
	h := setup(t, func(o *options) { o.change = func(c *Config) { c.API = withoutCheck(t, c.API) } })
	wish := h.twoVisits(0, 8)
	h.inTheWidget(wish)
	h.clock.advance(2 * time.Minute)
	a, err := h.Create(t.Context(), guest, newKey(), wish)
	if err != nil || a.Booking.Status != salon.NeedsAttention {
		t.Errorf("got %s, %v; want needs_attention: whose the records are only the salon can tell", a.Booking.Status, err)
	}
	if n := h.standing(); n != 2 {
		t.Errorf("%d of the widget's two records are left", n)
	}
}

// YCLIENTS does not tell our mark, and the same is asked for once more under another key: the booking that was
// confirmed stays whole.
func TestAConfirmedBookingIsNotTakenBack(t *testing.T) {
	h := setup(t, func(o *options) { o.change = func(c *Config) { c.API = withoutMarks(t, c.API, yesToChecks) } })
	wish := h.twoVisits(0, 8)
	first := h.book(guest, wish)
	_, err := h.Create(t.Context(), guest, newKey(), wish)
	wantCode(t, err, problem.SlotTaken)
	if n := h.standing(); n != 2 {
		t.Errorf("%d records are left of the first booking's two", n)
	}
	h.clock.advance(time.Minute)
	if got, err := h.Get(t.Context(), owns(first), refOf(first)); err != nil || got.Status != salon.Confirmed {
		t.Errorf("the first booking is %s, %v; want confirmed", got.Status, err)
	}
}

// The answer is lost, a part was made, and YCLIENTS does not tell our mark: nobody deletes on a likeness.
func TestAHalfWithoutItsMarkIsNotTakenBack(t *testing.T) {
	h := setup(t, func(o *options) {
		sw := sandbox.DefaultSwitches()
		sw.AppointmentsAtomic = false
		o.switches = &sw
	})
	lose := (&losing{left: 1}).hook(t)
	h.config.API = withoutMarks(t, h.config.API, func(r *http.Request) (*http.Response, error) {
		if answer, err := lose(r); answer != nil || err != nil {
			return answer, err
		}
		return yesToChecks(r)
	})
	h.restart()
	h.impatient()
	wish := h.twoVisits(0, 3)
	start, _ := salon.ParseStart(wish.Appointments[1].Start)
	if _, err := h.sandbox.Take(sandbox.TakeRequest{CompanyID: moscow, StaffID: wish.Appointments[1].Staff, Datetime: start.Datetime, Services: wish.Appointments[1].Services}); err != nil {
		t.Fatal(err)
	}
	a, err := h.Create(t.Context(), guest, newKey(), wish)
	if err != nil || a.Status != http.StatusAccepted {
		t.Fatalf("got %d, %v; want 202", a.Status, err)
	}
	h.settleAll()
	got, err := h.Get(t.Context(), owns(a.Booking), refOf(a.Booking))
	if n := h.standing(); err != nil || got.Status != salon.NeedsAttention || n != 1 {
		t.Errorf("%s, %v, %d records left; want needs_attention and the one", got.Status, err, n)
	}
}

// Two visits to any master at one time are two records, and a deleted record is taken last.
func TestAlikeTakesEachRecordOnce(t *testing.T) {
	sent := time.Date(2027, 3, 10, 7, 0, 0, 0, time.UTC)
	s := &Service{now: func() time.Time { return sent.Add(time.Minute) }}
	at := sent.Add(24 * time.Hour)
	any := visit{Services: []int64{1}, At: at}
	o := createOrder{Phone: "+79000000001", Visits: []visit{any, {Services: []int64{1}, Staff: 7, At: at}}}
	record := func(id, staff int64, deleted bool) sighting {
		return sighting{record: id, phone: o.Phone, start: at, created: sent, staff: salon.BookedStaff{ID: staff}, services: []seenService{{id: 1}}, deleted: deleted}
	}
	it := intentAt(sent)
	if got := s.alike([]sighting{record(5, 7, false)}, &it, o); len(got) != 1 {
		t.Errorf("one record stands for %d visits", len(got))
	}
	got := s.alike([]sighting{record(4, 7, true), record(5, 7, false), record(6, 8, false)}, &it, o)
	if len(got) != 2 || got[0].record != 5 || got[1].record != 6 {
		t.Errorf("got %+v, want the records 5 and 6", got)
	}
}

// Where the journal is barred and our mark is not told, a person's own records still show what was made.
func TestOwnRecordsWithoutTheMark(t *testing.T) {
	h := setup(t)
	who := h.signIn(personPhone)
	wish := h.wish(0)
	wish.Client.Phone = ""
	lose := &losing{left: 1, blind: true}
	h.config.API = withoutMarks(t, h.config.API, lose.hook(t))
	h.restart()
	b := h.book(who, wish)
	if h.made() != 1 || h.record(b).ID == 0 {
		t.Error("not the one record")
	}
}

// That a record is not among the person's own does not prove that there is none: the salon must tell.
func TestAnEmptyListOfOwnRecordsProvesNothing(t *testing.T) {
	h := setup(t)
	who := h.signIn(personPhone)
	wish := h.wish(0)
	wish.Client.Phone = ""
	lose := &losing{left: 1, blind: true}
	losing := lose.hook(t)
	h.config.API = passing(t, h.config.API, func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/user/records") || strings.HasSuffix(r.URL.Path, "/user/records/") {
			return newRecorder(http.StatusOK, `{"success":true,"data":[],"meta":[]}`), nil
		}
		return losing(r)
	})
	h.restart()
	h.impatient()
	a, err := h.Create(t.Context(), who, newKey(), wish)
	if err != nil || a.Status != http.StatusAccepted {
		t.Fatalf("got %d, %v; want 202", a.Status, err)
	}
	h.settleAll()
	got, err := h.Get(t.Context(), who, refOf(a.Booking))
	if err != nil || got.Status != salon.NeedsAttention || len(h.live()) != 1 {
		t.Errorf("%s, %v, with %d records; want needs_attention", got.Status, err, len(h.live()))
	}
}
