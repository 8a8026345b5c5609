package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zapis/internal/salon"
)

// errFault is what a faulty statement fails with.
var errFault = errors.New("injected fault")

// faults is a SQLite driver whose n-th statement fails. A commit is a statement too, and fails in two ways: before it
// is applied, and after, when nobody can know.
type faults struct {
	driver.Driver

	mu          sync.Mutex
	armed       bool
	countdown   int
	afterCommit bool
	hit         string // the statement that failed
}

func (f *faults) arm(n int, afterCommit bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.countdown, f.afterCommit, f.hit = true, n, afterCommit, ""
}

// disarm returns the statement that failed, if the n-th was ever reached.
func (f *faults) disarm() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
	return f.hit
}

func (f *faults) fails(statement string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed {
		return false
	}
	f.countdown--
	if f.countdown != 0 {
		return false
	}
	f.hit = statement
	return true
}

func (f *faults) Open(name string) (driver.Conn, error) {
	c, err := f.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return &faultyConn{c, f}, nil
}

type faultyConn struct {
	driver.Conn
	f *faults
}

func (c *faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.f.fails(query) {
		return nil, errFault
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.f.fails(query) {
		return nil, errFault
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *faultyConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if c.f.fails("BEGIN") {
		return nil, errFault
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
	return faultyTx{tx, c.f}, err
}

type faultyTx struct {
	driver.Tx
	f *faults
}

func (t faultyTx) Commit() error {
	if !t.f.fails("COMMIT") {
		return t.Tx.Commit()
	}
	if t.f.afterCommit {
		return errors.Join(t.Tx.Commit(), errFault)
	}
	return errors.Join(t.Rollback(), errFault)
}

// bookOnce is a booking as its request makes it, up to the first error.
func bookOnce(ctx context.Context, s *Store, i int) error {
	begun, err := s.BeginIdempotent(ctx, "owner", fmt.Sprint("key", i), "fp", time.Minute)
	if err != nil {
		return err
	}
	_, it, err := s.CreateBooking(ctx, NewBooking{
		Booking: Booking{ID: fmt.Sprint("b-", i), Owner: "p-1", ConsentVersion: "v1", ConsentAt: time.Now(), Appointments: []Appointment{
			{Position: 0, StartsAt: time.Now(), Length: time.Hour}, {Position: 1, StartsAt: time.Now(), Length: time.Hour}}},
		Intent:      NewIntent{ID: fmt.Sprint("i-", i), APIID: fmt.Sprint(i), Payload: []byte("body"), Lease: time.Minute, FirstLook: time.Minute},
		Idempotency: &begun.Ref})
	if err != nil {
		return err
	}
	if err := s.MarkSent(ctx, &it, time.Minute); err != nil {
		return err
	}
	if err := s.SettleCreate(ctx, &it, []Record{{Position: 0, RecordID: 1}, {Position: 1, RecordID: 2}}); err != nil {
		return err
	}
	return s.FinishIdempotent(ctx, begun.Ref, 201, []byte("answer"))
}

// TestEveryStatementMayFail fails the n-th statement of a booking for every n. After each failure the booking is
// whole or absent, and can be taken to an end.
func TestEveryStatementMayFail(t *testing.T) {
	t.Parallel()
	plain, err := sql.Open("sqlite", "")
	if err != nil {
		t.Fatal(err)
	}
	f := &faults{Driver: plain.Driver()}
	_ = plain.Close()
	name := "sqlite-faulty-" + rand.Text() // drivers cannot be taken back, and a test may run twice
	sql.Register(name, f)
	var skew time.Duration
	s := openFile(t, Config{Path: filepath.Join(t.TempDir(), "zapis.db"), driver: name, Now: func() time.Time { return time.Now().Add(skew) }})
	_, err = s.write.ExecContext(t.Context(), `INSERT INTO people (id, account_id, phone_hmac, created_at, updated_at) VALUES ('p-1', 'env', '', 0, 0)`)
	if err != nil {
		t.Fatal(err)
	}

	i, commits := 0, 0
	for _, afterCommit := range []bool{false, true} {
		for n := 1; ; n++ {
			i++
			f.arm(n, afterCommit)
			err := bookOnce(t.Context(), s, i)
			hit := f.disarm()
			if hit == "" { // n is beyond the last statement
				if err != nil {
					t.Fatalf("without a fault: %v", err)
				}
				break
			}
			if hit == "COMMIT" {
				commits++
			}
			if !errors.Is(err, errFault) {
				t.Fatalf("statement %d (%s) failed, and the caller was told %v", n, hit, err)
			}
			skew += time.Hour // the maker is gone, its leases run out
			recovered(t, s, i, fmt.Sprintf("statement %d (%s), after commit %v", n, strings.Fields(hit)[0], afterCommit))
		}
	}
	if commits != 10 {
		t.Fatalf("got %d failed commits, want each of 5 transactions twice: the test does not see them", commits)
	}
}

// recovered checks the invariants, and does what the next start does.
func recovered(t *testing.T, s *Store, i int, when string) {
	t.Helper()
	ctx := t.Context()
	b, errB := s.Booking(ctx, fmt.Sprint("b-", i))
	it, errI := s.Intent(ctx, fmt.Sprint("i-", i))
	if errors.Is(errB, ErrNotFound) != errors.Is(errI, ErrNotFound) {
		t.Fatalf("%s: booking %v, intent %v: one without the other", when, errB, errI)
	}
	again, err := s.BeginIdempotent(ctx, "owner", fmt.Sprint("key", i), "fp", time.Minute)
	if err != nil {
		t.Fatalf("%s: the key: %v", when, err)
	}
	if errB != nil {
		if again.State != IdempotencyNew {
			t.Fatalf("%s: nothing was made, and the key is %s", when, again.State)
		}
		return
	}
	if len(b.Appointments) != 2 || again.BookingID != b.ID || again.IntentID != it.ID || again.State == IdempotencyNew {
		t.Fatalf("%s: half a booking: %+v, key %+v", when, b, again)
	}
	if _, err := s.LastConsent(ctx, "p-1", 0); err != nil {
		t.Fatalf("%s: the consent: %v", when, err)
	}
	want := map[IntentState]salon.Status{Ready: salon.Pending, Sent: salon.Pending, Done: salon.Confirmed}[it.State]
	if b.Status != want {
		t.Fatalf("%s: the intent is %s and the booking %s", when, it.State, b.Status)
	}
	if it.State == Done {
		if b.Appointments[0].RecordID != 1 || b.Appointments[1].RecordID != 2 {
			t.Fatalf("%s: settled without its records", when)
		}
		return
	}
	if it, err = s.ClaimIntent(ctx, it.ID, time.Minute); err != nil {
		t.Fatalf("%s: claim: %v", when, err)
	}
	if it.State == Sent {
		if err := s.MarkUnknown(ctx, &it, s.now()); err != nil {
			t.Fatalf("%s: unknown: %v", when, err)
		}
		if it, err = s.ClaimIntent(ctx, it.ID, time.Minute); err != nil {
			t.Fatalf("%s: claim to look: %v", when, err)
		}
	}
	if err := s.Refuse(ctx, &it, "not_made"); err != nil {
		t.Fatalf("%s: end: %v", when, err)
	}
}
