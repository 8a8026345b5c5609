// Package setup is doctor with hands: it obtains what is missing, proves each part by calls to YCLIENTS, and writes
// the variables only when everything is proven.
//
// One engine has several faces. A terminal asks the questions of Steps one after another; a browser shows them as
// pages; flags answer them all at once (Run). None of them speaks to YCLIENTS or writes a file: they call the Engine.
//
//	key      Inspect, ProveKey             what was pasted, cleaned and named by position; one call that needs only it
//	user     SignIn or Inspect, ProveUser  login and password for a token; whose token it is, and what it manages
//	branch   Branches, ResolveBranch       the branches to choose from; a number or any pasted address
//	rights   Rights                        what the user may do there, and what will not work
//	hooks    HooksPlan, HooksApply         the difference, then the write if nothing changed meanwhile
//	write    EnvPlan, EnvWrite             the difference, then the file
//	done     Checklist                     every item green, or with its next step
//
// What is proven is kept in a Progress (OpenProgress), sealed in the data folder, so that the walk can be left and
// resumed at any step by any face; the password is never a part of it. Every failure is a *Refusal: a row of the table of
// problems with what was found and the next step in both languages, fit for a screen and for problem.From.
//
// A Link lets a browser in without a password: one for the developer (zapis setup --link, 15 minutes) and one for the
// salon's administrator (zapis invite, 72 hours). Its token travels in the fragment of the address (/setup/#…,
// /invite/#…), which neither servers nor messengers' previews see; the page redeems it with a POST for a cookie, once.
// What an invitation opens may call SignIn, ProveUser, Branches, Rights and EnvWrite with the key that the developer left
// in Progress or in the configuration, and never gets to see that key.
package setup

import (
	"context"
	"errors"
	"time"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/yclients"
)

// Engine does the work of all steps. It holds no state between calls and is safe for concurrent use.
type Engine struct {
	// EnvFile is the file to write; empty = ".env". It need not exist.
	EnvFile string
	// Environ is os.Environ(): it beats the file, and BaseURL beats both.
	Environ []string
	// BaseURL of YCLIENTS, when it is not the configured one; written to the file when given.
	BaseURL string
	// NewClient gives the maker of clients for a configuration (its address, roots and pace).
	NewClient func(*config.Config) func(partner, user yclients.Token) (*yclients.Client, error)
	// Doctor are further options of the checklist.
	Doctor doctor.Options
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Refusal is why a step could not be done: what was found, and what to do next.
type Refusal struct {
	Problem     problem.Code
	Found, Next Text
	// Choices are the branches to choose from, when that is what is needed.
	Choices []Branch
	cause   error
}

// Error is one line for logs; people are shown Found and Next.
func (r *Refusal) Error() string { return string(r.Problem) + ": " + r.Found.EN }

// Unwrap gives the row of the table, so that problem.From and errors.Is find it.
func (r *Refusal) Unwrap() error {
	return problem.Because(r.Problem, r.cause).Detailf("%s", r.Found.EN)
}

// ExitCode is that of a command which ends with it.
func (r *Refusal) ExitCode() int { return problem.Of(r.Problem).Exit }

func refusal(code problem.Code, found, next Text) *Refusal {
	if next == (Text{}) {
		next = problem.Of(code).Fix
	}
	return &Refusal{Problem: code, Found: found, Next: next}
}

// refused says what a failed call means. A call that was interrupted is no refusal.
func refused(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	f := doctor.Explain(err)
	return &Refusal{Problem: f.Problem, Found: f.Found, Next: f.Next, cause: err}
}

func (e *Engine) envFile() string {
	if e.EnvFile == "" {
		return config.DefaultEnvFile
	}
	return e.EnvFile
}

func (e *Engine) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// Config reads the present configuration, as far as it can be read: with faults it holds the rest.
func (e *Engine) Config() (*config.Config, *config.Faults) { return e.configWith(nil) }

// configWith reads the configuration with values above it.
func (e *Engine) configWith(values map[string]string) (*config.Config, *config.Faults) {
	flags := map[string]string{}
	for k, v := range values {
		flags[k] = v
	}
	if e.BaseURL != "" {
		flags["YCLIENTS_BASE_URL"] = e.BaseURL
	}
	file, err := config.ReadEnvFile(e.envFile())
	missing := err == nil && !file.Exists()
	cfg, loadErr := config.Load(config.Options{EnvFile: e.envFile(), NoFile: missing, Environ: e.Environ, Flags: flags})
	return cfg, asFaults(loadErr)
}

// client makes a client of the present address; without user it sends the API key only.
func (e *Engine) client(key, user string) (*yclients.Client, error) {
	cfg, faults := e.Config()
	for _, name := range []string{"YCLIENTS_BASE_URL", "YCLIENTS_CA_FILE"} {
		if faults == nil {
			break
		}
		if f, bad := faults.ByKey(name); bad {
			return nil, refusal(problem.ConfigInvalid, config.Tf("%s: %s", "%s: %s", name, f.What), f.Fix)
		}
	}
	c, err := e.NewClient(cfg)(yclients.Token(key), yclients.Token(user))
	if err != nil {
		return nil, refusal(problem.ConfigInvalid, Text{RU: err.Error(), EN: err.Error()}, Text{})
	}
	return c, nil
}

// callLimit bounds one call, waiting for its turn at the pace included.
const callLimit = 90 * time.Second

// patience is the pause after a refusal for the rate of calls: a server beside us may be spending the same budget.
const patience = 2 * time.Second

// ask makes one reading call, and again after a refusal for the rate of calls, three times in all.
func (e *Engine) ask(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	pause := e.Doctor.Patience
	if pause == 0 {
		pause = patience
	}
	for try := 1; ; try++ {
		err := call(ctx)
		if err == nil {
			return nil
		}
		if try == 3 || !errors.Is(err, yclients.ErrRateLimited) {
			return refused(err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return refused(err)
		}
	}
}
