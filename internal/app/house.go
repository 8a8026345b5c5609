package app

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"zapis/internal/admin"
	"zapis/internal/alert"
	"zapis/internal/booking"
	"zapis/internal/config"
	"zapis/internal/gateway"
	"zapis/internal/jobs"
	"zapis/internal/mirror"
	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/session"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/ui"
	"zapis/yclients"
)

// The rooms satisfy what the gateway asks for.
var (
	_ gateway.Catalogue = (*mirror.Mirror)(nil)
	_ gateway.Bookings  = (*booking.Service)(nil)
	_ gateway.Sessions  = (*session.Service)(nil)
)

// house is everything between a customer's request and YCLIENTS.
type house struct {
	cfg     *config.Config
	log     *slog.Logger
	started time.Time
	metrics *metrics

	// In the order in which they were built; empty where the configuration opens no account.
	store   *store.Store
	key     *secret.Key
	road    *upstream.Road
	tokens  *upstream.Tokens
	alerts  *alert.Alerts
	mirror  *mirror.Mirror
	booking *booking.Service
	jobs    *jobs.Jobs

	checkup checkup

	settings func() admin.Settings // how the file of settings stands; nil where none is watched

	drain   time.Duration // patience of close
	warming sync.WaitGroup
	cool    context.CancelFunc // ends the warming

	gateway http.Handler
	admin   http.Handler
}

// databaseFile is the SQLite database in the data folder.
const databaseFile = "zapis.db"

// build makes the house from the bottom up. What was built is closed again when a later part fails.
func build(ctx context.Context, cfg *config.Config, patience time.Duration, log *slog.Logger) (_ *house, err error) {
	h := &house{cfg: cfg, log: log, started: time.Now(), metrics: newMetrics(), drain: patience}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	g := gateway.Config{
		UI: ui.Booking(), State: h.state, Ready: h.ready, Origins: cfg.Origins, TrustedProxies: cfg.TrustedProxies,
		Version: Version, Logger: log,
	}
	if cfg.State == config.Ready {
		if err := h.open(ctx, &g); err != nil {
			return nil, err
		}
	}
	if h.alerts == nil {
		h.openAlerts()
	}
	h.gateway = gateway.New(g)
	h.admin = admin.New(admin.Config{
		State: h.picture, Ready: h.ready, Metrics: h.metrics.handler(), Console: ui.Console(), Degraded: h.deadTokens,
		Health:     func(ctx context.Context, fresh bool, lang string) (any, time.Time) { return h.health(ctx, fresh, lang) },
		TestAlerts: func(ctx context.Context) any { return h.alerts.Test(ctx) },
	})
	return h, nil
}

// open builds the rooms of the configured account: store, road, SDK, mirror, session, booking, jobs.
func (h *house) open(ctx context.Context, g *gateway.Config) (err error) {
	if err := h.openStore(ctx); err != nil {
		return err
	}
	pace, fresh := serverLog(h.cfg, h.store)
	h.road, err = upstream.New(upstream.Config{
		Scale: h.cfg.LimitsScale, Store: pace, Fresh: fresh, CAFile: h.cfg.CAFile,
		Logger: h.log, Observer: h.metrics,
	})
	if err != nil {
		return problem.Because(problem.ConfigInvalid, err).Detailf("the road to YCLIENTS: %v", err)
	}
	h.metrics.watch(h.road)
	h.openAlerts()
	h.watchTokens()
	account := h.cfg.Account
	api, err := yclients.New(
		yclients.WithPartnerToken(yclients.Token(account.PartnerToken.Reveal())),
		yclients.WithUserToken(yclients.Token(account.UserToken.Reveal())),
		yclients.WithBaseURL(h.cfg.BaseURL),
		yclients.WithHTTPClient(h.tokens.Client()),
		yclients.WithUserAgent("zapis/"+Version),
	)
	if err != nil {
		return problem.Because(problem.ConfigInvalid, err).Detailf("the YCLIENTS client: %v", err)
	}
	h.mirror, err = mirror.New(mirror.Config{
		API: api, Branches: account.Branches, Hidden: h.cfg.HiddenStaff, Keeper: h.store, Logger: h.log,
	})
	if err != nil {
		return err
	}
	sessions := session.New(session.Config{
		Store: h.store, Client: api.AsPartner(), Account: account.ID, Branches: account.Branches, Logger: h.log,
	})
	h.jobs, err = jobs.New(ctx, jobs.Config{Store: h.store, Logger: h.log})
	if err != nil {
		return problem.Because(problem.StoreUnavailable, err)
	}
	h.booking, err = booking.New(booking.Config{
		Account: account.ID, Branches: account.Branches, Mode: booking.Mode(h.cfg.Mode), PilotPhones: h.cfg.PilotPhones,
		Store: h.store, API: api, Mirror: h.mirror, Codes: sessions, Clients: sessions, Logger: h.log,
	})
	if err != nil {
		return err
	}
	if g.Webhooks, err = h.hooksIn(); err != nil {
		return problem.Because(problem.ConfigInvalid, err).Detailf("webhooks: %v", err)
	}
	g.Catalogue, g.Bookings, g.Sessions = h.mirror, h.booking, sessions
	if err := h.jobs.Start(ctx, h.booking); err != nil {
		return problem.Because(problem.StoreUnavailable, err)
	}
	h.warm(ctx, api)
	return nil
}

