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

// Verdict answers the three questions that come before all details.
type Verdict struct {
	// Works is yes, partly or no: whether customers can book.
	Works string
	// Does says the same in words, ToDo what to do first, Call whom to call about it; both are empty when all is well.
	Does, ToDo, Call Text
	// Who is Call for a program.
	Who Who
}

// Verdict judges the report: the first failure is the cause of those after it.
func (r *Report) Verdict() Verdict {
	worst := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Status == StatusFailure })
	v := Verdict{Works: "no", Does: config.T("не работает: записаться нельзя", "it does not work: nobody can book")}
	if worst < 0 {
		worst = slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Status == StatusWarning })
		v = Verdict{Works: "partly", Does: config.T("работает, но есть на что посмотреть", "it works, and there is something to look at")}
	}
	if worst < 0 {
		return Verdict{Works: "yes", Does: config.T("работает", "it works")}
	}
	f := r.Findings[worst]
	c, _ := Lookup(f.Check)
	if f.Status == StatusFailure && c.Partly != (Text{}) {
		v.Works, v.Does = "partly", c.Partly
	}
	if f.Status == StatusFailure && r.sound(f.Branch) {
		v.Works, v.Does = "partly", config.Tf("работает не везде: филиал %d не принимает записей", "it does not work everywhere: branch %d takes no bookings", f.Branch)
	}
	v.ToDo, v.Who = f.Next, c.Who
	v.Call = c.Who.Name()
	return v
}

// sound reports that a failure of one branch leaves another whole.
func (r *Report) sound(branch int64) bool {
	bad, seen := map[int64]bool{}, map[int64]bool{}
	for _, f := range r.Findings {
		seen[f.Branch] = true
		bad[f.Branch] = bad[f.Branch] || f.Status == StatusFailure
	}
	if branch == 0 || bad[0] {
		return false
	}
	for b := range seen {
		if b != 0 && !bad[b] {
			return true
		}
	}
	return false
}

// WriteText writes the report for a person: the verdict, then what is not well, then in a line for each chapter what
// is. It is readable without colour.
func (r *Report) WriteText(w io.Writer, lang string) error {
	var b strings.Builder
	r.writeVerdict(&b, lang)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	shown := Report{Companies: r.Companies}
	for _, f := range r.Findings {
		if f.Status != StatusOK {
			shown.Findings = append(shown.Findings, f)
		}
	}
	if err := shown.writeFindings(w, lang, fewSkipped); err != nil {
		return err
	}
	b.Reset()
	r.writeSound(&b, lang)
	for _, d := range r.Drift {
		fmt.Fprintf(&b, "  ~ %s\n", d.Text().In(lang))
	}
	_, err := io.WriteString(w, b.String()+"\n"+r.summary().In(lang)+"\n")
	return err
}

func (r *Report) writeVerdict(b *strings.Builder, lang string) {
	v := r.Verdict()
	line := func(question, answer Text) {
		if answer != (Text{}) {
			fmt.Fprintf(b, "%s %s\n", question.In(lang), answer.In(lang))
		}
	}
	line(config.T("Работает ли?", "Does it work?"), v.Does)
	line(config.T("Что делать? ", "What to do?  "), v.ToDo)
	line(config.T("Кому звонить?", "Whom to call?"), v.Call)
	b.WriteByte('\n')
}

// writeSound counts what is well, chapter by chapter.
func (r *Report) writeSound(b *strings.Builder, lang string) {
	for _, area := range Areas {
		n := 0
		for _, f := range r.Findings {
			if c, known := Lookup(f.Check); known && c.Area == area.Area && f.Status == StatusOK {
				n++
			}
		}
		if n > 0 {
			mark := marks[StatusOK]
			fmt.Fprintf(b, "  %s %s: %s: %s\n", mark.sign, mark.word.In(lang), area.Title.In(lang), config.Count(n, "проверка", "проверки", "проверок", "check", "checks").In(lang))
		}
	}
}

// WriteAll writes every finding, those that are well too.
func (r *Report) WriteAll(w io.Writer, lang string) error {
	var b strings.Builder
	r.writeVerdict(&b, lang)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	if err := r.WriteFindings(w, lang); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n"+r.summary().In(lang)+"\n")
	return err
}

