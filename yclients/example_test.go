package yclients_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"zapis/yclients"
)

// api stands in for YCLIENTS in the examples.
func api() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/book_times/"):
			_, _ = io.WriteString(w, `{"success":true,"data":[{"time":"12:00","seance_length":"3600","datetime":"2026-12-01T12:00:00+03:00"}],"meta":[]}`)
		case strings.Contains(r.URL.Path, "/book_record/"):
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"success":false,"data":null,"meta":{"message":"Выбранное время недоступно","code":433,"id":1}}`)
		case r.URL.Query().Get("page") == "1":
			_, _ = io.WriteString(w, `{"success":true,"data":[{"id":"2820023","attendance":2,"novelty":true}],"meta":{"page":1}}`)
		default:
			_, _ = io.WriteString(w, `{"success":true,"data":[],"meta":{"page":2}}`)
		}
	}))
}

func Example() {
	server := api()
	defer server.Close()
	ctx := context.Background()
	client, err := yclients.New(
		yclients.WithPartnerToken("partner-token-example"),
		yclients.WithBaseURL(server.URL),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	times, _, err := client.Booking.Times(ctx, 4564, 0, "2026-12-01", &yclients.BookingTimesOptions{ServiceIDs: []int64{331}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(times[0].Time, times[0].SeanceLength)

	_, _, err = client.Booking.Create(ctx, 4564, &yclients.BookingRequest{
		Phone:    "79000000001",
		Fullname: "Имя Тест 1",
		Appointments: []*yclients.BookingAppointmentRequest{{
			ID: 1, Services: []int64{331}, Datetime: times[0].Datetime.Raw, // exactly as received
		}},
	})
	switch {
	case errors.Is(err, yclients.ErrSlotTaken):
		fmt.Println("offer other times:", err)
	case errors.Is(err, yclients.ErrOutcomeUnknown):
		fmt.Println("look it up before anything else:", err)
	}
	// Output:
	// 12:00 1h0m0s
	// offer other times: yclients: createBooking: time is taken (HTTP 422, code 433): the API said "Выбранное время недоступно"
}

func ExampleRecordsService_All() {
	server := api()
	defer server.Close()
	client, err := yclients.New(
		yclients.WithPartnerToken("partner-token-example"),
		yclients.WithUserToken("user-token-example"),
		yclients.WithBaseURL(server.URL),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for record, err := range client.Records.All(context.Background(), 4564, nil) {
		if err != nil {
			fmt.Println("the list is not complete:", err)
			return
		}
		fmt.Println(record.ID, record.Attendance, string(record.Extra()["novelty"]))
	}
	// Output: 2820023 2 true
}
