package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func (a *api) fault(f Fault) {
	a.t.Helper()
	if _, err := a.sb.AddFault(f); err != nil {
		a.t.Fatal(err)
	}
}

func TestFaultsThatRefuse(t *testing.T) {
	t.Parallel()
	a := setup(t)
	for kind, want := range map[string]struct {
		status int
		has    string
	}{
		fault429: {429, tooMany}, faultRefusal200: {200, tooMany}, fault500: {500, `"success":false`},
		fault502: {502, `"success":false`}, fault503: {503, `"success":false`}, faultHTML: {502, "<html>"},
	} {
		a.fault(Fault{Kind: kind, Operation: "getBookform", Count: 1})
		a.get("/book_staff/4564").want(200) // another operation
		if r := a.get("/bookform/91001").want(want.status); !strings.Contains(string(r.raw), want.has) {
			t.Errorf("%s answers %s", kind, r.raw)
		}
		if r := a.get("/bookform/91001").want(200); r.body["success"] != true {
			t.Errorf("%s is still there: %s", kind, r.raw)
		}
	}
	if list := a.sb.FaultList(); len(list) != 0 {
		t.Errorf("left over: %+v", list)
	}
}

func TestFaultsOfConnections(t *testing.T) {
	t.Parallel()
	a := setup(t)
	for kind, made := range map[string]int{faultDropBefore: 0, faultDropAfter: 1} {
		at := a.offered(moscow, anna, haircut)
		before := len(a.sb.Records(moscow))
		a.fault(Fault{Kind: kind, Operation: "createBooking", CompanyID: moscow, Count: 1})
		if r, err := a.try(a.request(http.MethodPost, "/api/v1/book_record/4564", booking("79001112233", at, anna, haircut))); err == nil {
			t.Errorf("%s: an answer came: %s", kind, r.raw)
		}
		if got := len(a.sb.Records(moscow)) - before; got != made {
			t.Errorf("%s: %d records were made, want %d", kind, got, made)
		}
		ledger := a.sb.Ledger()
		if last := ledger[len(ledger)-1]; last.Status != 0 || last.Applied != (made == 1) {
			t.Errorf("%s: the ledger says %+v", kind, last)
		}
	}
	a.fault(Fault{Kind: faultTruncate, Count: 1})
	resp, err := a.rt.RoundTrip(a.request(http.MethodGet, "/api/v1/book_staff/4564", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || len(data) < 100 || json.Valid(data) {
		t.Errorf("truncated: %v, %d bytes, valid %v", err, len(data), json.Valid(data))
	}
}

func TestFaultsOfBodies(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	at := a.offered(moscow, anna, haircut)
	made := a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(201).list()[0].(obj)
	path := fmt.Sprintf("/record/4564/%.0f", made["record_id"])
	before := a.get(path).want(200).data()
	one := func(kind string) obj {
		a.fault(Fault{Kind: kind, Count: 1})
		return a.get(path).want(200).data()
	}
	if r := one(faultIDsAsText); r["id"] != fmt.Sprintf("%.0f", before["id"]) || r["staff"].(obj)["id"] != fmt.Sprint(anna) || r["length"] != before["length"] {
		t.Errorf("ids as text: %v", r)
	}
	if r := one(faultNullDurations); r["seance_length"] != nil || r["length"] != nil || r["id"] != before["id"] {
		t.Errorf("null durations: %v", r)
	}
	r := one(faultWrongOffset)
	right, _ := time.Parse(withColon, before["datetime"].(string))
	wrong, err := time.Parse(withColon, r["datetime"].(string))
	if err != nil || r["date"] != before["date"] || wrong.Sub(right) != time.Hour || wrong.Format(time.DateTime) != right.Format(time.DateTime) {
		t.Errorf("wrong offset: %v, was %v", r["datetime"], before["datetime"])
	}
	if got := emptyAsList("x", obj{}, nil); fmt.Sprint(got) != "[]" {
		t.Errorf("an empty object became %v", got)
	}
	a.fault(Fault{Kind: faultTokenDeath, Count: 1})
	a.get(path).want(401)
	a.get(path).want(200)
}

func TestFaultsOfPages(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	read := func(count int) (rows, longest int) {
		for page := 1; ; page++ {
			n := len(a.get(fmt.Sprintf("/records/4564?page=%d&count=%d&with_deleted=1", page, count)).want(200).list())
			rows, longest = rows+n, max(longest, n)
			if n == 0 {
				return rows, longest
			}
		}
	}
	all := len(a.sb.Records(moscow))
	for kind, want := range map[string]int{faultShortPage: 50, faultCountFallback: fallbackCount} {
		a.fault(Fault{Kind: kind, Operation: "listRecords"})
		if rows, longest := read(100); rows != all || longest != want {
			t.Errorf("%s: %d rows of %d in pages of %d, want %d", kind, rows, all, longest, want)
		}
		a.control(http.MethodDelete, "faults/rules", nil).want(200)
	}
}

func TestSlowFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := inMemory(t, WithLimits(Off))
		for kind, want := range map[string]time.Duration{faultDelay: 7 * time.Second, faultDrip: 7 * time.Second} {
			a.fault(Fault{Kind: kind, Seconds: 7, Count: 1})
			began := time.Now()
			a.get("/book_staff/4564").want(200)
			if took := time.Since(began); took < want || took > want+time.Second {
				t.Errorf("%s took %v, want %v", kind, took, want)
			}
		}
	})
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	a := setup(t)
	a.fault(Fault{Kind: faultClockSkew, Seconds: -3600})
	resp, err := a.rt.RoundTrip(a.request(http.MethodGet, "/api/v1/bookform/91001", nil))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got, want := resp.Header.Get("Date"), noon.Add(-time.Hour).Format(http.TimeFormat); got != want {
		t.Errorf("Date is %s, want %s", got, want)
	}
}

