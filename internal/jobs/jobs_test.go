package jobs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river"
	"go.uber.org/goleak"

	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/store/storetest"
)

const childVariable = "ZAPIS_JOBS_TEST_CHILD"

func TestMain(m *testing.M) {
	if where := os.Getenv(childVariable); where != "" {
		child(where)
		return
	}
	goleak.VerifyTestMain(m)
}

// settler is a Settler made of a function, which tells of every call.
type settler struct {
	calls  chan string
	settle func(ctx context.Context, id string) (time.Duration, error)
}

func newSettler(settle func(ctx context.Context, id string) (time.Duration, error)) *settler {
	return &settler{calls: make(chan string, 1000), settle: settle}
}

func (s *settler) Settle(ctx context.Context, id string) (time.Duration, error) {
	s.calls <- id
	return s.settle(ctx, id)
}

// refuse ends an intent, as a settler that finds out it never happened would.
func refuse(s *store.Store) func(ctx context.Context, id string) (time.Duration, error) {
	return func(ctx context.Context, id string) (time.Duration, error) {
		it, err := s.ClaimIntent(ctx, id, time.Minute)
		if errors.Is(err, store.ErrConflict) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return 0, s.Refuse(ctx, &it, "slot_taken")
	}
}

func open(t testing.TB, cfg Config) *Jobs {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	if cfg.Poll == 0 {
		cfg.Poll = 10 * time.Millisecond
	}
	j, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func start(t testing.TB, j *Jobs, s Settler) {
	t.Helper()
	if err := j.Start(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	// Before the store is closed, whatever the test does.
	t.Cleanup(func() { stop(t, j) })
}

func stop(t testing.TB, j *Jobs) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := j.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func wait[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("waited 20 s for %s", what)
		panic("unreachable")
	}
}

// due writes a booking whose maker is gone: its intent can be claimed at once.
func due(ctx context.Context, s *store.Store, also ...store.TxFunc) (store.Intent, error) {
	return dueAs(ctx, s, secret.NewID(secret.IntentID), also...)
}

func dueAs(ctx context.Context, s *store.Store, intentID string, also ...store.TxFunc) (store.Intent, error) {
	_, it, err := s.CreateBooking(ctx, store.NewBooking{
		Booking: store.Booking{ID: secret.NewID(secret.BookingID), AccountID: store.EnvAccount, BranchID: 101,
			Client:       store.Client{Phone: salon.Phone("+79000000001")},
			Appointments: []store.Appointment{{ServiceIDs: []int64{1}, Start: "s1.a", StartsAt: time.Now(), Length: time.Hour}}},
		Intent: store.NewIntent{ID: intentID, APIID: secret.NewAPIID(), Payload: []byte("{}")},
	}, also...)
	return it, err
}

func mustDue(t testing.TB, s *store.Store, also ...store.TxFunc) store.Intent {
	t.Helper()
	it, err := due(t.Context(), s, also...)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func TestIntentsLeftBehindAreSettled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openStore func(t testing.TB, now func() time.Time) *store.Store) {
		s := openStore(t, nil)
		want := map[string]bool{}
		for range 30 {
			want[mustDue(t, s).ID] = true
		}
		se := newSettler(refuse(s))
		start(t, open(t, Config{Store: s}), se)
		for len(want) > 0 {
			id := wait(t, se.calls, "an intent")
			if !want[id] {
				t.Fatalf("%s was settled twice", id)
			}
			delete(want, id)
		}
		late := mustDue(t, s) // and one that comes while we run
		if got := wait(t, se.calls, "the new intent"); got != late.ID {
			t.Fatalf("got %s, want %s", got, late.ID)
		}
	})
}

// TestWatchInVirtualTime proves both the waiting and that everything here runs inside a bubble of synctest.
func TestWatchInVirtualTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zapis.db")
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t, store.Config{Path: path})
		begun := time.Now()
		var calls []time.Duration
		se := newSettler(func(ctx context.Context, id string) (time.Duration, error) {
			calls = append(calls, time.Since(begun).Round(time.Second))
			switch len(calls) {
			case 1, 2, 3:
				return 0, errors.New("cannot ask")
			case 4:
				return time.Minute, nil
			case 5: // the intent itself says when
				it, err := s.ClaimIntent(ctx, id, time.Minute)
				if err != nil {
					return 0, err
				}
				return 0, s.Postpone(ctx, &it, time.Now().Add(5*time.Minute))
			}
			return refuse(s)(ctx, id)
		})
		j := open(t, Config{Store: s, Now: time.Now, Poll: time.Second})
		mustDue(t, s)
		if err := j.Start(t.Context(), se); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute) // virtual
		stop(t, j)
		want := []time.Duration{0, 1, 3, 7, 67, 367} // errors after 1, 2 and 4 s, then 1 min, then 5 min
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(calls, want) {
			t.Fatalf("got calls at %v, want %v", calls, want)
		}
	})
}

