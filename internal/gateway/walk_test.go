package gateway_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// walked is a server that is told which example comes next, and remembers what each was answered.
type walked struct {
	h    *house
	mu   sync.Mutex
	now  string
	seen map[string][]int
}

func (s *walked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := strings.CutPrefix(r.URL.Path, "/example/"); ok {
		s.now = id
		return
	}
	if r.URL.Path == "/_sandbox/sms" { // the demo passes it on
		_ = json.NewEncoder(w).Encode(s.h.sb.SMS())
		return
	}
	status := &statusOf{ResponseWriter: w, code: http.StatusOK}
	s.h.gateway.ServeHTTP(status, r)
	s.seen[s.now] = append(s.seen[s.now], status.code)
}

// answers are those since it was last asked.
func (s *walked) answers() map[string][]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = map[string][]int{}
	return seen
}

type statusOf struct {
	http.ResponseWriter
	code int
}

func (s *statusOf) WriteHeader(code int)        { s.code = code; s.ResponseWriter.WriteHeader(code) }
func (s *statusOf) Unwrap() http.ResponseWriter { return s.ResponseWriter }

var onPage = regexp.MustCompile(`(?s)<section id="([^"]+)".*?<figcaption>curl</figcaption><pre[^>]*><code>(.*?)</code>`)

// Pasted in the order of the page, the curl examples are a whole visit over the real rooms: none is refused.
func TestCurlExamplesAreAVisit(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "grep", "od"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on this machine", tool)
		}
	}
	s := &walked{h: build(t), seen: map[string][]int{}}
	server := httptest.NewServer(s)
	defer server.Close()
	r := httptest.NewRequestWithContext(t.Context(), "GET", server.URL+"/docs", nil)
	page := httptest.NewRecorder()
	s.h.gateway.ServeHTTP(page, r)
	var order []string
	examples := map[string]string{}
	for _, m := range onPage.FindAllStringSubmatch(page.Body.String(), -1) {
		order = append(order, m[1])
		examples[m[1]] = html.UnescapeString(m[2])
	}
	paste := func(ids []string) (string, map[string][]int) {
		t.Helper()
		var script strings.Builder
		for _, id := range ids {
			script.WriteString("curl -sS '" + server.URL + "/example/" + id + "'\n" + examples[id] + "\n")
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script.String()).CombinedOutput()
		if err != nil {
			t.Fatalf("the shell stopped: %v\n%s", err, out)
		}
		seen := s.answers()
		for _, id := range ids {
			if len(seen[id]) == 0 && id != "eraseMe" {
				t.Errorf("%s was not called", id)
			}
			if slices.ContainsFunc(seen[id], func(code int) bool { return code >= 300 }) {
				t.Errorf("%s was answered %v:\n%s\n%s", id, seen[id], examples[id], out)
			}
		}
		return string(out), seen
	}

	out, seen := paste(order)
	if len(order) != s.h.gateway.Operations() || order[len(order)-1] != "closeSession" {
		t.Errorf("the page's order: %v", order)
	}
	for _, text := range []string{"zs_", "BEGIN:VEVENT", `"status":"cancelled"`} {
		if !strings.Contains(out, text) {
			t.Errorf("%s was not answered", text)
		}
	}
	if n := s.h.applied(); n < 3 {
		t.Errorf("%d changes at YCLIENTS, want a booking made, moved and cancelled", n)
	}
	if len(seen["eraseMe"]) != 0 {
		t.Error("who pastes the whole page erases a person")
	}

	examples["eraseMe"] = strings.Replace(examples["eraseMe"], "ERASE=no", "ERASE=yes", 1)
	_, seen = paste([]string{"sendCode", "openSession", "eraseMe"})
	if got := seen["eraseMe"]; !slices.Equal(got, []int{http.StatusNoContent}) {
		t.Errorf("erasing was answered %v", got)
	}
}
