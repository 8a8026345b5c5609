package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Limits of a request. What exceeds them is refused before it is understood. Size of headers and slow
// requests are the http.Server's to bound: its owner sets ReadHeaderTimeout, ReadTimeout, IdleTimeout, MaxHeaderBytes.
const (
	maxBody  = 64 << 10 // bytes; a booking takes about 1 KB
	maxURL   = 4 << 10  // bytes
	maxDepth = 32       // nesting of a JSON document
)

// States of the whole server, as GET /v1/app tells them.
const (
	StateOK            = "ok"
	StateNotConfigured = "not_configured" // no account yet: every other call answers 503
	StateDisabled      = "disabled"       // switched off by the operator: every other call answers 503
	StateReadonly      = "readonly"       // reads work; booking refuses by itself
	StatePilot         = "pilot"          // books only for listed phones; booking refuses the others by itself
)

// Config is what a gateway is made of. Catalogue, Bookings and Sessions are needed (unless State never says that
// the server can serve); the rest has defaults.
type Config struct {
	Catalogue Catalogue
	Bookings  Bookings
	Sessions  Sessions

	// UI answers what no route of the API names: the booking page. Nil: 404.
	UI http.Handler
	// Webhooks takes what YCLIENTS posts to /hooks/yclients/{secret}; it knows the secret. Nil: there is no such address.
	Webhooks http.Handler
	// State is asked for every call and must be fast. Nil: always StateOK.
	State func() string
	// Ready says why the server cannot serve, for /readyz. Nil: always ready.
	Ready func(ctx context.Context) error
	// Origins are the web origins that may call the API from a browser, as in "https://book.example.ru". Default none.
	Origins []string
	// TrustedProxies may say X-Forwarded-For and X-Forwarded-Proto. Default none.
	TrustedProxies []netip.Prefix
	// Rate is the number of requests a second that one address may keep up, with bursts of four times as many. A
	// loopback address is not limited: behind it stands the operator, or a proxy that TrustedProxies does not name.
	// Default 100; negative: no limit.
	Rate int

	Version string           // of the server; "dev" when empty
	Logger  *slog.Logger     // slog.Default() when nil
	Now     func() time.Time // time.Now when nil
}

// Gateway serves the mobile API, its documents and the booking page. It is an http.Handler.
type Gateway struct {
	catalogue Catalogue
	bookings  Bookings
	sessions  Sessions
	ui        http.Handler
	state     func() string
	ready     func(context.Context) error
	trusted   []netip.Prefix
	origins   map[string]bool
	cross     *http.CrossOriginProtection
	limiter   *limiter
	hot       *memory
	version   string
	log       *slog.Logger
	now       func() time.Time

	mux  *http.ServeMux
	api  huma.API
	docs *documents

	operations []*huma.Operation // in the order of their registration
	plain      []string          // patterns that are not part of the document
}

// New builds the gateway; it serves nothing by itself.
func New(c Config) *Gateway {
	g := &Gateway{
		catalogue: c.Catalogue, bookings: c.Bookings, sessions: c.Sessions, ui: c.UI, state: c.State, ready: c.Ready,
		trusted: c.TrustedProxies, origins: map[string]bool{}, cross: http.NewCrossOriginProtection(), hot: newMemory(),
		version: c.Version, log: c.Logger, now: c.Now, mux: http.NewServeMux(),
	}
	if g.version == "" {
		g.version = "dev"
	}
	if g.log == nil {
		g.log = slog.Default()
	}
	if g.now == nil {
		g.now = time.Now
	}
	if g.state == nil {
		g.state = func() string { return StateOK }
	}
	if g.ready == nil {
		g.ready = func(context.Context) error { return nil }
	}
	g.limiter = newLimiter(c.Rate)
	for _, origin := range c.Origins {
		// An origin with a path would never match anything; config refuses it earlier, with the variable's name.
		if g.cross.AddTrustedOrigin(origin) == nil {
			g.origins[origin] = true
		}
	}
	g.api = huma.NewAPI(describe(), adapter{g})
	g.register(g.api)
	g.registerPlain(c.Webhooks)
	g.docs = newDocuments(g.api.OpenAPI())
	return g
}

// OpenAPI is the description of the mobile API, version 3.1.
func (g *Gateway) OpenAPI() *huma.OpenAPI { return g.api.OpenAPI() }

// describe is the head of the API document. The version is the API's and not the program's, so that the
// committed document changes only when the promise does.
func describe() huma.Config {
	c := huma.DefaultConfig("Zapis mobile API", "1.0.0")
	c.Info.Description = "Booking at the branches of a salon chain. Times are RFC 3339 with the branch's offset. " +
		"Money is in minor units. Failures are RFC 9457 problem documents with a stable code; a failure is never an empty list."
	c.CreateHooks = nil // no $schema members in answers: apps decode closed types
	c.DocsPath = ""     // our own page: huma's loads a script from another host
	c.OpenAPIPath = ""  // served with an ETag, like everything that may be kept
	c.SchemasPath = ""
	c.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	// A misspelt parameter that is silently ignored gives a right answer to another question.
	c.RejectUnknownQueryParameters = true
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session":       {Type: "http", Scheme: "bearer", Description: "Access token of POST /v1/auth/sessions."},
		"bookingSecret": {Type: "apiKey", In: "header", Name: "Zapis-Booking-Secret", Description: "A guest's key to one booking."},
	}
	return c
}
