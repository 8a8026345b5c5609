package verdict

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"zapis/internal/upstream"
	"zapis/yclients"
)

// The road and the SDK each decide by themselves whether an answer is the rate refusal, because neither may import
// the other. Where they differ, either a booking refused by a rule of the salon is sent again and stops all calls,
// or a refusal for the rate is told to the customer as one of the salon.
func TestRoadAndSDKAgreeOnTheRateRefusal(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   bool
	}{
		{429, `{}`, true},
		{429, `{"success":false,"meta":{"message":"Превышен лимит записей"}}`, true},
		{200, `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`, true},
		{403, `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`, true},
		{422, `{"success":false,"data":null,"meta":{"message":"Слишком много запросов"}}`, true},
		{200, `{"success":"0","data":null,"meta":{"message":"Слишком частые запросы, попробуйте позже"}}`, true},
		{200, `{"success":null,"meta":{"message":"Превышено количество запросов"}}`, true},
		{200, `{"success":false,"meta":"Превышен лимит запросов"}`, true},
		{200, `{"success":false,"errors":"Превышен лимит запросов"}`, true},
		{200, `{"errors":{"code":429,"message":"Too Many Requests"},"meta":[]}`, true},
		{400, `{"errors":{"message":"Rate limit exceeded"},"meta":{"message":"Ошибка"}}`, true},
		{403, `{"success":true,"message":"Request limit reached"}`, true},
		{403, `{"error":"rate limit exceeded"}`, true},
		{200, `[{"success":false,"meta":{"message":"Too many requests"}}]`, true},
		{200, `{"success":false,"meta":{"message":"\u0421\u043b\u0438\u0448\u043a\u043e\u043c \u043c\u043d\u043e\u0433\u043e \u0437\u0430\u043f\u0440\u043e\u0441\u043e\u0432"}}`, true},

		{422, `{"success":false,"data":null,"meta":{"message":"Превышен лимит записей"}}`, false},
		{200, `{"success":false,"data":null,"meta":{"message":"Превышен лимит записей клиента"}}`, false},
		{422, `{"success":false,"data":null,"meta":{"message":"Слишком много записей"}}`, false},
		{413, `{"success":false,"data":null,"meta":{"message":"Слишком большое тело запроса"}}`, false},
		{422, `{"success":false,"data":{"comment":"Too many requests"},"meta":{"message":"x"}}`, false},
		{422, `{"success":false,"meta":{"code":433,"message":"Время занято"}}`, false},
		{200, `{"message":"Too Many Requests"}`, false},
		{200, `{"success":true,"data":[{"id":1,"record_id":2,"record_hash":"Превышен лимит запросов"}]}`, false},
		{403, `null`, false},
	} {
		byRoad, bySDK := judged(t, tt.status, tt.body)
		if byRoad != tt.want || bySDK != tt.want {
			t.Errorf("%d %s: a rate refusal for the road %t, for the SDK %t; want %t", tt.status, tt.body, byRoad, bySDK, tt.want)
		}
	}
}

// judged sends a booking that is answered with body, over a road of its own.
func judged(t *testing.T, status int, body string) (byRoad, bySDK bool) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	road, err := upstream.New(upstream.Config{Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	api, err := yclients.New(yclients.WithBaseURL(server.URL), yclients.WithPartnerToken("partner-token-example"), yclients.WithHTTPClient(road.Client()))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = api.Booking.Create(upstream.WithLane(t.Context(), upstream.Booking), 1, &yclients.BookingRequest{
		Phone: "79000000001", Fullname: "Анна",
		Appointments: []*yclients.BookingAppointmentRequest{{ID: 1, Services: []int64{1}, StaffID: 1, Datetime: "2027-03-14T08:00:00+03:00"}},
	})
	if closeErr := road.Close(context.WithoutCancel(t.Context())); closeErr != nil {
		t.Fatal(closeErr)
	}
	stats := road.Stats()
	if stats.Calls != 1 {
		t.Fatalf("%d %s: %d calls, %v; want 1", status, body, stats.Calls, err)
	}
	return stats.Refusals == 1, errors.Is(err, yclients.ErrRateLimited)
}
