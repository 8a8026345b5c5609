package upstream

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const limitBody = `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`

func TestRefusalPausesEverything(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		retryAfter string
		body       string
		pause      time.Duration // the first
	}{
		"429":                   {429, "", `{}`, firstPause},
		"429 with seconds":      {429, "7", `{}`, 7 * time.Second},
		"429 with garbage":      {429, "soon", `{}`, firstPause},
		"429 with a negative":   {429, "-4", `{}`, firstPause},
		"429 for 30 years":      {429, "1000000000", `{}`, pauseCap},
		"429 for ever":          {429, "99999999999999999999", `{}`, pauseCap},
		"429, HTML":             {429, "", `<html>`, firstPause},
		"200, success false":    {200, "", limitBody, firstPause},
		"200, escaped Cyrillic": {200, "2", `{"success":false,"meta":{"message":"\u041f\u0440\u0435\u0432\u044b\u0448\u0435\u043d \u043b\u0438\u043c\u0438\u0442 \u0437\u0430\u043f\u0440\u043e\u0441\u043e\u0432"}}`, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				const bad = 4 // calls refused
				var calls atomic.Int64
				w.handle = func(rw http.ResponseWriter, _ *http.Request) {
					if calls.Add(1) > bad {
						answer(rw, 200, `{"success":true}`)
						return
					}
					if test.retryAfter != "" {
						rw.Header().Set("Retry-After", test.retryAfter)
					}
					answer(rw, test.status, test.body)
				}
				r := w.road(Config{MaxWait: MaxWait{Sync: time.Hour}})
				ctx := WithLane(context.Background(), Sync)
				if res := get(ctx, r, "/api/v1/company/1"); res.status != test.status || res.body != test.body {
					t.Errorf("the caller sees: got %d %s, want the refusal as it came", res.status, res.body)
				}
				synctest.Wait() // until the dispatcher has heard of it
				if s := r.Stats(); !s.Paused || s.PausedFor > test.pause || s.Refusals != 1 {
					t.Errorf("after the refusal: got %+v", s)
				}
				var wg sync.WaitGroup
				for range 30 {
					wg.Go(func() { get(ctx, r, "/api/v1/company/1") })
				}
				wg.Wait()
				s := r.Stats()
				closeRoad(t, r)
				at := w.seen()
				if d := at[1].at.Sub(at[0].at); d < test.pause || d > test.pause+10*time.Millisecond {
					t.Errorf("the first probe: got after %s, want after %s", d, test.pause)
				}
				for i := 2; i <= bad; i++ { // probes, one an interval
					if d := at[i].at.Sub(at[i-1].at); d < min(test.pause, firstPause) {
						t.Errorf("probe %d: got %s after the one before", i, d)
					}
				}
				if len(at) != 31 || s.Paused || s.Refusals != bad {
					t.Errorf("in the end: got %d calls, %+v", len(at), s)
				}
			})
		})
	}
}

func TestRefusalByDate(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"Mon, 23 Nov 2026 12:00:30 GMT": 30 * time.Second,
		"Mon, 23 Nov 2026 11:59:30 GMT": 0,
		"Mon, 23 Nov 2099 12:00:00 GMT": pauseCap,
		"0":                             0, " 12 ": 12 * time.Second, "1.5": 0, "": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("%q: got %s, want %s", v, got, want)
		}
	}
}

// A refusal seen by one process pauses all that share the log, and they probe
// together once an interval.
func TestRefusalPausesOtherProcesses(t *testing.T) {
	inWorld(t, func(w *world) {
		w.handle = func(rw http.ResponseWriter, _ *http.Request) { answer(rw, 429, `{}`) }
		store := &shelf{}
		ctx := WithLane(context.Background(), Sync)
		one, two := w.road(Config{Store: store}), w.road(Config{Store: store})
		get(ctx, one, "/api/v1/company/1")
		synctest.Wait()
		get(ctx, two, "/api/v1/company/1") // learns of the pause when it asks; is a probe after it
		var wg sync.WaitGroup
		flood(ctx, &wg, one, Sync, 5, 3*time.Minute)
		flood(ctx, &wg, two, Sync, 5, 3*time.Minute)
		wg.Wait()
		closeRoad(t, one)
		closeRoad(t, two)
		at := w.seen()
		for i := 1; i < len(at); i++ {
			if d := at[i].at.Sub(at[i-1].at); d < firstPause {
				t.Errorf("calls %d and %d: got %s between them, want at least %s", i-1, i, d, firstPause)
			}
		}
		if len(at) > 10 {
			t.Errorf("got %d calls in 3 minutes of refusals: the interval does not grow", len(at))
		}
	})
}

