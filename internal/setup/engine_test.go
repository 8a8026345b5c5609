package setup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
	"zapis/sandbox"
	"zapis/yclients"
)

// world is a sandbox with an engine on a folder of its own.
type world struct {
	*setup.Engine
	sb  *sandbox.Sandbox
	dir string
	now time.Time
}

func plainClients(cfg *config.Config) func(partner, user yclients.Token) (*yclients.Client, error) {
	return func(partner, user yclients.Token) (*yclients.Client, error) {
		opts := []yclients.Option{
			yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner),
			yclients.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}),
		}
		if user != "" {
			opts = append(opts, yclients.WithUserToken(user))
		}
		return yclients.New(opts...)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{sb: sandbox.Start(t, sandbox.WithLimits(sandbox.Off)), dir: t.TempDir(), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	w.Engine = &setup.Engine{
		EnvFile: filepath.Join(w.dir, ".env"), BaseURL: w.sb.URL(), NewClient: plainClients,
		Environ: []string{"ZAPIS_DATA=" + filepath.Join(w.dir, "data")},
		Now:     func() time.Time { return w.now },
	}
	return w
}

var (
	key   = secret.Text(sandbox.PartnerToken)
	token = secret.Text(sandbox.UserToken)
)

// wants fails unless err is a refusal of this code with words and a next step in both languages.
func wants(t *testing.T, err error, code problem.Code) *setup.Refusal {
	t.Helper()
	r, ok := errors.AsType[*setup.Refusal](err)
	if !ok || r.Problem != code || problem.From(err).Code != code {
		t.Fatalf("got %T %v, want a refusal %s", err, err, code)
	}
	if r.Found.RU == "" || r.Found.EN == "" || r.Next.RU == "" || r.Next.EN == "" {
		t.Errorf("%s lacks words: %+v", code, r)
	}
	return r
}

func TestInspectNamesWhatWasPastedByPosition(t *testing.T) {
	t.Parallel()
	p, err := setup.Inspect(setup.APIKey, secret.Text(" \"partner-t\u200bоken-example\"\r\n"))
	if err != nil || p.Clean.Reveal() != sandbox.PartnerToken || !p.Mended() {
		t.Fatalf("got %q, %v", p.Clean.Reveal(), err)
	}
	var codes []string
	for _, n := range p.Notes {
		codes = append(codes, n.Code)
	}
	if got := strings.Join(codes, " "); got != "space linebreak quotes quotes invisible lookalike" {
		t.Errorf("noted %q", got)
	}
	_, err = setup.Inspect(setup.UserToken, secret.Text(" \n"))
	wants(t, err, problem.InputUnusable)
}

func TestProveKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.ProveKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	wants(t, w.ProveKey(t.Context(), secret.Text("partner-token-unknown")), problem.UpstreamKey)
	w.BaseURL = "http://127.0.0.1:1"
	wants(t, w.ProveKey(t.Context(), key), problem.UpstreamUnavailable)
}

func TestSignInTellsWrongPasswordAndSecondFactorApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, err := w.SignIn(t.Context(), key, "8 (900) 000-00-01", secret.Text(sandbox.Password))
	if err != nil || u.Token.Reveal() != sandbox.UserToken || u.Name == "" {
		t.Fatalf("got %v, %v", u, err)
	}
	_, err = w.SignIn(t.Context(), key, sandbox.Login, secret.Text("canary-wrong"))
	if r := wants(t, err, problem.UpstreamLogin); strings.Contains(r.Error(), "canary") {
		t.Error("the password is in the error")
	}
	_, err = w.SignIn(t.Context(), key, sandbox.SecondFactorLogin, secret.Text(sandbox.Password))
	wants(t, err, problem.SecondFactor)
}

func TestProveUserTellsWhoseTokenItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, mine, err := w.ProveUser(t.Context(), key, token)
	if err != nil || u.Name != "Ирина Владельцева" || len(mine) != 3 {
		t.Fatalf("got %v, %d branches, %v", u, len(mine), err)
	}
	if b := mine[0]; b.Title == "" || b.City == "" || b.Address == "" || b.Zone == "" {
		t.Errorf("a branch cannot be recognised: %+v", b)
	}
	_, _, err = w.ProveUser(t.Context(), key, secret.Text("user-token-dead"))
	wants(t, err, problem.UpstreamToken)
}

func TestResolveBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, mine, err := w.ProveUser(t.Context(), key, token)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"4564", " 4564\n", "https://yclients.com/timetable/4564#main_date=2026-11-23", "https://www.yclients.ru/timetable/4564", "yclients.com/appointments/4564/",
		"https://n4564.yclients.com/company/4564/menu?o=", "w1100.yclients.ru/company/4564",
	} {
		b, err := w.ResolveBranch(t.Context(), key, token, text, mine)
		if err != nil || b.ID != 4564 {
			t.Errorf("%q is %v, %v; want 4564", text, b, err)
		}
	}
	form := w.sb.Info().Companies[0]
	if b, err := w.ResolveBranch(t.Context(), key, token, fmt.Sprintf("https://n%d.yclients.ru/", form.FormID), mine); err != nil || b.ID != form.ID || form.ID == form.FormID {
		t.Errorf("form %d is of %v, %v; want %d", form.FormID, b, err, form.ID)
	}
	_, err = w.ResolveBranch(t.Context(), key, token, "n91000.yclients.com", mine) // the form of the chain
	if r := wants(t, err, problem.BranchChoice); len(r.Choices) != 3 {
		t.Errorf("no choices: %v", r.Choices)
	}
	_, err = w.ResolveBranch(t.Context(), key, token, "hello", mine)
	if r := wants(t, err, problem.InputUnusable); len(r.Choices) != 3 {
		t.Errorf("no choices: %v", r.Choices)
	}
	_, err = w.ResolveBranch(t.Context(), key, token, "999999", mine)
	wants(t, err, problem.UpstreamCompany)
	_, err = w.ResolveBranch(t.Context(), key, token, "7001", mine) // somebody else's
	if r := wants(t, err, problem.UpstreamForbidden); len(r.Choices) != 3 {
		t.Errorf("no choices: %v", r.Choices)
	}
	_, err = w.ResolveBranch(t.Context(), key, token, "https://n999999.yclients.com", mine)
	wants(t, err, problem.UpstreamCompany)
}

func TestRightsInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, err := w.Rights(t.Context(), key, token, 4564)
	if err != nil || !all.Enough() || len(all.Lacks) != 0 {
		t.Fatalf("the owner lacks %v, %v", all.Lacks, err)
	}
	none, err := w.Rights(t.Context(), key, secret.Text(sandbox.NoRightsUserToken), 4564)
	if err != nil || none.Enough() || none.Lacks[0].Lost.RU == "" {
		t.Fatalf("got %+v, %v", none, err)
	}
}

func TestEnvPlanAndWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := "# mine\r\nFOO=bar\r\nYCLIENTS_USER_TOKEN='old-token-canary' # note\r\n"
	if err := os.WriteFile(w.EnvFile, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	plan, err := w.EnvPlan(t.Context(), setup.Values(key, token, []int64{4564, 4565}))
	if err != nil || strings.Contains(plan.Diff, "example") || strings.Contains(plan.Diff, "canary") || !strings.Contains(plan.Diff, "+ ZAPIS_COMPANY_IDS=4565") {
		t.Fatalf("plan %q, %v", plan.Diff, err)
	}
	if err := w.EnvWrite(plan); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(w.EnvFile)
	if !strings.HasPrefix(string(got), "# mine\r\nFOO=bar\r\nYCLIENTS_USER_TOKEN='user-token-example' # note\r\n") {
		t.Errorf("file:\n%q", got)
	}
	kept, _ := os.ReadFile(plan.Backup)
	if diff := cmp.Diff(before, string(kept)); diff != "" {
		t.Errorf("backup:\n%s", diff)
	}
	for _, path := range []string{w.EnvFile, plan.Backup} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	cfg, faults := w.Config()
	if faults != nil || !cmp.Equal(cfg.Account.Branches, []int64{4564, 4565}) {
		t.Errorf("reads back as %v, %v", cfg.Account.Branches, faults)
	}
	// One branch again: the list is emptied. A second plan with the same values changes nothing.
	plan, err = w.EnvPlan(t.Context(), setup.Values(key, token, []int64{4564}))
	if err != nil || w.EnvWrite(plan) != nil {
		t.Fatal(err)
	}
	if again, err := w.EnvPlan(t.Context(), setup.Values(key, token, []int64{4564})); err != nil || again.Diff != "" {
		t.Errorf("the same again changes %q, %v", again.Diff, err)
	}
}

func TestEnvChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plan, err := w.EnvPlan(t.Context(), setup.Values(key, token, []int64{4564}))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.EnvFile, []byte("OTHER=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, w.EnvWrite(plan), problem.EnvChanged)
	if got, _ := os.ReadFile(w.EnvFile); string(got) != "OTHER=1\n" {
		t.Errorf("the other's file became %q", got)
	}
}

