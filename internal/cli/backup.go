package cli

import (
	"fmt"

	"zapis/internal/app"
	"zapis/internal/config"
	"zapis/internal/problem"
)

type backupCmd struct {
	taught `kong:"-"`
	File   string `arg:"" placeholder:"${ph_file}" help:"${backup_file}"`
	Data   string `placeholder:"${ph_dir}" help:"${serve_data}"`
}

func (c backupCmd) Help() string { return examples["backup"].In(c.lang) }

// Run speaks on the error stream: the standard output may be the backup itself.
func (c backupCmd) Run(r *runner) error {
	o, err := r.backupOptions(c.File, c.Data)
	if err != nil {
		return err
	}
	head, err := app.Backup(r.ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.stderr, config.Tf("Резервная копия готова, строк в ней: %d.", "The backup is whole; it has %d rows.", head.Rows).In(r.lang))
	fmt.Fprintln(r.stderr, config.Tf(
		"Ключа шифрования (отпечаток %s) в ней нет. Храните его отдельно: файл key из папки данных или ZAPIS_KEY. Без него копия бесполезна.",
		"The encryption key (fingerprint %s) is not inside. Keep it elsewhere: the file key of the data folder, or ZAPIS_KEY. Without it the backup is of no use.", head.Key).In(r.lang))
	return nil
}

type restoreCmd struct {
	taught `kong:"-"`
	File   string `arg:"" placeholder:"${ph_file}" help:"${restore_file}"`
	Data   string `placeholder:"${ph_dir}" help:"${serve_data}"`
}

func (c restoreCmd) Help() string { return examples["restore"].In(c.lang) }

func (c restoreCmd) Run(r *runner) error {
	o, err := r.backupOptions(c.File, c.Data)
	if err != nil {
		return err
	}
	head, err := app.Restore(r.ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.stdout, config.Tf("Восстановлено по состоянию на %s, строк: %d. Теперь: zapis doctor, затем zapis serve.",
		"Restored as of %s, %d rows. Next: zapis doctor, then zapis serve.", head.MadeAt.Local().Format("2006-01-02 15:04:05"), head.Rows).In(r.lang))
	return nil
}

func (r *runner) backupOptions(file, data string) (app.BackupOptions, error) {
	flags := map[string]string{}
	if data != "" {
		flags["ZAPIS_DATA"] = data
	}
	cfg, err := config.Load(config.Options{EnvFile: r.envFile, Environ: r.environ, Flags: flags})
	if err != nil {
		return app.BackupOptions{}, err
	}
	if file == "" {
		return app.BackupOptions{}, errSilent{problem.ExitUsage}
	}
	return app.BackupOptions{Config: cfg, File: file, Stdin: r.stdin, Stdout: r.stdout}, nil
}
