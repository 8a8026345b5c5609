package gateway

import (
	"testing"

	"zapis/internal/problem"
)

func TestAServiceStandsOnceInAVisit(t *testing.T) {
	for _, tt := range []struct {
		services []int64
		ok       bool
	}{{nil, true}, {[]int64{1}, true}, {[]int64{1, 2, 3}, true}, {[]int64{1, 1}, false}, {[]int64{1, 2, 1}, false}} {
		err := once("body.appointments[0].services", tt.services)
		if (err == nil) != tt.ok || err != nil && !problem.Has(err, problem.InvalidRequest) {
			t.Errorf("%v: got %v", tt.services, err)
		}
		if _, err := (&Asking{Services: tt.services}).ask(); len(tt.services) > 0 && (err == nil) != tt.ok {
			t.Errorf("asking for %v: got %v", tt.services, err)
		}
	}
}
