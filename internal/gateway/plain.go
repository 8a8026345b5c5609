package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"zapis/internal/problem"
)

// registerPlain adds what is not part of the API document: health, the documents themselves, and the rest.
func (g *Gateway) registerPlain(webhooks http.Handler) {
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /healthz":          g.healthz,
		"GET /readyz":           g.readyz,
		"GET /openapi.json":     func(w http.ResponseWriter, r *http.Request) { g.docs.serve(w, r, g.docs.v31) },
		"GET /openapi-3.0.json": func(w http.ResponseWriter, r *http.Request) { g.docs.serve(w, r, g.docs.v30) },
		"GET /docs":             g.docsPage,
		"GET /docs/problems":    g.problemsPage,
		"GET /docs/page.css":    pageFile("page/page.css", "text/css; charset=utf-8"),
		"GET /docs/page.js":     pageFile("page/page.js", "text/javascript; charset=utf-8"),
	} {
		g.mux.Handle(pattern, h)
		g.plain = append(g.plain, pattern)
	}
	if webhooks != nil {
		g.mux.Handle("/hooks/yclients/{secret}", webhooks) // it answers other methods than POST itself
	}
	g.mux.HandleFunc("/", g.unrouted)
}

// healthz says that the process answers. It asks nobody, so that a slow database does not get us restarted.
func (g *Gateway) healthz(w http.ResponseWriter, _ *http.Request) {
	sayJSON(w, http.StatusOK, map[string]any{"alive": true, "version": g.version})
}

type readiness struct {
	Ready   bool     `json:"ready"`
	State   string   `json:"state"`
	Reasons []reason `json:"reasons"`
}

type reason struct {
	Code string `json:"code"`
	Fix  string `json:"fix"`
}

// readyTime bounds the asking of a database that does not answer.
const readyTime = 2 * time.Second

// readyz says whether this process can serve, and if not, why.
func (g *Gateway) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	req := requestFrom(r.Context())
	out := readiness{State: g.state(), Reasons: []reason{}}
	add := func(e *problem.Error) {
		req.code, req.cause = e.Code, e.Cause
		out.Reasons = append(out.Reasons, reason{string(e.Code), e.Meaning().Fix.In(req.caller.Lang)})
	}
	if err := g.serving(false); err != nil {
		add(problem.From(err))
	}
	if err := g.ready(ctx); err != nil {
		e := problem.From(err)
		if e.Code == problem.Internal {
			e = problem.Because(problem.StoreUnavailable, err) // an error of no name is the database's
		}
		add(e)
	}
	out.Ready = len(out.Reasons) == 0
	status := http.StatusOK
	if !out.Ready {
		status = http.StatusServiceUnavailable
	}
	sayJSON(w, status, out)
}

func sayJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may have gone
}
