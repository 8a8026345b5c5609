package store_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/store/storetest"
)

// TestBackup takes a backup of each database and restores it into each.
func TestBackup(t *testing.T) {
	t.Parallel()
	targets := map[string]func(t *testing.T) store.Config{
		"into sqlite": func(t *testing.T) store.Config {
			return store.Config{Path: filepath.Join(t.TempDir(), "zapis.db"), Key: storetest.Key()}
		},
		"into postgres": func(t *testing.T) store.Config {
			return store.Config{URL: storetest.PostgresURL(t), Key: storetest.Key()}
		},
	}
	storetest.Each(t, func(t *testing.T, open func(t testing.TB, now func() time.Time) *store.Store) {
		for name, target := range targets {
			t.Run(name, func(t *testing.T) {
				c := newClock()
				s := open(t, c.now)
				confirmed, unsent := furnish(t, s, c)
				var file bytes.Buffer
				head, err := s.Backup(t.Context(), &file)
				must(t, err)
				if head.Rows < 10 || head.Key != storetest.Key().Fingerprint() {
					t.Errorf("got %+v", head)
				}

				cfg := target(t)
				back, err := store.Restore(t.Context(), cfg, bytes.NewReader(file.Bytes()))
				must(t, err)
				equal(t, back, head)
				if _, err := store.Restore(t.Context(), cfg, bytes.NewReader(file.Bytes())); !errors.Is(err, store.ErrNotEmpty) {
					t.Errorf("restoring twice: got %v, want ErrNotEmpty", err)
				}

				cfg.Now = c.now
				twin := storetest.Open(t, cfg)
				equal(t, booking(t, twin, confirmed.ID), confirmed)
				it, err := twin.LastIntent(t.Context(), unsent)
				must(t, err)
				if it.State != store.Sent || it.SentAt.IsZero() {
					t.Errorf("a change that was not sent at the time of the backup came back as %s: it may have been sent since", it.State)
				}
				if due, err := twin.DueIntents(t.Context(), c.now(), 10); err != nil || len(due) != 1 || due[0].ID != it.ID {
					t.Errorf("got %d due intents (%v), want the one to look up", len(due), err)
				}
				was, is := backupLines(t, s), backupLines(t, twin)
				if d := cmp.Diff(withoutIntents(was), withoutIntents(is)); d != "" {
					t.Errorf("a backup of the restored database is another (-was +is):\n%s", d)
				}
			})
		}
	})
}

// furnish writes something into every table, and returns a confirmed booking and the id of one that was never sent.
func furnish(t *testing.T, s *store.Store, c *clock) (confirmed store.Booking, unsent string) {
	t.Helper()
	ctx := t.Context()
	must(t, s.SaveAccount(ctx, store.Account{ID: store.EnvAccount, Branches: []salon.BranchID{101}, APIKey: secret.Text("partner-token-example")}))
	must(t, s.Keep(ctx, "branch", []byte(`{"phone":"79000000000"}`)))
	_, _, err := s.StartSession(ctx, store.SignIn{AccountID: store.EnvAccount, Phone: phone, Name: "Анна"}, store.SessionPolicy{Access: time.Hour, Refresh: time.Hour, Grace: time.Minute})
	must(t, err)
	begun, err := s.BeginIdempotent(ctx, s.PhoneHMAC(phone), "key", "fp", time.Minute)
	must(t, err)
	n := newBooking(c)
	n.Idempotency = &begun.Ref
	confirmed = confirm(t, s, n)
	b, _ := create(t, s, newBooking(c))
	return confirmed, b.ID
}

func backupLines(t *testing.T, s *store.Store) []string {
	t.Helper()
	var file bytes.Buffer
	_, err := s.Backup(t.Context(), &file)
	must(t, err)
	zip, err := gzip.NewReader(&file)
	must(t, err)
	text, err := io.ReadAll(zip)
	must(t, err)
	return strings.Split(string(text), "\n")
}

func withoutIntents(lines []string) (rest []string) {
	table := ""
	for _, line := range lines {
		if strings.HasPrefix(line, `{"table"`) {
			table = line
		}
		if !strings.Contains(table, `"table":"intents"`) || strings.HasPrefix(line, "{") {
			rest = append(rest, line)
		}
	}
	return rest
}

// TestEveryTableIsBackedUp: who adds a table decides about its backup.
func TestEveryTableIsBackedUp(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, nil)
	rows, err := s.SQLite().QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	must(t, err)
	defer rows.Close()
	all := strings.Join(backupLines(t, s), "\n")
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		if name == "pace" || name == "goose_db_version" {
			continue
		}
		if !strings.Contains(all, `{"table":"`+name+`",`) {
			t.Errorf("table %s is not in a backup", name)
		}
	}
	must(t, rows.Err())
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := storetest.SQLite(t, c.now)
	furnish(t, s, c)
	var file bytes.Buffer
	_, err := s.Backup(t.Context(), &file)
	must(t, err)
	path := filepath.Join(t.TempDir(), "zapis.db")
	cfg := store.Config{Path: path, Key: storetest.Key()}

	other, err := secret.NewKey(bytes.Repeat([]byte{8}, 32))
	must(t, err)
	_, err = store.Restore(t.Context(), store.Config{Path: path, Key: other}, bytes.NewReader(file.Bytes()))
	wantErr(t, err, store.ErrOtherKey)
	if !strings.Contains(err.Error(), storetest.Key().Fingerprint()) {
		t.Errorf("%v does not name the key", err)
	}

	whole := strings.Join(backupLines(t, s), "\n")
	for name, text := range map[string]string{
		"nothing":           "",
		"no head":           "[]\n",
		"a newer format":    strings.Replace(whole, `"zapis_backup":1`, `"zapis_backup":2`, 1),
		"newer tables":      strings.Replace(whole, `"schema":`, `"schema":9`, 1),
		"a strange table":   strings.Replace(whole, `{"table":"people"`, `{"table":"pace"`, 1),
		"a strange column":  strings.Replace(whole, `"phone_hmac"`, `"x); DROP TABLE people; --"`, 1),
		"a row too many":    strings.Replace(whole, `{"table":"consents"`, "[1]\n"+`{"table":"consents"`, 1),
		"fewer rows":        whole[:strings.Index(whole, `{"table":"consents"`)] + `{"rows":1}`,
		"a fraction":        strings.Replace(whole, `{"table":"accounts"`, "[1.5,\"x\"]\n"+`{"table":"accounts"`, 1),
		"cut off at a line": whole[:strings.Index(whole, `{"table":"consents"`)],
	} {
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		_, err := io.WriteString(zip, text)
		must(t, errors.Join(err, zip.Close()))
		if _, err := store.Restore(t.Context(), cfg, &packed); !errors.Is(err, store.ErrNotABackup) && !errors.Is(err, store.ErrNewerDatabase) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, n := range []int{0, 1, 9, 20, file.Len() / 2, file.Len() - 9, file.Len() - 1} {
		if _, err := store.Restore(t.Context(), cfg, bytes.NewReader(file.Bytes()[:n])); err == nil {
			t.Errorf("%d of %d bytes were taken for a backup", n, file.Len())
		}
	}
	// After all that the database is still empty, and takes the whole file.
	_, err = store.Restore(t.Context(), cfg, &file)
	must(t, err)
}
