package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
)

// prompter asks a person at a terminal, one plain line after another: nothing is redrawn, so that screen readers, dumb
// terminals and recordings get the same as everybody. Answers that mean something else than an answer:
//
//	?              help of the step
//	back, назад    the step before
//	quit, выход    leave; what was proven is kept
type prompter struct {
	*runner
	lines  *bufio.Reader
	fd     int
	styled bool
	help   func() // of the present step
}

var (
	errBack = errors.New("back")
	errLeft = errors.New("left")
)

// onTerminal tells whether a person sits there: without a terminal on both sides nothing is ever asked.
func (r *runner) onTerminal() bool {
	in, ok := r.stdin.(*os.File)
	out, also := r.stdout.(*os.File)
	return ok && also && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))
}

// newPrompter needs onTerminal.
func (r *runner) newPrompter(accessible bool) *prompter {
	in := r.stdin.(*os.File)
	p := &prompter{runner: r, lines: bufio.NewReader(in), fd: int(in.Fd()), help: func() {}}
	p.styled = !accessible && r.env("NO_COLOR") == "" && r.env("TERM") != "dumb" && r.env("TERM") != ""
	return p
}

func (r *runner) env(name string) string {
	for _, kv := range slices.Backward(r.environ) {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// say writes a line in the reader's language.
func (r *runner) say(ru, en string, args ...any) {
	fmt.Fprintln(r.stdout, config.Tf(ru, en, args...).In(r.lang))
}

// heading is bold where the terminal can.
func (p *prompter) heading(text string) {
	if p.styled {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	fmt.Fprintf(p.stdout, "\n%s\n", text)
}

// good, warn and bad are one finding each; words stand beside the marks for whoever cannot see them.
func (r *runner) good(t config.Text) {
	r.say("  ✓ хорошо: %s", "  ✓ ok: %s", t)
}

func (r *runner) careful(t, next config.Text) {
	r.say("  ! внимание: %s", "  ! warning: %s", t)
	r.next(next)
}

func (r *runner) bad(t, next config.Text) {
	r.say("  ✗ ошибка: %s", "  ✗ failed: %s", t)
	r.next(next)
}

func (r *runner) next(t config.Text) {
	if t != (config.Text{}) {
		fmt.Fprintln(r.stdout, "    → "+t.In(r.lang))
	}
}

// refused shows a refusal; what is none is returned.
func (r *runner) refused(err error) error {
	refusal, ok := errors.AsType[*setup.Refusal](err)
	if !ok {
		return err
	}
	r.bad(refusal.Found, refusal.Next)
	return nil
}

// ask reads one visible answer, blanks around it taken off.
func (p *prompter) ask(label config.Text, hint config.Text) (string, error) {
	for {
		fmt.Fprint(p.stdout, p.question(label, hint))
		line, err := p.readLine()
		if err != nil {
			return "", err
		}
		switch answer := strings.TrimSpace(line); strings.ToLower(answer) {
		case "?", "help", "справка":
			p.help()
		case "back", "назад":
			return "", errBack
		case "quit", "exit", "выход":
			return "", errLeft
		default:
			return answer, nil
		}
	}
}

func (p *prompter) question(label, hint config.Text) string {
	if hint == (config.Text{}) {
		return label.In(p.lang) + ": "
	}
	return fmt.Sprintf("%s (%s): ", label.In(p.lang), hint.In(p.lang))
}

// hidden reads one answer that is not shown. An empty one is the same as ?.
func (p *prompter) hidden(label, hint config.Text) (secret.String, error) {
	for {
		fmt.Fprint(p.stdout, p.question(label, hint))
		s, err := p.readHidden(p.fd)
		fmt.Fprintln(p.stdout)
		dropPending(p.fd) // the rest of a token that was pasted with line breaks is no answer to the next question
		if errors.Is(err, io.EOF) {
			return secret.String{}, errLeft
		}
		if err != nil {
			return secret.String{}, err
		}
		switch strings.ToLower(strings.TrimSpace(s.Reveal())) {
		case "", "?":
			p.help()
		case "back", "назад":
			return secret.String{}, errBack
		case "quit", "выход":
			return secret.String{}, errLeft
		default:
			return s, nil
		}
	}
}

// yes asks a question with a usual answer.
func (p *prompter) yes(question config.Text, usual bool) (bool, error) {
	hint := config.T("Д/н", "Y/n")
	if !usual {
		hint = config.T("д/Н", "y/N")
	}
	for {
		answer, err := p.ask(question, hint)
		if err != nil {
			return false, err
		}
		if answer == "" {
			return usual, nil
		}
		switch strings.ToLower(answer) {
		case "y", "yes", "д", "да":
			return true, nil
		case "n", "no", "н", "нет":
			return false, nil
		}
		p.say("  ответьте «да» или «нет»", "  answer yes or no")
	}
}

// readLine reads a line of the terminal.
func (p *prompter) readLine() (string, error) {
	line, err := awaited(p.ctx, func() (string, error) { return p.lines.ReadString('\n') })
	if err != nil {
		fmt.Fprintln(p.stdout)
	}
	if errors.Is(err, io.EOF) {
		return "", errLeft
	}
	return line, err
}

// left ends a walk that was not finished: what was proven is there for the next time.
func (r *runner) left() error {
	with := ""
	if r.envFile != "" {
		with = " --env-file " + r.envFile
	}
	r.say("\nОтложено. Проверенное сохранено; продолжить: zapis setup%s", "\nLeft. What was proven is kept; to go on: zapis setup%s", with)
	return errSilent{problem.ExitFailure}
}
