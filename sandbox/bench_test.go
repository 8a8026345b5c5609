package sandbox

import (
	"fmt"
	"io"
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

// BenchmarkBookTimes asks for a day, beside a handler that writes the same bytes.
func BenchmarkBookTimes(b *testing.B) {
	for name, staff := range map[string]int64{"one master": anna, "any master": 0} {
		b.Run(name, func(b *testing.B) { bookTimes(b, staff) })
	}
}

func bookTimes(b *testing.B, staff int64) {
	s := New(WithLimits(Off))
	defer s.Close()
	c := s.state.companies[0]
	d := dayOf(s.now(), c.zone).add(3)
	for len(c.slots([]*master{c.master(anna)}, []*service{c.service(haircut)}, d, s.now())) == 0 {
		d = d.add(1)
	}
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/api/v1/book_times/4564/%d/%s?service_ids[]=%d", staff, d, haircut), nil)
	r.Header.Set("Accept", "application/vnd.yclients.v2+json")
	r.Header.Set("Authorization", "Bearer "+PartnerToken)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	body := w.Body.Bytes()
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	})
	for _, side := range []struct {
		name string
		http.Handler
	}{{"sandbox", s.Handler()}, {"bare", bare}} {
		b.Run(side.name, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				side.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
		b.Run(side.name+"/http", func(b *testing.B) { overHTTP(b, side.Handler, r) })
	}
}

// overHTTP asks over connections that are kept, as a program would.
func overHTTP(b *testing.B, h http.Handler, like *http.Request) {
	server := httptest.NewServer(h)
	defer server.Close()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequest(http.MethodGet, server.URL+like.URL.RequestURI(), nil)
			if err != nil {
				b.Error(err)
				return
			}
			r.Header = like.Header.Clone()
			resp, err := server.Client().Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
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
