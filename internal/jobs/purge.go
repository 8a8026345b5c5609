package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"zapis/internal/store"
)

// purgeArgs is the job that deletes what is past its time.
type purgeArgs struct{}

// Kind names the job in the queue's table; it must never change.
func (purgeArgs) Kind() string { return "purge" }

type purger struct {
	river.WorkerDefaults[purgeArgs]
	store     *store.Store
	retention store.Retention
	log       *slog.Logger
}

// Work implements river.Worker.
func (p *purger) Work(ctx context.Context, _ *river.Job[purgeArgs]) error {
	rows, err := p.store.Purge(ctx, p.retention)
	if err == nil && rows > 0 {
		p.log.Info("purged what is past its time", "rows", rows)
	}
	return err
}

// purgePeriodically runs once soon after the start, since the process may never live for a whole period.
func purgePeriodically(every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every),
		func() (river.JobArgs, *river.InsertOpts) { return purgeArgs{}, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

// PurgeAt schedules a purge in the transaction of a change, to finish what the change could only begin:
//
//	store.ErasePerson(ctx, id, jobs.PurgeAt(in(10*time.Minute)))
func (j *Jobs) PurgeAt(at time.Time) store.TxFunc {
	return func(ctx context.Context, tx *store.Tx) error {
		return j.queue.insert(ctx, tx, purgeArgs{}, &river.InsertOpts{ScheduledAt: at})
	}
}
