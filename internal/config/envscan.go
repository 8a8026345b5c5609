package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// SyntaxError reports a line of an env file that is not KEY=value. It never quotes the line: the line may
// hold a secret (and that is why godotenv's own errors, which quote, are never shown).
type SyntaxError struct {
	Line int
	Text Text
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text.EN) }

// statement is one KEY=value of an env file, with offsets into the original bytes.
type statement struct {
	key      string
	line     int  // 1-based line of the key
	from, to int  // the raw value, quotes included
	quote    byte // ', " or 0
}

// scanEnv finds the statements of an env file by the rules of godotenv, which is what reads the file. It
// works on the text with CRLF made LF, as godotenv does, and maps every offset back.
func scanEnv(raw []byte) ([]statement, error) {
	s := newScanner(raw)
	var out []statement
	for {
		at, ok := s.next()
		if !ok {
			return out, nil
		}
		st, err := s.statement(at)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
}

type scanner struct {
	src  []byte // with LF line ends
	back []int  // offset in src → offset in the original
	pos  int
}

func newScanner(raw []byte) *scanner {
	s := &scanner{src: make([]byte, 0, len(raw)), back: make([]int, 0, len(raw)+1)}
	start := len(raw) - len(bytes.TrimPrefix(raw, bom))
	for i := start; i < len(raw); i++ {
		if raw[i] == '\r' && i+1 < len(raw) && raw[i+1] == '\n' {
			continue
		}
		s.src, s.back = append(s.src, raw[i]), append(s.back, i)
	}
	s.back = append(s.back, len(raw))
	return s
}

// next moves to the beginning of a statement, over blank space and comments.
func (s *scanner) next() (int, bool) {
	for {
		skip := bytes.IndexFunc(s.src[s.pos:], func(r rune) bool { return !unicode.IsSpace(r) })
		if skip < 0 {
			return 0, false
		}
		s.pos += skip
		if s.src[s.pos] != '#' {
			return s.pos, true
		}
		end := bytes.IndexByte(s.src[s.pos:], '\n')
		if end < 0 {
			return 0, false
		}
		s.pos += end
	}
}

func (s *scanner) statement(at int) (statement, error) {
	st := statement{line: s.line(at)}
	keyAt := at
	if rest, ok := bytes.CutPrefix(s.src[at:], []byte("export")); ok && bytes.IndexFunc(rest, isBlank) == 0 {
		keyAt = len(s.src) - len(bytes.TrimLeftFunc(rest, isBlank))
	}
	eq, err := s.keyEnd(keyAt, st.line)
	if err != nil {
		return st, err
	}
	st.key = strings.TrimRightFunc(string(s.src[keyAt:eq]), unicode.IsSpace)
	value := s.src[eq+1:]
	from := eq + 1 + len(value) - len(bytes.TrimLeftFunc(value, isBlank))
	var to int
	if from < len(s.src) && (s.src[from] == '"' || s.src[from] == '\'') {
		st.quote = s.src[from]
		if to = s.closing(from); to < 0 {
			return st, &SyntaxError{Line: st.line, Text: T("кавычка открыта и не закрыта", "a quote is opened and never closed")}
		}
		s.pos = to
	} else {
		to, s.pos = s.unquoted(from)
	}
	// An empty value stands right behind its sign, before the CR of the line end.
	st.from, st.to = s.back[from-1]+1, s.back[from-1]+1
	if to > from {
		st.to = s.back[to-1] + 1
	}
	return st, nil
}

// keyEnd is the offset of the sign after the key: "=", or ":" as in YAML.
func (s *scanner) keyEnd(from, line int) (int, error) {
	for i := from; i < len(s.src); i++ {
		b := s.src[i]
		switch r := rune(b); {
		case b == '=' || b == ':':
			if len(bytes.TrimRightFunc(s.src[from:i], unicode.IsSpace)) == 0 {
				return 0, &SyntaxError{Line: line, Text: T("нет имени перед знаком «=»", "there is no name before the =")}
			}
			return i, nil
		case b == '_' || b == '.' || isBlank(r) || unicode.IsLetter(r) || unicode.IsNumber(r):
		default:
			return 0, notAStatement(line)
		}
	}
	return 0, notAStatement(line)
}

func notAStatement(line int) error {
	return &SyntaxError{Line: line, Text: T("это не ИМЯ=значение и не комментарий", "this is neither NAME=value nor a comment")}
}

// closing is the offset after the closing quote, or -1. A quote behind a backslash does not close.
func (s *scanner) closing(open int) int {
	for i := open + 1; i < len(s.src); i++ {
		if s.src[i] == s.src[open] && s.src[i-1] != '\\' {
			return i + 1
		}
	}
	return -1
}

// unquoted finds the end of a bare value and of its line. A comment begins at the first " #", or at "#"
// where a value should be: godotenv reads KEY= # note as the value "# note", which nobody means.
func (s *scanner) unquoted(from int) (end, lineEnd int) {
	lineEnd = len(s.src)
	if i := bytes.IndexAny(s.src[from:], "\r\n"); i >= 0 {
		lineEnd = from + i
	}
	end = lineEnd
	for i := from; i < lineEnd; i++ {
		if s.src[i] == '#' && (i == from || isBlank(rune(s.src[i-1]))) {
			end = i
			break
		}
	}
	return from + len(bytes.TrimRightFunc(s.src[from:end], isBlank)), lineEnd
}

func (s *scanner) line(at int) int { return 1 + bytes.Count(s.src[:at], []byte("\n")) }

// isBlank is white space inside a line.
func isBlank(r rune) bool {
	switch r {
	case '\t', '\v', '\f', '\r', ' ', 0x85, 0xA0:
		return true
	}
	return false
}