func TestEnvInARepository(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("git is missing: install it, what it tracks is part of this test")
	}
	w := newWorld(t)
	git := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("git", append([]string{"-C", w.dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %s", args, out)
		}
	}
	git("init", "-q")
	if err := os.Mkdir(filepath.Join(w.dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.EnvFile, []byte("FOO=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err := w.EnvPlan(t.Context(), setup.Values(key, token, []int64{4564}))
	if err != nil || !cmp.Equal(plan.Ignore, []string{"/.env", "/.env.bak", "/data/"}) {
		t.Fatalf("offers %v, %v", plan.Ignore, err)
	}
	if err := plan.IgnoreInGit(); err != nil {
		t.Fatal(err)
	}
	if plan, err = w.EnvPlan(t.Context(), setup.Values(key, token, []int64{4564})); err != nil || len(plan.Ignore) != 0 {
		t.Fatalf("still offers %v, %v", plan.Ignore, err)
	}
	git("add", "-f", ".env")
	_, err = w.EnvPlan(t.Context(), setup.Values(key, token, []int64{4564}))
	if r := wants(t, err, problem.EnvTracked); !strings.Contains(r.Next.EN, "git rm --cached") {
		t.Errorf("no way out: %s", r.Next.EN)
	}
}

func TestProgressIsSealedAndResumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := w.OpenProgress()
	if err != nil || !p.IsZero() || p.Next() != setup.StepAPIKey {
		t.Fatalf("got %+v, %v", p, err)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "data")); !errors.Is(err, os.ErrNotExist) {
		t.Error("looking made the data folder")
	}
	p.APIKey = key
	if err := w.Keep(p); err != nil {
		t.Fatal(err)
	}
	p, err = w.OpenProgress()
	if err != nil || p.APIKey.Reveal() != sandbox.PartnerToken || p.Next() != setup.StepUser {
		t.Fatalf("got %v next %s, %v", p.APIKey.IsZero(), p.Next(), err)
	}
	file := filepath.Join(w.dir, "data", "setup.sealed")
	data, err := os.ReadFile(file)
	if err != nil || bytes.Contains(data, []byte(sandbox.PartnerToken)) {
		t.Errorf("the key lies open in %s, %v", file, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	w.now = w.now.Add(8 * 24 * time.Hour)
	if p, err = w.OpenProgress(); err != nil || !p.IsZero() {
		t.Errorf("a walk of last week goes on, %v", err)
	}
	for range 2 {
		if err := w.Forget(); err != nil {
			t.Errorf("forgetting: %v", err)
		}
	}
}

func TestLinksOpenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := filepath.Join(w.dir, "data")
	links := setup.OpenLinks(dir, w.Now)
	ctx := t.Context()
	if all, err := links.List(ctx); err != nil || len(all) != 0 {
		t.Fatalf("got %v, %v", all, err)
	}
	tok, link, err := links.New(ctx, setup.Link{Kind: setup.LinkInvite, From: "Студия", For: "Салон"})
	if err != nil || link.Expires.Sub(w.now) != 72*time.Hour {
		t.Fatalf("got %+v, %v", link, err)
	}
	for range 2 { // looking opens nothing
		if seen, err := links.Peek(ctx, tok); err != nil || seen.From != "Студия" {
			t.Fatalf("got %+v, %v", seen, err)
		}
	}
	// Another process opens it; two at once do not both get in.
	type answer struct {
		cookie secret.String
		err    error
	}
	answers := make(chan answer, 2)
	for range 2 {
		go func() {
			c, _, err := setup.OpenLinks(dir, w.Now).Redeem(ctx, tok)
			answers <- answer{c, err}
		}()
	}
	a, b := <-answers, <-answers
	if a.err != nil {
		a, b = b, a
	}
	if a.err != nil {
		t.Fatal(a.err)
	}
	wants(t, b.err, problem.LinkUsed)
	if s, err := links.Session(ctx, a.cookie); err != nil || s.ID != link.ID {
		t.Fatalf("got %+v, %v", s, err)
	}
	if err := links.Finish(ctx, a.cookie); err != nil {
		t.Fatal(err)
	}
	_, err = links.Session(ctx, a.cookie)
	wants(t, err, problem.LinkInvalid)

	data, err := os.ReadFile(filepath.Join(dir, "links.json"))
	if err != nil || bytes.Contains(data, []byte(tok.Reveal())) || bytes.Contains(data, []byte(a.cookie.Reveal())) {
		t.Errorf("a secret lies in the file, %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "links.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestLinksEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	links, ctx := setup.OpenLinks(filepath.Join(w.dir, "data"), w.Now), context.Background()
	first, _, err := links.New(ctx, setup.Link{Kind: setup.LinkSetup})
	if err != nil {
		t.Fatal(err)
	}
	second, link, err := links.New(ctx, setup.Link{Kind: setup.LinkSetup})
	if err != nil {
		t.Fatal(err)
	}
	_, err = links.Peek(ctx, first) // a new setup link ends the former
	wants(t, err, problem.LinkInvalid)
	w.now = w.now.Add(15 * time.Minute)
	_, _, err = links.Redeem(ctx, second)
	wants(t, err, problem.LinkInvalid)
	if err := links.Revoke(ctx, link.ID); err != nil {
		t.Fatal(err)
	}
	wants(t, links.Revoke(ctx, link.ID), problem.LinkInvalid)
	_, err = links.Peek(ctx, secret.Text("zl_nonsense"))
	wants(t, err, problem.LinkInvalid)
}

// Every step is told in both languages, and its inputs are named once.
func TestStepsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range setup.Steps {
		texts := append([]setup.Text{s.Title, s.Why}, s.Help...)
		for _, in := range s.Inputs {
			texts = append(texts, in.Label, in.Hint)
			if seen[in.Name] {
				t.Errorf("input %s is asked for twice", in.Name)
			}
			seen[in.Name] = true
		}
		for _, text := range append(texts, s.Checks...) {
			if text.RU == "" || text.EN == "" || text.RU == text.EN {
				t.Errorf("step %s lacks a language: %+v", s.ID, text)
			}
		}
		if setup.StepByID(s.ID) == nil {
			t.Errorf("%s is not found by its id", s.ID)
		}
	}
}
