package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"zapis/internal/config"
)

var fileChecks = []Check{
	{
		Code: CheckEnvFile, Area: AreaFiles, Severity: Failure, Who: WhoDeveloper,
		Title:    config.T("файл настроек читается", "the env file can be read"),
		Cause:    config.T("файла нет, он закрыт для этого пользователя, или в строке ошибка (кавычка без пары, нет знака =)", "there is no file, this user may not read it, or a line is broken (a quote without its pair, no =)"),
		WhatToDo: config.T("создайте файл: zapis setup", "make the file: zapis setup"), run: checkEnvFile,
	},
	{
		Code: CheckEnvPrivate, Area: AreaFiles, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckEnvFile},
		Title:    config.T("файл настроек закрыт от чужих", "the env file is closed to others"),
		Cause:    config.T("файл создан редактором или скопирован с обычными правами: его прочтёт любой пользователь машины", "an editor made the file, or it was copied, with ordinary rights: every user of the machine can read it"),
		WhatToDo: config.T("выполните chmod 600 для этого файла, или zapis doctor --fix", "run chmod 600 on the file, or zapis doctor --fix"), run: checkEnvPrivate,
	},
	{
		Code: CheckEnvTracked, Area: AreaFiles, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckEnvFile},
		Partly:   config.T("работает, но секреты открыты чужим", "it works, and the secrets are open to others"),
		Title:    config.T("файл настроек не в git", "the env file is not kept by git"),
		Cause:    config.T("файл добавлен в репозиторий: с каждым push токены получают все, у кого есть доступ", "the file was added to the repository: with every push all who can read it get the tokens"),
		WhatToDo: config.T("выполните git rm --cached для файла, добавьте его в .gitignore и смените токены", "run git rm --cached on the file, add it to .gitignore, and change the tokens"), run: checkEnvTracked,
	},
	{
		Code: CheckEnvIgnored, Area: AreaFiles, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckEnvFile},
		Title:    config.T("git не возьмёт файл настроек", "git will leave the env file alone"),
		Cause:    config.T("папка под git, а файла нет в .gitignore: git add . отправит токены в репозиторий", "the folder is under git and the file is not in .gitignore: git add . would send the tokens away"),
		WhatToDo: config.T("добавьте файл в .gitignore, или zapis doctor --fix", "add the file to .gitignore, or zapis doctor --fix"), run: checkEnvIgnored,
	},
	{
		Code: CheckEnvCopies, Area: AreaFiles, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckEnvFile},
		Title:    config.T("копии файла настроек закрыты от чужих", "copies of the env file are closed to others"),
		Cause:    config.T("рядом лежит резервная копия (.env.bak, .env~, .env.old) с теми же секретами и открытыми правами", "a backup beside it (.env.bak, .env~, .env.old) holds the same secrets with open rights"),
		WhatToDo: config.T("удалите копии или выполните chmod 600, или zapis doctor --fix", "delete the copies, or run chmod 600, or zapis doctor --fix"), run: checkEnvCopies,
	},
	{
		Code: CheckGitHistory, Area: AreaFiles, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckEnvFile},
		Title: config.T("токенов нет в истории git", "the tokens are not in git's history"),
		Cause: config.T("токен когда-то попал в коммит; удаление файла следующим коммитом его оттуда не убирает", "the token was committed once; deleting the file in a later commit does not take it out"),
		WhatToDo: config.T("смените токен: новый API-ключ в кабинете разработчика, токен сотрудника сменой пароля; потом zapis setup",
			"change the token: a new API key in the developer's account, the employee's token by changing the password; then zapis setup"), run: checkGitHistory,
	},
}

