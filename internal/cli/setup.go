package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
)

type setupCmd struct {
	taught         `kong:"-"`
	APIKey         string   `name:"api-key" placeholder:"${ph_key}" help:"${setup_api_key}"`
	Login          string   `placeholder:"${ph_login}" help:"${setup_login}"`
	PasswordStdin  bool     `name:"password-stdin" xor:"stdin" help:"${setup_password_stdin}"`
	UserTokenStdin bool     `name:"user-token-stdin" xor:"stdin" help:"${setup_user_token_stdin}"`
	Company        []string `sep:"none" placeholder:"${ph_company}" help:"${setup_company}"`
	AllowMissing   bool     `name:"allow-missing-rights" help:"${setup_allow_missing}"`
	BaseURL        string   `name:"base-url" placeholder:"URL" help:"${setup_base_url}"`
	Link           bool     `help:"${setup_link}"`
	JSON           bool     `name:"json" help:"${setup_json}"`
	Restart        bool     `help:"${setup_restart}"`
	Accessible     bool     `help:"${setup_accessible}"`
}

func (c setupCmd) Help() string { return examples["setup"].In(c.lang) }

// Run asks at a terminal, and takes flags everywhere.
func (c setupCmd) Run(r *runner) error {
	if c.Link {
		return r.linkTo(c.JSON)
	}
	if r.onTerminal() && !c.answered() {
		return r.runWizard(c)
	}
	key, err := c.apiKey(r)
	if err != nil {
		return err
	}
	o := setup.Options{
		EnvFile: r.envFile, Environ: r.environ, APIKey: key, Login: c.Login, BaseURL: c.BaseURL,
		AllowMissingRights: c.AllowMissing,
		Password:           func() (secret.String, error) { return secret.String{}, errors.New("no --password-stdin") },
		Progress:           r.progress,
	}
	if len(c.Company) > 0 {
		o.Company, o.More = c.Company[0], c.Company[1:]
	}
	if len(c.Company) == 1 {
		o.More = nil
	}
	if err := c.takeSecrets(r, &o); err != nil {
		return err
	}
	var seen []doctor.Finding
	if c.JSON {
		o.Progress = func(_ setup.Stage, findings []doctor.Finding) { seen = append(seen, findings...) }
	}
	newClient, end := r.onePace()
	defer end()
	o.NewClient = newClient
	result, err := setup.Run(r.ctx, o)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(r.stderr, config.T("прервано; ничего не записано", "interrupted; nothing was written").In(r.lang))
		return errSilent{problem.ExitFailure}
	}
	failed, isStep := errors.AsType[*setup.StepError](err)
	if err != nil && !isStep {
		return err
	}
	if c.JSON {
		return r.setupJSON(result, failed, seen)
	}
	if isStep {
		fmt.Fprintln(r.stderr, "\n"+config.T("ничего не записано", "nothing was written").In(r.lang))
		return errSilent{failed.ExitCode()}
	}
	r.finish(result)
	return nil
}

