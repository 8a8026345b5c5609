// Package store holds everything Zapis must remember, and all SQL of Zapis. It speaks to SQLite (one machine) and
// PostgreSQL (several replicas) with one text of SQL; one behaviour suite runs on both.
//
// Every method is one transaction and does one thing the program needs. Personal data and secrets are sealed
// before they reach the database; phones and addresses are found by a keyed hash. What two callers may do at once
// is decided by constraints and compare-and-set, never by the isolation level.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"zapis/internal/salon"
	"zapis/internal/secret"
)

var (
	// ErrNotFound reports that there is no such row, or none this caller may see.
	ErrNotFound = errors.New("not found in the store")
	// ErrConflict reports that another caller was first: the row has a newer version, a live lease, or an end
	// state. Read it again and decide anew; never write over it.
	ErrConflict = errors.New("changed by another in between: read it again")
	// ErrOpenIntent reports that the booking has a change whose outcome is not known yet.
	ErrOpenIntent = errors.New("another change of this booking is still open")
	// ErrOtherKey reports a database that was written under another encryption key.
	ErrOtherKey = errors.New("the database was written under another encryption key: start with that key (ZAPIS_KEY, or the file \"key\" in the data folder)")
	// ErrOlderDatabase reports a database that an older program made, where it may not be migrated.
	ErrOlderDatabase = errors.New("the database is older than this program: start zapis serve once, it migrates")
	// ErrNewerDatabase reports a database migrated by a newer program.
	ErrNewerDatabase = errors.New("the database was migrated by a newer version of Zapis: start that version, or restore the backup made before the upgrade")
)

// Config says where the data lives.
type Config struct {
	URL    string           // postgres://…; empty means SQLite in Path
	Path   string           // file of SQLite; created with mode 0600
	Key    *secret.Key      // seals personal data; required
	Now    func() time.Time // clock; time.Now when nil
	Logger *slog.Logger     // slog.Default when nil
	// Existing opens what a server made and changes no table: a command beside it must not migrate under its feet.
	Existing bool

	upTo   int64  // version to migrate to; 0 means the newest
	driver string // name of the database/sql driver for SQLite; tests put a faulty one here
}

// Store is the open database. It is safe for concurrent use.
type Store struct {
	key *secret.Key
	now func() time.Time
	log *slog.Logger

	write *sql.DB // SQLite: the only connection that writes, also the job queue's
	read  *sql.DB // SQLite: read-only connections
	pg    *pgxpool.Pool

	created bool
}

// Open connects, migrates and checks that the key is the one the data was sealed under.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s := &Store{key: cfg.Key, now: cfg.Now, log: cfg.Logger}
	if s.key == nil {
		return nil, errors.New("store: an encryption key is required")
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	connect := s.openSQLite
	if cfg.URL != "" {
		connect = s.openPostgres
	}
	err := connect(ctx, cfg)
	if err == nil {
		err = s.migrate(ctx, cfg)
	}
	if err == nil {
		err = s.checkKey(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Created reports that this Open made the tables: nothing was remembered before.
func (s *Store) Created() bool { return s.created }

// Close ends all connections. Jobs must have stopped before.
func (s *Store) Close() error {
	var errs []error
	if s.pg != nil {
		s.pg.Close()
	}
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers and can be written to.
func (s *Store) Ping(ctx context.Context) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE settings SET value = value WHERE name = $1`, keySetting)
		return err
	})
}

// SQLite is the one writing connection, which the job queue shares; nil on PostgreSQL.
func (s *Store) SQLite() *sql.DB { return s.write }

// Postgres is the pool, which the job queue shares; nil on SQLite.
func (s *Store) Postgres() *pgxpool.Pool { return s.pg }

// PhoneHMAC is the form in which a phone is looked up, counted and used as the owner of a guest's keys.
func (s *Store) PhoneHMAC(p salon.Phone) string { return s.key.Lookup("phone:" + p.E164()) }

const keySetting = "key_fingerprint"

// checkKey refuses to work under a key that cannot open what is stored: a lost key file would otherwise be
// replaced by a new one in silence, and every sealed value with it lost one error at a time.
func (s *Store) checkKey(ctx context.Context) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
			keySetting, s.key.Fingerprint())
		if err != nil {
			return err
		}
		var found string
		if err := tx.row(ctx, `SELECT value FROM settings WHERE name = $1`, keySetting).Scan(&found); err != nil {
			return err
		}
		if found != s.key.Fingerprint() {
			return ErrOtherKey
		}
		return nil
	})
}

// seal encrypts a value for its place; nil becomes NULL (an untyped nil: a driver may take a nil slice for an
// empty blob).
func (s *Store) seal(place, id string, plain []byte) any {
	if plain == nil {
		return nil
	}
	return s.key.Seal(plain, place+":"+id)
}

func (s *Store) open(place, id string, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	plain, err := s.key.Open(sealed, place+":"+id)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", place, id, err)
	}
	return plain, nil
}

func (s *Store) sealText(place, id string, text secret.String) any {
	if text.IsZero() {
		return nil
	}
	return s.seal(place, id, []byte(text.Reveal()))
}

func (s *Store) openText(place, id string, sealed []byte) (secret.String, error) {
	plain, err := s.open(place, id, sealed)
	return secret.Text(string(plain)), err
}
