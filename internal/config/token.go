package config

import (
	"fmt"
	"strings"
	"unicode"
)

// Finding is one thing wrong with a pasted token, named by position and never by content: the only
// characters ever quoted are those that cannot belong to a token.
type Finding struct {
	// Code is stable: empty, placeholder, assignment, header, quotes, space, linebreak, invisible, lookalike, alien.
	Code string
	// Position is the 1-based place of the character in the raw text; 0 where the finding is about the whole.
	Position int
	What     Text
}

// lookalikes are the Cyrillic letters that a keyboard in the wrong layout or a word processor puts in the
// place of Latin ones, and Latin readers cannot see.
var lookalikes = map[rune]rune{
	'а': 'a', 'в': 'b', 'с': 'c', 'е': 'e', 'ё': 'e', 'н': 'h', 'і': 'i', 'ј': 'j', 'к': 'k', 'м': 'm', 'о': 'o', 'р': 'p', 'ѕ': 's',
	'т': 't', 'у': 'y', 'х': 'x', 'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'һ': 'h',
	'А': 'A', 'В': 'B', 'С': 'C', 'Е': 'E', 'Ё': 'E', 'Н': 'H', 'І': 'I', 'Ј': 'J', 'К': 'K', 'М': 'M', 'О': 'O', 'Р': 'P', 'Ѕ': 'S',
	'Т': 'T', 'У': 'Y', 'Х': 'X', 'З': '3', 'з': '3', 'б': '6', 'Ԁ': 'D', 'Ԛ': 'Q', 'Ԝ': 'W',
}

const (
	openingQuotes = "\"'`«“„‘‚"
	closingQuotes = "\"'`»”“’‘"
)

// InspectToken looks at a token as it was pasted. clean is what was most likely meant; it is usable unless
// it is empty, and equals raw exactly when there are no findings. name is the variable: of a whole
// Authorization header it decides which part is meant.
func InspectToken(name, raw string) (clean string, findings []Finding) {
	found := func(code string, at int, text Text) { findings = append(findings, Finding{code, at, text}) }
	letters := []rune(raw)
	from, to := 0, len(letters)
	from, to = trim(letters, from, to, found)
	from = skipAssignment(name, letters, from, to, found)
	from, to = trimQuotes(letters, from, to, found)
	from, to = cutHeader(name, letters, from, to, found)
	if from == to {
		found("empty", 0, T("значение пустое", "the value is empty"))
		return "", findings
	}
	if letters[from] == '<' && letters[to-1] == '>' || isPlaceholder(string(letters[from:to])) {
		found("placeholder", 0, T("вместо токена осталось место для него из примера", "the placeholder of the example is still there"))
		return "", findings
	}
	var b strings.Builder
	for i := from; i < to; i++ {
		if r, ok := inspectRune(letters[i], i+1, found); ok {
			b.WriteRune(r)
		}
	}
	return b.String(), findings
}

// trim steps over white space and invisible characters at both ends, one finding for each end.
func trim(letters []rune, from, to int, found func(string, int, Text)) (int, int) {
	start, end := from, to
	for from < to && (unicode.IsSpace(letters[from]) || isInvisible(letters[from])) {
		from++
	}
	for to > from && (unicode.IsSpace(letters[to-1]) || isInvisible(letters[to-1])) {
		to--
	}
	if from > start {
		found(codeOf(letters[start:from]), start+1, Tf("%s перед токеном", "%s before the token", Count(from-start,
			"лишний символ", "лишних символа", "лишних символов", "blank or invisible character", "blank or invisible characters")))
	}
	if to < end && from < to {
		found(codeOf(letters[to:end]), to+1, Tf("%s после токена (пробел, перевод строки или невидимый знак), начиная с позиции %d",
			"%s after the token (space, line break or an invisible sign), from character %d on",
			Count(end-to, "лишний символ", "лишних символа", "лишних символов", "blank or invisible character", "blank or invisible characters"), to+1))
	}
	return from, to
}

func codeOf(letters []rune) string {
	for _, r := range letters {
		switch {
		case r == '\n' || r == '\r':
			return "linebreak"
		case isInvisible(r):
			return "invisible"
		}
	}
	return "space"
}

// skipAssignment steps over "YCLIENTS_API_TOKEN=" pasted together with the value.
func skipAssignment(name string, letters []rune, from, to int, found func(string, int, Text)) int {
	head := []rune(name + "=")
	if to-from < len(head) || name == "" || !strings.EqualFold(string(letters[from:from+len(head)]), string(head)) {
		return from
	}
	found("assignment", from+1, Tf("в значение попало само имя %s=", "the value repeats the name %s=", name))
	return from + len(head)
}

