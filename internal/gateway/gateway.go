package gateway

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// maxBody is the largest request body, bytes. A booking takes about 1 KB.
const maxBody = 64 << 10

// Config is what a gateway is made of. Catalogue, Bookings and Sessions are needed; the rest has defaults.
type Config struct {
	Catalogue Catalogue
	Bookings  Bookings
	Sessions  Sessions
	Version   string           // of the server; "dev" when empty
	Logger    *slog.Logger     // slog.Default() when nil
	Now       func() time.Time // time.Now when nil
}

// Gateway serves the mobile API.
type Gateway struct {
	catalogue Catalogue
	bookings  Bookings
	sessions  Sessions
	version   string
	log       *slog.Logger
	now       func() time.Time
	mux       *http.ServeMux
	api       huma.API
}

// New builds the gateway; it serves nothing by itself.
func New(c Config) *Gateway {
	g := &Gateway{
		catalogue: c.Catalogue, bookings: c.Bookings, sessions: c.Sessions,
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
	g.api = humago.New(g.mux, describe())
	g.register(g.api)
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
	c.SchemasPath = ""
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session":       {Type: "http", Scheme: "bearer", Description: "Access token of POST /v1/auth/sessions."},
		"bookingSecret": {Type: "apiKey", In: "header", Name: "Zapis-Booking-Secret", Description: "A guest's key to one booking."},
	}
	return c
}
