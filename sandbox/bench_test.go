package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// BenchmarkNew is the cold start of a sandbox without the parsing of the
// contract, which waits for the first call.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New().Close()
	}
}

// BenchmarkBookTimes asks for the day of any master, beside a handler that writes the
// same bytes.
func BenchmarkBookTimes(b *testing.B) {
	s := New(WithLimits(Off))
	defer s.Close()
	d := dayOf(s.now(), s.state.companies[0].zone).add(3)
	r := httptest.NewRequest(http.MethodGet, "/api/v1/book_times/4564/0/"+d.String()+"?service_ids[]=564001", nil)
	r.Header.Set("Accept", "application/vnd.yclients.v2+json")
	r.Header.Set("Authorization", "Bearer "+PartnerToken)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	body := w.Body.Bytes()
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	})
	for name, h := range map[string]http.Handler{"sandbox": s.Handler(), "bare": bare} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

// BenchmarkDay is a day's free times of a master with a history behind it.
func BenchmarkDay(b *testing.B) {
	now := time.Now()
	for _, records := range []int{0, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(records), func(b *testing.B) {
			s := New(WithNow(func() time.Time { return now }))
			defer s.Close()
			c := s.state.companies[0]
			m := c.master(anna)
			v := []*service{c.service(haircut)}
			for i := range records {
				c.put(&record{
					id: s.state.newID(), company: c, staff: c.staff[i%len(c.staff)], services: v, length: 1800,
					start: now.AddDate(0, 0, -30-i/(20*len(c.staff))),
				})
			}
			d := dayOf(now, c.zone).add(4)
			for b.Loop() {
				c.slots([]*master{m}, v, d, now)
			}
		})
	}
}
