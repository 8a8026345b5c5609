package gateway

import (
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

func TestDocsPage(t *testing.T) {
	g, _ := over(newFake())
	w := call(g, "GET", "/docs", "", "Host", "127.0.0.1:8484", "Accept-Language", "en")
	page := w.Body.String()
	for _, op := range g.operations {
		for _, text := range []string{`id="` + op.OperationID + `"`, `href="#` + op.OperationID + `"`} {
			if strings.Count(page, text) != 1 {
				t.Errorf("%s stands %d times", text, strings.Count(page, text))
			}
		}
	}
	for _, lang := range []string{"curl", "Dart", "TypeScript"} {
		if got := strings.Count(page, `data-tab="`+lang+`"`); got != len(g.operations) {
			t.Errorf("%d examples in %s for %d operations", got, lang, len(g.operations))
		}
	}
	if !strings.Contains(page, "http://127.0.0.1:8484/v1/branches/1/slots?date=2026-11-25&amp;services=331") {
		t.Error("the examples do not use what exists here")
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	for _, bad := range []string{`<script>`, ` style=`, ` onclick=`, `src="http`, `href="http`} {
		if strings.Contains(page, bad) {
			t.Errorf("%s stands in the page, which its policy forbids", bad)
		}
	}
	if ru := call(g, "GET", "/docs?lang=ru", ""); !strings.Contains(ru.Body.String(), `<html lang="ru">`) || !strings.Contains(ru.Body.String(), "Отказ") {
		t.Error("no Russian page")
	}
	if w := call(g, "GET", "/docs", "", "Host", "x'; rm -rf /"); strings.Contains(w.Body.String(), "rm -rf") {
		t.Error("a Host that is no host stands in the examples")
	}
	f := newFake()
	f.err = problem.New(problem.UpstreamUnavailable)
	g, _ = over(f)
	if w := call(g, "GET", "/docs", ""); w.Code != 200 {
		t.Errorf("without YCLIENTS there are no documents: %d", w.Code)
	}
}

func TestProblemsPage(t *testing.T) {
	g, _ := over(newFake())
	for _, lang := range []string{"ru", "en"} {
		page := call(g, "GET", "/docs/problems?lang="+lang, "").Body.String()
		for _, m := range problem.All() {
			if strings.Count(page, `<section id="`+string(m.Code)+`"`) != 1 {
				t.Errorf("%s: %s is not explained", lang, m.Code)
			}
		}
	}
}

// The curl lines are run by people who paste them: a shell must read each as one command with whole arguments.
func TestCurlLinesAreShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no sh on this machine")
	}
	g, _ := over(newFake())
	for _, required := range []bool{false, true} {
		real := samples{branch: 1, service: 331, date: "2026-11-25", consent: "v1", codeRequired: required, commentRequired: required}
		for _, op := range g.operations {
			e := illustrate(g.docs.api, op, "http://127.0.0.1:8484", real)
			script := "curl() { for a; do printf '%s\\n' \"$a\"; done; }\nTOKEN=za_t BOOKING=b-1 SECRET=zs_s STAFF=1 START=s1.x REFRESH=zr_r\n" +
				strings.Replace(strings.Replace(e.Curl, "ERASE=no", "ERASE=yes", 1), "CODE=\n", "CODE=54321\n", 1)
			out, err := exec.CommandContext(t.Context(), sh, "-eu", "-c", script).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s\n%s", op.OperationID, err, out, e.Curl)
				continue
			}
			args := string(out)
			if !strings.Contains(args, "http://127.0.0.1:8484/v1/") || regexp.MustCompile(`TOKEN|BOOKING|SECRET|STAFF|START|REFRESH|CODE|KEY\b`).MatchString(args) {
				t.Errorf("%s: the shell reads %s", op.OperationID, args)
			}
			if op.OperationID == "createBooking" {
				body := args[strings.LastIndex(args, "-d\n")+3:]
				w := call(g, "POST", "/v1/bookings", body, "Idempotency-Key", "12345678")
				if w.Code != 201 || !strings.Contains(body, `"consent":{"version":"v1"}`) || strings.Contains(body, `"code":"54321"`) != required || strings.Contains(body, `"comment"`) != required {
					t.Errorf("the example booking is refused: %d %s\n%s", w.Code, w.Body, body)
				}
			}
		}
	}
}

// The code of the sign-in is used up: where there is a choice, the examples book where none is asked for.
func TestEasiestBranch(t *testing.T) {
	strict := salon.Branch{ID: 1, Rules: salon.Rules{CodeRequired: true}}
	if got := easiest([]salon.Branch{strict, {ID: 2}}).ID; got != 2 {
		t.Errorf("got branch %d, want 2", got)
	}
	if got := easiest([]salon.Branch{strict}).ID; got != 1 {
		t.Errorf("got branch %d, want 1", got)
	}
}
