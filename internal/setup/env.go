package setup

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
)

// EnvPlan is what EnvWrite would do to the file.
type EnvPlan struct {
	Path string
	// Diff shows the change line by line, secrets masked; empty = the file is right already.
	Diff string
	// New: the file does not exist yet. Backup is where the former one will be kept; empty without one.
	New    bool
	Backup string
	// Beaten are variables that the process environment sets otherwise: the file will not be heard.
	Beaten []string
	// Ignore are lines that .gitignore should have, because the file, its backup or the data folder lies in a repository that does not
	// ignore it; IgnoreFile is where they belong.
	Ignore     []string
	IgnoreFile string

	values map[string]string
	seen   []byte
	data   string // the data folder
}

// order is the order in which new variables are appended.
var order = []string{"YCLIENTS_ENABLED", CompanyID, APIKey, UserToken, "YCLIENTS_BASE_URL", companyIDs, publicURL}

const publicURL = "ZAPIS_PUBLIC_URL"

// CheckEnv says why the file could not be written in the end, with the refusals of EnvPlan: nobody should look for a key or
// type a password before hearing that.
func (e *Engine) CheckEnv(ctx context.Context) error {
	file, err := e.readEnv()
	if err != nil {
		return err
	}
	if err := writable(file); err != nil {
		return err
	}
	return (&EnvPlan{Path: e.envFile()}).askGit(ctx)
}

// EnvPlan says what writing these variables would change. A file that git tracks is EnvTracked, a folder that cannot be
// written FolderUnusable, a file that does not read as .env ConfigInvalid.
func (e *Engine) EnvPlan(ctx context.Context, values map[string]string) (*EnvPlan, error) {
	file, err := e.readEnv()
	if err != nil {
		return nil, err
	}
	if err := writable(file); err != nil {
		return nil, err
	}
	cfg, _ := e.Config()
	p := &EnvPlan{Path: e.envFile(), New: !file.Exists(), values: maps.Clone(values), seen: file.Bytes(), data: cfg.DataDir}
	if err := set(file, values); err != nil {
		return nil, err
	}
	p.Diff = file.Diff()
	if !p.New && p.Diff != "" {
		p.Backup = config.BackupName(p.Path)
	}
	if err := p.askGit(ctx); err != nil {
		return nil, err
	}
	for _, kv := range e.Environ {
		key, value, _ := strings.Cut(kv, "=")
		if now, given := values[key]; given && now != value {
			p.Beaten = append(p.Beaten, key)
		}
	}
	slices.Sort(p.Beaten)
	return p, nil
}

// EnvWrite does what the plan says, if the file is still what it was: EnvChanged otherwise. The former file is kept as a
// backup, both are 0600, and either the whole new file stands there or the old one.
func (e *Engine) EnvWrite(p *EnvPlan) error {
	file, err := e.readEnv()
	if err != nil {
		return err
	}
	if string(file.Bytes()) != string(p.seen) || file.Exists() == p.New {
		return refusal(problem.EnvChanged, config.Tf("%s изменился, пока мы спрашивали", "%s was changed while we asked", p.Path), Text{})
	}
	if err := set(file, p.values); err != nil {
		return err
	}
	if p.Diff == "" && file.Mode().Perm() == 0o600 {
		return nil
	}
	if p.Backup != "" {
		if err := config.WriteFile(p.Backup, p.seen); err != nil {
			return unusableFile(err)
		}
	}
	switch err := file.Save(); {
	case errors.Is(err, config.ErrFileChanged):
		return refusal(problem.EnvChanged, config.Tf("%s изменился, пока мы писали", "%s was changed while we wrote", p.Path), Text{})
	case err != nil:
		return unusableFile(err)
	}
	return nil
}

// IgnoreInGit appends the plan's lines to .gitignore.
func (p *EnvPlan) IgnoreInGit() error {
	if len(p.Ignore) == 0 {
		return nil
	}
	old, err := os.ReadFile(p.IgnoreFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unusableFile(err)
	}
	text := string(old)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if err := os.WriteFile(p.IgnoreFile, []byte(text+strings.Join(p.Ignore, "\n")+"\n"), 0o644); err != nil {
		return unusableFile(err)
	}
	p.Ignore = nil
	return nil
}

