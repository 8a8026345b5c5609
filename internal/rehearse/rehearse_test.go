package rehearse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/sandbox"
	"zapis/yclients"
)

// checkCall is the number of the check of the time, the last call before the booking.
const checkCall = 7

const (
	moscow = 4564
	ural   = 4565 // confirms phones
	anna   = 564501
	cut    = 564001
)

// faulty spoils one call, or all from it on.
type faulty struct {
	next    http.RoundTripper
	at      int // the number of the call, from 1; 0: none
	forever bool
	spoil   func(next http.RoundTripper, r *http.Request) (*http.Response, error)
	calls   int
	log     []string
}

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	f.calls++
	f.log = append(f.log, r.Method+" "+r.URL.Path)
	if f.at != 0 && (f.calls == f.at || f.forever && f.calls >= f.at) {
		return f.spoil(f.next, r)
	}
	return f.next.RoundTrip(r)
}

var errCut = errors.New("connection reset")

func answer(r *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// applied makes the call and throws its answer away.
func applied(next http.RoundTripper, r *http.Request) (body []byte, err error) {
	resp, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

const envelope = `{"success":false,"data":null,"meta":{"message":%q}}`

// spoils are the ways in which a call can go wrong.
var spoils = map[string]func(http.RoundTripper, *http.Request) (*http.Response, error){
	"lost before": func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, errCut },
	"lost after": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		_, _ = applied(next, r)
		return nil, errCut
	},
	"429": func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		return answer(r, 429, "application/json", fmt.Sprintf(envelope, "Превышен лимит запросов")), nil
	},
	"refused in a 200": func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		return answer(r, 200, "application/json", fmt.Sprintf(envelope, "Превышен лимит запросов")), nil
	},
	"500 before": func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		return answer(r, 500, "application/json", fmt.Sprintf(envelope, "Ошибка")), nil
	},
	"500 after": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		_, _ = applied(next, r)
		return answer(r, 500, "application/json", fmt.Sprintf(envelope, "Ошибка")), nil
	},
	"html after": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		_, _ = applied(next, r)
		return answer(r, 200, "text/html", "<html>proxy</html>"), nil
	},
	"truncated": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		body, _ := applied(next, r)
		return answer(r, 200, "application/json", string(body[:len(body)/2])), nil
	},
	"made late": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		late := r.Clone(context.WithoutCancel(r.Context()))
		if r.GetBody != nil {
			late.Body, _ = r.GetBody()
		}
		go func() {
			_ = wait(context.Background(), 20*time.Second)
			_, _ = applied(next, late)
		}()
		return nil, errCut
	},
}

// world is a rehearsal against a sandbox in memory.
type world struct {
	sb   *sandbox.Sandbox
	road *faulty
	o    Options
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// The virtual clock begins with the year 2000, before which the sandbox knows no dates.
	if err := wait(t.Context(), 48*time.Hour); err != nil {
		t.Fatal(err)
	}
	sb, rt := sandbox.StartMemory(t, sandbox.WithLimits(sandbox.Off))
	w := &world{sb: sb, road: &faulty{next: rt}}
	client := func(opts ...yclients.Option) *yclients.Client {
		c, err := yclients.New(append(opts, yclients.WithBaseURL(sb.URL()), yclients.WithPartnerToken(sandbox.PartnerToken), yclients.WithHTTPClient(&http.Client{Transport: w.road}))...)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	w.o = Options{
		DataDir: filepath.Join(t.TempDir(), "data"), Branch: moscow, Staff: anna, Service: cut, Phone: "+79000000001", Name: "Репетиция",
		Partner: client(), Employee: client(yclients.WithUserToken(sandbox.UserToken)),
		Consent: func(context.Context, Plan) (bool, error) { return true, nil },
	}
	return w
}

// standing are the test records that were left behind.
func (w *world) standing() (left, made int) {
	for _, r := range w.sb.Records(w.o.Branch) {
		if !strings.Contains(r.Comment, commentBegin) {
			continue
		}
		made++
		if !r.Deleted {
			left++
		}
	}
	return left, made
}

func (w *world) journal(t *testing.T) *Journal {
	t.Helper()
	j, err := Pending(w.o.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func codes(r *Report) (s string) {
	for _, step := range r.Steps {
		s += fmt.Sprintf("%s:%s ", step.Code, step.Status)
	}
	return strings.TrimSpace(s)
}

func TestGreenRehearsal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var plan Plan
		w.o.Consent = func(_ context.Context, p Plan) (bool, error) {
			plan = p
			if left, made := w.standing(); left+made != 0 || w.journal(t) != nil {
				t.Error("something was written before the consent")
			}
			return true, nil
		}
		report, err := Run(t.Context(), w.o)
		if err != nil || !report.Green() || report.ExitCode() != 0 {
			t.Fatalf("%v: %s %+v", err, codes(report), report.Steps)
		}
		want := "catalogue:ok slots:ok lookup:ok check:ok book:ok read:ok move:ok cancel:ok clean:ok"
		if got := codes(report); got != want {
			t.Errorf("steps are %s, want %s", got, want)
		}
		if !strings.Contains(w.road.log[checkCall-1], "book_check") {
			t.Errorf("call %d is %s, want the check", checkCall, w.road.log[checkCall-1])
		}
		left, made := w.standing()
		if left != 0 || made != 1 {
			t.Errorf("%d records made, %d left, want 1 and 0", made, left)
		}
		if w.journal(t) != nil {
			t.Error("the journal outlives the rehearsal")
		}
		if time.Until(plan.Start) < far || plan.Moved.Equal(plan.Start) || plan.Staff == "" || plan.Service == "" || plan.SMS {
			t.Errorf("the plan is %+v", plan)
		}
		for _, m := range w.sb.SMS() {
			t.Errorf("a message was sent: %+v", m)
		}
		t.Logf("%d calls:\n%s", w.road.calls, strings.Join(w.road.log, "\n"))
	})
}