// dataChecks need to know where the data folder is.
var dataChecks = []Check{
	{
		Code: CheckDataPrivate, Area: AreaFiles, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("папка данных закрыта от чужих", "the data folder is closed to others"),
		Cause:    config.T("папку создали заранее с обычными правами: в ней база с телефонами и ключ", "the folder was made beforehand with ordinary rights: it holds the database with phones, and the key"),
		WhatToDo: config.T("выполните chmod 700 для папки и chmod 600 для файлов в ней, или zapis doctor --fix", "run chmod 700 on the folder and chmod 600 on its files, or zapis doctor --fix"), run: checkDataPrivate,
	},
	{
		Code: CheckKeyPrivate, Area: AreaFiles, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Partly:   config.T("работает, но секреты открыты чужим", "it works, and the secrets are open to others"),
		Title:    config.T("ключ шифрования закрыт от чужих", "the encryption key is closed to others"),
		Cause:    config.T("файл key скопирован с обычными правами: с ним и с базой читаются телефоны клиентов", "the file key was copied with ordinary rights: with it and the database the clients' phones can be read"),
		WhatToDo: config.T("выполните chmod 600 для файла key, или zapis doctor --fix", "run chmod 600 on the file key, or zapis doctor --fix"), run: checkKeyPrivate,
	},
	{
		Code: CheckDataIgnored, Area: AreaFiles, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("git не возьмёт папку данных", "git will leave the data folder alone"),
		Cause:    config.T("папка данных лежит в репозитории, и .gitignore её не называет", "the data folder lies in a repository, and .gitignore does not name it"),
		WhatToDo: config.T("добавьте папку в .gitignore, или zapis doctor --fix", "add the folder to .gitignore, or zapis doctor --fix"), run: checkDataIgnored,
	},
}

func checkEnvFile(_ context.Context, e *exam, _ int64) []Finding {
	var out []Finding
	for _, f := range e.faults() {
		if f.Key == "--env-file" || f.From.Source == "file" && f.Key == f.From.File {
			out = append(out, faultFinding(f))
		}
	}
	switch {
	case len(out) > 0:
		return out
	case e.Config.EnvFile != "":
		return ok(Text{RU: e.Config.EnvFile, EN: e.Config.EnvFile})
	}
	return ok(config.T("файла .env нет, значения берутся из окружения", "there is no .env, values come from the environment"))
}

func checkEnvPrivate(_ context.Context, e *exam, _ int64) []Finding {
	if e.Config.EnvFile == "" {
		return nil
	}
	return checkMode(e.Config.EnvFile, 0o600)
}

// checkMode says when others than the owner may use a file or folder with secrets, and can take that from them.
func checkMode(path string, want fs.FileMode) []Finding {
	if runtime.GOOS == "windows" {
		return nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it will be made closed
	}
	if err != nil {
		return []Finding{{Status: StatusSkipped, Found: config.Tf("%s: нельзя посмотреть права", "%s: its rights cannot be looked at", path)}}
	}
	if info.Mode().Perm()&0o077 == 0 {
		return ok(config.Tf("права %04o", "mode %04o", info.Mode().Perm()))
	}
	return []Finding{{
		Found: config.Tf("в %s секреты, а права %04o пускают других", "%s holds secrets, and its mode %04o lets others in", path, info.Mode().Perm()),
		Next:  config.Tf("chmod %o %s", "chmod %o %s", want, path),
		mend: func() (Text, error) {
			return config.Tf("%s: права теперь %04o", "%s: its mode is %04o now", path, want), os.Chmod(path, want)
		},
	}}
}

func (e *exam) envRepository(ctx context.Context) *repository {
	if e.Config.EnvFile == "" {
		return nil
	}
	return repositoryOf(ctx, filepath.Dir(e.Config.EnvFile))
}

// envAndBackup are the file and, where there is one, the former file that setup keeps beside it: both hold tokens.
func (e *exam) envAndBackup() []string {
	backup := config.BackupName(e.Config.EnvFile)
	if _, err := os.Stat(backup); err != nil {
		return []string{e.Config.EnvFile}
	}
	return []string{e.Config.EnvFile, backup}
}

func checkEnvTracked(ctx context.Context, e *exam, _ int64) []Finding {
	r := e.envRepository(ctx)
	if r == nil {
		return ok(Text{})
	}
	var out []Finding
	for _, path := range e.envAndBackup() {
		if !r.tracks(ctx, realPath(path)) {
			continue
		}
		out = append(out, Finding{
			Found: config.Tf("git хранит %s вместе с токенами", "git keeps %s, tokens and all", path),
			Next: config.Tf("git rm --cached %[1]s; добавьте строку в .gitignore; смените токены: кто читал репозиторий, их уже знает",
				"git rm --cached %[1]s; add the line to .gitignore; change the tokens: whoever read the repository knows them", path),
		})
	}
	if out == nil {
		return ok(Text{})
	}
	return out
}