// trimQuotes takes off quotes that became part of the value.
func trimQuotes(letters []rune, from, to int, found func(string, int, Text)) (int, int) {
	start, end := from, to
	for from < to && strings.ContainsRune(openingQuotes, letters[from]) {
		from++
	}
	for to > from && strings.ContainsRune(closingQuotes, letters[to-1]) {
		to--
	}
	if from > start {
		found("quotes", start+1, Tf("кавычка на месте %d стала частью токена", "the quote at character %d became part of the token", start+1))
	}
	if to < end {
		found("quotes", to+1, Tf("кавычка на месте %d стала частью токена", "the quote at character %d became part of the token", to+1))
	}
	if from > start || to < end {
		return trim(letters, from, to, found)
	}
	return from, to
}

// cutHeader takes the wanted part of "Bearer <key>, User <token>".
func cutHeader(name string, letters []rune, from, to int, found func(string, int, Text)) (int, int) {
	text := strings.ToLower(string(letters[from:to]))
	if len([]rune(text)) != to-from { // a letter whose lower case is longer: no header of ours
		return from, to
	}
	if rest, named := strings.CutPrefix(text, "authorization:"); named {
		text = strings.TrimLeft(rest, " \t")
		from = to - len([]rune(text))
	}
	bearer := strings.HasPrefix(text, "bearer ")
	user := -1
	if i := strings.LastIndex(text, "user "); i == 0 || i > 0 && strings.ContainsRune(" ,", rune(text[i-1])) {
		user = len([]rune(text[:i]))
	}
	switch {
	case name == "YCLIENTS_USER_TOKEN" && user >= 0:
		from += user + len("user ")
	case bearer && user > 0:
		to, from = from+user, from+len("bearer ")
		for to > from && strings.ContainsRune(" ,", letters[to-1]) {
			to--
		}
	case bearer:
		from += len("bearer ")
	case user == 0:
		from += len("user ")
	default:
		return from, to
	}
	found("header", 1, T("вместо одного токена вставлен заголовок Authorization (Bearer …, User …)",
		"a whole Authorization header (Bearer …, User …) stands where one token belongs"))
	for from < to && unicode.IsSpace(letters[from]) {
		from++
	}
	return from, to
}

// inspectRune returns what belongs in the token in place of r, false for nothing.
func inspectRune(r rune, at int, found func(string, int, Text)) (rune, bool) {
	latin, lookalike := lookalikes[r]
	switch {
	case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
		found("linebreak", at, Tf("символ %d: перевод строки посреди токена", "character %d is a line break inside the token", at))
	case unicode.IsSpace(r):
		found("space", at, Tf("символ %d: пробел посреди токена", "character %d is a space inside the token", at))
	case isInvisible(r):
		found("invisible", at, Tf("символ %d невидим (U+%04X)", "character %d is invisible (U+%04X)", at, r))
	case lookalike:
		found("lookalike", at, Tf("символ %[1]d: кириллическая «%[2]c» вместо латинской «%[3]c»",
			"character %[1]d is Cyrillic '%[2]c', not Latin '%[3]c'", at, r, latin))
		return latin, true
	case r > '~' || strings.ContainsRune("\"'`,;<>\\", r):
		found("alien", at, Tf("символ %d (U+%04X) не может быть частью токена", "character %d (U+%04X) cannot be part of a token", at, r))
	default:
		return r, true
	}
	return 0, false
}

// isInvisible is true for zero-width, joining, direction and control characters.
func isInvisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && !unicode.IsSpace(r) ||
		r == '\u00ad' || r == '\u034f' || r == '\u115f' || r == '\u3164' || r == unicode.ReplacementChar
}

func isPlaceholder(s string) bool {
	switch strings.ToLower(s) {
	case "changeme", "change-me", "change_me", "xxx", "todo", "your-token", "your_token", "your-api-key", "your_api_key", "token", "none", "null":
		return true
	}
	return strings.Trim(s, "*•.xX…") == ""
}

// describe joins findings into one sentence, at most three of them.
func describe(findings []Finding) Text {
	var ru, en []string
	for i, f := range findings {
		if i == 3 && len(findings) > 4 {
			ru, en = append(ru, fmt.Sprintf("и ещё %d", len(findings)-3)), append(en, fmt.Sprintf("and %d more", len(findings)-3))
			break
		}
		ru, en = append(ru, f.What.RU), append(en, f.What.EN)
	}
	return Text{RU: strings.Join(ru, "; "), EN: strings.Join(en, "; ")}
}