// warm asks for the branches' cards before the first customer does: a dozen calls take seconds at the pace.
// Whether it succeeds is for the first customer to hear. A rehearsal that was interrupted is ended.
func (h *house) warm(ctx context.Context, api *yclients.Client) {
	ctx, h.cool = context.WithCancel(upstream.WithLane(context.WithoutCancel(ctx), upstream.Refresh))
	h.warming.Go(func() { _, _, _ = h.mirror.Branches(ctx) })
	h.warming.Go(func() { h.endRehearsal(ctx, api) })
}

// openStore opens the key and the database, and puts the configured account into it.
func (h *house) openStore(ctx context.Context) error {
	if err := os.MkdirAll(h.cfg.DataDir, 0o700); err != nil {
		return problem.Because(problem.FolderUnusable, err).Detailf("%s", h.cfg.DataDir)
	}
	key, err := secret.Load(h.cfg.Key.Reveal(), filepath.Join(h.cfg.DataDir, "key"))
	if err != nil {
		return problem.Because(problem.KeyWrong, err).Detailf("%v", err)
	}
	h.key = key
	h.store, err = store.Open(ctx, store.Config{
		URL: h.cfg.DatabaseURL.Reveal(), Path: filepath.Join(h.cfg.DataDir, databaseFile), Key: key, Logger: h.log,
	})
	if err != nil {
		return storeProblem(err)
	}
	account := h.cfg.Account
	err = h.store.SaveAccount(ctx, store.Account{
		ID: account.ID, Branches: account.Branches, APIKey: account.PartnerToken, UserToken: account.UserToken,
	})
	if err != nil {
		return problem.Because(problem.StoreUnavailable, err)
	}
	return nil
}

// close ends the rooms in the reverse order: no new work, then no calls, then no data.
func (h *house) close() {
	ctx, done := context.WithTimeout(context.Background(), h.drain)
	defer done()
	if h.cool != nil {
		h.cool()
	}
	if h.jobs != nil {
		h.note(h.jobs.Stop(ctx))
	}
	if h.booking != nil {
		h.booking.Close(ctx)
	}
	if h.mirror != nil {
		h.mirror.Close()
	}
	h.warming.Wait()
	if h.road != nil {
		h.note(h.road.Close(ctx))
	}
	if h.alerts != nil {
		h.alerts.Close()
	}
	if h.store != nil {
		h.note(h.store.Close())
	}
	h.jobs, h.booking, h.mirror, h.road, h.store = nil, nil, nil, nil, nil
}

func (h *house) note(err error) {
	if err != nil {
		h.log.Warn("stopping", "error", err)
	}
}

// state is what GET /v1/app tells of the whole server.
func (h *house) state() string {
	switch h.cfg.State {
	case config.NotConfigured:
		return gateway.StateNotConfigured
	case config.Disabled:
		return gateway.StateDisabled
	}
	switch h.cfg.Mode {
	case config.ModeReadonly:
		return gateway.StateReadonly
	case config.ModePilot:
		return gateway.StatePilot
	}
	return gateway.StateOK
}

// ready says why requests cannot be served.
func (h *house) ready(ctx context.Context) error {
	switch h.cfg.State {
	case config.NotConfigured:
		return problem.New(problem.NotConfigured)
	case config.Disabled:
		return problem.New(problem.Disabled)
	}
	if err := h.store.Ping(ctx); err != nil {
		return problem.Because(problem.StoreUnavailable, err)
	}
	if h.tokens != nil {
		if _, dead := h.tokens.Dead(upstream.KeyToken); dead {
			return problem.New(problem.UpstreamKey)
		}
	}
	return nil
}

// picture is what the console shows.
func (h *house) picture(ctx context.Context) admin.State {
	s := admin.State{Version: Version, Status: h.state(), Started: h.started, Branches: []admin.Branch{}, Undecided: []admin.Undecided{}}
	if h.settings != nil {
		settings := h.settings()
		s.Settings = &settings
	}
	if h.road == nil {
		return s
	}
	now := time.Now()
	stats := h.road.Stats()
	s.Upstream = admin.Upstream{
		LastSecond: stats.LastSecond, LastMinute: stats.LastMinute, LimitSecond: stats.PerSecond, LimitMinute: stats.PerMinute,
		Queued: queued(stats), Refusals: stats.Refusals,
	}
	if stats.Paused {
		until := now.Add(stats.PausedFor)
		s.Upstream.PausedUntil = &until
	}
	for _, code := range h.deadTokens() {
		s.Trouble = string(code)
	}
	for _, id := range h.cfg.Account.Branches {
		s.Branches = append(s.Branches, admin.Branch{ID: id})
	}
	branches, _, err := h.mirror.Branches(ctx)
	if err != nil {
		s.Trouble = string(problem.From(err).Code)
	}
	for _, b := range branches {
		for i := range s.Branches {
			if s.Branches[i].ID == b.ID {
				s.Branches[i].Title, s.Branches[i].Zone = b.Title, b.Zone
			}
		}
	}
	for _, status := range []salon.Status{salon.NeedsAttention, salon.Pending} {
		list, err := h.store.BookingsInStatus(ctx, status, 50)
		if err != nil {
			s.Trouble = string(problem.StoreUnavailable)
		}
		for _, b := range list {
			s.Undecided = append(s.Undecided, admin.Undecided{ID: b.ID, Branch: b.BranchID, State: string(b.Status), CreatedAt: b.CreatedAt})
		}
	}
	return s
}
