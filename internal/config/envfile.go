package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

var bom = []byte("\xef\xbb\xbf")

// envHeader stands above the variables that Zapis appends to a file.
const envHeader = "# YCLIENTS: written by zapis setup"

// EnvFile is a .env file that can be changed without disturbing it: comments, order, quotes, line ends, a
// byte-order mark, export prefixes and everybody else's variables stay byte for byte. godotenv reads, and
// is asked to read back every change before it is kept.
type EnvFile struct {
	path    string
	exists  bool
	mode    fs.FileMode
	before  []byte
	now     []byte
	changes []Change
}

// Change is one variable set by Set, for showing to a person.
type Change struct {
	Key    string
	Old    string // the raw value before; never shown unless harmless
	New    string
	Had    bool // the file had the variable
	Secret bool
}

// ReadEnvFile reads the file at path. A missing file is an empty one, so that it can be written.
func ReadEnvFile(path string) (*EnvFile, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, _ := ParseEnvFile(nil)
		f.path = path
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := ParseEnvFile(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.path, f.exists = path, true
	if info, err := os.Stat(path); err == nil {
		f.mode = info.Mode().Perm()
	}
	return f, nil
}

// ParseEnvFile takes the contents of a file. The error is a *SyntaxError.
func ParseEnvFile(data []byte) (*EnvFile, error) {
	if _, _, err := readEnv(data); err != nil {
		return nil, err
	}
	return &EnvFile{before: bytes.Clone(data), now: bytes.Clone(data)}, nil
}

// Path is where the file was read from, Exists whether it was there, Mode its permissions.
func (f *EnvFile) Path() string      { return f.path }
func (f *EnvFile) Exists() bool      { return f.exists }
func (f *EnvFile) Mode() fs.FileMode { return f.mode }

// Bytes is the file as it would be saved now.
func (f *EnvFile) Bytes() []byte { return bytes.Clone(f.now) }

// Values are the variables as godotenv reads them.
func (f *EnvFile) Values() map[string]string {
	values, _, err := readEnv(f.now)
	if err != nil { // Set keeps the file readable
		panic(err)
	}
	return values
}

// Line is the line of a variable, the last one where it stands twice (the last one counts); 0 = absent.
func (f *EnvFile) Line(key string) int {
	if lines := f.Lines(key); len(lines) > 0 {
		return lines[len(lines)-1]
	}
	return 0
}

// Lines are all lines where a variable stands, from the top.
func (f *EnvFile) Lines(key string) []int {
	var lines []int
	statements, _ := scanEnv(f.now)
	for _, st := range statements {
		if st.key == key {
			lines = append(lines, st.line)
		}
	}
	return lines
}

// readEnv reads an env file by godotenv and finds its statements by our scanner; they must agree.
func readEnv(data []byte) (map[string]string, []statement, error) {
	statements, err := scanEnv(data)
	if err != nil {
		return nil, nil, err
	}
	values, err := godotenv.UnmarshalBytes(bytes.TrimPrefix(data, bom))
	if err != nil { // unreachable while the scanner follows godotenv; the fuzz test watches
		return nil, nil, &SyntaxError{Line: 1, Text: T("файл не читается как .env", "the file does not read as an env file")}
	}
	last := make(map[string]statement, len(statements))
	for _, st := range statements {
		last[st.key] = st
	}
	for key, st := range last {
		if st.quote == 0 && st.from == st.to {
			values[key] = "" // godotenv takes the note of "KEY= # note" for the value
		}
	}
	return values, statements, nil
}

// Set gives a variable a value: in place wherever it stands, in its own quotes if they can hold it, else at
// the end under one header. It fails, and changes nothing, if godotenv would not read the value back.
func (f *EnvFile) Set(key, value string) error {
	old, statements, err := readEnv(f.now)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(statements, func(st statement) bool { return st.key == key })
	for _, style := range stylesFor(statements, key) {
		rendered, ok := render(value, style)
		if !ok {
			continue
		}
		next := f.appended(key, rendered)
		if at >= 0 {
			next = replaced(f.now, statements, key, rendered)
		}
		if f.readsBack(next, key, value, old, statements) {
			if old[key] != value || at < 0 {
				f.changes = append(f.changes, Change{Key: key, Old: old[key], New: value, Had: at >= 0, Secret: IsSecret(key)})
			}
			f.now = next
			return nil
		}
	}
	return fmt.Errorf("%s: this value cannot be written to an env file", key)
}

// stylesFor lists the quotes to try, the present ones first.
func stylesFor(statements []statement, key string) []byte {
	styles := []byte{0, '\'', '"'}
	for _, st := range statements {
		if st.key == key {
			styles = append([]byte{st.quote}, styles...)
		}
	}
	return styles
}

// render writes a value in a style that godotenv, python-dotenv, Docker and a shell read alike; false if
// the style cannot hold it.
func render(value string, quote byte) (string, bool) {
	switch quote {
	case 0:
		plain := !strings.ContainsFunc(value, func(r rune) bool {
			return r <= ' ' || r > '~' || strings.ContainsRune("#'\"`$\\&|;<>()*?!~", r)
		})
		return value, plain
	case '\'':
		return "'" + value + "'", !strings.ContainsAny(value, "'\\\r\n")
	default:
		escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", `\n`, "\r", `\r`).Replace(value)
		return `"` + escaped + `"`, true
	}
}

// replaced puts the rendered value into every statement of key: a stale token left above would only confuse.
func replaced(data []byte, statements []statement, key, rendered string) []byte {
	var out []byte
	done := 0
	for _, st := range statements {
		if st.key != key {
			continue
		}
		out = append(append(out, data[done:st.from]...), rendered...)
		if st.to < len(data) && data[st.to] == '#' { // KEY=#note
			out = append(out, ' ')
		}
		done = st.to
	}
	return append(out, data[done:]...)
}

// appended adds a line after the block under our header, and the header itself at the end of the file the
// first time.
func (f *EnvFile) appended(key, rendered string) []byte {
	eol := "\n"
	if bytes.Contains(f.now, []byte("\r\n")) {
		eol = "\r\n"
	}
	line := key + "=" + rendered + eol
	body := string(f.now)
	if at := strings.LastIndex(body, envHeader+eol); at >= 0 && strings.HasSuffix(body, eol) &&
		!strings.Contains(strings.TrimSuffix(body[at:], eol), eol+eol) {
		return []byte(body + line) // our block is the last one
	}
	switch {
	case len(bytes.TrimPrefix(f.now, bom)) == 0:
	case !strings.HasSuffix(body, "\n"):
		body += eol + eol
	case !strings.HasSuffix(body, "\n"+eol):
		body += eol
	}
	return []byte(body + envHeader + eol + line)
}

// readsBack reports whether the new text gives key exactly value and leaves every other variable alone,
// those excepted whose own text refers to others ($NAME).
func (f *EnvFile) readsBack(next []byte, key, value string, old map[string]string, statements []statement) bool {
	values, _, err := readEnv(next)
	if err != nil || values[key] != value {
		return false
	}
	if plain, err := godotenv.UnmarshalBytes(bytes.TrimPrefix(next, bom)); err != nil || plain[key] != value {
		return false // other backends read this file too, without our view of "KEY= # note"
	}
	for _, st := range statements {
		refers := bytes.IndexByte(f.now[st.from:st.to], '$') >= 0
		if st.key != key && !refers && values[st.key] != old[st.key] {
			return false
		}
	}
	_, had := old[key]
	return len(values) == len(old) || !had && len(values) == len(old)+1
}
