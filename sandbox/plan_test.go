package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

const smallPlan = `{"branches":[
	{"id":31,"title":"Один мастер","timezone":"Asia/Omsk","grid_minutes":15,
	 "services":[{"title":"Стрижка","category":"Волосы","minutes":45,"price_min":1500,"price_max":1500},{"title":"Разговор","price_min":0}],
	 "staff":[{"name":"Анна Ночная","categories":["Волосы"],"days":["mon","tue","wed","thu","fri","sat","sun"],"from":"22:00","to":"26:00"}]}]}`

func TestPlanOfAFile(t *testing.T) {
	p, err := ReadPlan(strings.NewReader(smallPlan))
	if err != nil {
		t.Fatal(err)
	}
	s := New(WithLimits(Off), WithPlan(p), WithStandingClock(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)))
	t.Cleanup(s.Close)
	if ids := s.Info().CompanyIDs; !reflect.DeepEqual(ids, []int64{31}) {
		t.Fatalf("got companies %v, want 31", ids)
	}
	get := func(path string, into any) {
		t.Helper()
		req := httptest.NewRequest(http.MethodGet, path, nil)
		req.Header.Set("Accept", "application/vnd.yclients.v2+json")
		req.Header.Set("Authorization", "Bearer "+PartnerToken+", User "+UserToken)
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, req)
		if err := json.Unmarshal(rec.Body.Bytes(), into); err != nil || rec.Code != http.StatusOK {
			t.Fatalf("%s: got %d %s", path, rec.Code, rec.Body)
		}
	}
	var staff struct {
		Data []struct {
			ID   int64
			Name string
		}
	}
	get("/api/v1/company/31/staff/", &staff)
	if len(staff.Data) != 1 || staff.Data[0].Name != "Анна Ночная" {
		t.Fatalf("got %+v", staff.Data)
	}
	var times struct{ Data []struct{ Time string } }
	get("/api/v1/book_times/31/1401/2026-11-25?service_ids[]=1001", &times)
	late := 0
	for _, at := range times.Data {
		if at.Time >= "22:00" {
			late++
		} else if at.Time >= "02:00" {
			t.Errorf("%s is offered, and nobody works then", at.Time)
		}
	}
	if late == 0 {
		t.Errorf("got times %+v, want some from 22:00", times.Data)
	}
}

func TestPlanIsRefused(t *testing.T) {
	for name, change := range map[string][2]string{
		"no such zone":     {"Asia/Omsk", "Asia/Nowhere"},
		"unknown field":    {`"title":"Один мастер"`, `"titel":"Один мастер"`},
		"no id":            {`"id":31`, `"id":0`},
		"the stranger's":   {`"id":31`, `"id":7001`},
		"no such category": {`"categories":["Волосы"]`, `"categories":["Ногти"]`},
		"no such day":      {`"mon"`, `"пн"`},
		"ends too early":   {`"26:00"`, `"21:00"`},
		"ends too late":    {`"26:00"`, `"36:01"`},
		"no minutes":       {`"minutes":45`, `"minutes":-1`},
		"something behind": {`"26:00"}]}]}`, `"26:00"}]}]} {}`},
		"too many records": {`"grid_minutes":15`, `"records":2000001`},
	} {
		if _, err := ReadPlan(strings.NewReader(strings.Replace(smallPlan, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := (Plan{}).Validate(); err == nil {
		t.Error("a plan without branches was taken")
	}
}

func TestChainPlan(t *testing.T) {
	p := ChainPlan(100, 1000, 5000)
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	rules := defaultRules()
	one, two := newState(7, now, &rules, &p), newState(7, now, &rules, &p)
	staff, records, seen := 0, 0, map[int64]bool{}
	for i, c := range one.companies[:100] {
		staff += len(c.staff)
		records += len(c.records)
		for _, m := range c.staff {
			if seen[m.id] {
				t.Errorf("two masters have the id %d", m.id)
			}
			seen[m.id] = true
		}
		for _, v := range c.services {
			if seen[v.id] {
				t.Errorf("two of %d", v.id)
			}
			seen[v.id] = true
		}
		if len(c.records) != len(two.companies[i].records) {
			t.Errorf("company %d: %d records, then %d, from one seed", c.id, len(c.records), len(two.companies[i].records))
		}
		for n, r := range c.records {
			if twin := two.companies[i].records[n]; !r.start.Equal(twin.start) || r.id != twin.id || r.hash != twin.hash {
				t.Fatalf("record %d of company %d differs between two states of one seed", n, c.id)
			}
		}
	}
	if staff != 1000 || records < 5000 {
		t.Errorf("got %d masters and %d records, want 1000 and 5000 or a few more", staff, records)
	}
	if len(one.companies) != 101 {
		t.Errorf("got %d companies, want 100 and a stranger's", len(one.companies))
	}
}

func FuzzReadPlan(f *testing.F) {
	f.Add(smallPlan)
	f.Add(`{"branches":[{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ReadPlan(strings.NewReader(text))
		if err != nil {
			return
		}
		for i := range p.Branches { // what is taken can be built
			p.Branches[i].Records = min(p.Branches[i].Records, 50)
			p.Branches[i].Staff = p.Branches[i].Staff[:min(len(p.Branches[i].Staff), 3)]
		}
		p.Branches = p.Branches[:min(len(p.Branches), 3)]
		rules := defaultRules()
		newState(1, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), &rules, &p)
	})
}

// BenchmarkSeed tells what the seeds cost: start and memory of the small one, the chain, and the million.
func BenchmarkSeed(b *testing.B) {
	for name, plan := range map[string]*Plan{"small": nil, "chain": new(ChainPlan(30, 300, 30_000)), "million": new(ChainPlan(100, 1000, 1_000_000))} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rules := defaultRules()
				newState(1, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), &rules, plan)
			}
		})
	}
}
