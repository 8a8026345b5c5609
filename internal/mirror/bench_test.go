package mirror

import (
	"context"
	"net/http"
	"testing"

	"zapis/internal/salon"
	"zapis/sandbox"
	"zapis/yclients"
)

func benchmark(b *testing.B) (*Mirror, int64) {
	b.Helper()
	box := sandbox.Start(b, sandbox.WithLimits(sandbox.Off))
	transport := &http.Transport{}
	b.Cleanup(transport.CloseIdleConnections)
	api, err := yclients.New(yclients.WithBaseURL(box.URL()), yclients.WithPartnerToken(sandbox.PartnerToken),
		yclients.WithUserToken(sandbox.AppUserToken), yclients.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		b.Fatal(err)
	}
	m, err := New(Config{API: api, Branches: []salon.BranchID{moscow}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	c, err := m.Services(context.Background(), moscow, 0)
	if err != nil {
		b.Fatal(err)
	}
	return m, c.Services[0].ID
}

func BenchmarkServicesFromMemory(b *testing.B) {
	m, _ := benchmark(b)
	for b.Loop() {
		if _, err := m.Services(context.Background(), moscow, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSlotsFromMemory(b *testing.B) {
	m, service := benchmark(b)
	wanted := ask(moscow, 0, service)
	day := m.now().AddDate(0, 0, 3).Format("2006-01-02")
	for b.Loop() {
		if _, err := m.Slots(context.Background(), wanted, day); err != nil {
			b.Fatal(err)
		}
	}
}
