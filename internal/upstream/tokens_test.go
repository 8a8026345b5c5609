package upstream_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zapis/internal/upstream"
)

const (
	badUser  = `{"success":false,"data":null,"meta":{"message":"Необходима авторизация"}}`
	noUser   = `{"success":false,"data":null,"meta":{"message":"Не указан идентификатор пользователя"}}`
	noKey    = `{"errors":{"message":"Не указан идентификатор партнера"},"meta":{"message":"Не указан идентификатор партнера"}}`
	noHeader = `{"success":false,"data":null,"meta":{"message":"Не указаны авторизационные данные"}}`
	tooMany  = `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`
	good     = `{"success":true,"data":[],"meta":[]}`
)

// road answers as it is told, and counts what reached it.
type fakeRoad struct {
	mu     sync.Mutex
	status int
	kind   string
	body   string
	calls  int
}

func (f *fakeRoad) says(status int, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status, f.body, f.kind = status, body, "application/json"
	if strings.HasPrefix(body, "<") {
		f.kind = "text/html"
	}
}

func (f *fakeRoad) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return &http.Response{
		StatusCode: f.status, Header: http.Header{"Content-Type": {f.kind}}, Request: req, Body: io.NopCloser(strings.NewReader(f.body)),
	}, nil
}

type tokenWorld struct {
	*testing.T
	road    *fakeRoad
	tokens  *upstream.Tokens
	now     time.Time
	changes []string
}

func newTokenWorld(t *testing.T) *tokenWorld {
	w := &tokenWorld{T: t, road: &fakeRoad{}, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	w.tokens = upstream.NewTokens(upstream.TokensConfig{
		Next: w.road, Key: "key", User: "employee", Now: func() time.Time { return w.now },
		OnChange: func(c upstream.TokenChange) {
			word := " alive"
			if c.Dead {
				word = " dead"
			}
			w.changes = append(w.changes, string(c.Token)+word)
		},
	})
	return w
}

// call makes a call with an authorization; it returns the body, or the error.
func (w *tokenWorld) call(authorization string) (string, error) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, "http://api.example/api/v1/companies", http.NoBody)
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	resp, err := w.tokens.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

const (
	asEmployee = "Bearer key, User employee"
	asClient   = "bearer key,User customer"
	asNobody   = "Bearer key"
)

// The first 401 that blames the employee's token stops the calls that need it, and no others.
func TestDeadUserTokenStopsItsCalls(t *testing.T) {
	t.Parallel()
	w := newTokenWorld(t)
	w.road.says(401, badUser)
	if body, err := w.call(asEmployee); err != nil || body != badUser {
		t.Fatalf("the first call: %q, %v; want the answer as it came", body, err)
	}
	before := w.road.calls
	for range 20 {
		_, err := w.call(asEmployee)
		var dead *upstream.TokenDead
		if !errors.As(err, &dead) || dead.Token != upstream.UserToken || !dead.NotSent() {
			t.Fatalf("got %v, want a TokenDead of the user", err)
		}
	}
	if w.road.calls != before {
		t.Errorf("%d calls with a dead token reached YCLIENTS", w.road.calls-before)
	}
	w.road.says(200, good)
	for _, authorization := range []string{asNobody, asClient} {
		if body, err := w.call(authorization); err != nil || body != good {
			t.Errorf("%s: %q, %v; want it to go on", authorization, body, err)
		}
	}
	// One call in a while may try; a refusal for the rate proves nothing, an answer brings the token back.
	w.now = w.now.Add(5 * time.Minute)
	w.road.says(200, tooMany)
	if _, err := w.call(asEmployee); err != nil {
		t.Errorf("the probe was not let through: %v", err)
	}
	if _, dead := w.tokens.Dead(upstream.UserToken); !dead {
		t.Error("a rate refusal brought the token back")
	}
	if _, err := w.call(asEmployee); err == nil {
		t.Error("a second probe was let through at once")
	}
	w.now = w.now.Add(5 * time.Minute)
	w.road.says(200, good)
	if _, err := w.call(asEmployee); err != nil {
		t.Error(err)
	}
	if _, err := w.call(asEmployee); err != nil {
		t.Errorf("after the all-clear: %v", err)
	}
	if diff := cmp.Diff([]string{"user dead", "key alive", "user alive"}, w.changes); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// Which token a 401 blames decides what stops.
func TestWhoseDeathA401Is(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status        int
		body, as      string
		userOff, none bool // the next call of the employee, and one with the key alone, is stopped
	}{
		"unknown key":                {401, noKey, asNobody, true, true},
		"unknown key, as employee":   {401, noKey, asEmployee, true, true},
		"user part missing":          {401, noUser, asEmployee, true, false},
		"user token dead":            {401, badUser, asEmployee, true, false},
		"a client's token":           {401, badUser, asClient, false, false},
		"nobody's":                   {401, noUser, asNobody, false, false},
		"the header did not arrive":  {401, noHeader, asEmployee, false, false},
		"a page of a proxy":          {401, "<html>sign in</html>", asEmployee, false, false},
		"a lack of rights":           {403, badUser, asEmployee, false, false},
		"another account's key":      {401, noKey, "Bearer other", false, false},
		"a rate refusal, oddly told": {429, tooMany, asEmployee, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTokenWorld(t)
			w.road.says(tt.status, tt.body)
			if _, err := w.call(tt.as); err != nil {
				t.Fatal(err)
			}
			w.road.says(200, good)
			if _, err := w.call(asNobody); (err != nil) != tt.none {
				t.Errorf("a call with the key: %v", err)
			}
			if _, err := w.call(asEmployee); (err != nil) != tt.userOff {
				t.Errorf("a call of the employee: %v", err)
			}
		})
	}
}

// Many calls at once die together and are told of once.
func TestOneDeathIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newTokenWorld(t)
	w.road.says(401, badUser)
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() { _, _ = w.call(asEmployee) })
	}
	all.Wait()
	if diff := cmp.Diff([]string{"user dead"}, w.changes); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
