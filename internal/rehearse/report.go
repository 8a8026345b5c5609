package rehearse

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
)

// Status is how a step ended.
type Status string

const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Step is one line of the report.
type Step struct {
	Code   string
	Title  Text
	Status Status
	// Found is what was seen, Next what to do about it, Said what YCLIENTS answered, phones masked.
	Found, Next Text
	Said        string
	// Problem is the row of the table of failures behind a red step.
	Problem problem.Code
	Took    time.Duration
}

// Report is a whole rehearsal. It holds no token, code, phone or hash.
type Report struct {
	Began                  time.Time
	Base                   string
	Branch, Staff, Service int64
	Steps                  []Step

	hidden []string // what must not be shown, should YCLIENTS repeat it
}

func (r *Report) add(s Step, progress func(Step)) {
	for _, h := range r.hidden {
		if h != "" {
			s.Said = strings.ReplaceAll(s.Said, h, "•••")
		}
	}
	r.Steps = append(r.Steps, s)
	progress(s)
}

// Green tells whether every step went well.
func (r *Report) Green() bool {
	for _, s := range r.Steps {
		if s.Status != OK {
			return false
		}
	}
	return len(r.Steps) > 0
}

// ExitCode is that of the first red step, 0 when all are green.
func (r *Report) ExitCode() int {
	for _, s := range r.Steps {
		if s.Status == Failed {
			return max(problem.Of(s.Problem).Exit, problem.ExitFailure)
		}
	}
	return 0
}

var marks = map[Status]string{OK: "✓", Failed: "✗", Skipped: "–"}

// WriteStep shows one step as it ends.
func WriteStep(w io.Writer, s Step, lang string) error {
	words := map[Status]Text{OK: config.T("хорошо", "ok"), Failed: config.T("плохо", "failed"), Skipped: config.T("не дошло", "skipped")}
	line := fmt.Sprintf("%s %s: %s", marks[s.Status], words[s.Status].In(lang), s.Title.In(lang))
	if found := s.Found.In(lang); found != "" {
		line += ": " + found
	}
	if s.Said != "" {
		line += "\n    " + s.Said
	}
	if next := s.Next.In(lang); next != "" {
		line += "\n    → " + next
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// WriteText writes the whole report, fit to be sent to somebody who helps.
func (r *Report) WriteText(w io.Writer, lang string) error {
	head := config.Tf("Репетиция Zapis %s\n%s, филиал %d, мастер %d, услуга %d\n\n", "Zapis rehearsal %s\n%s, branch %d, master %d, service %d\n\n",
		r.Began.UTC().Format(time.RFC3339), r.Base, r.Branch, r.Staff, r.Service)
	if _, err := io.WriteString(w, head.In(lang)); err != nil {
		return err
	}
	for _, s := range r.Steps {
		if err := WriteStep(w, s, lang); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.Result().In(lang))
	return err
}

// Result is the last line.
func (r *Report) Result() Text {
	if r.Green() {
		return config.T("итог: всё зелёное, можно включать", "result: all green, ready to go live")
	}
	return config.T("итог: есть красное", "result: not all is green")
}

// WriteJSON writes the report for scripts.
func (r *Report) WriteJSON(w io.Writer, lang string) error {
	type line struct {
		Code    string       `json:"code"`
		Title   string       `json:"title"`
		Status  Status       `json:"status"`
		Found   string       `json:"found,omitempty"`
		Said    string       `json:"said,omitempty"`
		Next    string       `json:"next,omitempty"`
		Problem problem.Code `json:"problem,omitempty"`
		Took    int64        `json:"took_ms"`
	}
	steps := []line{}
	for _, s := range r.Steps {
		steps = append(steps, line{s.Code, s.Title.In(lang), s.Status, s.Found.In(lang), s.Said, s.Next.In(lang), s.Problem, s.Took.Milliseconds()})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{
		"began": r.Began.UTC().Format(time.RFC3339), "base_url": r.Base, "branch": r.Branch, "staff": r.Staff, "service": r.Service,
		"steps": steps, "green": r.Green(), "exit_code": r.ExitCode(),
	})
}
