package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
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

// WriteFindings writes the findings alone, without the summary. What was skipped because of one failure is one line.
func (r *Report) WriteFindings(w io.Writer, lang string) error {
	var b strings.Builder
	var branch int64
	for rest := r.Findings; len(rest) > 0; {
		if n := skippedRun(rest); n > 1 {
			fmt.Fprintf(&b, "  %s\n", foldSkipped(rest[:n]).In(lang))
			rest = rest[n:]
			continue
		}
		f := rest[0]
		rest = rest[1:]
		if f.Branch != branch {
			branch = f.Branch
			if branch != 0 {
				fmt.Fprintf(&b, "%s\n", config.Tf("филиал %d%s", "branch %d%s", branch, r.titled(branch)).In(lang))
			}
		}
		writeFinding(&b, f, lang)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeFinding(b *strings.Builder, f Finding, lang string) {
	indent := "  "
	if f.Branch != 0 {
		indent = "    "
	}
	mark := marks[f.Status]
	fmt.Fprintf(b, "%s%s %s: %s", indent, mark.sign, mark.word.In(lang), f.Title.In(lang))
	if found := f.Found.In(lang); found != "" {
		fmt.Fprintf(b, ": %s", found)
	}
	b.WriteByte('\n')
	if next := f.Next.In(lang); next != "" {
		fmt.Fprintf(b, "%s  → %s\n", indent, next)
	}
}

// skippedRun is how many of the first findings were skipped for want of others.
func skippedRun(findings []Finding) int {
	for i, f := range findings {
		if f.Status != StatusSkipped || f.After == "" {
			return i
		}
	}
	return len(findings)
}

// foldSkipped names everything skipped in a run, each once, and what has to be mended first: what the first
// of them waits for.
func foldSkipped(run []Finding) Text {
	var titles []Text
	for _, f := range run {
		if !slices.Contains(titles, f.Title) {
			titles = append(titles, f.Title)
		}
	}
	list := titles[0]
	for _, t := range titles[1:] {
		list = config.Tf("%s; %s", "%s; %s", list, t)
	}
	mark := marks[StatusSkipped]
	return config.Tf("%[1]s %[2]s: %[3]s: не проверено: сначала «%[4]s»", "%[1]s %[2]s: %[3]s: not checked: first \"%[4]s\"", mark.sign, mark.word, list, titleOf(run[0].After))
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