// TestEveryFaultAtEveryStep spoils each call of a rehearsal in each way. Whatever happens, no record stands at the
// end, and no journal is left without one. The calls before the booking only read: there, two ways stand for all
// unless ZAPIS_CHAOS asks for every one.
func TestEveryFaultAtEveryStep(t *testing.T) {
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := checkCall
			if name == "lost before" || name == "truncated" || os.Getenv("ZAPIS_CHAOS") != "" {
				first = 1
			}
			for at := first; ; at++ {
				ended := false
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.road.at, w.road.spoil = at, spoil
					report, err := Run(t.Context(), w.o)
					if err != nil {
						t.Fatalf("call %d: %v", at, err)
					}
					_ = wait(t.Context(), time.Minute) // whatever YCLIENTS was still working on has happened
					if left, made := w.standing(); left != 0 || made > 1 {
						t.Errorf("call %d (%s): %d records made, %d left: %s", at, w.road.log[at-1], made, left, codes(report))
					}
					if w.journal(t) != nil {
						t.Errorf("call %d: the journal is left: %s", at, codes(report))
					}
					if ended = w.road.calls < at; ended && !report.Green() {
						t.Errorf("not green without a fault: %s", codes(report))
					}
				})
				if ended || t.Failed() {
					break
				}
			}
		})
	}
}

// TestOutage: YCLIENTS goes away at a call and does not come back in time. The report says so, and the next start
// finds and deletes the record.
func TestOutage(t *testing.T) {
	for _, spoil := range []string{"lost before", "lost after", "500 before"} {
		for at := checkCall; at <= 16; at++ {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.road.at, w.road.forever, w.road.spoil = at, true, spoils[spoil]
				report, err := Run(t.Context(), w.o)
				if err != nil {
					t.Fatal(err)
				}
				left, _ := w.standing()
				if left > 0 && w.journal(t) == nil {
					t.Fatalf("%s at %d: a record is left and no journal: %s", spoil, at, codes(report))
				}
				if w.journal(t) != nil && (report.Green() || report.ExitCode() == 0) {
					t.Errorf("%s at %d: the report is green and the record may stand: %s", spoil, at, codes(report))
				}
				w.road.at = 0
				if _, err := Clean(t.Context(), w.o); err != nil {
					t.Fatal(err)
				}
				if left, _ := w.standing(); left != 0 || w.journal(t) != nil {
					t.Errorf("%s at %d: %d records left after cleaning: %s", spoil, at, left, codes(report))
				}
			})
		}
	}
}

