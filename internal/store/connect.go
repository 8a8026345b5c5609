package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite" // also the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

const readers = 4

// openSQLite opens one connection to write and a few to read. One writer is what SQLite allows anyhow; with one
// connection the others wait in Go, in order and under their contexts, rather than in a loop over SQLITE_BUSY.
func (s *Store) openSQLite(ctx context.Context, cfg Config) error {
	driver := cfg.driver
	if driver == "" {
		driver = "sqlite"
	}
	// Created here for its mode: SQLite gives the journal files the mode of the database.
	f, err := os.OpenFile(cfg.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	// busy_timeout comes first: the others may already meet another process. FULL syncs every commit: a booking
	// we confirmed survives the power going out. immediate: a transaction that will write never has to upgrade.
	s.write, err = sql.Open(driver, dsn(cfg.Path, "_txlock", "immediate", "_pragma", "busy_timeout(10000)", "_pragma", "journal_mode(WAL)",
		"_pragma", "synchronous(FULL)", "_pragma", "foreign_keys(1)", "_pragma", "journal_size_limit(67108864)"))
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	s.write.SetMaxOpenConns(1)
	s.write.SetMaxIdleConns(1)
	if err := firstContact(ctx, s.write); err != nil { // creates the journal, without which nobody can read
		return fmt.Errorf("open the database %s: %w", cfg.Path, err)
	}
	s.read, err = sql.Open(driver, dsn(cfg.Path, "mode", "ro", "_pragma", "busy_timeout(10000)", "_pragma", "query_only(1)"))
	if err != nil {
		return fmt.Errorf("open the database for reading: %w", err)
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return nil
}

// firstContact opens the first connection. While another process turns the same new file to WAL, SQLite answers
// "busy" at once, without heeding busy_timeout; so the waiting is done here, as long as that timeout.
func firstContact(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		e, ok := errors.AsType[*sqlite.Error](err)
		if !ok || e.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func dsn(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func (s *Store) openPostgres(ctx context.Context, cfg Config) error {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		// The parser's text may quote the address, and with it the password.
		return errors.New("ZAPIS_DATABASE_URL is not a PostgreSQL address: write it as postgres://user:password@host:5432/database")
	}
	if s.pg, err = pgxpool.NewWithConfig(ctx, pc); err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	if err := s.pg.Ping(ctx); err != nil {
		return fmt.Errorf("connect to PostgreSQL at %s: %w", pc.ConnConfig.Host, err)
	}
	return nil
}

// migrate brings the tables to what this program knows, and refuses tables that know more.
func (s *Store) migrate(ctx context.Context, cfg Config) (err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect, db := goose.DialectSQLite3, s.write
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log)}
	if s.pg != nil {
		// Replicas that start together migrate one after another.
		one, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		dialect, db = goose.DialectPostgres, stdlib.OpenDBFromPool(s.pg)
		defer db.Close()
		options = append(options, goose.WithSessionLocker(one))
	}
	p, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	// Two processes may start on one new SQLite file. goose reads the version before it takes the lock, so the
	// second finds the tables made already; it looks again, once for each that may have been ahead of it.
	for tries := 0; ; tries++ {
		err = s.migrateUp(ctx, p, cfg)
		if err == nil || cfg.Existing || s.pg != nil || tries == 5 || errors.Is(err, ErrNewerDatabase) || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Store) migrateUp(ctx context.Context, p *goose.Provider, cfg Config) error {
	current, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version of the database: %w", err)
	}
	if current > known {
		return fmt.Errorf("%w (it is at %d, this one knows %d)", ErrNewerDatabase, current, known)
	}
	if cfg.upTo != 0 {
		known = cfg.upTo
	}
	if current >= known {
		return nil
	}
	if cfg.Existing {
		return fmt.Errorf("%w (it is at %d, this one knows %d)", ErrOlderDatabase, current, known)
	}
	if _, err := p.UpTo(ctx, known); err != nil {
		return fmt.Errorf("migrate the database from version %d to %d: %w", current, known, err)
	}
	s.created = current == 0
	return nil
}

// newestMigration is the version of the tables that this program makes.
func newestMigration() (newest int64, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range names {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		newest = max(newest, v)
	}
	return newest, err
}
