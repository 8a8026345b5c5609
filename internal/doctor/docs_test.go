package doctor_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zapis/internal/doctor"
)

var update = flag.Bool("update", false, "write docs/checks")

// docs/checks is made from the table of checks, an anchor for each: what is not described there does not exist.
func TestDocumentsOfTheChecks(t *testing.T) {
	for lang, words := range map[string]struct{ head, severity, cause, fix, who, calls string }{
		"ru": {"# Проверки zapis doctor\n\nСтраница сделана из таблицы программы (`go test ./internal/doctor -run Documents -update`). Столько вызовов YCLIENTS " +
			"тратит обычный `zapis doctor`: три на доступ и один на филиал; пока филиалов не больше %d или с `--deep`, ещё три на филиал, " +
			"и один на вебхуки, если они используются; `--deep` добавляет %d вызовов сравнения с договором.\n",
			"если не так", "Обычная причина", "Что делать", "Кому звонить", "вызовов YCLIENTS"},
		"en": {"# The checks of zapis doctor\n\nMade from the program's own table (`go test ./internal/doctor -run Documents -update`). An ordinary `zapis doctor` " +
			"makes three calls to YCLIENTS for the account and one for each branch; with up to %d branches, or with `--deep`, three more for each " +
			"branch, and one for webhooks where they are used; `--deep` adds %d calls that are compared with the contract.\n",
			"if not", "Usual cause", "What to do", "Whom to call", "calls to YCLIENTS"},
	} {
		var b strings.Builder
		fmt.Fprintf(&b, words.head, doctor.FewBranches, doctor.DeepCalls)
		for _, area := range doctor.Areas {
			fmt.Fprintf(&b, "\n## %s\n", area.Title.In(lang))
			for _, c := range doctor.Checks {
				if c.Area != area.Area {
					continue
				}
				fmt.Fprintf(&b, "\n### <a id=\"%s\"></a>`%s`: %s\n\n", c.Code, c.Code, c.Title.In(lang))
				fmt.Fprintf(&b, "- %s: %s", words.severity, map[string]map[doctor.Severity]string{
					"ru": {doctor.Failure: "ошибка", doctor.Warning: "предупреждение"}, "en": {doctor.Failure: "a failure", doctor.Warning: "a warning"},
				}[lang][c.Severity])
				if c.Calls > 0 {
					fmt.Fprintf(&b, "; %s: %d", words.calls, c.Calls)
				}
				fmt.Fprintf(&b, "\n- %s: %s\n- %s: %s\n- %s: %s\n", words.cause, c.Cause.In(lang), words.fix, c.WhatToDo.In(lang), words.who, c.Who.Name().In(lang))
			}
		}
		path := filepath.Join("..", "..", "docs", "checks", lang+".md")
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != b.String() {
			t.Errorf("%s is not what the table says: run go test ./internal/doctor -run Documents -update", path)
		}
		for _, c := range doctor.Checks {
			if !strings.HasSuffix(c.Doc().In(lang), "docs/checks/"+lang+".md#"+c.Code) || !strings.Contains(b.String(), `<a id="`+c.Code+`">`) {
				t.Errorf("%s: its link leads nowhere: %s", c.Code, c.Doc().In(lang))
			}
		}
	}
}