// TestInterrupted: Ctrl-C at any call still ends without a record.
func TestInterrupted(t *testing.T) {
	for at := 1; at <= 16; at++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			ctx, cancel := context.WithCancel(t.Context())
			w.road.at, w.road.spoil = at, func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				_, _ = applied(next, r)
				cancel()
				return nil, ctx.Err()
			}
			report, err := Run(ctx, w.o)
			if left, _ := w.standing(); left != 0 || w.journal(t) != nil {
				t.Errorf("call %d: %v: %d records left: %s", at, err, left, codes(report))
			}
		})
	}
}

func TestNoConsentWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.o.Consent = func(context.Context, Plan) (bool, error) { return false, nil }
		if _, err := Run(t.Context(), w.o); !errors.Is(err, ErrNoConsent) {
			t.Errorf("got %v", err)
		}
		if _, made := w.standing(); made != 0 || w.journal(t) != nil {
			t.Error("something was written")
		}
	})
}

func TestRefusedBeforeAnythingIsWritten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*world)
		step   string
		code   problem.Code
	}{
		{"service of another", func(w *world) { w.o.Service = 564027 }, "catalogue", problem.ServiceUnknown},
		{"no such master", func(w *world) { w.o.Staff = 1 }, "catalogue", ""},
		{"nobody to ask for the code", func(w *world) { w.o.Branch = ural }, "catalogue", problem.CodeRequired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.change(w)
				report, err := Run(t.Context(), w.o)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range report.Steps {
					if s.Status == Failed && (s.Code != tt.step || tt.code != "" && s.Problem != tt.code) {
						t.Errorf("%s failed with %s, want %s with %s", s.Code, s.Problem, tt.step, tt.code)
					}
				}
				if report.ExitCode() == 0 || w.journal(t) != nil {
					t.Errorf("exit code %d: %s", report.ExitCode(), codes(report))
				}
			})
		})
	}
}

// TestBranchWithCodes takes the code out of the SMS as a person would.
func TestBranchWithCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.o.Branch = ural
		staff, service := bookable(t, w)
		w.o.Staff, w.o.Service = staff, service
		w.o.AskCode = func(context.Context) (secret.String, error) {
			sms := w.sb.SMS()
			return secret.Text(sms[len(sms)-1].Code), nil
		}
		report, err := Run(t.Context(), w.o)
		if err != nil || !report.Green() {
			t.Fatalf("%v: %s %+v", err, codes(report), report.Steps)
		}
		if !strings.Contains(codes(report), "code:ok") {
			t.Errorf("no code was asked for: %s", codes(report))
		}
		if left, _ := w.standing(); left != 0 {
			t.Errorf("%d records left", left)
		}
	})
}

// bookable finds a master and a service of a branch.
func bookable(t *testing.T, w *world) (staff, service int64) {
	t.Helper()
	masters, _, err := w.o.Partner.Booking.Staff(t.Context(), w.o.Branch, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range masters {
		list, _, err := w.o.Partner.Booking.Services(t.Context(), w.o.Branch, &yclients.BookingServicesOptions{StaffID: m.ID})
		if err == nil && m.Bookable && len(list.Services) > 0 {
			return m.ID, list.Services[0].ID
		}
	}
	t.Fatal("nobody can be booked")
	return 0, 0
}

// TestRules: a branch whose customers may neither move nor cancel gets a red line each, and the record is deleted
// nevertheless.
func TestEmployeeDeletesWhereCustomersMayNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.road.forever, w.road.at = true, 1
		w.road.spoil = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut || strings.Contains(r.URL.Path, "/user/records/") {
				return answer(r, 403, "application/json", fmt.Sprintf(envelope, "Нельзя")), nil
			}
			return next.RoundTrip(r)
		}
		report, err := Run(t.Context(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(report); !strings.Contains(got, "move:failed cancel:failed clean:ok") {
			t.Errorf("steps are %s", got)
		}
		if left, _ := w.standing(); left != 0 || report.ExitCode() == 0 {
			t.Errorf("%d records left, exit code %d", left, report.ExitCode())
		}
	})
}

func TestJournalIsPrivateAndWrittenFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		seen := false
		w.road.forever, w.road.at = true, 1
		w.road.spoil = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/book_record/") {
				info, err := os.Stat(filepath.Join(w.o.DataDir, journalFile))
				if err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("the journal is %v, %v before the booking leaves", info, err)
				}
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				var sent map[string]any
				_ = json.Unmarshal(body, &sent)
				if mark := w.journal(t).Mark; sent["api_id"] != mark || !strings.Contains(fmt.Sprint(sent["comment"]), mark) {
					t.Errorf("the booking is not marked with %s: %s", mark, body)
				}
				if sent["notify_by_sms"] != 0.0 || sent["notify_by_email"] != 0.0 || sent["email"] != "" {
					t.Errorf("reminders are not off: %s", body)
				}
				seen = true
			}
			return next.RoundTrip(r)
		}
		if _, err := Run(t.Context(), w.o); err != nil || !seen {
			t.Errorf("no booking was seen, %v", err)
		}
	})
}

func TestOneRehearsalAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.road.forever, w.road.at = true, 1
		w.road.spoil = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if w.journal(t) != nil {
				if _, err := Clean(r.Context(), w.o); !errors.Is(err, ErrRunning) {
					t.Errorf("cleaning beside a running rehearsal: %v", err)
				}
			}
			return next.RoundTrip(r)
		}
		_, _ = Run(t.Context(), w.o)
		if _, err := Clean(t.Context(), w.o); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

func TestOtherAddressIsNotCleaned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := os.MkdirAll(w.o.DataDir, 0o700); err != nil {
			t.Fatal(err)
		}
		j := &Journal{Mark: newMark(), BaseURL: "https://api.yclients.com", Branch: moscow, Sent: time.Now().Add(-time.Hour), path: filepath.Join(w.o.DataDir, journalFile)}
		if err := j.save(); err != nil {
			t.Fatal(err)
		}
		if _, err := Clean(t.Context(), w.o); !problem.Has(err, problem.ConfigInvalid) || w.journal(t) == nil {
			t.Errorf("got %v, want a refusal that keeps the journal", err)
		}
		if w.road.calls != 0 {
			t.Errorf("%d calls were made", w.road.calls)
		}
	})
}

// A dead token is not tried for three minutes.
func TestDeadTokenEndsCleaningAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := os.MkdirAll(w.o.DataDir, 0o700); err != nil {
			t.Fatal(err)
		}
		j := &Journal{Mark: newMark(), BaseURL: w.sb.URL(), Branch: moscow, Sent: time.Now(), path: filepath.Join(w.o.DataDir, journalFile)}
		if err := j.save(); err != nil {
			t.Fatal(err)
		}
		w.o.Employee = w.o.Employee.As("dead-token-example")
		_, err := Clean(t.Context(), w.o)
		if !problem.Has(err, problem.UpstreamToken) || w.road.calls != 1 || w.journal(t) == nil {
			t.Errorf("got %v after %d calls", err, w.road.calls)
		}
	})
}

func TestReportHidesAndSpeaksBothLanguages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		phone := w.o.Phone.Digits()
		w.road.forever, w.road.at = true, 1
		w.road.spoil = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut {
				return answer(r, 422, "application/json", fmt.Sprintf(envelope, "Занято для "+phone+" "+w.journal(t).Hash)), nil
			}
			return next.RoundTrip(r)
		}
		report, err := Run(t.Context(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		for lang, want := range map[string]string{"ru": "перенос", "en": "move"} {
			var text, data bytes.Buffer
			if err := errors.Join(report.WriteText(&text, lang), report.WriteJSON(&data, lang)); err != nil {
				t.Fatal(err)
			}
			for _, out := range []string{text.String(), data.String()} {
				if !strings.Contains(out, want) {
					t.Errorf("%s: no %q in\n%s", lang, want, out)
				}
				for _, hidden := range []string{phone, "9000000001", sandbox.UserToken, sandbox.PartnerToken} {
					if strings.Contains(out, hidden) {
						t.Errorf("%s: %q is shown:\n%s", lang, hidden, out)
					}
				}
			}
			if !json.Valid(data.Bytes()) {
				t.Errorf("not JSON: %s", data.String())
			}
		}
	})
}

func TestPendingRefusesWhatIsNoJournal(t *testing.T) {
	dir := t.TempDir()
	if j, err := Pending(dir); j != nil || err != nil {
		t.Errorf("an empty folder gives %v, %v", j, err)
	}
	if err := os.WriteFile(filepath.Join(dir, journalFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Pending(dir); err == nil || !strings.Contains(err.Error(), commentBegin) {
		t.Errorf("an empty journal gives %v, want the way out", err)
	}
}
