package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func faults(t *testing.T, a *api, f Faults) {
	t.Helper()
	if err := a.sb.SetFaults(f); err != nil {
		t.Fatal(err)
	}
}

func TestLostAnswersAreApplied(t *testing.T) {
	t.Parallel()
	a := setup(t)
	at := a.offered(moscow, anna, haircut)
	faults(t, a, Faults{LoseNext: 1})
	// A refused write and a read use nothing up.
	a.post("/book_record/4564", booking("bad", at, anna, haircut)).want(422)
	a.get("/book_staff/4564").want(200)
	before := len(a.sb.Records(moscow))
	if r, err := a.try(a.request(http.MethodPost, "/api/v1/book_record/4564", booking("79001112233", at, anna, haircut))); err == nil {
		t.Fatalf("the answer was not lost: %s", r.raw)
	}
	if made := a.sb.Records(moscow)[before:]; len(made) != 1 || made[0].APIID != "777" {
		t.Fatalf("the booking was not applied once: %+v", made)
	}
	ledger := a.sb.Ledger()
	if last := ledger[len(ledger)-1]; !last.Applied || last.Status != 0 || last.APIID != "777" || last.OperationID != "createBooking" {
		t.Errorf("ledger says %+v", last)
	}
	a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(422)
	if f := a.sb.Faults(); f.LoseNext != 0 {
		t.Errorf("%d still to lose", f.LoseNext)
	}
}

func TestCutWritesAreNotApplied(t *testing.T) {
	t.Parallel()
	a := setup(t)
	at := a.offered(moscow, anna, haircut)
	faults(t, a, Faults{CutNext: 1})
	before := len(a.sb.Records(moscow))
	if r, err := a.try(a.request(http.MethodPost, "/api/v1/book_record/4564", booking("79001112233", at, anna, haircut))); err == nil {
		t.Fatalf("the connection was not cut: %s", r.raw)
	}
	if after := len(a.sb.Records(moscow)); after != before {
		t.Fatalf("%d records were made", after-before)
	}
	a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(201)
}

func TestOutages(t *testing.T) {
	t.Parallel()
	a := setup(t)
	faults(t, a, Faults{Off: true})
	if r := a.get("/book_staff/4564").want(503); r.body["success"] != false {
		t.Errorf("off answers %s", r.raw)
	}
	a.call(http.MethodGet, "/_sandbox/info", nil).want(200)

	sw := DefaultSwitches()
	sw.OffCuts = true
	if err := a.sb.SetSwitches(sw); err != nil {
		t.Fatal(err)
	}
	if r, err := a.try(a.request(http.MethodGet, "/api/v1/book_staff/4564", nil)); err == nil {
		t.Errorf("not cut: %s", r.raw)
	}

	faults(t, a, Faults{RefuseNext: 1, HTMLNext: 1, ErrorNext: 1})
	if r := a.get("/book_staff/4564").want(200); r.body["success"] != false || r.message() != tooMany {
		t.Errorf("refusal answers %s", r.raw)
	}
	if r := a.get("/book_staff/4564").want(502); !strings.HasPrefix(string(r.raw), "<html>") {
		t.Errorf("page of a proxy is %s", r.raw)
	}
	a.get("/book_staff/4564").want(500)
	a.get("/book_staff/4564").want(200)

	for _, bad := range []Faults{{LoseNext: -1}, {DelayMS: -1}, {DelayMS: maxDelayMS + 1}} {
		if a.sb.SetFaults(bad) == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// inMemory is setup for a bubble of synctest, with the virtual clock.
func inMemory(t *testing.T, opts ...Option) *api {
	sb, rt := StartMemory(t, opts...)
	return &api{t: t, sb: sb, rt: rt}
}

func TestDelayIsVirtualAndEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := inMemory(t)
		faults(t, a, Faults{DelayMS: 30_000})
		began := time.Now()
		a.get("/book_staff/4564").want(200)
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %v, want 30s", took)
		}
	})
}

func TestLimitsAreExactWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := inMemory(t)
		ask := func() bool {
			r := a.get("/bookform/91001")
			refused := r.status == 429 || r.status == 200 && r.body["success"] == false && r.message() == tooMany
			if !refused {
				r.want(200)
			}
			return !refused
		}
		// 5 in a second, however they lie in it.
		for i := range 5 {
			if !ask() {
				t.Fatalf("call %d of the first second was refused", i+1)
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(499 * time.Millisecond)
		if ask() {
			t.Error("the sixth call within a second passed")
		}
		time.Sleep(time.Millisecond)
		if !ask() {
			t.Error("a call a second after the first was refused")
		}
		// 200 in a minute: 4 a second fill it in 50 s.
		time.Sleep(time.Minute)
		began, passed := time.Now(), 0
		for time.Since(began) < time.Minute {
			passed += flag(ask())
			time.Sleep(250 * time.Millisecond)
		}
		if passed != 200 {
			t.Errorf("%d calls passed within a minute, want 200", passed)
		}
		if u := a.sb.Usage(); u.Refusals != 1+40 {
			t.Errorf("%d refusals were counted, want 41", u.Refusals)
		}
	})
}

func TestLimitsScaleAndShapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := inMemory(t, WithLimits(3))
		for i := range 15 {
			if r := a.get("/bookform/91001"); r.status != 200 || r.body["success"] != true {
				t.Fatalf("call %d: %s", i+1, r.raw)
			}
		}
		var shapes []int
		for range 4 {
			shapes = append(shapes, a.get("/bookform/91001").status)
		}
		if got := fmt.Sprint(shapes); got != "[429 200 429 200]" {
			t.Errorf("refusals came as %s", got)
		}
		for shape, status := range map[string]int{Refusal429: 429, Refusal200: 200} {
			sw := DefaultSwitches()
			sw.RefusalShape = shape
			if err := a.sb.SetSwitches(sw); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				a.get("/bookform/91001").want(status)
			}
		}
		for range 50 {
			a.call(http.MethodGet, "/_sandbox/sms", nil).want(200)
		}
	})
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Limits{"off": Off, "Real": Real, "x1": 1, " x20 ": 20} {
		if got, err := ParseLimits(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "20", "x0", "x-1", "xx", "x1000000"} {
		if got, err := ParseLimits(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}
