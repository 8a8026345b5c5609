package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"zapis/internal/alert"
	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
)

type doctorCmd struct {
	taught `kong:"-"`
	JSON   bool `name:"json" help:"${doctor_json}"`
	All    bool `help:"${doctor_all}"`
	Fix    bool `help:"${doctor_fix}"`
	Report bool `help:"${doctor_report}"`
	Deep   bool `help:"${doctor_deep}"`
}

func (c doctorCmd) Help() string { return examples["doctor"].In(c.lang) }

// reportFile is what --report writes, in the working folder.
const reportFile = "zapis-report.json"

func (c doctorCmd) Run(r *runner) error {
	cfg, err := config.Load(config.Options{EnvFile: r.envFile, Environ: r.environ})
	faults, isFaults := errors.AsType[*config.Faults](err)
	if err != nil && !isFaults {
		return err
	}
	o := doctor.Options{Config: cfg, Faults: faults, OpenStore: r.commands.OpenStore, Thorough: c.Deep, Deep: c.Deep, Version: r.commands.Version}
	defer r.equip(cfg, &o)()
	if c.Fix {
		r.mend(o, c.JSON)
	}
	waiting := newWaiting(r.stderr, r.lang)
	o.Progress = waiting.on
	report := doctor.Run(r.ctx, o)
	waiting.end()
	if r.ctx.Err() != nil {
		return errSilent{problem.ExitFailure} // interrupted: half a report is no answer
	}
	write := report.WriteText
	switch {
	case c.JSON:
		write = report.WriteJSON
	case c.All:
		write = report.WriteAll
	}
	if err := write(r.stdout, r.lang); err != nil {
		return err
	}
	if c.Report {
		if err := r.writeBundle(report, o); err != nil {
			return err
		}
	}
	if code := report.ExitCode(); code != 0 {
		return errSilent{code}
	}
	return nil
}

// equip gives the doctor its way to YCLIENTS and to the store. It never fails: what is wrong is one of the findings.
func (r *runner) equip(cfg *config.Config, o *doctor.Options) (end func()) {
	if r.commands.Doctor == nil {
		newClient, end := r.openClient(cfg)
		o.NewClient = newClient
		return end
	}
	end, err := r.commands.Doctor(cfg, o)
	if err != nil {
		o.NewClient = failing(err)
		return func() {}
	}
	return end
}

// mend repairs what is safe and says what it did, before the examination.
func (r *runner) mend(o doctor.Options, quietly bool) {
	out := r.stdout
	if quietly {
		out = r.stderr
	}
	for _, m := range doctor.Mend(r.ctx, o) {
		if m.Err != nil {
			fmt.Fprintf(out, "  ✗ %s\n", config.Tf("не исправлено: %s: %v", "not mended: %s: %v", m.Title, m.Err).In(r.lang))
			continue
		}
		fmt.Fprintf(out, "  ✓ %s\n", config.Tf("исправлено: %s", "mended: %s", m.Done).In(r.lang))
	}
}

func (r *runner) writeBundle(report *doctor.Report, o doctor.Options) error {
	f, err := os.OpenFile(reportFile, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return problem.Because(problem.FolderUnusable, err).Detailf("%s", reportFile)
	}
	if err := errors.Join(report.WriteBundle(f, o, r.lang), f.Close()); err != nil {
		return problem.Because(problem.FolderUnusable, err).Detailf("%s", reportFile)
	}
	fmt.Fprintf(r.stderr, "%s\n", config.Tf("отчёт без токенов, телефонов и имён: %s; его можно послать тому, кто помогает", "a report without tokens, phones and names: %s; it may be sent to whoever helps", reportFile).In(r.lang))
	return nil
}

// waiting shows what is being checked when it takes more than a second, on a terminal only.
type waiting struct {
	w    io.Writer
	lang string

	mu    sync.Mutex
	timer *time.Timer
	shown bool
	over  bool
}

func newWaiting(w io.Writer, lang string) *waiting {
	f, is := w.(*os.File)
	if !is || !term.IsTerminal(int(f.Fd())) {
		return &waiting{}
	}
	return &waiting{w: w, lang: lang}
}

// on is told before each check.
func (p *waiting) on(c doctor.Check, branch int64) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	text := c.Title.In(p.lang)
	if branch != 0 {
		text = fmt.Sprintf("%d: %s", branch, text)
	}
	wait := time.Second
	if p.shown {
		wait = 0 // the line is there already
	}
	p.timer = time.AfterFunc(wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.over {
			p.shown = true
			fmt.Fprintf(p.w, "\r\033[K… %s", text)
		}
	})
}

func (p *waiting) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.timer != nil {
		p.timer.Stop()
	}
	if p.shown {
		fmt.Fprint(p.w, "\r\033[K")
	}
}

type alertTestCmd struct {
	taught `kong:"-"`
	JSON   bool `name:"json" help:"${doctor_json}"`
}

func (c alertTestCmd) Help() string { return examples["alert test"].In(c.lang) }

// Run sends a test through every configured way of telling. It asks YCLIENTS nothing.
func (c alertTestCmd) Run(r *runner) error {
	cfg, err := config.Load(config.Options{EnvFile: r.envFile, Environ: r.environ})
	if err != nil {
		return err
	}
	a := alert.New(alert.Config{Channels: alert.Channels(cfg.Alert), Lang: cfg.Alert.Lang, Name: cfg.PublicURL})
	defer a.Close()
	results := a.Test(r.ctx)
	if c.JSON {
		enc := json.NewEncoder(r.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(map[string]any{"results": results}); err != nil {
			return err
		}
	}
	if len(results) == 0 {
		return problem.New(problem.ConfigInvalid).Detailf("ZAPIS_ALERT_EMAIL, ZAPIS_ALERT_TELEGRAM, ZAPIS_ALERT_WEBHOOK: none is set")
	}
	failed := false
	for _, result := range results {
		failed = failed || !result.OK
		switch {
		case c.JSON:
		case result.OK:
			fmt.Fprintf(r.stdout, "✓ %s: %s\n", result.Channel, config.T("отправлено", "sent").In(r.lang))
		default:
			fmt.Fprintf(r.stdout, "✗ %s: %s\n", result.Channel, result.Error)
		}
	}
	if failed {
		return errSilent{problem.ExitFailure}
	}
	return nil
}