// set puts the values into the file. A yes in somebody's own spelling stays; an empty list is not written where none is.
func set(file *config.EnvFile, values map[string]string) error {
	now := file.Values()
	for _, key := range order {
		value, given := values[key]
		if yes, err := config.ParseBool(now[key]); key == "YCLIENTS_ENABLED" && err == nil && yes || !given || value == "" && now[key] == "" {
			continue
		}
		if err := file.Set(key, value); err != nil {
			return refusal(problem.ConfigInvalid, config.Tf("значение %s нельзя записать в .env", "the value of %s cannot be written to an env file", key), Text{})
		}
	}
	return nil
}

// readEnv reads the file to write.
func (e *Engine) readEnv() (*config.EnvFile, error) {
	file, err := config.ReadEnvFile(e.envFile())
	if err == nil {
		return file, nil
	}
	_, faults := e.Config()
	if faults != nil && len(faults.List) > 0 {
		where := faults.List[0].From.Text() // with the line
		if where == (Text{}) {
			where = Text{RU: e.envFile(), EN: e.envFile()}
		}
		return nil, refusal(problem.ConfigInvalid, config.Tf("%s: %s", "%s: %s", where, faults.List[0].What), faults.List[0].Fix)
	}
	return nil, unusableFile(err)
}

// writable says why the file could not be written in the end.
func writable(file *config.EnvFile) error {
	dir, err := file.Folder()
	if err == nil {
		err = config.CanWrite(dir)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return refusal(problem.FolderUnusable, config.Tf("папки %s для файла нет", "there is no folder %s for the file", dir),
			config.Tf("создайте её: mkdir -p %[1]s; или назовите другой файл: --env-file", "make it: mkdir -p %[1]s; or name another file: --env-file", dir))
	}
	return unusableFile(err)
}

func unusableFile(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		r := refusal(problem.FolderUnusable, config.Tf("файл нельзя записать, нет места: %v", "the file cannot be written, there is no room: %v", err),
			config.T("освободите место на этом диске и повторите", "make room on this disk and try again"))
		r.cause = err
		return r
	}
	r := refusal(problem.FolderUnusable, config.Tf("файл нельзя записать: %v", "the file cannot be written: %v", err),
		config.T("дайте себе права на его папку или назовите другой файл: --env-file", "give yourself the right to its folder, or name another file: --env-file"))
	r.cause = err
	return r
}

// askGit refuses a tracked file, and finds what a repository does not ignore. Without git, or outside of a repository,
// there is nothing to say.
func (p *EnvPlan) askGit(ctx context.Context) error {
	dir, name := filepath.Dir(p.Path), filepath.Base(p.Path)
	git := func(args ...string) (int, error) {
		args = append([]string{"-C", dir, "-c", "safe.directory=*", "-c", "core.fsmonitor=false"}, args...)
		err := exec.CommandContext(ctx, "git", args...).Run()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return exit.ExitCode(), nil
		}
		return 0, err
	}
	if code, err := git("rev-parse", "--is-inside-work-tree"); err != nil || code != 0 {
		return ctx.Err()
	}
	if code, err := git("ls-files", "--error-unmatch", "--", name); err == nil && code == 0 {
		return refusal(problem.EnvTracked, config.Tf("%s хранится в git: ключи попали бы в историю", "%s is tracked by git: the keys would enter its history", p.Path),
			config.Tf("уберите его из git и скройте: git rm --cached %[1]s && echo '/%[2]s' >> %[3]s; потом повторите", "take it out of git and ignore it: git rm --cached %[1]s && echo '/%[2]s' >> %[3]s; then try again",
				p.Path, name, filepath.Join(dir, ".gitignore")))
	}
	p.IgnoreFile = filepath.Join(dir, ".gitignore")
	private := []string{name, filepath.Base(config.BackupName(p.Path))}
	if info, err := os.Stat(p.data); err == nil && info.IsDir() && filepath.Dir(p.data) == dir {
		private = append(private, filepath.Base(p.data)+"/") // with the encryption key
	}
	for _, path := range private {
		if code, err := git("check-ignore", "-q", "--", path); err == nil && code == 1 {
			p.Ignore = append(p.Ignore, "/"+path)
		}
	}
	return ctx.Err()
}

// EnvFiles finds files of settings below a folder that a backend may be reading: .env and */.env, those with a variable of
// YCLIENTS first.
func EnvFiles(dir string) []string {
	ours, others := config.EnvFiles(dir)
	return append(ours, others...)
}

// Checklist asks everything that doctor asks of the written settings: each item is green or has its next step.
func (e *Engine) Checklist(ctx context.Context) *doctor.Report {
	cfg, faults := e.Config()
	o := e.Doctor
	o.Config, o.Faults, o.NewClient = cfg, faults, e.NewClient(cfg)
	return doctor.Run(ctx, o)
}
