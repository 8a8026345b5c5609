package jobs

import (
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"zapis/internal/store"
)

const (
	jobTime = time.Minute // longest run of a job
	// rescueAfter is when a running job is taken for lost with its process. River's hour is meant for longer jobs.
	rescueAfter = 2 * time.Minute
	keepDone    = time.Hour
)

// queue is River on either database: its client has the type of the transactions it joins.
type queue interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	Stopped() <-chan struct{}
	insert(ctx context.Context, tx *store.Tx, args river.JobArgs, opts *river.InsertOpts) error
}

type client[T any] struct {
	*river.Client[T]
	join func(*store.Tx) T
}

func (c client[T]) insert(ctx context.Context, tx *store.Tx, args river.JobArgs, opts *river.InsertOpts) error {
	_, err := c.InsertTx(ctx, c.join(tx), args, opts)
	return err
}

func newQueue(ctx context.Context, cfg Config, workers *river.Workers) (queue, error) {
	if pool := cfg.Store.Postgres(); pool != nil {
		return newClient(ctx, cfg, riverpgxv5.New(pool), workers, func(tx *store.Tx) pgx.Tx { return tx.Postgres() })
	}
	return newClient(ctx, cfg, riversqlite.New(cfg.Store.SQLite()), workers, func(tx *store.Tx) *sql.Tx { return tx.SQLite() })
}

func newClient[T any](ctx context.Context, cfg Config, driver riverdriver.Driver[T], workers *river.Workers, join func(*store.Tx) T) (queue, error) {
	log := slog.New(quiet{cfg.Logger.Handler()})
	tables, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return nil, err
	}
	if _, err := tables.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	rc := &river.Config{
		Logger:                      log,
		Workers:                     workers,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: cfg.Workers}},
		FetchPollInterval:           cfg.Poll,
		FetchCooldown:               min(cfg.Poll, river.FetchCooldownDefault),
		JobTimeout:                  jobTime,
		RescueStuckJobsAfter:        rescueAfter,
		CompletedJobRetentionPeriod: keepDone,
		PeriodicJobs:                []*river.PeriodicJob{purgePeriodically(cfg.PurgeEvery)},
		// On SQLite notifications are a table that River asks every 50 ms, over the one connection that writes.
		PollOnly: cfg.Store.SQLite() != nil,
	}
	if cfg.Now != nil {
		rc.Test.Time = clock(cfg.Now)
	}
	c, err := river.NewClient(driver, rc)
	if err != nil {
		return nil, err
	}
	return client[T]{c, join}, nil
}

// clock gives River our time where it would ask the database.
type clock func() time.Time

var _ rivertype.TimeGenerator = clock(nil)

func (c clock) Now() time.Time { return c() }

func (c clock) NowOrNil() *time.Time {
	now := c().UTC()
	return &now
}

// quiet passes warnings and errors only: River tells of every start and stop. An error that says no more than
// that a stop cut something off is not one: what was cut is in the database, and the next start goes on.
type quiet struct{ slog.Handler }

// Handle drops records whose error is a context that ended.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	cut := strings.Contains(r.Message, context.Canceled.Error())
	r.Attrs(func(a slog.Attr) bool {
		cut = cut || strings.Contains(a.Value.String(), context.Canceled.Error())
		return !cut
	})
	if cut {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
