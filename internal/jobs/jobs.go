// Package jobs does the durable work nobody waits for: it brings open intents to their end, and runs the job queue.
//
// Intents are their own queue. The row of an intent says when it wants to be looked at and who holds it, so the
// watch over the store needs no second row that could disagree with the first. River, which runs everything else,
// would be too late for them: its scheduled jobs become runnable every 5 s and only while a leader is
// elected (up to 15 s after a kill -9), and a job whose process was killed is rescued after its longest run, minutes
// later. A customer is waiting for these.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"zapis/internal/store"
)

// Settler takes intents to their end; the booking room is one.
type Settler interface {
	// Settle takes one due intent as far as it can now. again > 0 asks to be called for it again after that time,
	// and not before; the intent's own NextLookAt counts as well. It must claim the intent, and treat
	// store.ErrConflict as somebody else's success. An error is logged, and the intent tried again later.
	Settle(ctx context.Context, intentID string) (again time.Duration, err error)
}

// Config says what to work on, and how hard.
type Config struct {
	Store     *store.Store    // required; outlives the jobs
	Logger    *slog.Logger    // slog.Default when nil
	Retention store.Retention // what the hourly purge keeps

	Poll       time.Duration // how often due intents and jobs are looked for; 500 ms when zero
	Settling   int           // intents settled at once; 8 when zero
	Workers    int           // queue jobs run at once; 4 when zero
	PurgeEvery time.Duration // 1 h when zero

	// Now is the clock of the queue, for tests with virtual time. Nil leaves it to the database, which is the one
	// clock all replicas share.
	Now func() time.Time

	also func(*river.Workers) // tests add workers of their own
}

// Jobs is the running work. Make one with New, Start it once, Stop it before the store is closed.
type Jobs struct {
	cfg   Config
	queue queue
	watch *watch
	abort context.CancelFunc // ends the context all work runs under
}

// New brings the tables of the queue up to date. Jobs can be inserted from then on; they run after Start.
func New(ctx context.Context, cfg Config) (*Jobs, error) {
	if cfg.Store == nil {
		return nil, errors.New("jobs: a store is required")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.Poll = orDefault(cfg.Poll, 500*time.Millisecond)
	cfg.Settling = orDefault(cfg.Settling, 8)
	cfg.Workers = orDefault(cfg.Workers, 4)
	cfg.PurgeEvery = orDefault(cfg.PurgeEvery, time.Hour)
	workers := river.NewWorkers()
	river.AddWorker(workers, &purger{store: cfg.Store, retention: cfg.Retention, log: cfg.Logger})
	if cfg.also != nil {
		cfg.also(workers)
	}
	q, err := newQueue(ctx, cfg, workers)
	if err != nil {
		return nil, fmt.Errorf("prepare the job queue: %w", err)
	}
	return &Jobs{cfg: cfg, queue: q}, nil
}

// Start begins to settle intents, those left by the last process first, and to run jobs. The context only carries
// values: Stop ends the work.
func (j *Jobs) Start(ctx context.Context, settler Settler) error {
	if j.abort != nil {
		return errors.New("jobs: already started")
	}
	run, abort := context.WithCancel(context.WithoutCancel(ctx))
	if err := j.queue.Start(run); err != nil {
		abort()
		return fmt.Errorf("start the job queue: %w", err)
	}
	j.abort = abort
	j.watch = startWatch(run, j.cfg, settler)
	return nil
}

// Stop takes no new work and waits for what is running. When ctx ends first, the running work is cancelled and
// then waited for; what it leaves is taken up by the next start.
func (j *Jobs) Stop(ctx context.Context) error {
	if j.abort == nil {
		return nil
	}
	abort := j.abort
	j.abort = nil
	defer abort()
	j.watch.stop()
	defer context.AfterFunc(ctx, abort)()
	err := j.queue.Stop(ctx)
	if err != nil { // ctx ended, so the run has been aborted: jobs are on their way out
		<-j.queue.Stopped()
	}
	j.watch.wait()
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