// apiKey is the key, or with @ the name of a file that holds it: what stands in a command line is seen by everybody on the
// machine, and stays in the shell's history.
func (c setupCmd) apiKey(r *runner) (secret.String, error) {
	path, isFile := strings.CutPrefix(c.APIKey, "@")
	if !isFile {
		return secret.Text(c.APIKey), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return secret.String{}, r.need("--api-key @"+path, config.T("файл, который читается", "a file that can be read").In(r.lang))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil || len(strings.TrimSpace(string(data))) == 0 {
		return secret.String{}, r.need("--api-key @"+path, config.T("файл с ключом", "a file with the key").In(r.lang))
	}
	return secret.Text(strings.TrimRight(string(data), "\r\n")), nil
}

// answered tells that flags answer the questions, so that nothing is asked.
func (c setupCmd) answered() bool {
	return c.APIKey != "" || c.Login != "" || c.PasswordStdin || c.UserTokenStdin || len(c.Company) > 0 || c.JSON
}

// takeSecrets reads from standard input what the flags announce.
func (c setupCmd) takeSecrets(r *runner, o *setup.Options) error {
	if c.PasswordStdin {
		if c.Login == "" {
			return r.need("--password-stdin", "--login")
		}
		o.Password = r.readSecret
	}
	if c.UserTokenStdin {
		if c.Login != "" {
			return r.need("--login", "--password-stdin")
		}
		token, err := r.readSecret()
		if errors.Is(err, context.Canceled) {
			return errSilent{problem.ExitFailure}
		}
		if err != nil || token.IsZero() {
			return r.need("--user-token-stdin", "< token.txt")
		}
		o.UserToken = token
	}
	return nil
}

// setupJSON is the outcome for a script: what was found, and what was written or why not.
func (r *runner) setupJSON(result *setup.Result, failed *setup.StepError, seen []doctor.Finding) error {
	type finding struct {
		Step    string `json:"step"`
		Status  string `json:"status"`
		Found   string `json:"found,omitempty"`
		Next    string `json:"next,omitempty"`
		Problem string `json:"problem,omitempty"`
	}
	out := struct {
		OK       bool             `json:"ok"`
		ExitCode int              `json:"exit_code"`
		Step     string           `json:"failed_step,omitempty"`
		File     string           `json:"file,omitempty"`
		Backup   string           `json:"backup,omitempty"`
		Changes  []string         `json:"changes,omitempty"`
		Beaten   []string         `json:"beaten_by_environment,omitempty"`
		Company  *doctor.Company  `json:"company,omitempty"`
		Choices  []doctor.Company `json:"choices,omitempty"`
		Findings []finding        `json:"findings"`
	}{OK: failed == nil, Findings: []finding{}}
	for _, f := range seen {
		out.Findings = append(out.Findings, finding{f.Check, string(f.Status), f.Found.In(r.lang), f.Next.In(r.lang), string(f.Problem)})
	}
	if failed != nil {
		out.ExitCode, out.Step, out.Choices = failed.ExitCode(), failed.Stage.Code, failed.Choices
		return errors.Join(r.writeJSON(out), errSilent{failed.ExitCode()})
	}
	out.File, out.Backup, out.Beaten, out.Company = result.Path, result.Backup, result.Beaten, &result.Company
	for line := range strings.Lines(result.Diff) {
		if name, _, added := strings.Cut(strings.TrimPrefix(line, "+ "), "="); added && strings.HasPrefix(line, "+ ") {
			out.Changes = append(out.Changes, name)
		}
	}
	return r.writeJSON(out)
}

// onePace gives all clients of one address the same pace: every step of a setup spends one budget.
func (r *runner) onePace() (client func(*config.Config) NewClient, end func()) {
	made := map[string]NewClient{}
	var ends []func()
	client = func(cfg *config.Config) NewClient {
		key := cfg.BaseURL + "\n" + cfg.CAFile
		if made[key] == nil {
			newClient, end := r.openClient(cfg)
			made[key], ends = newClient, append(ends, end)
		}
		return made[key]
	}
	return client, func() {
		for _, end := range ends {
			end()
		}
	}
}

// need says that one flag wants another.
func (r *runner) need(flag, other string) error {
	fmt.Fprintf(r.stderr, "zapis: %s\n", config.Tf("%s требует %s", "%s needs %s", flag, other).In(r.lang))
	return errSilent{problem.ExitUsage}
}

// progress shows a step as it ends.
func (r *runner) progress(_ setup.Stage, findings []doctor.Finding) {
	report := doctor.Report{Findings: findings}
	_ = report.WriteFindings(r.stdout, r.lang) // a closed terminal is noticed by the command's last line
}

func (r *runner) finish(result *setup.Result) {
	if result.Diff != "" {
		if result.Backup != "" {
			r.say("    прежний файл: %s", "    the former file: %s", result.Backup)
		}
		fmt.Fprintf(r.stdout, "\n%s:\n", result.Path)
		for line := range strings.Lines(result.Diff) {
			fmt.Fprint(r.stdout, "  "+line)
		}
	}
	with := ""
	if result.Path != config.DefaultEnvFile {
		with = " --env-file " + result.Path
	}
	fmt.Fprintf(r.stdout, "\n%s\n", config.Tf("готово, дальше: zapis doctor%[1]s, потом zapis serve%[1]s", "done, next: zapis doctor%[1]s, then zapis serve%[1]s", with).In(r.lang))
}

// maxSecret is the longest password or token read.
const maxSecret = 4096

// readSecret reads one line from standard input, without echo when it is a terminal. Blanks inside and
// around belong to a password; the line end does not.
func (r *runner) readSecret() (secret.String, error) {
	if f, ok := r.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(r.stderr, config.T("пароль или токен (не показывается): ", "password or token (not shown): ").In(r.lang))
		defer fmt.Fprintln(r.stderr)
		return r.readHidden(int(f.Fd()))
	}
	line, err := awaited(r.ctx, func() (string, error) {
		return bufio.NewReader(io.LimitReader(r.stdin, maxSecret)).ReadString('\n')
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return secret.String{}, err
	}
	return secret.Text(strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "\ufeff")), nil
}

// awaited reads what cannot be told to stop, a terminal or a pipe: on Ctrl-C the reader is left behind for the few instants
// until the process ends.
func awaited[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	came := make(chan answer, 1)
	go func() {
		value, err := read()
		came <- answer{value, err}
	}()
	select {
	case a := <-came:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// readHidden reads a line without echo; on Ctrl-C the echo is given back.
func (r *runner) readHidden(fd int) (secret.String, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return secret.String{}, err
	}
	text, err := awaited(r.ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if r.ctx.Err() != nil {
		return secret.String{}, errors.Join(r.ctx.Err(), term.Restore(fd, before))
	}
	return secret.Text(string(text)), err
}
