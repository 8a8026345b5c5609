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
	"zapis/internal/problem"
	"zapis/internal/rehearse"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/setup"
	"zapis/yclients"
)

type rehearseCmd struct {
	taught  `kong:"-"`
	Branch  int64  `placeholder:"N" help:"${rehearse_branch}"`
	Staff   int64  `placeholder:"N" help:"${rehearse_staff}"`
	Service int64  `placeholder:"N" help:"${rehearse_service}"`
	Phone   string `placeholder:"${ph_phone}" help:"${rehearse_phone}"`
	Name    string `default:"Zapis" placeholder:"${ph_name}" help:"${rehearse_name}"`
	Yes     bool   `help:"${rehearse_yes}"`
	Clean   bool   `help:"${rehearse_clean}"`
	Report  string `placeholder:"${ph_file}" help:"${rehearse_report}"`
	JSON    bool   `name:"json" help:"${rehearse_json}"`
}

func (c rehearseCmd) Help() string { return examples["rehearse"].In(c.lang) }

// Run rehearses on the account of the configuration, or cleans up after a rehearsal that was interrupted.
func (c rehearseCmd) Run(r *runner) error {
	cfg, err := config.Load(config.Options{EnvFile: r.envFile, Environ: r.environ})
	if err != nil {
		return err
	}
	if cfg.State != config.Ready {
		return problem.New(problem.NotConfigured)
	}
	newClient, end := r.openClient(cfg)
	defer end()
	o := rehearse.Options{DataDir: cfg.DataDir, Name: c.Name, Consent: c.consent(r), AskCode: r.askCode(), Quiet: rehearse.Quiet(cfg.LimitsScale)}
	partner, user := yclients.Token(cfg.Account.PartnerToken.Reveal()), yclients.Token(cfg.Account.UserToken.Reveal())
	if o.Partner, err = newClient(partner, ""); err == nil {
		o.Employee, err = newClient(partner, user)
	}
	if err != nil {
		return problem.Because(problem.ConfigInvalid, err).Detailf("%v", err)
	}
	if c.Clean {
		return r.cleanUp(o)
	}
	if err := c.choose(r, cfg, &o); err != nil {
		return err
	}
	if !c.JSON {
		o.Progress = func(s rehearse.Step) { _ = rehearse.WriteStep(r.stdout, s, r.lang) }
	}
	report, err := rehearse.Run(r.ctx, o)
	switch {
	case errors.Is(err, rehearse.ErrNoConsent):
		fmt.Fprintln(r.stderr, config.T("ничего не записано", "nothing was written").In(r.lang))
		return errSilent{problem.ExitUsage}
	case errors.Is(err, rehearse.ErrRunning):
		return r.end(stillRunning())
	case err != nil:
		return err
	}
	return c.finish(r, report)
}

// choose fills in what is rehearsed, and honours the mode: it is a promise about what is written to YCLIENTS.
func (c rehearseCmd) choose(r *runner, cfg *config.Config, o *rehearse.Options) error {
	o.Branch, o.Staff, o.Service = c.Branch, c.Staff, c.Service
	if o.Branch == 0 {
		o.Branch = cfg.Account.Branches[0]
	}
	for flag, id := range map[string]int64{"--staff": o.Staff, "--service": o.Service} {
		if id <= 0 {
			return r.need("zapis rehearse", flag+" N")
		}
	}
	phone, err := salon.ParsePhone(c.Phone)
	switch {
	case c.Phone == "" && len(cfg.PilotPhones) > 0:
		phone = cfg.PilotPhones[0]
	case c.Phone == "":
		return r.need("zapis rehearse", "--phone")
	case err != nil:
		return problem.New(problem.PhoneInvalid)
	}
	o.Phone = phone
	switch cfg.Mode {
	case config.ModeReadonly:
		return problem.New(problem.ReadOnly).Detailf("ZAPIS_MODE=readonly; ZAPIS_MODE=pilot zapis rehearse …")
	case config.ModePilot:
		for _, p := range cfg.PilotPhones {
			if p == phone {
				return nil
			}
		}
		return problem.New(problem.PilotOnly).Detailf("--phone; ZAPIS_PILOT_PHONES")
	case config.ModeLive:
	}
	return nil
}

