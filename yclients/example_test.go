package yclients_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

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
		case strings.HasSuffix(r.URL.Path, "/auth"):
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"success":false,"data":null,"meta":{"message":"Не верный логин или пароль"}}`)
		case strings.Contains(r.URL.Path, "/hooks_settings/"):
			_, _ = io.WriteString(w, `{"success":true,"data":{"urls":["https://example.com/hooks/hook-secret-example-0001"],"active":1,"record":1},"meta":[]}`)
		case r.URL.Query().Get("page") == "1":
			_, _ = io.WriteString(w, `{"success":true,"data":[{"id":"2820023","attendance":2,"novelty":true}],"meta":{"page":1}}`)
		default:
			_, _ = io.WriteString(w, `{"success":true,"data":[],"meta":{"page":2}}`)
		}
	}))
}

// connect makes a client of an example.
func connect(server *httptest.Server) *yclients.Client {
	client, err := yclients.New(
		yclients.WithPartnerToken("partner-token-example"),
		yclients.WithUserToken("user-token-example"),
		yclients.WithBaseURL(server.URL),
	)
	if err != nil {
		panic(err)
	}
	return client
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
	for record, err := range connect(server).Records.All(context.Background(), 4564, nil) {
		if err != nil {
			fmt.Println("the list is not complete:", err)
			return
		}
		fmt.Println(record.ID, record.Attendance, string(record.Extra()["novelty"]))
	}
	// Output: 2820023 2 true
}

// An error says what failed, what it means and whether sending the call again could do harm.
func ExampleError() {
	server := api()
	defer server.Close()
	_, _, err := connect(server).Auth.Login(context.Background(), &yclients.LoginRequest{Login: "79000000001", Password: "password-example"})
	if failed, ok := errors.AsType[*yclients.Error](err); ok {
		fmt.Println(failed.Operation, failed.HTTPStatus, failed.Kind, failed.Missing, failed.SafeToRepeat)
	}
	// Output: authUser 401 not authenticated login true
}

// A transport may pace, retry or record calls. One that refuses before sending says so, and then even a booking may
// be made again.
func ExampleWithTransport() {
	client, err := yclients.New(
		yclients.WithPartnerToken("partner-token-example"),
		yclients.WithTransport(budget{}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _, err = client.Booking.Create(context.Background(), 4564, &yclients.BookingRequest{})
	fmt.Println(errors.Is(err, yclients.ErrNotSent), err)
	// Output: true yclients: createBooking: request not sent: the budget is spent
}

// budget is a transport that lets nothing through.
type budget struct{}

func (budget) RoundTrip(*http.Request) (*http.Response, error) { return nil, spent{} }

type spent struct{}

func (spent) Error() string { return "the budget is spent" }
func (spent) NotSent() bool { return true }

// A clock reading without an offset is the company's clock.
func ExampleTime_In() {
	zone, err := time.LoadLocation("Asia/Vladivostok")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"2026-12-01 12:00:00", "2026-12-01T12:00:00+10:00", "2026-12-01T12:00:00+1000", "1796090400"} {
		t, err := yclients.ParseTime(text)
		fmt.Println(t.In(zone).Format(time.RFC3339), err)
	}
	// Output:
	// 2026-12-01T12:00:00+10:00 <nil>
	// 2026-12-01T12:00:00+10:00 <nil>
	// 2026-12-01T12:00:00+10:00 <nil>
	// 2026-12-01T12:00:00+10:00 <nil>
}

func ExampleMoney_Minor() {
	for _, amount := range []yclients.Money{"1500", "1000.00", "10.5", ""} {
		kopecks, ok := amount.Minor()
		fmt.Println(kopecks, ok)
	}
	fmt.Println(yclients.MoneyFromMinor(1050))
	// Output:
	// 150000 true
	// 100000 true
	// 1050 true
	// 0 false
	// 10.50
}

// Phones and tokens print masked; a conversion to a string has them in full.
func ExamplePhone() {
	phone := yclients.Phone("8 (900) 000-00-01")
	fmt.Println(phone, phone.E164(), yclients.Token("user-token-example"))
	// Output: *********01 +79000000001 [redacted]
}

// Adding an address keeps what other applications have set.
func ExampleHooksService_Add() {
	server := api()
	defer server.Close()
	settings, err := connect(server).Hooks.Add(context.Background(), 4564, "https://example.com/hooks/hook-secret-example-0001", "record")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(settings.Active, len(settings.URLs))
	// Output: true 1
}

// A handler puts events away and answers at once; the reading back comes later.
func ExampleNewWebhookHandler() {
	inbox := map[string]*yclients.WebhookEvent{} // a table in real life, or a crash loses events
	handler, err := yclients.NewWebhookHandler(yclients.WebhookOptions{
		Secrets: []yclients.Secret{"hook-secret-example-0001"},
		OnEvent: func(_ context.Context, e *yclients.WebhookEvent) error {
			inbox[e.Key()] = e // one edit may send up to four equal events
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	const event = `{"company_id":4564,"resource":"record","resource_id":2,"status":"update","data":{"id":2,"last_change_date":"2026-12-01T12:00:00+0300"}}`
	for _, address := range []string{"/hooks/hook-secret-example-0001", "/hooks/hook-secret-example-0001", "/hooks/guessed"} {
		resp, err := http.Post(server.URL+address, "application/json", strings.NewReader(event))
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode)
	}
	for key, e := range inbox {
		fmt.Println(key, "—", e)
	}
	// Output:
	// 204
	// 204
	// 404
	// 4564:record:2:update:2026-12-01T12:00:00+0300 — update of record 2 in company 4564
}