func TestStopWaitsThenCancels(t *testing.T) {
	s := storetest.SQLite(t, nil)
	mustDue(t, s)
	finish := make(chan struct{})
	se := newSettler(func(ctx context.Context, id string) (time.Duration, error) {
		select {
		case <-finish:
			return refuse(s)(ctx, id)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
	j := open(t, Config{Store: s})
	if err := j.Start(t.Context(), se); err != nil {
		t.Fatal(err)
	}
	wait(t, se.calls, "the intent")
	ended, end := context.WithCancel(t.Context())
	end()
	if err := j.Stop(ended); err != nil { // nobody lets it finish: it is cancelled
		t.Fatal(err)
	}
	left, err := s.DueIntents(t.Context(), time.Now(), 10)
	if err != nil || len(left) != 1 {
		t.Fatalf("got %d intents, %v; want the cancelled one still due", len(left), err)
	}

	j = open(t, Config{Store: s})
	if err := j.Start(t.Context(), se); err != nil {
		t.Fatal(err)
	}
	wait(t, se.calls, "the intent again")
	var stopped sync.WaitGroup
	stopped.Go(func() { stop(t, j) })
	close(finish)
	stopped.Wait()
	left, err = s.DueIntents(t.Context(), time.Now(), 10)
	if err != nil || len(left) != 0 {
		t.Fatalf("got %d intents, %v; want the drained one settled", len(left), err)
	}
	if err := j.Stop(t.Context()); err != nil {
		t.Fatalf("stopping twice: %v", err)
	}
}

// probe is a job of the tests.
type probe struct {
	Intent string `json:"intent"`
}

func (probe) Kind() string { return "test_probe" }

type prober struct {
	river.WorkerDefaults[probe]
	worked chan string
}

func (p *prober) Work(_ context.Context, job *river.Job[probe]) error {
	p.worked <- job.Args.Intent
	return nil
}

func withProber(cfg Config, p *prober) Config {
	cfg.also = func(w *river.Workers) { river.AddWorker(w, p) }
	return cfg
}

func insertProbe(j *Jobs, id string) store.TxFunc {
	return func(ctx context.Context, tx *store.Tx) error { return j.queue.insert(ctx, tx, probe{id}, nil) }
}

func TestJobsShareTheTransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openStore func(t testing.TB, now func() time.Time) *store.Store) {
		s := openStore(t, nil)
		p := &prober{worked: make(chan string, 10)}
		j := open(t, withProber(Config{Store: s}, p))
		boom := errors.New("boom")
		_, err := due(t.Context(), s, insertProbe(j, "rolled back"), func(context.Context, *store.Tx) error { return boom })
		if !errors.Is(err, boom) {
			t.Fatalf("got %v, want the failure of the transaction", err)
		}
		mustDue(t, s, insertProbe(j, "committed"), j.PurgeAt(time.Now().Add(time.Hour)))
		start(t, j, newSettler(refuse(s)))
		if got := wait(t, p.worked, "the job"); got != "committed" {
			t.Fatalf("got the job %q, whose transaction was rolled back", got)
		}
	})
}

// TestKill kills a process that writes bookings, each with a job in its transaction, at a random moment, again and
// again on one database. Whatever it said to have written is there, whole, and is worked once we start.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "zapis.db")
		killed(t, path, store.Config{Path: path})
	})
	t.Run("postgres", func(t *testing.T) {
		url := storetest.PostgresURL(t)
		killed(t, url, store.Config{URL: url})
	})
}

func killed(t *testing.T, where string, cfg store.Config) {
	const rounds = 5
	said := map[string]bool{}
	for range rounds {
		for _, id := range runAndKill(t, where, 5+rand.IntN(20)) {
			said[id] = true
		}
	}
	s := storetest.Open(t, cfg)
	p := &prober{worked: make(chan string, 10_000)}
	se := newSettler(refuse(s))
	start(t, open(t, withProber(Config{Store: s}, p)), se)
	jobs, settled := map[string]bool{}, map[string]bool{}
	// Each round may have committed one more than it lived to say; those are whole as well.
	for missing(said, jobs) || missing(said, settled) || missing(jobs, settled) || missing(settled, jobs) {
		select {
		case id := <-p.worked:
			jobs[id] = true
		case id := <-se.calls:
			settled[id] = true
		case <-time.After(20 * time.Second):
			t.Fatalf("of %d bookings said, %d jobs ran and %d intents were settled", len(said), len(jobs), len(settled))
		}
	}
	if extra := len(settled) - len(said); extra > rounds {
		t.Fatalf("%d bookings more than were said in %d rounds", extra, rounds)
	}
}

func missing(want, got map[string]bool) bool {
	for id := range want {
		if !got[id] {
			return true
		}
	}
	return false
}

// runAndKill starts a child, lets it say n bookings, and kills it with no chance to clean up.
func runAndKill(t *testing.T, where string, n int) (said []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+where)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for len(said) < n && lines.Scan() {
		said = append(said, lines.Text())
	}
	if len(said) < n {
		t.Errorf("the child said %d bookings and ended, want %d", len(said), n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	for lines.Scan() { // what it said while the signal was on its way
		said = append(said, lines.Text())
	}
	_ = cmd.Wait()
	return said
}

// child writes bookings until it is killed.
func child(where string) {
	ctx := context.Background()
	cfg := store.Config{Path: where, Key: storetest.Key()}
	if strings.HasPrefix(where, "postgres://") {
		cfg = store.Config{URL: where, Key: storetest.Key()}
	}
	s, err := store.Open(ctx, cfg)
	fail(err)
	j, err := New(ctx, withProber(Config{Store: s, Poll: time.Hour}, &prober{}))
	fail(err)
	for {
		id := secret.NewID(secret.IntentID)
		_, err := dueAs(ctx, s, id, insertProbe(j, id))
		fail(err)
		fmt.Println(id)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}
