package cli

import (
	"fmt"
	"text/tabwriter"

	"zapis/internal/config"
)

type showCmd struct {
	taught `kong:"-"`
	JSON   bool `name:"json" help:"${doctor_json}"`
}

func (c showCmd) Help() string { return examples["config show"].In(c.lang) }

// Run lists every variable with its value, masked, and where it came from.
func (c showCmd) Run(r *runner) error {
	cfg, err := config.Load(config.Options{EnvFile: r.envFile, Environ: r.environ})
	if c.JSON {
		if jsonErr := c.json(r, cfg); jsonErr != nil {
			return jsonErr
		}
		return err
	}
	w := tabwriter.NewWriter(r.stdout, 0, 0, 2, ' ', 0)
	for _, k := range config.Keys {
		origin := cfg.Origin(k.Name)
		where := origin.Text()
		switch {
		case origin.Source != "default":
		case k.Default != "":
			where = config.Tf("по умолчанию: %s", "default: %s", k.Default)
		default:
			where = config.T("–", "–")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Name, cfg.Shown(k.Name).In(r.lang), where.In(r.lang), k.About.In(r.lang))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	state := map[config.State]config.Text{
		config.NotConfigured: config.T("доступ к YCLIENTS не настроен: zapis setup", "no account is configured: zapis setup"),
		config.Disabled:      config.T("обмен с YCLIENTS выключен: YCLIENTS_ENABLED", "YCLIENTS is switched off: YCLIENTS_ENABLED"),
		config.Ready:         config.T("доступ к YCLIENTS описан; проверить: zapis doctor", "an account is described; to check it: zapis doctor"),
	}
	fmt.Fprintf(r.stdout, "\n%s\n", state[cfg.State].In(r.lang))
	r.warn(cfg)
	return err
}

func (c showCmd) json(r *runner, cfg *config.Config) error {
	type variable struct {
		Name   string `json:"name"`
		Value  string `json:"value,omitempty"`
		Source string `json:"source"`
		File   string `json:"file,omitempty"`
		Line   int    `json:"line,omitempty"`
	}
	list := []variable{}
	for _, k := range config.Keys {
		o := cfg.Origin(k.Name)
		list = append(list, variable{k.Name, cfg.Shown(k.Name).In(r.lang), o.Source, o.File, o.Line})
	}
	return r.writeJSON(map[string]any{"state": cfg.State.String(), "variables": list})
}