// The same texts stand in the tests of yclients, which reads them by a rule of its own: the two must agree.
func TestSaysLimit(t *testing.T) {
	for text, want := range map[string]bool{
		"Превышен лимит запросов":                  true,
		"превышен лимит запросов в минуту":         true,
		"Слишком много запросов":                   true,
		"Слишком частые запросы, попробуйте позже": true,
		"Превышено количество запросов":            true,
		"Too Many Requests":       true,
		"API rate limit exceeded": true,
		"Request limit reached":   true,
		"":                        false,
		"Превышен лимит записей":         false, // a rule of the salon
		"Превышен лимит записей клиента": false,
		"Слишком много записей":          false,
		"Слишком большое тело запроса":   false, // of one request, not of their number
		"Превышен размер запроса":        false,
		"Ошибка в параметрах запроса":    false,
		"Недостаточно прав для запросов": false,
		"Credit limit exceeded":          false,
	} {
		if got := saysLimit(text); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

func TestIsRefusal(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   bool
	}{
		{200, limitBody, true},
		{200, `{"success":"false","meta":{"message":"Слишком много запросов"}}`, true},
		{200, `{"success":null,"meta":{"message":"Слишком много запросов"}}`, true},
		{200, `{"errors":{"code":429,"message":"Too Many Requests"},"meta":[]}`, true},
		{200, `[{"success":false,"meta":{"message":"Rate limit exceeded"}}]`, true},
		{200, `{"success":0,"message":"превышен лимит запросов в минуту"}`, true},
		{403, `{"message":"Too Many Requests"}`, true},
		{403, `{"error":"rate limit exceeded"}`, true},
		{200, `{"message":"Too Many Requests"}`, false},
		{200, `{"success":true,"data":{"message":"Превышен лимит запросов"}}`, false},
		{200, `{"success":false,"meta":{"message":"Превышен лимит записей клиента"}}`, false},
		{200, `{"success":false,"data":{"comment":"превышен лимит запросов"},"meta":{"message":"x"}}`, false},
		{200, `{"success":false,"data":null,"meta":{"message":"Не найдено"}}`, false},
		{403, `{"success":false,"data":{"comment":"превышен лимит запросов"},"meta":{"message":"x"}}`, false},
		{200, `Превышен лимит запросов`, false},
		{200, ``, false}, {200, `[]`, false}, {403, `null`, false},
	} {
		if got := isRefusal(test.status, []byte(test.body)); got != test.want {
			t.Errorf("%d %s: got %v, want %v", test.status, test.body, got, test.want)
		}
	}
}

func FuzzIsRefusal(f *testing.F) {
	f.Add(200, []byte(limitBody))
	f.Add(403, []byte(`[{"success":0,"errors":{"message":"rate limit"}}]`))
	f.Add(200, []byte(`{"success":false,"meta":[[[["rate limit"]]]]}`))
	f.Fuzz(func(t *testing.T, status int, b []byte) {
		if isRefusal(status, b) && !mayBeRefusal(string(b)) {
			t.Error("a refusal without the words of one")
		}
	})
}

// Looking for refusals must neither hold back a long or trickling answer nor
// change it.
func TestAnswersPassUnchanged(t *testing.T) {
	inWorld(t, func(w *world) {
		long := `{"success":true,"data":"` + strings.Repeat("лимит запросов ", 4000) + `"}`
		w.handle = func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/long" {
				answer(rw, 200, long)
				return
			}
			answer(rw, 200, `{`)
			rw.(http.Flusher).Flush()
			pass(r.Context(), 5*time.Second)
			_, _ = rw.Write([]byte(`"success":true}`))
		}
		r := w.road(Config{})
		if res := get(context.Background(), r, "/long"); res.body != long {
			t.Errorf("the long answer was changed: got %d bytes, want %d", len(res.body), len(long))
		}
		req, _ := http.NewRequest(http.MethodGet, "http://yclients.test/trickle", nil)
		begin := time.Now()
		resp, err := r.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1)
		if _, err := resp.Body.Read(b); err != nil || time.Since(begin) > time.Second {
			t.Errorf("the first byte: got %v after %s", err, time.Since(begin))
		}
		_ = resp.Body.Close()
		closeRoad(t, r)
	})
}

