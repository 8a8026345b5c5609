package cli

import (
	"encoding/json"
	"fmt"

	"zapis/internal/app"
	"zapis/internal/config"
	"zapis/internal/problem"
)

type recordCmd struct {
	taught   `kong:"-"`
	Out      string `required:"" placeholder:"${ph_dir}" help:"${record_out}"`
	Upstream string `default:"https://api.yclients.com" placeholder:"URL" help:"${record_upstream}"`
	Addr     string `default:"127.0.0.1:8586" placeholder:"${ph_addr}" help:"${sandbox_addr}"`
	Writes   bool   `help:"${record_writes}"`
}

func (c recordCmd) Help() string { return examples["sandbox record"].In(c.lang) }

func (c recordCmd) Run(r *runner) error {
	cfg, err := config.Load(config.Options{EnvFile: r.envFile, Environ: r.environ, Flags: map[string]string{"YCLIENTS_BASE_URL": c.Upstream}})
	if err != nil {
		return err
	}
	return app.Record(r.ctx, app.RecordOptions{Config: cfg, Addr: c.Addr, Dir: c.Out, Writes: c.Writes, Lang: r.lang, Stdout: r.stdout, Stderr: r.stderr})
}

type compareCmd struct {
	taught `kong:"-"`
	Dir    string `arg:"" placeholder:"${ph_dir}" help:"${compare_dir}"`
	JSON   bool   `name:"json" help:"${compare_json}"`
}

func (c compareCmd) Help() string { return examples["sandbox compare"].In(c.lang) }

func (c compareCmd) Run(r *runner) error {
	report, err := app.Compare(c.Dir)
	if err != nil {
		return problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	if c.JSON {
		enc := json.NewEncoder(r.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	} else {
		for _, line := range report.Skipped {
			fmt.Fprintln(r.stdout, config.T("не сравнивали: ", "not compared: ").In(r.lang)+line)
		}
		for _, d := range report.Differences {
			fmt.Fprintln(r.stdout, d)
		}
		fmt.Fprintln(r.stdout, config.Tf("сравнено ответов: %d, различий: %d", "%d answers compared, %d differences", report.Compared, len(report.Differences)).In(r.lang))
	}
	if len(report.Differences) > 0 {
		return errSilent{problem.ExitFailure}
	}
	return nil
}