func checkEnvIgnored(ctx context.Context, e *exam, _ int64) []Finding {
	r := e.envRepository(ctx)
	if r == nil {
		return ok(Text{})
	}
	var out []Finding
	for _, path := range e.envAndBackup() {
		if r.tracks(ctx, realPath(path)) { // then ignoring it would do nothing
			continue
		}
		for _, f := range checkIgnored(ctx, r, path) {
			if f.Status == "" {
				out = append(out, f)
			}
		}
	}
	if out == nil {
		return ok(Text{})
	}
	return out
}

func checkIgnored(ctx context.Context, r *repository, path string) []Finding {
	if r.ignores(ctx, realPath(path)) {
		return ok(Text{})
	}
	return []Finding{{
		Found: config.Tf("%s лежит в репозитории git, а .gitignore его не называет", "%s lies in a git repository, and .gitignore does not name it", path),
		mend: func() (Text, error) {
			line, err := r.ignore(path)
			return config.Tf("в .gitignore добавлена строка %s", "the line %s was added to .gitignore", line), err
		},
	}}
}

func checkEnvCopies(_ context.Context, e *exam, _ int64) []Finding {
	if e.Config.EnvFile == "" {
		return nil
	}
	beside, _ := filepath.Glob(escapeGlob(e.Config.EnvFile) + "*")
	var out []Finding
	for _, path := range beside {
		name := filepath.Base(path)
		if path == e.Config.EnvFile || strings.HasSuffix(name, ".example") || strings.HasSuffix(name, ".sample") || strings.HasSuffix(name, ".dist") {
			continue
		}
		for _, f := range checkMode(path, 0o600) {
			if f.Status == "" {
				out = append(out, f)
			}
		}
	}
	if len(out) == 0 {
		return ok(Text{})
	}
	return out
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func checkGitHistory(ctx context.Context, e *exam, _ int64) []Finding {
	r := e.envRepository(ctx)
	names := []string{"YCLIENTS_API_TOKEN", "YCLIENTS_USER_TOKEN"}
	texts := []string{e.Config.Account.PartnerToken.Reveal(), e.Config.Account.UserToken.Reveal()}
	if r == nil || texts[0] == "" && texts[1] == "" {
		return ok(Text{})
	}
	found, err := r.everHeld(ctx, texts)
	var out []Finding
	for i, is := range found {
		if is {
			out = append(out, Finding{Found: config.Tf("значение %s есть в истории репозитория %s", "the value of %s is in the history of the repository %s", names[i], r.root)})
		}
	}
	switch {
	case len(out) > 0:
		return out
	case errors.Is(err, errTooLong):
		return []Finding{{Status: StatusSkipped, Found: config.T("история слишком длинная, прочитана не вся", "the history is too long and was not read to its end")}}
	case err != nil:
		return []Finding{{Status: StatusSkipped, Found: config.T("git не показал историю", "git did not show the history")}}
	}
	return ok(Text{})
}

func checkDataPrivate(_ context.Context, e *exam, _ int64) []Finding {
	out := checkMode(e.Config.DataDir, 0o700)
	if len(out) > 0 && out[0].Status == StatusOK { // closed above, what is inside is closed
		return out
	}
	for _, name := range []string{"zapis.db", "zapis.db-wal", "zapis.db-shm"} {
		for _, f := range checkMode(filepath.Join(e.Config.DataDir, name), 0o600) {
			if f.Status == "" {
				out = append(out, f)
			}
		}
	}
	if out == nil {
		return ok(config.T("папки данных ещё нет", "there is no data folder yet"))
	}
	return out
}

func checkKeyPrivate(_ context.Context, e *exam, _ int64) []Finding {
	if !e.Config.Key.IsZero() {
		return ok(config.T("ключ в ZAPIS_KEY", "the key is in ZAPIS_KEY"))
	}
	if out := checkMode(filepath.Join(e.Config.DataDir, "key"), 0o600); out != nil {
		return out
	}
	return ok(config.T("ключа ещё нет", "there is no key yet"))
}

func checkDataIgnored(ctx context.Context, e *exam, _ int64) []Finding {
	dir := e.Config.DataDir
	if _, err := os.Stat(dir); err != nil {
		return ok(Text{})
	}
	r := repositoryOf(ctx, dir)
	if r == nil || realPath(r.root) == realPath(dir) {
		return ok(Text{})
	}
	return checkIgnored(ctx, r, dir)
}