// cut closes the connection in the middle of a call.
func cut(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestRetries(t *testing.T) {
	fail := func(status int) func(http.ResponseWriter, *http.Request) {
		return func(rw http.ResponseWriter, _ *http.Request) { answer(rw, status, `{}`) }
	}
	cutting := func(rw http.ResponseWriter, _ *http.Request) { cut(rw) }
	never := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, test := range map[string]struct {
		method, path string
		handle       func(http.ResponseWriter, *http.Request)
		want         int // arrivals
	}{
		"read 503":            {http.MethodGet, "/api/v1/company/1", fail(503), 3},
		"read 500":            {http.MethodGet, "/api/v1/company/1", fail(500), 1},
		"read 404":            {http.MethodGet, "/api/v1/company/1", fail(404), 1},
		"read 429":            {http.MethodGet, "/api/v1/company/1", fail(429), 1},
		"read cut":            {http.MethodGet, "/api/v1/company/1", cutting, 3},
		"read without answer": {http.MethodGet, "/api/v1/company/1", never, 3},
		"write 503":           {http.MethodPost, "/api/v1/book_record/1", fail(503), 1},
		"write cut":           {http.MethodPost, "/api/v1/book_record/1", cutting, 1},
		"put cut":             {http.MethodPut, "/api/v1/book_record/1/2", cutting, 1},
		"delete cut":          {http.MethodDelete, "/api/v1/user/records/1/abc", cutting, 1},
		"write unanswered":    {http.MethodPost, "/api/v1/book_record/1", never, 1},
		"SMS by GET cut":      {http.MethodGet, "/api/v1/booking/user/phone_confirmation", cutting, 1},
		"SMS by GET 503":      {http.MethodGet, "/api/v1/booking/user/phone_confirmation/", fail(503), 1},
		"tips by GET cut":     {http.MethodGet, "/api/v1/tips/1/settings/2/enable", cutting, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, kept := range []bool{false, true} { // on a connection used before, too
				inWorld(t, func(w *world) {
					r := w.road(Config{})
					ctx := context.Background()
					if kept {
						get(ctx, r, "/warm")
					}
					w.handle = test.handle
					body := ""
					if test.method == http.MethodPost || test.method == http.MethodPut {
						body = `{"phone":"79000000001"}`
					}
					res := do(ctx, r, test.method, test.path, body)
					if got := w.count(test.path); got != test.want {
						t.Errorf("arrivals (connection kept: %v): got %d, want %d", kept, got, test.want)
					}
					if res.err != nil && notSent(res.err) {
						t.Errorf("got %v: it was sent", res.err)
					}
					if got, want := r.Stats().LastMinute, len(w.seen()); got != want {
						t.Errorf("grants: got %d, want one for each of %d arrivals", got, want)
					}
					closeRoad(t, r)
				})
			}
		})
	}
}

