package booking

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"zapis/internal/store"
	"zapis/sandbox"
	"zapis/yclients"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newRecorder(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

// clientOver is the client of api with another transport.
func clientOver(t *testing.T, api *yclients.Client, transport http.RoundTripper) *yclients.Client {
	t.Helper()
	c, err := yclients.New(yclients.WithBaseURL(api.BaseURL()), yclients.WithPartnerToken(sandbox.PartnerToken),
		yclients.WithUserToken(sandbox.AppUserToken), yclients.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// passing sends everything but what hook answers on to the sandbox.
func passing(t *testing.T, api *yclients.Client, hook func(*http.Request) (*http.Response, error)) *yclients.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return clientOver(t, api, roundTrip(func(r *http.Request) (*http.Response, error) {
		if answer, err := hook(r); answer != nil || err != nil {
			return answer, err
		}
		return transport.RoundTrip(r)
	}))
}

type notSentError struct{}

func (notSentError) Error() string { return "the queue is closed" }
func (notSentError) NotSent() bool { return true }

// unreachable lets no booking leave.
func unreachable(t *testing.T, api *yclients.Client) *yclients.Client {
	return passing(t, api, func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/book_record/") {
			return nil, notSentError{}
		}
		return nil, nil
	})
}

// withoutCheck answers every checkBooking with yes, as when the time is taken right after it.
func withoutCheck(t *testing.T, api *yclients.Client) *yclients.Client {
	return passing(t, api, func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/book_check/") {
			return newRecorder(http.StatusCreated, `{"success":true,"data":null,"meta":{"message":"Created"}}`), nil
		}
		return nil, nil
	})
}

// losing sends bookings on and cuts their answers, as often as left says; reads of the journal fail while blind says so.
type losing struct {
	left  int
	blind bool
}

func (l *losing) client(t *testing.T, api *yclients.Client) *yclients.Client {
	t.Helper()
	return passing(t, api, l.hook(t))
}

// hook is what losing does, for passing.
func (l *losing) hook(t *testing.T) func(*http.Request) (*http.Response, error) {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return func(r *http.Request) (*http.Response, error) {
		if l.blind && strings.Contains(r.URL.Path, "/records/") {
			return newRecorder(http.StatusForbidden, `{"success":false,"data":null,"meta":{"message":"Недостаточно прав"}}`), nil
		}
		if l.left == 0 || r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/book_record/") {
			return nil, nil
		}
		l.left--
		if resp, err := transport.RoundTrip(r); err == nil {
			_ = resp.Body.Close()
		}
		return nil, errors.New("connection reset by peer")
	}
}

func intentAt(sent time.Time) store.Intent { return store.Intent{APIID: "4242", SentAt: sent} }
