//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var guideFile = regexp.MustCompile("(?s)<!-- file: ([\\w.]+) -->\n```json\n(.*?)```")

// TestGuideOfTheSandbox runs every command that the guide prints. The compiled binary stands for `go run`, and ports
// are free ones.
func TestGuideOfTheSandbox(t *testing.T) {
	for _, name := range []string{"sandbox.md", "sandbox.ru.md"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("..", "docs", name))
			if err != nil {
				t.Fatal(err)
			}
			text := string(data)
			dir := t.TempDir()
			for _, f := range guideFile.FindAllStringSubmatch(text, -1) {
				if err := os.WriteFile(filepath.Join(dir, f[1]), []byte(f[2]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			base := startSandbox(t, "--limits", "off").BaseURL
			blocks := block.FindAllStringSubmatch(text, -1)
			if all := strings.Count(text, "```sh"); len(blocks) != all || all < 10 {
				t.Fatalf("%d of %d blocks can be run", len(blocks), all)
			}
			for _, b := range blocks {
				runGuide(t, dir, base, b[1], strings.TrimSpace(b[2]))
			}
		})
	}
}

func runGuide(t *testing.T, dir, base, kind, script string) {
	t.Helper()
	switch kind {
	case "ask":
		for line := range strings.Lines(script) {
			if out := shell(t, dir, nil, strings.ReplaceAll(line, "http://127.0.0.1:8585", base)); !strings.HasPrefix(out, "{") && !strings.HasPrefix(out, "[") {
				t.Errorf("%s printed %.200s", line, out)
			}
		}
	case "start":
		for line := range strings.Lines(script) {
			args := append(guideArgs(t, line), "--addr", "127.0.0.1:0", "--lang", "en")
			p := start(t, dir, nil, args...)
			p.waitFor("Ctrl-C")
			if code, _ := p.interrupt(); code != 0 {
				t.Errorf("%s: Ctrl-C ended with %d", line, code)
			}
		}
	case "record":
		recordAndCompare(t, dir, base, strings.Split(script, "\n"))
	default:
		t.Errorf("unknown kind of block %q", kind)
	}
}

func guideArgs(t *testing.T, line string) []string {
	t.Helper()
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/zapis ")
	if !ok {
		t.Fatalf("unexpected command %q", line)
	}
	return strings.Fields(rest)
}

// recordAndCompare has a sandbox stand for the real account.
func recordAndCompare(t *testing.T, dir, base string, lines []string) {
	t.Helper()
	addr := freePort(t)
	p := start(t, dir, nil, append(guideArgs(t, lines[0]), "--upstream", base, "--addr", addr, "--lang", "en")...)
	p.waitFor("Ctrl-C")
	shell(t, dir, nil, "curl -sf -H 'Accept: application/vnd.yclients.v2+json' -H 'Authorization: Bearer partner-token-example' http://"+addr+"/api/v1/book_services/4564")
	if code, _ := p.interrupt(); code != 0 {
		t.Errorf("record ended with %d", code)
	}
	compare := exec.Command(binary(t), guideArgs(t, lines[1])...)
	compare.Dir = dir
	if out, err := compare.CombinedOutput(); err != nil {
		t.Errorf("compare: %v\n%s", err, out)
	}
}

// TestProgramsOfTheGuide runs the programs of docs/sandbox. A missing interpreter is a failure: scripts/need.sh
// installs it.
func TestProgramsOfTheGuide(t *testing.T) {
	for _, command := range []string{"php docs/sandbox/booking.php", "python3 docs/sandbox/booking.py", "node docs/sandbox/booking.mjs", "go test -count=1 ./docs/sandbox"} {
		t.Run(strings.Fields(command)[0], func(t *testing.T) {
			t.Parallel()
			for _, name := range []string{"sandbox.md", "sandbox.ru.md"} {
				guide, err := os.ReadFile(filepath.Join("..", "docs", name))
				if err != nil || !strings.Contains(string(guide), strings.Replace(command, " -count=1", "", 1)) {
					t.Errorf("%s does not name %s: %v", name, command, err)
				}
			}
			base := startSandbox(t, "--limits", "off").BaseURL
			words := strings.Fields(command)
			cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
			cmd.Dir = ".."
			cmd.Env = append(os.Environ(), "YCLIENTS_BASE_URL="+base)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "ok") {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		})
	}
	// What the page shows is open without keys, for the guide says so.
	if r := mustCall(t, http.MethodGet, startSandbox(t).BaseURL+"/_sandbox", nil); r.status != http.StatusOK {
		t.Errorf("the page answers %d", r.status)
	}
}