func TestFaultChanceIsSeeded(t *testing.T) {
	t.Parallel()
	run := func(seed int64) (pattern string) {
		a := setup(t, WithSeed(seed))
		a.fault(Fault{Kind: fault500, Chance: 0.5, Skip: 5})
		for range 40 {
			pattern += fmt.Sprint(a.get("/bookform/91001").status / 100)
		}
		return pattern
	}
	first := run(3)
	if first != run(3) || first == run(4) {
		t.Errorf("the same seed gave other failures, or another the same: %s", first)
	}
	if !strings.HasPrefix(first, "22222") || strings.Count(first, "5") < 5 || strings.Count(first, "2") < 10 {
		t.Errorf("half of the calls after five should fail: %s", first)
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	a := setup(t)
	id := a.control(http.MethodPost, "faults/rules", obj{"kind": "status_503", "operation": "listBookStaff", "count": 2}).want(201).body["id"]
	a.get("/book_staff/4564").want(503)
	rules := a.control(http.MethodGet, "faults/rules", nil).want(200).body["rules"].([]any)
	if len(rules) != 1 || rules[0].(obj)["count"] != 1.0 || rules[0].(obj)["id"] != id {
		t.Errorf("the list shows %v", rules)
	}
	a.control(http.MethodDelete, fmt.Sprintf("faults/rules/%v", id), nil).want(200)
	a.get("/book_staff/4564").want(200)
	a.control(http.MethodDelete, fmt.Sprintf("faults/rules/%v", id), nil).want(400)
	for _, bad := range []obj{
		{"kind": "flood"}, {"kind": "delay", "operation": "noSuch"}, {"kind": "delay", "probability": 1.5}, {"kind": "delay", "seconds": -1},
		{"kind": "delay", "seconds": 1e9}, {"kind": "delay", "count": -1}, {"kind": "webhook_duplicate", "times": 100}, {"kid": "delay"},
	} {
		a.control(http.MethodPost, "faults/rules", bad).want(400)
	}
}

func TestClockOverHTTP(t *testing.T) {
	t.Parallel()
	a := setup(t)
	set := noon.Add(48 * time.Hour)
	r := a.control(http.MethodPut, "clock", obj{"now": set, "stands": true}).want(200)
	if r.body["now"] != set.Format(time.RFC3339) || r.body["stands"] != true {
		t.Errorf("set to %s, got %s", set, r.raw)
	}
	a.control(http.MethodPut, "clock", obj{"advance_seconds": 3600}).want(200)
	if now := a.sb.Clock().Now; !now.Equal(set.Add(time.Hour)) {
		t.Errorf("an hour later it is %v", now)
	}
	// The API lives by it: what was free is in the past.
	if got := a.times(moscow, anna, dayOf(noon, time.UTC), haircut); len(got) != 0 {
		t.Errorf("starts two days ago: %v", got)
	}
	a.control(http.MethodPut, "clock", obj{"stands": false}).want(200)
	for _, bad := range []obj{{"advance_seconds": -1}, {"advance_seconds": 1e12}, {"now": "1999-01-01T00:00:00Z"}, {"later": 1}} {
		a.control(http.MethodPut, "clock", bad).want(400)
	}
}

// Sixty-four callers book, move and cancel on one day for a minute of virtual
// time. The records of a master never overlap.
func TestAMastersRecordsNeverOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := inMemory(t, WithLimits(Off))
		d := dayOf(time.Now(), time.UTC).add(2)
		for len(a.times(moscow, anna, d, haircut)) == 0 {
			d = d.add(1)
		}
		var wg sync.WaitGroup
		end := time.Now().Add(time.Minute)
		for n := range 64 {
			wg.Go(func() {
				for round := 0; time.Now().Before(end); round++ {
					visitOneDay(a, d, n, round)
					time.Sleep(time.Duration(2000+37*n) * time.Millisecond)
				}
			})
		}
		wg.Wait()
		live := map[int64][]Record{}
		made := 0
		for _, r := range a.sb.Records(moscow) {
			made += flag(r.APIID == "777")
			if r.Deleted || r.Start.Before(time.Now()) {
				continue
			}
			for _, other := range live[r.StaffID] {
				if r.Start.Before(other.Start.Add(time.Duration(other.Seconds)*time.Second)) && other.Start.Before(r.Start.Add(time.Duration(r.Seconds)*time.Second)) {
					t.Fatalf("records %d and %d of master %d overlap", r.ID, other.ID, r.StaffID)
				}
			}
			live[r.StaffID] = append(live[r.StaffID], r)
		}
		if made < 10 {
			t.Errorf("only %d records were made", made)
		}
	})
}

// visitOneDay books a start that was offered a moment ago, moves it and mostly
// cancels it. Any of it may be refused: others do the same.
func visitOneDay(a *api, d day, n, round int) {
	times := a.times(moscow, 0, d, haircut)
	if len(times) < 2 {
		return
	}
	r := a.post("/book_record/4564", booking(fmt.Sprintf("790000%05d", n*100+round%100), times[n%len(times)], 0, haircut))
	if r.status != http.StatusCreated {
		return
	}
	made := r.list()[0].(obj)
	path := fmt.Sprintf("/api/v1/book_record/4564/%.0f", made["record_id"])
	a.call(http.MethodPut, path, obj{"datetime": times[(n*7+round)%len(times)]})
	if n%16 != 0 {
		a.call(http.MethodDelete, fmt.Sprintf("/api/v1/user/records/%.0f/%s", made["record_id"], made["record_hash"]), nil)
	}
}
