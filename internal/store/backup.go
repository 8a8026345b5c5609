package store

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A backup is one gzip file of JSON lines: a head, for each table a line with its columns and a line for each row,
// and an end that counts the rows. It is the same for both databases, so a backup of SQLite can be restored into
// PostgreSQL. Values are as the tables have them: what is sealed stays sealed, and needs the key it was sealed under.
const (
	backupFormat = 1
	backupLine   = 64 << 20 // the longest line that is believed
)

// backedUp lists the tables of a backup, those that others refer to first. The log of the pace is left out: after a
// restore the last minute is not known, and what is not known counts as full.
var backedUp = []string{
	"settings", "accounts", "people", "bookings", "booking_appointments", "intents", "idempotency",
	"families", "access_tokens", "refresh_tokens", "code_events", "consents",
}

// ErrNotEmpty reports a restore into a database that holds something.
var ErrNotEmpty = errors.New("the database is not empty, and a restore replaces nothing: restore into a new data folder or a new database")

// ErrNotABackup reports a file that is not a whole backup.
var ErrNotABackup = errors.New("not a whole backup of Zapis: take another copy of the file, or an older backup")

// BackupHead is the first line of a backup.
type BackupHead struct {
	Format int       `json:"zapis_backup"`
	Schema int64     `json:"schema"`          // version of the tables
	Key    string    `json:"key_fingerprint"` // of the key that opens what is sealed; the key itself is not inside
	MadeAt time.Time `json:"made_at"`
	Rows   int64     `json:"-"` // known at the end
}

type backupEnd struct {
	Rows *int64 `json:"rows"`
}

type backupTable struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

// Backup writes everything the store holds, as it was at one moment, while others go on reading and writing.
func (s *Store) Backup(ctx context.Context, w io.Writer) (BackupHead, error) {
	zip := gzip.NewWriter(w)
	out := json.NewEncoder(zip)
	out.SetEscapeHTML(false)
	head := BackupHead{Format: backupFormat, Key: s.key.Fingerprint(), MadeAt: s.now().UTC().Truncate(time.Second)}
	err := s.view(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.row(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&head.Schema); err != nil {
			return err
		}
		if err := out.Encode(head); err != nil {
			return err
		}
		for _, table := range backedUp {
			n, err := tx.dump(ctx, table, out)
			if err != nil {
				return fmt.Errorf("back up %s: %w", table, err)
			}
			head.Rows += n
		}
		return out.Encode(backupEnd{Rows: &head.Rows})
	})
	if err != nil {
		return head, err
	}
	return head, zip.Close()
}

// dump writes one table.
func (t *Tx) dump(ctx context.Context, table string, out *json.Encoder) (int64, error) {
	rows, err := t.query(ctx, `SELECT * FROM `+table)
	if err != nil {
		return 0, err
	}
	defer rows.close()
	columns, err := rows.columns()
	if err != nil {
		return 0, err
	}
	if err := out.Encode(backupTable{table, columns}); err != nil {
		return 0, err
	}
	var n int64
	for rows.next() {
		values, err := rows.values()
		if err != nil {
			return n, err
		}
		for i, v := range values {
			if blob, ok := v.([]byte); ok {
				values[i] = map[string][]byte{"b": blob} // JSON writes bytes as base64
			}
		}
		if err := out.Encode(values); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.err()
}

// Restore fills an empty database with a backup and brings it to what this program knows. It writes all or nothing.
// ErrOtherKey: the backup was made under another key than this store's.
//
// A change that was not sent yet when the backup was made may have been sent since. So it comes back as one whose
// outcome is not known: it is looked up, never sent again.
func Restore(ctx context.Context, cfg Config, r io.Reader) (head BackupHead, err error) {
	lines, head, err := openBackup(r)
	if err != nil {
		return head, err
	}
	if cfg.Key != nil && head.Key != cfg.Key.Fingerprint() {
		return head, fmt.Errorf("%w: it needs the key with the fingerprint %s, and this one has %s", ErrOtherKey, head.Key, cfg.Key.Fingerprint())
	}
	cfg.upTo = head.Schema
	s, err := Open(ctx, cfg)
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.empty(ctx); err != nil {
			return err
		}
		if head.Rows, err = tx.fill(ctx, lines); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `UPDATE intents SET state = 'sent', sent_at = updated_at, attempts = attempts + 1,
			version = version + 1, lease_until = 0, next_look_at = 0 WHERE state = 'ready'`)
		return err
	})
	if err != nil {
		return head, err
	}
	return head, s.migrate(ctx, Config{})
}

// ReadBackupHead reads the beginning of a backup: which tables and which key it needs.
func ReadBackupHead(r io.Reader) (BackupHead, error) {
	_, head, err := openBackup(r)
	return head, err
}

