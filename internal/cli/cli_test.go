package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"zapis/internal/app"
	"zapis/internal/problem"
	"zapis/sandbox"
)

// fake are commands that say what they were told; setup and doctor are real.
func fake() Commands {
	return Commands{
		Serve: func(_ context.Context, o app.ServeOptions) error {
			fmt.Fprintf(o.Stdout, "serve %s addr=%s admin=%s data=%s mode=%s branches=%v lang=%s\n",
				o.Config.State, o.Config.Addr, o.Config.AdminAddr, o.Config.DataDir, o.Config.Mode, o.Config.Account.Branches, o.Lang)
			return nil
		},
		Demo: func(_ context.Context, o app.DemoOptions) error {
			switch o.Addr {
			case "127.0.0.1:80":
				return problem.New(problem.PortBusy).Detailf("127.0.0.1:80")
			case "127.0.0.1:81":
				return context.Canceled
			case "127.0.0.1:82":
				return errors.New("something of ours")
			}
			fmt.Fprintf(o.Stdout, "demo addr=%s data=%s lan=%v browser=%v lang=%s\n", o.Addr, o.DataDir, o.LAN, !o.NoBrowser, o.Lang)
			return nil
		},
		Sandbox: func(_ context.Context, o app.SandboxOptions) error {
			fmt.Fprintf(o.Stdout, "sandbox addr=%s json=%v limits=%s seed=%s\n", o.Addr, o.JSON, o.Limits, o.Seed)
			return nil
		},
		Client:    app.PacedClient,
		OpenStore: app.ProbeStore,
		Doctor:    app.EquipDoctor,
		Version:   "1.2.3",
	}
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"zapis": func() {
			var stdout, stderr io.Writer = os.Stdout, os.Stderr
			if log, err := os.OpenFile(os.Getenv("STORY_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
				stdout, stderr = io.MultiWriter(stdout, log), io.MultiWriter(stderr, log) // for searched
			}
			os.Exit(fake().Main(context.Background(), os.Args[1:], os.Stdin, stdout, stderr, os.Environ()))
		},
	})
}

func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			sb := sandbox.Start(storyTB{e}, sandbox.WithLimits(10))
			e.Setenv("SANDBOX", sb.URL())
			e.Setenv("ZAPIS_LIMITS_SCALE", "10") // both sides alike: a command faster than the pace would be refused
			e.Setenv("LANG", "en_US.UTF-8")
			e.Setenv("NO_PROXY", "127.0.0.1")
			e.Setenv("XDG_CACHE_HOME", e.WorkDir+"/cache") // the log of calls
			e.Setenv("STORY_LOG", e.WorkDir+"/everything-printed")
			e.Defer(func() { searched(t, e.WorkDir) })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// storyTB lets a story own its sandbox.
type storyTB struct{ *testscript.Env }

func (storyTB) Helper()                          {}
func (s storyTB) Cleanup(f func())               { s.Defer(f) }
func (s storyTB) Fatalf(format string, v ...any) { panic(fmt.Sprintf(format, v...)) }

// exits N command… runs a command and wants its exit code; its output is there for stdout and stderr.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg {
		ts.Fatalf("usage: exits code command...")
	}
	got := 0
	if failed, ok := errors.AsType[*exec.ExitError](ts.Exec(args[1], args[2:]...)); ok {
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func TestLanguage(t *testing.T) {
	for _, tt := range []struct {
		args, env string
		want      string
	}{
		{"demo", "", "en"},
		{"demo", "LANG=ru_RU.UTF-8", "ru"},
		{"demo", "LANG=ru_RU.UTF-8 LC_ALL=C.UTF-8", "en"},
		{"demo", "LANG=C LC_MESSAGES=ru_RU", "ru"},
		{"demo --lang en", "LANG=ru_RU.UTF-8", "en"},
		{"--lang=ru demo", "", "ru"},
		{"demo --lang de", "LANG=ru", "ru"},
		{"demo --lang", "", "en"},
	} {
		if got := language(strings.Fields(tt.args), strings.Fields(tt.env)); got != tt.want {
			t.Errorf("language(%q, %q) = %s, want %s", tt.args, tt.env, got, tt.want)
		}
	}
}

// Every text of the grammar exists in both languages, and Russian help has no forgotten English line.
func TestTextsInBothLanguages(t *testing.T) {
	for key, text := range texts {
		if text.RU == "" || text.EN == "" {
			t.Errorf("%s lacks a language", key)
		}
	}
	for key, text := range examples {
		if strings.Count(text.RU, "\n") != strings.Count(text.EN, "\n") {
			t.Errorf("the examples of %s differ between the languages", key)
		}
	}
}

// Every example of the help is a command line that the grammar takes.
func TestExamplesAreRight(t *testing.T) {
	for key, text := range examples {
		for line := range strings.Lines(text.EN) {
			_, command, ok := strings.Cut(line, "zapis ")
			if !ok || !strings.HasPrefix(line, "  ") {
				continue
			}
			if i := strings.IndexAny(command, "<>"); i >= 0 { // the shell's part
				command = command[:i]
			}
			command, _, _ = strings.Cut(command, "  ")
			parser, err := newParser(newGrammar("en"), "en", &bytes.Buffer{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(strings.Fields(command)); err != nil {
				t.Errorf("%s: %q does not parse: %v", key, command, err)
			}
		}
	}
}

// An interrupted setup or doctor is no success: scripts go on after a 0.
func TestInterruptedIsNoSuccess(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	environ := []string{"YCLIENTS_BASE_URL=" + sb.URL(), "YCLIENTS_API_TOKEN=" + sandbox.PartnerToken, "YCLIENTS_USER_TOKEN=" + sandbox.UserToken, "YCLIENTS_COMPANY_ID=4564"}
	file := t.TempDir() + "/.env"
	for _, args := range [][]string{{"doctor"}, {"setup", "--env-file", file}} {
		var out, errs strings.Builder
		if code := fake().Main(ctx, args, strings.NewReader(""), &out, &errs, environ); code == 0 {
			t.Errorf("%v ended with 0:\n%s%s", args, out.String(), errs.String())
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("an interrupted setup wrote the file")
	}
}

// Commands one after another spend one budget: each alone would stay within the second, together not.
func TestCommandsShareThePace(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	sb := sandbox.Start(t, sandbox.WithLimits(4))
	environ := []string{"YCLIENTS_BASE_URL=" + sb.URL(), "YCLIENTS_API_TOKEN=" + sandbox.PartnerToken, "YCLIENTS_USER_TOKEN=" + sandbox.UserToken,
		"YCLIENTS_COMPANY_ID=4564", "ZAPIS_COMPANY_IDS=4565,4566", "ZAPIS_LIMITS_SCALE=4"}
	for range 4 { // 9 calls each, 20 a second allowed
		var out, errs strings.Builder
		if code := fake().Main(t.Context(), []string{"doctor"}, strings.NewReader(""), &out, &errs, environ); code != 0 {
			t.Fatalf("exit %d:\n%s%s", code, out.String(), errs.String())
		}
	}
	if n := sb.Usage().Refusals; n != 0 {
		t.Errorf("%d of the calls were refused for their pace, want none", n)
	}
}
