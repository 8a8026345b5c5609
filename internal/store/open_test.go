package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"zapis/internal/salon"
	"zapis/internal/secret"
)

func testKey(t testing.TB, fill byte) *secret.Key {
	t.Helper()
	k, err := secret.NewKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func openFile(t testing.TB, cfg Config) *Store {
	t.Helper()
	if cfg.Key == nil {
		cfg.Key = testKey(t, 7)
	}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestPragmas(t *testing.T) {
	t.Parallel()
	// A path that would break a careless connection string.
	dir := filepath.Join(t.TempDir(), "дата base?mode=memory#100%")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "zapis.db")
	s := openFile(t, Config{Path: path})
	pragma := func(db *sql.DB, name string) (v string) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000", "foreign_keys": "1", "query_only": "0"} {
		if got := pragma(s.write, name); got != want {
			t.Errorf("writer's %s: got %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]string{"journal_mode": "wal", "busy_timeout": "10000", "query_only": "1"} {
		if got := pragma(s.read, name); got != want {
			t.Errorf("reader's %s: got %s, want %s", name, got, want)
		}
	}
	if n := s.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("got %d writing connections, want 1", n)
	}
	if n := s.read.Stats().MaxOpenConnections; n != readers {
		t.Errorf("got %d reading connections, want %d", n, readers)
	}
	if _, err := s.read.ExecContext(t.Context(), `DELETE FROM settings`); err == nil {
		t.Error("a reader could write")
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(name)
		if err == nil && !d.IsDir() && runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(name), info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestImmediate proves that a writing transaction takes its lock at once: a second writer of another process waits
// instead of failing at its first write.
func TestImmediate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "zapis.db")
	a, b := openFile(t, Config{Path: path}), openFile(t, Config{Path: path})
	inside, done := make(chan struct{}), make(chan error, 1)
	release := make(chan struct{})
	go func() {
		done <- a.update(context.Background(), func(context.Context, *Tx) error {
			close(inside)
			<-release
			return nil
		})
	}()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := false
	err := b.update(ctx, func(context.Context, *Tx) error { began = true; return nil })
	if err == nil || began {
		t.Fatal("a second writer got in beside the first")
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := b.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	t.Run("a database of a newer program", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "zapis.db")
		s := openFile(t, Config{Path: path})
		if _, err := s.write.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Config{Path: path, Key: testKey(t, 7)}); !errors.Is(err, ErrNewerDatabase) {
			t.Fatalf("got %v, want ErrNewerDatabase", err)
		}
	})
	t.Run("another key", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "zapis.db")
		if err := openFile(t, Config{Path: path}).Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Config{Path: path, Key: testKey(t, 8)}); !errors.Is(err, ErrOtherKey) {
			t.Fatalf("got %v, want ErrOtherKey", err)
		}
		openFile(t, Config{Path: path})
	})
	t.Run("a file that is no database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "zapis.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Config{Path: path, Key: testKey(t, 7)}); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("got %v, want an error that names the file", err)
		}
	})
	t.Run("a broken address, without showing its password", func(t *testing.T) {
		_, err := Open(t.Context(), Config{URL: "postgres://user:password-example@host:port/db", Key: testKey(t, 7)})
		if err == nil || strings.Contains(err.Error(), "password-example") {
			t.Fatalf("got %v, want an error without the password", err)
		}
	})
	t.Run("a missing key", func(t *testing.T) {
		if _, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "zapis.db")}); err == nil {
			t.Fatal("opened without a key")
		}
	})
}

