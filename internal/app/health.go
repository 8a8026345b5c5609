package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// EquipDoctor gives the doctor of a command its way to YCLIENTS, under the budget of the server beside it, and what the
// store knows. end closes what is behind that. It makes no folder, key or database.
func EquipDoctor(cfg *config.Config, o *doctor.Options) (end func(), err error) {
	road, end, err := pacedRoad(cfg)
	if err != nil {
		return nil, err
	}
	o.Carrier, o.Budget = road.Client(), budgetOf(road)
	o.NewClient, o.Facts = clientsOf(cfg, o.Carrier), storeFacts
	if key, err := existingKey(cfg); err == nil {
		o.HookURL = hookURL(cfg, key)
	}
	return end, nil
}

// hookURL is where YCLIENTS shall send its events; empty where the server cannot be reached from outside.
func hookURL(cfg *config.Config, key *secret.Key) secret.String {
	if cfg.PublicURL == "" {
		return secret.String{}
	}
	return setup.HookAddress(cfg.PublicURL, key)
}

func budgetOf(road *upstream.Road) func() (used, limit int) {
	return func() (used, limit int) {
		s := road.Stats()
		return s.LastMinute, s.PerMinute
	}
}

// keptHooks is where a server remembers in which branches it has seen its webhook address.
const keptHooks = "doctor.hooks"

// factsOf counts what the store knows of the last day.
func factsOf(ctx context.Context, s *store.Store) (*doctor.StoreFacts, error) {
	f, err := s.Facts(ctx, time.Now().Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	facts := &doctor.StoreFacts{CodesSent: f.CodesSent, CodesUsed: f.CodesUsed, Attention: f.Attention}
	value, err := s.Kept(ctx, keptHooks)
	if err == nil && len(value) > 0 {
		err = json.Unmarshal(value, &facts.Hooked)
	}
	return facts, err
}

// rememberHooks keeps in which branches our address stands, so that its loss is told from never having been there.
func (h *house) rememberHooks(ctx context.Context, seen []int64) {
	facts, err := factsOf(ctx, h.store)
	if err != nil || len(seen) == 0 {
		return
	}
	all := slices.Concat(facts.Hooked, seen)
	slices.Sort(all)
	all = slices.Compact(all)
	if slices.Equal(all, facts.Hooked) {
		return
	}
	value, err := json.Marshal(all)
	if err == nil {
		err = h.store.Keep(ctx, keptHooks, value)
	}
	h.note(err)
}

// storeFacts reads the facts of the store as a command beside the server; nil where there is no store yet. It migrates and
// makes nothing.
func storeFacts(ctx context.Context, cfg *config.Config) (*doctor.StoreFacts, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	c := store.Config{URL: cfg.DatabaseURL.Reveal(), Path: filepath.Join(cfg.DataDir, databaseFile), Existing: true, Logger: slog.New(slog.DiscardHandler)}
	if c.URL == "" && !exists(c.Path) {
		return nil, nil
	}
	var err error
	if c.Key, err = existingKey(cfg); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
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
		if h.store != nil {
			h.rememberHooks(ctx, report.Hooked)
		}
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
	o.HookURL = hookURL(h.cfg, h.key)
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
