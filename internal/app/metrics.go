package app

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zapis/internal/upstream"
)

// metrics counts what happens on the road to YCLIENTS. Labels are lanes, path templates and branches: never a
// person, a phone or a token.
type metrics struct {
	upstream.NopObserver
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	refused  prometheus.Counter
	dead     *prometheus.GaugeVec
	hooks    *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "zapis_upstream_calls_total", Help: "Calls to YCLIENTS by lane, path and outcome.",
		}, []string{"lane", "path", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "zapis_upstream_call_seconds", Help: "Time of calls to YCLIENTS, waiting in the queue included.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 4, 8, 16, 32},
		}, []string{"lane"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "zapis_upstream_refusals_total", Help: "Refusals for the rate limit; each means that something else spends the budget of this address.",
		}),
	}
	m.dead = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zapis_token_dead", Help: "1 while YCLIENTS refuses a token: key or user.",
	}, []string{"token"})
	m.hooks = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "zapis_webhooks_total", Help: "Events that YCLIENTS posted about configured branches, by what they are about.",
	}, []string{"resource"})
	m.registry.MustRegister(m.calls, m.took, m.refused, m.dead, m.hooks,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds the present state of the road.
func (m *metrics) watch(road *upstream.Road) {
	gauge := func(name, help string, value func(upstream.Stats) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			func() float64 { return value(road.Stats()) }))
	}
	gauge("zapis_upstream_last_minute", "Calls in the guarded minute.", func(s upstream.Stats) float64 { return float64(s.LastMinute) })
	gauge("zapis_upstream_last_second", "Calls in the guarded second.", func(s upstream.Stats) float64 { return float64(s.LastSecond) })
	gauge("zapis_upstream_queued", "Calls waiting for the pace.", func(s upstream.Stats) float64 { return float64(queued(s)) })
	gauge("zapis_upstream_paused", "1 while YCLIENTS refuses calls.", func(s upstream.Stats) float64 {
		if s.Paused {
			return 1
		}
		return 0
	})
}

func queued(s upstream.Stats) int {
	n := 0
	for _, lane := range s.Queued {
		n += lane
	}
	return n
}

// Call implements upstream.Observer.
func (m *metrics) Call(c upstream.Call) {
	outcome := strconv.Itoa(c.Status)
	switch {
	case c.Err != nil && c.NotSent:
		outcome = "not_sent"
	case c.Err != nil:
		outcome = "lost"
	}
	m.calls.WithLabelValues(c.Lane.String(), c.Template, outcome).Inc()
	m.took.WithLabelValues(c.Lane.String()).Observe(c.Took.Seconds())
}

// Refused implements upstream.Observer.
func (m *metrics) Refused(upstream.Lane, int64, time.Duration) { m.refused.Inc() }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
