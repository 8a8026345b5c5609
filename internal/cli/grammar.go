package cli

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"zapis/internal/app"
	"zapis/internal/config"
	"zapis/internal/problem"
)

// grammar is the command line. Its texts are variables, so that help exists in both languages.
type grammar struct {
	Help    helpFlag    `short:"h" help:"${flag_help}"`
	Which   versionFlag `name:"version" help:"${cmd_version}"`
	Lang    string      `enum:"ru,en," default:"" placeholder:"ru|en" help:"${flag_lang}"`
	EnvFile string      `name:"env-file" placeholder:"${ph_file}" help:"${flag_env_file}"`

	Demo    demoCmd  `cmd:"" help:"${cmd_demo}"`
	Serve   serveCmd `cmd:"" help:"${cmd_serve}"`
	Sandbox struct {
		Serve   sandboxCmd `cmd:"" default:"withargs" help:"${cmd_sandbox}"`
		Record  recordCmd  `cmd:"" help:"${cmd_sandbox_record}"`
		Compare compareCmd `cmd:"" help:"${cmd_sandbox_compare}"`
	} `cmd:"" help:"${cmd_sandbox}"`
	Setup  setupCmd  `cmd:"" help:"${cmd_setup}"`
	Doctor doctorCmd `cmd:"" help:"${cmd_doctor}"`
	Alert  struct {
		Test alertTestCmd `cmd:"" help:"${cmd_alert_test}"`
	} `cmd:"" help:"${cmd_alert}"`
	Rehearse rehearseCmd `cmd:"" help:"${cmd_rehearse}"`
	Config   struct {
		Show showCmd `cmd:"" help:"${cmd_config_show}"`
	} `cmd:"" help:"${cmd_config}"`
	Backup  backupCmd  `cmd:"" help:"${cmd_backup}"`
	Restore restoreCmd `cmd:"" help:"${cmd_restore}"`
	API     apiCmd     `cmd:"" name:"api" passthrough:"" help:"${cmd_api}"`
	accessCommands
	Version versionCmd `cmd:"" help:"${cmd_version}"`
}

// newGrammar prepares the examples under each command.
func newGrammar(lang string) *grammar {
	g := &grammar{}
	for _, d := range []*taught{&g.Demo.taught, &g.Serve.taught, &g.Sandbox.Serve.taught, &g.Sandbox.Record.taught, &g.Sandbox.Compare.taught, &g.Setup.taught, &g.Doctor.taught, &g.Alert.Test.taught, &g.Rehearse.taught, &g.Config.Show.taught, &g.Backup.taught, &g.Restore.taught, &g.API.taught, &g.Version.taught} {
		d.lang = lang
	}
	for _, d := range g.teach() {
		d.lang = lang
	}
	return g
}

// taught commands carry their language for the examples of their help.
type taught struct{ lang string }

type helpFlag bool

func (helpFlag) BeforeReset(ctx *kong.Context) error {
	return errors.Join(ctx.PrintUsage(false), errHelp)
}

// versionFlag is `zapis version` for those who know it from other programs.
type versionFlag bool

func (versionFlag) BeforeReset() error { return errVersion }

type demoCmd struct {
	taught    `kong:"-"`
	Addr      string `default:"127.0.0.1:8484" placeholder:"${ph_addr}" help:"${demo_addr}"`
	Data      string `placeholder:"${ph_dir}" help:"${demo_data}"`
	LAN       bool   `name:"lan" help:"${demo_lan}"`
	NoBrowser bool   `name:"no-browser" help:"${demo_no_browser}"`
	Scale     int    `default:"1" hidden:""`
}

func (c demoCmd) Help() string { return examples["demo"].In(c.lang) }

func (c demoCmd) Run(r *runner) error {
	return r.commands.Demo(r.ctx, app.DemoOptions{
		Addr: c.Addr, DataDir: c.Data, Lang: r.lang, LAN: c.LAN, NoBrowser: c.NoBrowser, Scale: c.Scale, Stdout: r.stdout, Stderr: r.stderr,
	})
}

type serveCmd struct {
	taught    `kong:"-"`
	Addr      string `placeholder:"${ph_addr}" help:"${serve_addr}"`
	AdminAddr string `name:"admin-addr" placeholder:"${ph_addr}" help:"${serve_admin}"`
	Data      string `placeholder:"${ph_dir}" help:"${serve_data}"`
}

func (c serveCmd) Help() string { return examples["serve"].In(c.lang) }

func (c serveCmd) Run(r *runner) error {
	flags := map[string]string{}
	for key, value := range map[string]string{"ZAPIS_ADDR": c.Addr, "ZAPIS_ADMIN_ADDR": c.AdminAddr, "ZAPIS_DATA": c.Data} {
		if value != "" {
			flags[key] = value
		}
	}
	load := func() (*config.Config, error) {
		return config.Load(config.Options{EnvFile: r.envFile, Environ: r.environ, Flags: flags})
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	r.warn(cfg)
	return r.commands.Serve(r.ctx, app.ServeOptions{
		Config: cfg, EnvFile: r.envFile, Reload: load, Lang: r.lang, Stdout: r.stdout, Stderr: r.stderr,
	})
}

// warn shows what looks wrong and does not stop a start.
func (r *runner) warn(cfg *config.Config) {
	for _, w := range cfg.Warnings {
		fmt.Fprintf(r.stderr, "zapis: %s: %s\n  → %s\n", w.Key, w.What.In(r.lang), w.Fix.In(r.lang))
	}
}

type sandboxCmd struct {
	taught `kong:"-"`
	Addr   string `default:"127.0.0.1:8585" placeholder:"${ph_addr}" help:"${sandbox_addr}"`
	JSON   bool   `name:"json" help:"${sandbox_json}"`
	Limits string `default:"real" placeholder:"real|off|xN" help:"${sandbox_limits}"`
	Seed   string `default:"small" placeholder:"small|chain|${ph_file}" help:"${sandbox_seed}"`
	TLS    bool   `name:"tls" help:"${sandbox_tls}"`
	CAOut  string `name:"ca-out" placeholder:"${ph_file}" help:"${sandbox_ca_out}"`
}

func (c sandboxCmd) Help() string { return examples["sandbox"].In(c.lang) }

func (c sandboxCmd) Run(r *runner) error {
	return r.commands.Sandbox(r.ctx, app.SandboxOptions{Addr: c.Addr, JSON: c.JSON, Limits: c.Limits, Seed: c.Seed, TLS: c.TLS, CAOut: c.CAOut, Lang: r.lang, Stdout: r.stdout, Stderr: r.stderr})
}

type versionCmd struct {
	taught `kong:"-"`
}

func (c versionCmd) Help() string { return "" }

func (c versionCmd) Run(r *runner) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return problem.New(problem.Internal).Detailf("the binary carries no build information")
	}
	line := "zapis " + r.commands.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.time" {
			line += " " + s.Value
		}
	}
	_, err := fmt.Fprintln(r.stdout, line, info.GoVersion)
	return err
}