// consent shows what will be written and asks, unless --yes has answered already. Without a terminal there is nobody
// to ask, and nothing is written.
func (c rehearseCmd) consent(r *runner) func(context.Context, rehearse.Plan) (bool, error) {
	return func(ctx context.Context, p rehearse.Plan) (bool, error) {
		const clock = "2006-01-02 15:04"
		plan := config.Tf(`
Будет сделано в YCLIENTS, в журнале салона:
  запись %[1]s, мастер %[2]s, «%[3]s», на телефон %[4]s, без напоминаний
  перенос её на %[5]s
  отмена её и проверка, что её больше нет
Сотрудники могут увидеть её и получить своё обычное уведомление о новой записи.
`, `
This will be done in YCLIENTS, in the salon's timetable:
  a record at %[1]s, master %[2]s, "%[3]s", for the phone %[4]s, without reminders
  a move of it to %[5]s
  its cancellation, and a proof that it is gone
Employees may see it, and get their usual notice of a new record.
`, p.Start.Format(clock), p.Staff, p.Service, p.Phone, p.Moved.Format(clock))
		fmt.Fprint(r.stderr, plan.In(r.lang))
		if p.SMS {
			fmt.Fprintln(r.stderr, config.T("Филиал подтверждает телефоны: придёт одно СМС за счёт салона.", "The branch confirms phones: one SMS will come, at the salon's cost.").In(r.lang))
		}
		if c.Yes {
			return true, nil
		}
		if !isTerminal(r.stdin) {
			fmt.Fprintln(r.stderr, config.T("согласие: --yes", "to agree: --yes").In(r.lang))
			return false, nil
		}
		word := config.T("да", "yes").In(r.lang)
		fmt.Fprint(r.stderr, config.Tf("Наберите «%[1]s», чтобы начать: ", "Type %[1]q to begin: ", word).In(r.lang))
		answer, err := r.readLine(ctx)
		return strings.EqualFold(strings.TrimSpace(answer), word), err
	}
}

// askCode asks for the code of the SMS; nil without a terminal.
func (r *runner) askCode() func(context.Context) (secret.String, error) {
	if !isTerminal(r.stdin) {
		return nil
	}
	return func(ctx context.Context) (secret.String, error) {
		fmt.Fprint(r.stderr, config.T("Код из СМС: ", "Code from the SMS: ").In(r.lang))
		line, err := r.readLine(ctx)
		return secret.Text(strings.TrimSpace(line)), err
	}
}

func isTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// readLine reads a line that a person types. A read of a terminal cannot be ended, so that on Ctrl-C the reader is
// left behind for the instants until the process ends.
func (r *runner) readLine(ctx context.Context) (string, error) {
	type line struct {
		text string
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(io.LimitReader(r.stdin, maxSecret)).ReadString('\n')
		typed <- line{text, err}
	}()
	select {
	case l := <-typed:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// stillRunning refuses a second rehearsal beside the first.
func stillRunning() error {
	return &setup.Refusal{
		Problem: problem.FolderUnusable, Found: config.T("репетиция уже идёт", "a rehearsal is running already"),
		Next: config.T("дождитесь её конца: она убирает за собой сама", "wait for it to end: it cleans up after itself"),
	}
}

// cleanUp deletes what an interrupted rehearsal has left behind.
func (r *runner) cleanUp(o rehearse.Options) error {
	cleaned, err := rehearse.Clean(r.ctx, o)
	if errors.Is(err, rehearse.ErrRunning) {
		return r.end(stillRunning())
	}
	if err != nil {
		return err
	}
	said := config.T("убирать нечего: прерванных репетиций нет", "nothing to clean up: no rehearsal was interrupted")
	switch {
	case len(cleaned.Deleted) > 0:
		said = config.Tf("тестовая запись удалена: %v", "the test record is deleted: %v", cleaned.Deleted)
	case cleaned.Found:
		said = config.T("тестовой записи нет, проверено", "there is no test record: proven")
	}
	_, err = fmt.Fprintln(r.stdout, said.In(r.lang))
	return err
}

// finish shows the result and writes the report file.
func (c rehearseCmd) finish(r *runner, report *rehearse.Report) error {
	var err error
	if c.JSON {
		err = report.WriteJSON(r.stdout, r.lang)
	} else {
		_, err = fmt.Fprintf(r.stdout, "\n%s\n", report.Result().In(r.lang))
	}
	if err == nil && c.Report != "" {
		err = writeReport(c.Report, report, r.lang)
	}
	if err != nil {
		return problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	if code := report.ExitCode(); code != 0 {
		return errSilent{code}
	}
	if r.ctx.Err() != nil {
		return errSilent{problem.ExitFailure} // interrupted: half a rehearsal is no answer
	}
	return nil
}

func writeReport(path string, report *rehearse.Report, lang string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteText(f, lang), f.Close())
}
