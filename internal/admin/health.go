package admin

import (
	"net/http"
	"strings"
	"time"

	"zapis/internal/problem"
)

// addHealth mounts what the health page asks for:
//
//	GET  /admin/api/health?fresh=1&lang=en   {made, report: {works, does, to_do, call, findings…}}
//	POST /admin/api/alerts/test              {results: [{channel, ok, error}]}
func addHealth(mux *http.ServeMux, c Config) {
	if c.Health != nil {
		mux.HandleFunc("GET /admin/api/health", func(w http.ResponseWriter, r *http.Request) {
			report, made := c.Health(r.Context(), r.URL.Query().Get("fresh") != "", languageOf(r))
			if r.Context().Err() != nil { // half a report would accuse what was not asked
				write(w, http.StatusServiceUnavailable, map[string]string{"code": string(problem.UpstreamBusy), "fix": "ask again"})
				return
			}
			write(w, http.StatusOK, map[string]any{"made": made.UTC().Truncate(time.Second), "report": report})
		})
	}
	if c.TestAlerts != nil {
		// A page of somebody else's must not make the server write letters.
		mux.Handle("POST /admin/api/alerts/test", http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			write(w, http.StatusOK, map[string]any{"results": c.TestAlerts(r.Context())})
		})))
	}
}

// languageOf is that of ?lang=, else of the browser; Russian unless English comes first.
func languageOf(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); lang == "ru" || lang == "en" {
		return lang
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Accept-Language"))), "en") {
		return "en"
	}
	return "ru"
}
