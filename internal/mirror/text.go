package mirror

import (
	"html"
	"strings"
)

// plainText takes the markup out of a text that a salon wrote in YCLIENTS' editor: tags go, block ends and breaks
// become line ends, entities become characters, empty lines go. It is for showing as text, never as HTML.
func plainText(s string) string {
	var b strings.Builder
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:open])
		s = s[open:]
		name, rest, isTag := cutTag(s)
		switch {
		case !isTag:
			b.WriteByte('<')
			s = s[1:]
			continue
		case breaks[name]:
			b.WriteByte('\n')
		case name == "script" || name == "style":
			rest = afterElement(rest, name)
		}
		s = rest
	}
	return tidy(html.UnescapeString(b.String()))
}

// breaks are the tags at which a new line begins.
var breaks = map[string]bool{
	"br": true, "p": true, "/p": true, "div": true, "/div": true, "li": true, "/li": true, "ul": true, "/ul": true,
	"ol": true, "/ol": true, "tr": true, "/tr": true, "table": true, "/table": true, "hr": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true,
	"/h1": true, "/h2": true, "/h3": true, "/h4": true, "/h5": true, "/h6": true,
}

// cutTag reads a tag or a comment at the beginning of s. A "<" before anything else is a character: «от < 5 лет».
func cutTag(s string) (name, rest string, ok bool) {
	if strings.HasPrefix(s, "<!--") {
		_, rest, _ = strings.Cut(s, "-->")
		return "", rest, true
	}
	body := strings.TrimPrefix(s[1:], "/")
	if body == "" || !isLetter(body[0]) && body[0] != '!' && body[0] != '?' {
		return "", "", false
	}
	end := strings.IndexByte(s, '>')
	if end < 0 {
		return "", "", true // an unfinished tag hides what follows, as in a browser
	}
	name = s[1:end]
	if cut := strings.IndexFunc(name[1:], func(r rune) bool { return r == ' ' || r == '/' || r == '\n' || r == '\t' || r == '\r' }); cut >= 0 {
		name = name[:cut+1]
	}
	return strings.ToLower(name), s[end+1:], true
}

func afterElement(s, name string) string {
	end := "</" + name
	for i := range len(s) - len(end) + 1 {
		if s[i] == '<' && strings.EqualFold(s[i:i+len(end)], end) {
			return s[i:]
		}
	}
	return ""
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// tidy trims every line and drops the empty ones and what cannot be shown.
func tidy(s string) string {
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(s, "")) {
		line = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, line)
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
