package gateway

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"zapis/internal/salon"
)

// BenchmarkReads compares cached reads through the gateway with a bare net/http handler that writes the same bytes,
// both over a real connection. Divide bare by gateway; the aim is 0.7 or more.
func BenchmarkReads(b *testing.B) {
	f := newFake()
	for i := range int64(40) {
		s := f.list.Services[0]
		s.ID += i
		f.list.Services = append(f.list.Services, s)
	}
	for range 40 {
		f.slots.Slots = append(f.slots.Slots, salon.Slot{Start: "s1.eyJkIjoiMjAyNi0xMS0yNVQxMjowMDowMCswMzowMCIsImwiOjM2MDB9", Time: noon, Duration: f.slots.Slots[0].Duration})
	}
	g, _ := over(f, func(c *Config) { c.Logger = slog.New(slog.DiscardHandler) })
	for _, read := range []struct{ name, path string }{{"slots", slotsPath}, {"services", "/v1/branches/1/services"}} {
		w := call(g, "GET", read.path, "")
		body, header := w.Body.Bytes(), w.Header()
		bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", header.Get("Content-Type"))
			_, _ = w.Write(body)
		})
		for _, h := range []struct {
			name    string
			handler http.Handler
		}{{"bare", bare}, {"gateway", g}} {
			b.Run(read.name+"/"+h.name, func(b *testing.B) { benchmark(b, h.handler, read.path, len(body)) })
		}
	}
}

func benchmark(b *testing.B, h http.Handler, path string, size int) {
	server := httptest.NewServer(h)
	defer server.Close()
	client := server.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Get(server.URL + path)
			if err != nil {
				b.Error(err)
				return
			}
			n, err := io.Copy(io.Discard, resp.Body)
			if err != nil || resp.StatusCode != 200 || int(n) != size {
				b.Errorf("got %d, %d bytes, %v", resp.StatusCode, n, err)
			}
			resp.Body.Close()
		}
	})
}
