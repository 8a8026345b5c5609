//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?s)<!-- run: (\\w+) -->\n```sh\n(.*?)```")

// TestCommandsOfTheReadmes runs what the readmes tell people to type, in an empty folder. Only what differs on
// every machine is replaced: the compiled binary stands for `go run`, ports are free ones, KEY is the sandbox's.
func TestCommandsOfTheReadmes(t *testing.T) {
	for _, name := range []string{"README.md", "README.ru.md"} {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = m[2]
		}
		for kind, run := range map[string]func(*testing.T, string){"demo": pasteIntoDemo, "sandbox": runSandbox, "setup": runSetup} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				if found[kind] == "" {
					t.Fatalf("%s has no block %q", name, kind)
				}
				run(t, found[kind])
			})
		}
	}
}

func shell(t *testing.T, dir string, env []string, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8"}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, out)
	}
	return string(out)
}

func pasteIntoDemo(t *testing.T, script string) {
	base := startDemo(t)
	for line := range strings.Lines(strings.TrimSpace(script)) {
		out := shell(t, t.TempDir(), nil, strings.ReplaceAll(line, "http://127.0.0.1:8484", base))
		if !strings.HasPrefix(out, "{") && !strings.HasPrefix(out, "[") || strings.Contains(out, `"code":"`) {
			t.Errorf("%s printed %.200s", line, out)
		}
	}
}

func runSandbox(t *testing.T, script string) {
	words := strings.Fields(script)
	if strings.Join(words[:3], " ") != "go run ./cmd/zapis" {
		t.Fatalf("unexpected command %q", script)
	}
	p := start(t, t.TempDir(), nil, append(words[3:], "--addr", "127.0.0.1:0", "--lang", "en")...)
	p.waitFor("Ctrl-C")
	for _, want := range []string{"YCLIENTS_BASE_URL=", "YCLIENTS_API_TOKEN=", "/_sandbox/sms"} {
		if !strings.Contains(p.output(), want) {
			t.Errorf("the sandbox does not print %q:\n%s", want, p.output())
		}
	}
	if code, _ := p.interrupt(); code != 0 {
		t.Errorf("Ctrl-C ended with %d", code)
	}
}

func runSetup(t *testing.T, script string) {
	info := startSandbox(t)
	dir := t.TempDir()
	var typed []string
	for line := range strings.Lines(strings.TrimSpace(script)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "go build -o zapis ./cmd/zapis":
			line = "cp '" + binary(t) + "' zapis"
		case strings.HasPrefix(line, "./zapis setup"):
			line = "printf '%s' '" + info.Password + "' | " + strings.ReplaceAll(line, " KEY ", " "+info.PartnerToken+" ")
		case line == "./zapis serve":
			continue
		}
		typed = append(typed, line)
	}
	host := []string{"YCLIENTS_BASE_URL=" + info.BaseURL}
	shell(t, dir, host, strings.Join(typed, "\n"))
	if !strings.Contains(script, "./zapis serve") {
		t.Fatal("the block does not end in serve")
	}
	s := &server{t: t, dir: dir, env: host, addr: freePort(t), admin: freePort(t)}
	s.again()
	var list struct{ Branches []branch }
	get(t, s.url("/v1/branches"), &list)
	if len(list.Branches) != 1 {
		t.Errorf("got %d branches, want the one that was set up", len(list.Branches))
	}
}