func TestWriteThatNeverLeftIsRepeated(t *testing.T) {
	inWorld(t, func(w *world) {
		dials := 0
		w.dial = func() error {
			if dials++; dials < 3 {
				return errors.New("connection refused")
			}
			return nil
		}
		r := w.road(Config{})
		res := do(context.Background(), r, http.MethodPost, "/api/v1/book_record/1", "{}")
		if res.err != nil || len(w.seen()) != 1 {
			t.Errorf("got %v and %d arrivals, want the third dial to carry it", res.err, len(w.seen()))
		}
		dials = -10
		r.base.CloseIdleConnections()
		if res = do(context.Background(), r, http.MethodPost, "/api/v1/book_record/1", "{}"); !notSent(res.err) {
			t.Errorf("no connection: got %v, want not sent", res.err)
		}
		closeRoad(t, r)
	})
}

func TestRetriesAreBudgeted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.handle = func(rw http.ResponseWriter, r *http.Request) {
			answer(rw, 503, `{}`)
		}
		r := w.road(Config{})
		for i := range int64(20) { // a branch each, so that breakers stay out of it
			r.breakers = newBreakers(func(int64, string) {})
			get(context.Background(), r, "/api/v1/company/"+string(rune('1'+i%9)))
			pass(context.Background(), time.Minute)
		}
		closeRoad(t, r)
		// 20 calls, 5 retries in hand, and one more for every ten.
		if got := len(w.seen()); got > 27 {
			t.Errorf("20 calls that all fail: got %d arrivals, want at most 27", got)
		}
	})
}

func TestRetryKeepsRetryAfter(t *testing.T) {
	inWorld(t, func(w *world) {
		w.handle = func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", "4")
			answer(rw, 503, `{}`)
		}
		r := w.road(Config{Attempts: 2})
		get(context.Background(), r, "/api/v1/company/1")
		closeRoad(t, r)
		at := w.seen()
		if len(at) != 2 || at[1].at.Sub(at[0].at) < 4*time.Second {
			t.Errorf("got %v, want two calls at least 4 s apart", at)
		}
	})
}

func TestBreakersKeepSalonsApart(t *testing.T) {
	inWorld(t, func(w *world) {
		broken := true
		w.handle = func(rw http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/api/v1/company/1/") && broken:
				answer(rw, 500, `{}`)
			case strings.HasPrefix(r.URL.Path, "/api/v1/company/2/"):
				answer(rw, []int{401, 403}[rand.IntN(2)], `{}`)
			default:
				answer(rw, 200, `{"success":true}`)
			}
		}
		r := w.road(Config{})
		ctx := context.Background()
		for range 40 {
			get(ctx, r, "/api/v1/company/1/services")
			if res := get(ctx, r, "/api/v1/company/2/services"); res.status != 401 && res.status != 403 {
				t.Fatalf("the salon without rights: got %d %v", res.status, res.err)
			}
			if res := get(ctx, r, "/api/v1/company/3/services"); res.status != 200 {
				t.Fatalf("a healthy salon: got %d %v", res.status, res.err)
			}
			pass(ctx, 200*time.Millisecond)
		}
		res := get(ctx, r, "/api/v1/book_times/1/2/2026-11-23")
		var down *Unavailable
		if !errors.As(res.err, &down) || down.Branch != 1 || !down.NotSent() || down.RetryAfter <= 0 {
			t.Errorf("the broken salon: got %v, want unavailable", res.err)
		}
		if got := w.count("/api/v1/company/1/services"); got > 12 {
			t.Errorf("calls to the broken salon: got %d of 40, want few", got)
		}
		broken = false
		pass(ctx, branchRest)
		if res := get(ctx, r, "/api/v1/company/1/services"); res.status != 200 {
			t.Errorf("after its rest: got %d %v", res.status, res.err)
		}
		if got := r.Stats().Breakers; len(got) != 0 {
			t.Errorf("breakers after recovery: got %v, want all closed", got)
		}
		closeRoad(t, r)
	})
}