// openBackup reads the head, so that a wrong file is refused before anything is made.
func openBackup(r io.Reader) (*bufio.Scanner, BackupHead, error) {
	var head BackupHead
	zip, err := gzip.NewReader(r)
	if err != nil {
		return nil, head, fmt.Errorf("%w (%w)", ErrNotABackup, err)
	}
	lines := bufio.NewScanner(zip)
	lines.Buffer(nil, backupLine)
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &head) != nil || head.Format == 0 {
		return nil, head, ErrNotABackup
	}
	known, err := newestMigration()
	switch {
	case err != nil:
		return nil, head, err
	case head.Format > backupFormat || head.Schema > known:
		return nil, head, fmt.Errorf("%w (the backup is at %d, this one knows %d)", ErrNewerDatabase, head.Schema, known)
	case head.Schema < 1:
		return nil, head, ErrNotABackup
	}
	return lines, head, nil
}

// empty refuses tables that hold anything but what opening a database writes.
func (t *Tx) empty(ctx context.Context) error {
	for _, table := range backedUp {
		query := `SELECT count(*) FROM ` + table
		if table == "settings" {
			query += ` WHERE name <> '` + keySetting + `'`
		}
		var n int64
		if err := t.row(ctx, query).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return ErrNotEmpty
		}
	}
	_, err := t.exec(ctx, `DELETE FROM settings`)
	return err
}

// fill writes the rows and counts them against the end.
func (t *Tx) fill(ctx context.Context, lines *bufio.Scanner) (n int64, err error) {
	var insert string
	var columns int
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) > 0 && line[0] == '[' {
			values, err := backupRow(line)
			if err != nil || insert == "" || len(values) != columns {
				return n, fmt.Errorf("%w (row %d)", ErrNotABackup, n+1)
			}
			if _, err := t.exec(ctx, insert, values...); err != nil {
				return n, err
			}
			n++
			continue
		}
		var end backupEnd
		if json.Unmarshal(line, &end) == nil && end.Rows != nil {
			if *end.Rows != n {
				return n, fmt.Errorf("%w (it has %d rows and says %d)", ErrNotABackup, n, *end.Rows)
			}
			for lines.Scan() { // the sum at the end of the file is checked by reading it
			}
			return n, lines.Err()
		}
		var table backupTable
		if err := json.Unmarshal(line, &table); err != nil {
			return n, ErrNotABackup
		}
		if insert, err = table.insert(); err != nil {
			return n, err
		}
		columns = len(table.Columns)
	}
	return n, errors.Join(fmt.Errorf("%w (it is cut off after %d rows)", ErrNotABackup, n), lines.Err())
}

// insert is the statement for a row. Names come out of a file, so only known and plain ones get into SQL.
func (b backupTable) insert() (string, error) {
	if !slices.Contains(backedUp, b.Table) || len(b.Columns) == 0 {
		return "", fmt.Errorf("%w (it has a table %.40q)", ErrNotABackup, b.Table)
	}
	marks := make([]string, len(b.Columns))
	for i, c := range b.Columns {
		if c == "" || strings.Trim(c, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return "", fmt.Errorf("%w (it has a column %.40q)", ErrNotABackup, c)
		}
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	return `INSERT INTO ` + b.Table + ` (` + strings.Join(b.Columns, ", ") + `) VALUES (` + strings.Join(marks, ", ") + `)`, nil
}

// backupRow reads a row: null, whole numbers, texts, and bytes as {"b": base64}.
func backupRow(line []byte) ([]any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, err
	}
	values := make([]any, len(raw))
	for i, r := range raw {
		var err error
		switch r[0] {
		case 'n':
		case '"':
			var text string
			err = json.Unmarshal(r, &text)
			values[i] = text
		case '{':
			var blob struct{ B []byte }
			err = json.Unmarshal(r, &blob)
			if blob.B == nil {
				blob.B = []byte{}
			}
			values[i] = blob.B
		default:
			values[i], err = strconv.ParseInt(string(r), 10, 64)
		}
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

// result is the rows of a query whose columns are not known beforehand.
type result struct {
	sqlite *sql.Rows
	pg     pgx.Rows
}

func (t *Tx) query(ctx context.Context, query string) (result, error) {
	if t.pg != nil {
		rows, err := t.pg.Query(ctx, query)
		return result{pg: rows}, err
	}
	rows, err := t.sqlite.QueryContext(ctx, query) //nolint:rowserrcheck // result.err is asked
	return result{sqlite: rows}, err
}

func (r result) next() bool {
	if r.pg != nil {
		return r.pg.Next()
	}
	return r.sqlite.Next()
}

func (r result) columns() (names []string, err error) {
	if r.pg == nil {
		return r.sqlite.Columns()
	}
	for _, f := range r.pg.FieldDescriptions() {
		names = append(names, f.Name)
	}
	return names, nil
}

func (r result) values() ([]any, error) {
	if r.pg != nil {
		return r.pg.Values()
	}
	columns, err := r.sqlite.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	return values, r.sqlite.Scan(into...)
}

func (r result) err() error {
	if r.pg != nil {
		return r.pg.Err()
	}
	return r.sqlite.Err()
}

func (r result) close() {
	if r.pg != nil {
		r.pg.Close()
		return
	}
	_ = r.sqlite.Close() // what failed is in err
}
