// Package admin is the operator's HTTP: the console, the state it shows, metrics and profiles. It listens on
// an address of its own, loopback by default, and never on the address that customers reach.
package admin

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

// State is what the console shows first: does it work, and what waits for a decision.
type State struct {
	Version   string      `json:"version"`
	Status    string      `json:"status"` // as GET /v1/app says it
	Started   time.Time   `json:"started"`
	Branches  []Branch    `json:"branches"`
	Upstream  Upstream    `json:"upstream"`
	Undecided []Undecided `json:"undecided"`
	Trouble   string      `json:"trouble,omitempty"` // why a part of this could not be read
	Settings  *Settings   `json:"settings,omitempty"`
}

// Settings is how the watched file of settings stands.
type Settings struct {
	File    string    `json:"file,omitempty"`
	Since   time.Time `json:"since"`             // since when the present settings are in force
	Trouble string    `json:"trouble,omitempty"` // why a later change of the file was refused
	Restart []string  `json:"restart,omitempty"` // variables that wait for a restart
}

// Branch is a configured branch as far as it is known.
type Branch struct {
	ID    salon.BranchID `json:"id"`
	Title string         `json:"title,omitempty"`
	Zone  string         `json:"zone,omitempty"`
}

// Upstream is the state of the road to YCLIENTS.
type Upstream struct {
	LastSecond  int        `json:"last_second"`
	LastMinute  int        `json:"last_minute"`
	LimitSecond int        `json:"limit_second"`
	LimitMinute int        `json:"limit_minute"`
	Queued      int        `json:"queued"`
	Refusals    int64      `json:"refusals"`
	PausedUntil *time.Time `json:"paused_until,omitempty"`
}

// Undecided is a booking whose outcome is not known. It names nobody: phones stay sealed until the operator
// asks for one.
type Undecided struct {
	ID        string         `json:"id"`
	Branch    salon.BranchID `json:"branch"`
	State     string         `json:"state"`
	CreatedAt time.Time      `json:"created_at"`
}

// Config is what the operator's side is made of.
type Config struct {
	State   func(context.Context) State
	Ready   func(context.Context) error
	Metrics http.Handler
	Console http.Handler // the page, under /admin/
	// Degraded names failures that last and leave a part of the work going; /readyz tells them beside "ready". Optional.
	Degraded func() []problem.Code
	// Health gives the doctor's report as one object and when it was made; fresh asks for a new one. Optional.
	Health func(ctx context.Context, fresh bool, lang string) (report any, made time.Time)
	// TestAlerts sends a test through every way of telling and says how each fared. Optional.
	TestAlerts func(context.Context) any
}

// New builds the handler.
func New(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /admin/", http.StripPrefix("/admin", c.Console))
	mux.Handle("GET /admin", http.RedirectHandler("/admin/", http.StatusMovedPermanently))
	mux.Handle("GET /{$}", http.RedirectHandler("/admin/", http.StatusFound))
	mux.HandleFunc("GET /admin/api/state", func(w http.ResponseWriter, r *http.Request) {
		write(w, http.StatusOK, c.State(r.Context()))
	})
	mux.Handle("GET /metrics", c.Metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := c.Ready(r.Context()); err != nil {
			p := problem.From(err)
			write(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "code": string(p.Code), "fix": p.Meaning().Fix.EN})
			return
		}
		answer := map[string]any{"status": "ready"}
		if c.Degraded != nil && len(c.Degraded()) > 0 {
			answer["degraded"] = c.Degraded()
		}
		write(w, http.StatusOK, answer)
	})
	addHealth(mux, c)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return OnlyByAddress(mux)
}

// OnlyByAddress refuses requests whose Host is a name of somebody's: a page on the web can make a browser on
// this machine ask http://its-own-name/ with that name resolving to 127.0.0.1, and would read the answer.
func OnlyByAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err != nil && host != "localhost" {
			write(w, http.StatusForbidden, map[string]string{"code": string(problem.CrossOrigin), "fix": "open this page by its address: http://127.0.0.1:8486/admin/"})
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(body) // the operator has gone away: nothing to do
}

// IsLoopback tells whether an address to listen on is reachable from this machine only.
func IsLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