// WriteFindings writes the findings alone, without the summary. What was skipped because of one failure is one line.
func (r *Report) WriteFindings(w io.Writer, lang string) error {
	return r.writeFindings(w, lang, len(r.Findings))
}

// fewSkipped is up to how many skipped checks are named: more of them are only counted, so that the failure above is seen.
const fewSkipped = 6

func (r *Report) writeFindings(w io.Writer, lang string, named int) error {
	var b strings.Builder
	var branch int64
	for rest := r.Findings; len(rest) > 0; {
		if n := skippedRun(rest); n > 1 {
			fmt.Fprintf(&b, "  %s\n", foldSkipped(rest[:n], named).In(lang))
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

// foldSkipped names everything skipped in a run, each once, or counts it where it is more than named; and says what has to
// be mended first: what the first of them waits for.
func foldSkipped(run []Finding, named int) Text {
	var titles []Text
	for _, f := range run {
		if !slices.Contains(titles, f.Title) {
			titles = append(titles, f.Title)
		}
	}
	mark := marks[StatusSkipped]
	if len(titles) > named {
		return config.Tf("%s %s: %s (перечислит --all): сначала «%s»", "%s %s: %s (--all names them): first \"%s\"", mark.sign, mark.word,
			config.Count(len(titles), "проверка", "проверки", "проверок", "check", "checks"), titleOf(run[0].After))
	}
	list := titles[0]
	for _, t := range titles[1:] {
		list = config.Tf("%s; %s", "%s; %s", list, t)
	}
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

// jsonFinding is a finding for a program.
type jsonFinding struct {
	Check    string       `json:"check"`
	Area     Area         `json:"area,omitempty"`
	Status   Status       `json:"status"`
	Severity Severity     `json:"severity,omitempty"`
	Branch   int64        `json:"branch,omitempty"`
	Title    string       `json:"title"`
	Found    string       `json:"found,omitempty"`
	Cause    string       `json:"cause,omitempty"`
	Next     string       `json:"next,omitempty"`
	Who      Who          `json:"who,omitempty"`
	Doc      string       `json:"doc,omitempty"`
	Problem  problem.Code `json:"problem,omitempty"`
}

// Document is the report as one object of JSON: the verdict, the exit code and every finding.
type Document struct {
	Works     string        `json:"works"` // yes, partly, no
	Does      string        `json:"does"`
	ToDo      string        `json:"to_do,omitempty"`
	Call      string        `json:"call,omitempty"`
	ExitCode  int           `json:"exit_code"`
	Failures  int           `json:"failures"`
	Warnings  int           `json:"warnings"`
	Companies []Company     `json:"companies,omitempty"`
	Findings  []jsonFinding `json:"findings"`
	Drift     []Drift       `json:"drift,omitempty"`
}

// Document makes the object in a language.
func (r *Report) Document(lang string) Document {
	v := r.Verdict()
	d := Document{
		Works: v.Works, Does: v.Does.In(lang), ToDo: v.ToDo.In(lang), Call: v.Call.In(lang), ExitCode: r.ExitCode(),
		Failures: r.count(StatusFailure), Warnings: r.count(StatusWarning), Companies: r.Companies, Findings: []jsonFinding{}, Drift: r.Drift,
	}
	for _, f := range r.Findings {
		c, _ := Lookup(f.Check)
		out := jsonFinding{
			Check: f.Check, Area: c.Area, Status: f.Status, Severity: c.Severity, Branch: f.Branch, Title: f.Title.In(lang),
			Found: f.Found.In(lang), Next: f.Next.In(lang), Problem: f.Problem,
		}
		if f.Status == StatusFailure || f.Status == StatusWarning {
			out.Cause, out.Who, out.Doc = c.Cause.In(lang), c.Who, c.Doc().In(lang)
		}
		d.Findings = append(d.Findings, out)
	}
	return d
}

// WriteJSON writes the report for a script.
func (r *Report) WriteJSON(w io.Writer, lang string) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r.Document(lang))
}