// TestNothingReadableAtRest writes every kind of personal data and secret, and searches the files for them.
func TestNothingReadableAtRest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openFile(t, Config{Path: filepath.Join(dir, "zapis.db")})
	ctx := t.Context()
	person := Client{Phone: "+79000000001", Name: "Canary-Name", Email: "canary-mail@example.org", Comment: "canary-comment"}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(s.SaveAccount(ctx, Account{ID: EnvAccount, APIKey: secret.Text("canary-key"), UserToken: secret.Text("canary-employee")}))
	begun, err := s.BeginIdempotent(ctx, s.PhoneHMAC(person.Phone), "k", "fp", time.Minute)
	check(err)
	begun.Ref.Keep = []byte("canary-keep")
	_, it, err := s.CreateBooking(ctx, NewBooking{
		Booking:     Booking{ID: "b-1", Client: person, Appointments: []Appointment{{StartsAt: time.Now(), Length: time.Hour}}},
		Intent:      NewIntent{ID: "i-1", APIID: "1", Payload: []byte("canary-payload")},
		Idempotency: &begun.Ref})
	check(err)
	check(s.MarkSent(ctx, &it, time.Minute))
	check(s.SettleCreate(ctx, &it, []Record{{RecordID: 1, RecordHash: secret.Text("canary-hash")}}))
	check(s.FinishIdempotent(ctx, begun.Ref, 201, []byte("canary-response")))
	policy := SessionPolicy{Access: time.Hour, Refresh: time.Hour, Grace: time.Hour}
	tokens, who, err := s.StartSession(ctx, SignIn{AccountID: EnvAccount, Phone: person.Phone, Name: person.Name, ClientToken: secret.Text("canary-client")}, policy)
	check(err)
	check2 := func(_ Person, err error) { t.Helper(); check(err) }
	check2(s.UpdatePerson(ctx, who.ID, nil, &person.Email))
	next, err := s.Rotate(ctx, tokens.Refresh, policy)
	check(err)
	_, err = s.ReserveSend(ctx, s.PhoneHMAC(person.Phone), "203.0.113.77", CodePolicy{})
	check(err)

	secrets := []string{"canary", "Canary", "9000000001", "203.0.113.77", tokens.Access.Reveal(), tokens.Refresh.Reveal(), next.Access.Reveal(), next.Refresh.Reveal()}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	check(err)
	read := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		check(err)
		read += len(content)
		for _, text := range secrets {
			if bytes.Contains(content, []byte(text)) {
				t.Errorf("%s can be read in %s", text, filepath.Base(file))
			}
		}
	}
	if !bytes.Contains(mustRead(t, files), []byte("env")) || read < 10_000 {
		t.Fatal("the search does not see what is written") // else the test would prove nothing
	}
}

func mustRead(t testing.TB, files []string) (all []byte) {
	t.Helper()
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	return all
}

// TestSealedValuesDoNotMove copies a sealed value to another row: it does not open there.
func TestSealedValuesDoNotMove(t *testing.T) {
	t.Parallel()
	s := openFile(t, Config{Path: filepath.Join(t.TempDir(), "zapis.db")})
	for _, id := range []string{"b-1", "b-2"} {
		_, _, err := s.CreateBooking(t.Context(), NewBooking{Booking: Booking{ID: id, Client: Client{Phone: salon.Phone("+7900000000" + id[2:])}},
			Intent: NewIntent{ID: "i-" + id, APIID: id}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.write.ExecContext(t.Context(), `UPDATE bookings SET sealed_client = (SELECT sealed_client FROM bookings WHERE id = 'b-1') WHERE id = 'b-2'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Booking(t.Context(), "b-2"); !errors.Is(err, secret.ErrDamaged) {
		t.Fatalf("got %v, want ErrDamaged", err)
	}
}

// A command beside a server opens what is there; it neither makes tables nor brings them up to date.
func TestExistingChangesNoTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zapis.db")
	if _, err := Open(t.Context(), Config{Path: path, Key: testKey(t, 7), Existing: true}); !errors.Is(err, ErrOlderDatabase) {
		t.Fatalf("an empty database: got %v, want ErrOlderDatabase", err)
	}
	for _, existing := range []bool{false, true} {
		s, err := Open(t.Context(), Config{Path: path, Key: testKey(t, 7), Existing: existing})
		if err != nil {
			t.Fatalf("existing %v: %v", existing, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
