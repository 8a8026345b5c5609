//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// workers is how many apps book at once.
const workers = 12

// TestKillNineLosesAndDoublesNothing books while the server is killed at random points and started again.
// Every booking that was accepted, in any run, must exist exactly once; whoever got no answer repeats with
// the same Idempotency-Key, as an app does. The sandbox's ledger is the judge.
func TestKillNineLosesAndDoublesNothing(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); killNine(t, nil) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		killNine(t, []string{"ZAPIS_DATABASE_URL=" + freshDatabase(t)})
	})
}

func killNine(t *testing.T, env []string) {
	n := 200
	if os.Getenv("ZAPIS_CHAOS") != "" {
		n = 500
	}
	info := startSandbox(t, "--limits", "x100")
	s := startServer(t, append(gatewayEnv(info, 100), env...))
	base := s.url("")
	free := offers(t, base, guestBranch(t, base), n)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("ZAPIS_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("seed %d (repeat with ZAPIS_SEED)", seed)
	random := mrand.New(mrand.NewPCG(seed, 1))

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	work := make(chan offer)
	results := make(chan booking, n)
	var booking sync.WaitGroup
	for range workers {
		booking.Go(func() {
			for o := range work {
				bookUntilAnswered(ctx, t, base, o, results)
			}
		})
	}
	go func() {
		defer close(work)
		for _, o := range free {
			select {
			case work <- o:
			case <-ctx.Done():
				return
			}
		}
	}()
	finished := make(chan struct{})
	go func() { booking.Wait(); close(finished) }()

	kills := killWhileBooking(s, random, finished, results)
	if ctx.Err() != nil {
		t.Fatal("the bookings did not end in time")
	}
	close(results)
	judge(t, info, base, results, n, kills)
}

// killWhileBooking kills and starts the server again until all bookings are answered. It kills at a random moment
// after a new answer, so that every life of the server does some work; when all apps wait for an outcome that a
// killed life left open, the server lives until they are told "pending".
func killWhileBooking(s *server, random *mrand.Rand, finished <-chan struct{}, answers chan booking) (kills int) {
	answered := len(answers)
	for {
		pause := time.NewTimer(time.Duration(5+random.IntN(400)) * time.Millisecond)
		select {
		case <-finished:
			pause.Stop()
			return kills
		case <-pause.C:
		}
		if len(answers) == answered {
			continue
		}
		answered = len(answers)
		s.kill()
		kills++
		s.again()
	}
}

// bookUntilAnswered is an app on a bad network: the same key until an answer comes.
func bookUntilAnswered(ctx context.Context, t *testing.T, base string, o offer, results chan<- booking) {
	key, body := rand.Text(), o.body("79000000123", "")
	again := time.NewTicker(30 * time.Millisecond)
	defer again.Stop()
	for ctx.Err() == nil {
		one, cancel := context.WithTimeout(ctx, 20*time.Second)
		r, err := call(one, http.MethodPost, base+"/v1/bookings", body, "Idempotency-Key", key)
		cancel()
		if err == nil && (r.status == http.StatusCreated || r.status == http.StatusAccepted) {
			var b booking
			r.into(t, &b)
			results <- b
			return
		}
		if err == nil && r.status != http.StatusServiceUnavailable && r.status != http.StatusTooManyRequests && r.code() != "idempotency_key_running" {
			t.Errorf("booking %v: %d %s", o.time, r.status, r.body)
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

func judge(t *testing.T, info sandboxInfo, base string, results <-chan booking, n, kills int) {
	t.Helper()
	status := map[string]int{}
	confirmed := 0
	for b := range results {
		now := settled(t, base, b)
		status[now.Status]++
		if now.Status == "confirmed" {
			confirmed++
		}
	}
	marks := recordsByMark(t, info)
	records := 0
	for mark, count := range marks {
		records += count
		if count != 1 || mark == "" {
			t.Errorf("mark %q stands in %d records, want 1", mark, count)
		}
	}
	t.Logf("%d bookings, %d kills, states %v, %d records", n, kills, status, records)
	if status["needs_attention"] > 0 {
		t.Errorf("%d bookings were left to the operator although YCLIENTS could be asked", status["needs_attention"])
	}
	if records != confirmed {
		t.Errorf("%d records for %d confirmed bookings", records, confirmed)
	}
	if confirmed+status["rejected"] != n {
		t.Errorf("%d confirmed and %d rejected of %d", confirmed, status["rejected"], n)
	}
	if kills < 5 {
		t.Errorf("only %d kills: the run proves little", kills)
	}
}

// freshDatabase makes an empty database on the server that scripts/with-postgres.sh started.
func freshDatabase(t *testing.T) string {
	t.Helper()
	url := os.Getenv("ZAPIS_TEST_POSTGRES")
	if url == "" {
		t.Fatal("ZAPIS_TEST_POSTGRES names no server: run make e2e")
	}
	return createDatabase(t, url, fmt.Sprintf("zapis_e2e_%d", time.Now().UnixNano()))
}
