package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// TxFunc runs inside a transaction of the store, after the change it belongs to: durable jobs are inserted so.
type TxFunc func(ctx context.Context, tx *Tx) error

// Tx is one transaction on either database. PostgreSQL is spoken natively rather than through database/sql,
// because the job queue joins our transactions and wants pgx's own.
type Tx struct {
	sqlite *sql.Tx
	pg     pgx.Tx
}

// SQLite is the transaction on SQLite, nil on PostgreSQL.
func (t *Tx) SQLite() *sql.Tx { return t.sqlite }

// Postgres is the transaction on PostgreSQL, nil on SQLite.
func (t *Tx) Postgres() pgx.Tx { return t.pg }

// exec runs a statement and returns how many rows it changed.
func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if t.pg != nil {
		tag, err := t.pg.Exec(ctx, query, args...)
		return tag.RowsAffected(), err
	}
	res, err := t.sqlite.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

type scanner interface{ Scan(dest ...any) error }

func (t *Tx) row(ctx context.Context, query string, args ...any) scanner {
	if t.pg != nil {
		return t.pg.QueryRow(ctx, query, args...)
	}
	return t.sqlite.QueryRowContext(ctx, query, args...)
}

// each calls scan for every row. scan must not use the transaction.
func (t *Tx) each(ctx context.Context, scan func(scanner) error, query string, args ...any) error {
	if t.pg != nil {
		rows, err := t.pg.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	rows, err := t.sqlite.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// lock makes all transactions that lock the same name follow one another until they end. On SQLite they do so
// anyway; there is no row lock that both databases spell the same.
func (t *Tx) lock(ctx context.Context, name string) error {
	if t.pg == nil {
		return nil
	}
	_, err := t.pg.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, name)
	return err
}

// update runs fn in one writing transaction.
func (s *Store) update(ctx context.Context, fn TxFunc) error {
	if s.pg != nil {
		return cleaned(pgx.BeginFunc(ctx, s.pg, func(tx pgx.Tx) error { return fn(ctx, &Tx{pg: tx}) }))
	}
	return cleaned(inSQLite(ctx, s.write, nil, fn))
}

// view runs fn in one transaction that only reads, beside the writer.
func (s *Store) view(ctx context.Context, fn TxFunc) error {
	if s.pg != nil {
		return cleaned(pgx.BeginTxFunc(ctx, s.pg, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
			func(tx pgx.Tx) error { return fn(ctx, &Tx{pg: tx}) }))
	}
	return cleaned(inSQLite(ctx, s.read, &sql.TxOptions{ReadOnly: true}, fn))
}

// outcomeTime bounds the writing of an outcome that outlives its request.
const outcomeTime = 15 * time.Second

// outcome is update for what has already happened outside: it is written even when the caller has hung up, because
// an answer of YCLIENTS that is not written down has to be looked up again.
func (s *Store) outcome(ctx context.Context, fn TxFunc) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeTime)
	defer cancel()
	return s.update(ctx, fn)
}

func inSQLite(ctx context.Context, db *sql.DB, opts *sql.TxOptions, fn TxFunc) (err error) {
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing; after a panic it frees the only connection
	if err := fn(ctx, &Tx{sqlite: tx}); err != nil {
		return err
	}
	return tx.Commit()
}

func runAlso(ctx context.Context, tx *Tx, also []TxFunc) error {
	for _, fn := range also {
		if err := fn(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// cleaned turns the databases' words for common failures into ours.
func cleaned(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	}
	if name := violated(err); name != "" {
		if strings.Contains(name, "intents_open") || strings.Contains(name, "intents.booking_id") {
			return ErrOpenIntent
		}
		return fmt.Errorf("%w (%s)", ErrConflict, name)
	}
	return err
}

// violated names the unique constraint that err reports, or is empty.
func violated(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		return e.ConstraintName
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return e.Error()
		}
	}
	return ""
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// millisOrNull stores the zero time as NULL.
func millisOrNull(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func momentOrZero(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return moment(*ms)
}
