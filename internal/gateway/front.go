package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

// answerTime is how long a request may take until its last byte is read: the longest budget, and as much again for a
// slow phone.
const answerTime = time.Minute

// ServeHTTP is the way of every request: it gets an id, is weighed, finds its route, and leaves one line in the log.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w}
	req := g.begin(rec, r)
	r = r.WithContext(context.WithValue(r.Context(), contextKey{}, req))
	defer g.end(rec, r, req)
	// Whoever does not read the answer does not keep us. Tests without a connection have no deadline to set.
	_ = http.NewResponseController(w).SetWriteDeadline(req.started.Add(answerTime))
	g.protect(req)
	if err := g.weigh(r, req); err != nil {
		g.fail(rec, r, err)
		return
	}
	if g.crossOrigin(rec, r) {
		return
	}
	g.mux.ServeHTTP(rec, r)
}

func (g *Gateway) begin(w http.ResponseWriter, r *http.Request) *request {
	from := client(r, g.trusted)
	return &request{
		g: g, header: w.Header(), instance: newInstance(), started: time.Now(),
		caller:  salon.Caller{Addr: from.counted(), Lang: language(r.Header.Get("Accept-Language"))},
		browser: r.Header.Get("Sec-Fetch-Site") != "",
		tls:     from.tls, host: r.Host,
	}
}

// protect sets what every answer carries.
func (g *Gateway) protect(req *request) {
	h := req.header
	h["X-Content-Type-Options"] = noSniff
	h["Referrer-Policy"] = noReferrer
	if req.tls {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// Header values that are the same for every answer are made once. Nobody changes them: Add and Set make new lists.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
)

// weigh refuses what is too much or cannot be meant.
func (g *Gateway) weigh(r *http.Request, req *request) error {
	if wait := g.limiter.take(req.caller.Addr, req.started); wait > 0 {
		return problem.New(problem.TooManyRequests).After(wait)
	}
	if len(r.RequestURI) > maxURL {
		return problem.New(problem.InvalidRequest).At("path", "the address is longer than 4096 bytes")
	}
	if !clean(r) {
		return problem.New(problem.RouteUnknown)
	}
	return nil
}

// clean reports a path without empty or dot segments, control characters or broken UTF-8. The standard router would
// answer some of these with a redirect, which no app of ours ever means.
func clean(r *http.Request) bool {
	path := r.URL.Path
	if !strings.HasPrefix(path, "/") || !utf8.ValidString(path) || strings.ContainsFunc(path, isControl) {
		return false
	}
	for _, p := range [2]string{path, r.URL.EscapedPath()} {
		if !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
			continue // nearly all, and this is asked of every request
		}
		if strings.Contains(p, "//") || strings.Contains(p+"/", "/./") || strings.Contains(p+"/", "/../") {
			return false
		}
	}
	return true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// crossOrigin answers what a browser asks before a call from another site, and lets the listed sites read answers.
// It reports whether the request is done.
func (g *Gateway) crossOrigin(w http.ResponseWriter, r *http.Request) bool {
	if len(g.origins) == 0 || !strings.HasPrefix(r.URL.Path, "/v1/") {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !g.origins[origin] {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", "Age, ETag, Location, Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-None-Match, Zapis-Booking-Secret")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// unrouted answers what no route of ours matches: the booking page, 405 or 404.
func (g *Gateway) unrouted(w http.ResponseWriter, r *http.Request) {
	allowed := g.methods(r)
	switch {
	case len(allowed) > 0:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		g.fail(w, r, problem.New(problem.MethodNotAllowed))
	case g.ui != nil && r.URL.Path != "/v1" && !strings.HasPrefix(r.URL.Path, "/v1/"):
		g.ui.ServeHTTP(w, r)
	default:
		g.fail(w, r, problem.New(problem.RouteUnknown))
	}
}

// methods are those that the path has a route for.
func (g *Gateway) methods(r *http.Request) []string {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, pattern := g.mux.Handler(probe); pattern != "" && pattern != "/" {
			allowed = append(allowed, m)
		}
	}
	return allowed
}

// end turns a panic into a problem and writes the one line of the log. Reads that went well are told at debug level:
// they are many and say nothing. The line holds no query, header, body or address.
func (g *Gateway) end(w *recorder, r *http.Request, req *request) {
	if p := recover(); p != nil {
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p) // the server's own way to cut a connection
		}
		g.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("instance", req.instance),
			slog.String("panic", panicText(p)), slog.String("stack", string(debug.Stack())))
		if w.status == 0 {
			g.fail(w, r, problem.New(problem.Internal))
		}
	}
	level := slog.LevelInfo
	switch {
	case w.status >= 500:
		level = slog.LevelWarn
	case w.status < 400 && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		level = slog.LevelDebug
	}
	if !g.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("instance", req.instance), slog.String("method", methodName(r.Method)), slog.String("route", routeName(r.Pattern)),
		slog.Int("status", w.status), slog.Duration("took", time.Since(req.started)),
	}
	if req.code != "" {
		attrs = append(attrs, slog.String("code", string(req.code)))
	}
	if req.cause != nil {
		attrs = append(attrs, slog.String("cause", req.cause.Error()))
	}
	g.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// panicText is the panic's own words where they cannot hold a caller's data.
func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

// methodName keeps invented methods out of the log.
func methodName(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

func routeName(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
