package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"zapis/internal/config"
	"zapis/internal/problem"
)

// marks tell the statuses apart without colour, and words stand beside them for whoever cannot see marks.
var marks = map[Status]struct {
	sign string
	word Text
}{
	StatusOK:      {"✓", config.T("хорошо", "ok")},
	StatusWarning: {"!", config.T("внимание", "warning")},
	StatusFailure: {"✗", config.T("ошибка", "failed")},
	StatusSkipped: {"–", config.T("пропущено", "skipped")},
}

// WriteText writes the report for a person. It is readable without colour.
func (r *Report) WriteText(w io.Writer, lang string) error {
	if err := r.WriteFindings(w, lang); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n"+r.summary().In(lang)+"\n")
	return err
}

// WriteFindings writes the findings alone, without the summary.
func (r *Report) WriteFindings(w io.Writer, lang string) error {
	var b strings.Builder
	var branch int64
	for _, f := range r.Findings {
		if f.Branch != branch {
			branch = f.Branch
			if branch != 0 {
				fmt.Fprintf(&b, "%s\n", config.Tf("филиал %d%s", "branch %d%s", branch, r.titled(branch)).In(lang))
			}
		}
		indent := "  "
		if branch != 0 {
			indent = "    "
		}
		mark := marks[f.Status]
		fmt.Fprintf(&b, "%s%s %s: %s", indent, mark.sign, mark.word.In(lang), f.Title.In(lang))
		if found := f.Found.In(lang); found != "" {
			fmt.Fprintf(&b, ": %s", found)
		}
		b.WriteByte('\n')
		if next := f.Next.In(lang); next != "" {
			fmt.Fprintf(&b, "%s  → %s\n", indent, next)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) titled(branch int64) string {
	for _, c := range r.Companies {
		if c.ID == branch && c.Title != "" {
			return " «" + c.Title + "»"
		}
	}
	return ""
}

func (r *Report) summary() Text {
	failed, warned := r.count(StatusFailure), r.count(StatusWarning)
	failures := config.Count(failed, "ошибка", "ошибки", "ошибок", "failure", "failures")
	warnings := config.Count(warned, "предупреждение", "предупреждения", "предупреждений", "warning", "warnings")
	switch {
	case failed > 0 && warned > 0:
		return config.Tf("итог: %s, %s", "result: %s, %s", failures, warnings)
	case failed > 0:
		return config.Tf("итог: %s", "result: %s", failures)
	case warned > 0:
		return config.Tf("итог: работать будет, %s", "result: it will work, with %s", warnings)
	}
	return config.T("итог: всё в порядке", "result: all is well")
}

// WriteJSON writes the report for a script: one object with the exit code and a list of findings.
func (r *Report) WriteJSON(w io.Writer, lang string) error {
	type finding struct {
		Check   string       `json:"check"`
		Status  Status       `json:"status"`
		Branch  int64        `json:"branch,omitempty"`
		Title   string       `json:"title"`
		Found   string       `json:"found,omitempty"`
		Next    string       `json:"next,omitempty"`
		Problem problem.Code `json:"problem,omitempty"`
	}
	out := struct {
		ExitCode  int       `json:"exit_code"`
		Failures  int       `json:"failures"`
		Warnings  int       `json:"warnings"`
		Companies []Company `json:"companies,omitempty"`
		Findings  []finding `json:"findings"`
	}{r.ExitCode(), r.count(StatusFailure), r.count(StatusWarning), r.Companies, []finding{}}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, finding{f.Check, f.Status, f.Branch, f.Title.In(lang), f.Found.In(lang), f.Next.In(lang), f.Problem})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
