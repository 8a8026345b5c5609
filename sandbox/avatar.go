package sandbox

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"unicode/utf8"
)

// serveAvatar draws a picture for an id: a coloured disc with the initials of
// the master or the company, so that nothing is fetched from elsewhere.
func (s *Sandbox) serveAvatar(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimSuffix(r.PathValue("name"), ".svg")
	h := fnv.New32a()
	h.Write([]byte(id))
	hue := h.Sum32() % 360
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160">`+
		`<rect width="160" height="160" fill="hsl(%d 45%% 82%%)"/>`+
		`<text x="80" y="98" font-family="sans-serif" font-size="56" text-anchor="middle" fill="hsl(%d 45%% 28%%)">%s</text></svg>`,
		hue, hue, s.initials(id))
}

// initials gives up to two letters; an id that nobody has gets a dot.
func (s *Sandbox) initials(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.state.companies {
		if itoa(c.id) == id {
			return firstLetters(c.title)
		}
		for _, m := range c.staff {
			if itoa(m.id) == id {
				return firstLetters(m.name)
			}
		}
	}
	return "•"
}

func firstLetters(name string) string {
	out := ""
	for i, word := range strings.Fields(name) {
		r, _ := utf8.DecodeRuneInString(strings.Trim(word, "«»"))
		if i < 2 {
			out += strings.ToUpper(string(r))
		}
	}
	return out
}
