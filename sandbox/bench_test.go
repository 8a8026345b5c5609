package sandbox

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkNew is the cold start of a sandbox without the parsing of the
// contract, which waits for the first call.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New().Close()
	}
}

func BenchmarkBookTimes(b *testing.B) {
	s := New(WithLimits(Off))
	defer s.Close()
	d := dayOf(s.now(), s.state.companies[0].zone).add(3)
	r := httptest.NewRequest(http.MethodGet, "/api/v1/book_times/4564/0/"+d.String()+"?service_ids[]=564001", nil)
	r.Header.Set("Accept", "application/vnd.yclients.v2+json")
	r.Header.Set("Authorization", "Bearer "+PartnerToken)
	h := s.Handler()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}
