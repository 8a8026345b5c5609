// Package sandbox_test is a test of a program of one's own against the sandbox, in Go: no process, no port, a state
// of its own, so that tests run side by side.
//
//	go test ./docs/sandbox
package sandbox_test

import (
	"context"
	"testing"

	"zapis/sandbox"
	"zapis/yclients"
)

const (
	company = 4564
	service = 564001
	phone   = "79000000044"
)

func TestBookingWhoseAnswerIsLost(t *testing.T) {
	// Strict mode refuses what the real API would ignore in silence.
	switches := sandbox.DefaultSwitches()
	switches.Strict = true
	salon := sandbox.Start(t, sandbox.WithLimits(sandbox.Off), sandbox.WithSwitches(switches))
	client, err := yclients.New(yclients.WithPartnerToken(sandbox.PartnerToken), yclients.WithBaseURL(salon.URL()))
	if err != nil {
		t.Fatal(err)
	}
	at := freeTime(t, client)

	// A client signs in: the SMS is in the inbox of the sandbox, not on a telephone.
	if _, err := client.Booking.SendCode(t.Context(), company, &yclients.CodeRequest{Phone: phone}); err != nil {
		t.Fatal(err)
	}
	if sms := salon.SMS(); len(sms) != 1 || sms[0].Code == "" {
		t.Fatalf("the inbox holds %d messages", len(sms))
	}

	// The answer to the booking is lost: it was made, and the program cannot know.
	if err := salon.SetFaults(sandbox.Faults{LoseNext: 1}); err != nil {
		t.Fatal(err)
	}
	_, _, err = client.Booking.Create(context.Background(), company, &yclients.BookingRequest{
		Phone: phone, Fullname: "Ольга", APIID: "order-1",
		Appointments: []*yclients.BookingAppointmentRequest{{ID: 1, Services: []int64{service}, Datetime: at}},
	})
	if err == nil {
		t.Fatal("the answer was to be lost")
	}

	// The ledger knows what was truly done, and what the contract has to say about each request.
	made := 0
	for _, call := range salon.Ledger() {
		if call.APIID == "order-1" && call.Applied {
			made += len(call.RecordIDs)
		}
		if len(call.Verdict) > 0 {
			t.Errorf("%s: %v", call.OperationID, call.Verdict)
		}
	}
	if made != 1 {
		t.Errorf("%d records were made, want 1", made)
	}
}

func freeTime(t *testing.T, client *yclients.Client) string {
	t.Helper()
	services := []int64{service}
	dates, _, err := client.Booking.Dates(t.Context(), company, &yclients.BookingDatesOptions{ServiceIDs: services})
	if err != nil {
		t.Fatal(err)
	}
	day := dates.BookingDates[len(dates.BookingDates)-1]
	times, _, err := client.Booking.Times(t.Context(), company, 0, yclients.DateOf(day.Time), &yclients.BookingTimesOptions{ServiceIDs: services})
	if err != nil || len(times) == 0 {
		t.Fatal(err, len(times))
	}
	return times[0].Datetime.Raw // as the API spells it
}