func TestHostBreaker(t *testing.T) {
	inWorld(t, func(w *world) {
		dials, down := 0, true
		w.dial = func() error {
			dials++
			if down {
				return errors.New("no route to host")
			}
			return nil
		}
		r := w.road(Config{Attempts: 1})
		ctx := context.Background()
		for range 30 {
			if res := get(ctx, r, "/api/v1/company/1/services"); !notSent(res.err) {
				t.Errorf("got %v, want not sent", res.err)
			}
			pass(ctx, 50*time.Millisecond)
		}
		if dials > hostFailures+1 {
			t.Errorf("dials: got %d, want about %d", dials, hostFailures)
		}
		var u *Unavailable
		if res := get(ctx, r, "/api/v1/company/9"); !errors.As(res.err, &u) || u.Branch != 0 {
			t.Errorf("another salon: got %v, want the host unavailable", res.err)
		}
		down = false
		pass(ctx, hostRest)
		if res := get(ctx, r, "/api/v1/company/9"); res.err != nil {
			t.Errorf("after its rest: got %v", res.err)
		}
		closeRoad(t, r)
	})
}

func TestManyBranchesFailingAreTheHost(t *testing.T) {
	inWorld(t, func(w *world) {
		w.handle = func(rw http.ResponseWriter, _ *http.Request) { answer(rw, 502, `{}`) }
		r := w.road(Config{Attempts: 1})
		ctx := context.Background()
		for i := range 40 {
			get(ctx, r, "/api/v1/company/"+string(rune('1'+i%9)))
		}
		if got := r.Stats().Breakers[0]; got != "open" {
			t.Errorf("the host: got %q, want open", got)
		}
		if got := len(w.seen()); got > 12 {
			t.Errorf("arrivals: got %d, want few", got)
		}
		closeRoad(t, r)
	})
}

// Over TLS the gate lies below the encryption; the roots are those of CAFile.
func TestTLS(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { answer(rw, 200, `{}`) }))
	defer srv.Close()
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	post := func(c Config) (*Road, error) {
		c.Fresh, c.Attempts = true, 1
		r, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.Client().Post(srv.URL+"/api/v1/book_record/1", "application/json", strings.NewReader("{}"))
		if err == nil {
			_ = resp.Body.Close()
		}
		return r, err
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	good, err := post(Config{CAFile: file})
	if err != nil || good.Stats().LastMinute != 1 {
		t.Errorf("with the CA file: got %v, %+v", err, good.Stats())
	}
	closeRoad(t, good)
	bad, err := post(Config{})
	if !notSent(err) {
		t.Errorf("an unknown certificate: got %v, want not sent", err)
	}
	closeRoad(t, bad)
}

type recorder struct {
	NopObserver
	mu    sync.Mutex
	calls []Call
}

func (o *recorder) Call(c Call) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, c)
}

func TestNothingSecretIsLogged(t *testing.T) {
	inWorld(t, func(w *world) {
		var out bytes.Buffer
		rec := &recorder{}
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		r := w.road(Config{Logger: logger, Observer: rec})
		secrets := []string{"79000000001", "deadbeefcafe", "partner-token-example", "1234secret"}
		answerOf := w.handle
		for _, path := range []string{
			"/api/v1/loyalty/cards/79000000001/5/77", "/api/v1/user/records/9/deadbeefcafe?code=1234secret",
			"/api/v1/validation/validate_phone/79000000001", "/api/v1/master_record_review/deadbeefcafe",
		} {
			w.handle = answerOf
			req, _ := http.NewRequest(http.MethodGet, "http://yclients.test"+path, nil)
			req.Header.Set("Authorization", "Bearer partner-token-example")
			resp, err := r.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			w.handle = func(rw http.ResponseWriter, _ *http.Request) { cut(rw) }
			get(context.Background(), r, path)
		}
		closeRoad(t, r)
		for _, s := range secrets {
			if strings.Contains(out.String(), s) {
				t.Errorf("the log holds %s:\n%s", s, out.String())
			}
		}
		if !strings.Contains(out.String(), "/api/v1/loyalty/cards/{}/{}/{}") || !strings.Contains(out.String(), "branch=77") {
			t.Errorf("the log does not tell what was called:\n%s", out.String())
		}
		if len(rec.calls) != 8 || rec.calls[0].Status != 200 || rec.calls[1].Err == nil {
			t.Errorf("observed: got %+v", rec.calls)
		}
	})
}
