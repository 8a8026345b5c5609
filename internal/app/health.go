package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// PacedCarrier is an HTTP client for the doctor, whose calls spend the same budget as those of a server beside it, and how
// much of that budget the last minute took. end closes what is behind it.
func PacedCarrier(cfg *config.Config) (carrier *http.Client, budget func() (used, limit int), end func(), err error) {
	road, end, err := pacedRoad(cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	return road.Client(), budgetOf(road), end, nil
}

func budgetOf(road *upstream.Road) func() (used, limit int) {
	return func() (used, limit int) {
		s := road.Stats()
		return s.LastMinute, s.PerMinute
	}
}

// factsOf counts what the store knows of the last day.
func factsOf(ctx context.Context, s *store.Store) (*doctor.StoreFacts, error) {
	f, err := s.Facts(ctx, time.Now().Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	return &doctor.StoreFacts{CodesSent: f.CodesSent, CodesUsed: f.CodesUsed, Attention: f.Attention}, nil
}

// StoreFacts reads the facts of the store as a command beside the server; nil where there is no store yet. It migrates and
// makes nothing.
func StoreFacts(ctx context.Context, cfg *config.Config) (*doctor.StoreFacts, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	c := store.Config{URL: cfg.DatabaseURL.Reveal(), Path: filepath.Join(cfg.DataDir, databaseFile), Existing: true, Logger: slog.New(slog.DiscardHandler)}
	keyFile := filepath.Join(cfg.DataDir, "key")
	if c.URL == "" && !exists(c.Path) || cfg.Key.IsZero() && !exists(keyFile) {
		return nil, nil
	}
	var err error
	if c.Key, err = secret.Load(cfg.Key.Reveal(), keyFile); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, c)
	if errors.Is(err, store.ErrOlderDatabase) {
		return &doctor.StoreFacts{Older: true}, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return factsOf(ctx, s)
}

// Health is asked by pages: an answer is good for a while, so that a page that is open all day costs little.
const (
	healthLife  = 5 * time.Minute
	healthAgain = 30 * time.Second // the least pause when a person asks for a fresh one
	healthLimit = 2 * time.Minute
)

// checkup keeps the last report of the doctor on the running server.
type checkup struct {
	mu     sync.Mutex
	report *doctor.Report
	made   time.Time
}

// health examines the running server, or gives the last report: for a person who asks anew, one of half a minute.
func (h *house) health(ctx context.Context, fresh bool, lang string) (doctor.Document, time.Time) {
	h.checkup.mu.Lock()
	defer h.checkup.mu.Unlock()
	life := healthLife
	if fresh {
		life = healthAgain
	}
	if h.checkup.report == nil || time.Since(h.checkup.made) > life {
		ctx, cancel := context.WithTimeout(upstream.WithLane(ctx, upstream.Refresh), healthLimit)
		defer cancel()
		report := doctor.Run(ctx, h.examination())
		if ctx.Err() != nil {
			return report.Document(lang), time.Now() // half a report is shown and not kept
		}
		h.checkup.report, h.checkup.made = report, time.Now()
	}
	return h.checkup.report.Document(lang), h.checkup.made
}

// examination is what the doctor may use inside the server: its road, its store, its tokens.
func (h *house) examination() doctor.Options {
	o := doctor.Options{Config: h.cfg, InServer: true, Version: Version}
	if h.road == nil {
		o.NewClient = func(yclients.Token, yclients.Token) (*yclients.Client, error) {
			return nil, problem.New(problem.NotConfigured)
		}
		return o
	}
	o.Carrier, o.Budget = h.tokens.Client(), budgetOf(h.road)
	o.NewClient = clientsOf(h.cfg, o.Carrier)
	o.OpenStore = func(ctx context.Context, _ *config.Config) error {
		if err := h.store.Ping(ctx); err != nil {
			return problem.Because(problem.StoreUnavailable, err)
		}
		return nil
	}
	o.Facts = func(ctx context.Context, _ *config.Config) (*doctor.StoreFacts, error) { return factsOf(ctx, h.store) }
	return o
}

// clientsOf makes the doctor's clients over a carrier.
func clientsOf(cfg *config.Config, carrier *http.Client) func(partner, user yclients.Token) (*yclients.Client, error) {
	return func(partner, user yclients.Token) (*yclients.Client, error) {
		opts := []yclients.Option{yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner), yclients.WithHTTPClient(carrier)}
		if user != "" {
			opts = append(opts, yclients.WithUserToken(user))
		}
		return yclients.New(opts...)
	}
}
