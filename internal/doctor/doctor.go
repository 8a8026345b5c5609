// Package doctor finds out why Zapis and YCLIENTS do not understand each other. Checks are data: each has a
// code, depends on others, and says what to do. All that can run do run, every finding carries its next
// step, and the exit code tells the truth. Setup is the same checks with hands.
package doctor

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/yclients"
)

// Text is a sentence in both languages.
type Text = config.Text

// Severity is what a negative finding of a check means.
type Severity string

const (
	// Failure: Zapis cannot work until it is mended.
	Failure Severity = "failure"
	// Warning: something will not work, or not well.
	Warning Severity = "warning"
)

// Check is one question.
type Check struct {
	// Code is stable, for scripts.
	Code string
	// Title is the question in a few words.
	Title    Text
	Severity Severity
	// DependsOn are the checks without whose success this one means nothing; it is then skipped. A check for
	// every branch that depends on another such check depends on the answer for the same branch.
	DependsOn []string
	// PerBranch checks run once for each configured branch.
	PerBranch bool
	// WhatToDo is the next step, unless the finding knows a better one.
	WhatToDo Text

	run func(ctx context.Context, e *exam, branch int64) []Finding
}

// Status is how a check ended.
type Status string

const (
	StatusOK      Status = "ok"
	StatusWarning Status = "warning"
	StatusFailure Status = "failure"
	StatusSkipped Status = "skipped"
)

// Finding is the answer of a check.
type Finding struct {
	Check  string
	Title  Text
	Status Status
	// Branch is set for checks of one branch.
	Branch int64
	// Found is what was seen, Next what to do about it (empty when all is well).
	Found, Next Text
	// Problem is the row of the table of failures behind it; it decides the exit code.
	Problem problem.Code
	// After is the check that would have to succeed first, where that is why this one was skipped.
	After string
}

// Report is all findings, in the order of Checks.
type Report struct {
	Findings []Finding
	// Companies are those that the user of the token manages, when they could be asked.
	Companies []Company
}

// Company is a branch as the salon calls it.
type Company struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
	City  string `json:"city,omitempty"`
	Zone  string `json:"timezone,omitempty"`
}

// Options say what to examine.
type Options struct {
	// Config as loaded; with Faults it is as far as it could be read.
	Config *config.Config
	Faults *config.Faults
	// NewClient makes the client of all calls; user is empty for calls with the API key only. The caller
	// decides about pace and roots.
	NewClient func(partner, user yclients.Token) (*yclients.Client, error)
	// OpenStore says why the server's store cannot be used, as a *problem.Error; nil error when it can. It must
	// change nothing. Without it the check of the store is left out.
	OpenStore func(context.Context, *config.Config) error
	// AllowMissingRights makes a warning of the missing right that is otherwise a failure.
	AllowMissingRights bool
	// Only names the checks wanted; their dependencies run too. Empty = all.
	Only []string
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Patience is the pause after a refusal for the rate of calls, which is tried three times in all: a server
	// beside us may be spending the same budget. Default 2 s.
	Patience time.Duration
	// Dial and Resolve reach the network outside of HTTP; default net.Dialer and net.Resolver.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Resolve func(ctx context.Context, host string) ([]string, error)
	// Proxy is as in http.Transport; default http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)
}

// Run asks everything and never fails itself.
func Run(ctx context.Context, o Options) *Report {
	e := newExam(o)
	wanted := wantedChecks(o.Only)
	r := &Report{}
	ask := func(perBranch bool, branch int64) {
		for _, c := range Checks {
			if wanted[c.Code] && c.PerBranch == perBranch {
				r.Findings = append(r.Findings, e.ask(ctx, c, branch)...)
			}
		}
	}
	ask(false, 0)
	for _, branch := range o.Config.Account.Branches {
		ask(true, branch)
	}
	r.Companies = e.mine
	return r
}

func wantedChecks(only []string) map[string]bool {
	wanted := map[string]bool{}
	var add func(code string)
	add = func(code string) {
		if wanted[code] {
			return
		}
		wanted[code] = true
		for _, c := range Checks {
			if c.Code == code {
				for _, d := range c.DependsOn {
					add(d)
				}
			}
		}
	}
	for _, c := range Checks {
		if len(only) == 0 || slices.Contains(only, c.Code) {
			add(c.Code)
		}
	}
	return wanted
}

// exam is what the checks of one run share.
type exam struct {
	Options
	partner *yclients.Client // API key only
	both    *yclients.Client // with the user token
	mine    []Company        // branches of the user
	foreign map[int64]Company
	date    time.Time // the server's clock
	dateAt  time.Time // ours, in the middle of the same call
	waiting []string  // ids of masters that look like waiting lists, of the branches so far
	passed  map[passKey]bool
}

type passKey struct {
	check  string
	branch int64
}

func newExam(o Options) *exam {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Second
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	}
	if o.Resolve == nil {
		o.Resolve = net.DefaultResolver.LookupHost
	}
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	return &exam{Options: o, passed: map[passKey]bool{}, foreign: map[int64]Company{}}
}

// ask runs one check, or skips it because of what it depends on.
func (e *exam) ask(ctx context.Context, c Check, branch int64) []Finding {
	for _, need := range c.DependsOn {
		if !e.passed[passKey{need, 0}] && !e.passed[passKey{need, branch}] {
			return []Finding{{
				Check: c.Code, Title: c.Title, Status: StatusSkipped, Branch: branch, After: need,
				Found: config.Tf("не проверено: сначала «%s»", "not checked: first \"%s\"", titleOf(need)),
			}}
		}
	}
	findings := c.run(ctx, e, branch)
	passed := true
	for i := range findings {
		f := &findings[i]
		f.Check, f.Title, f.Branch = c.Code, c.Title, branch
		if f.Status == "" {
			f.Status = Status(c.Severity)
		}
		if f.Status == StatusFailure || f.Status == StatusSkipped {
			passed = false
		}
		if f.Next == (Text{}) && (f.Status == StatusFailure || f.Status == StatusWarning) {
			f.Next = c.WhatToDo
		}
	}
	e.passed[passKey{c.Code, branch}] = passed
	return findings
}

func titleOf(code string) Text {
	for _, c := range Checks {
		if c.Code == code {
			return c.Title
		}
	}
	return Text{RU: code, EN: code}
}

// ExitCode is 0 when nothing failed (warnings allowed), else that of the first failure: checks stand in the
// order in which they depend on each other, so the first is the cause.
func (r *Report) ExitCode() int {
	for _, f := range r.Findings {
		if f.Status != StatusFailure {
			continue
		}
		if code := problem.Of(f.Problem).Exit; f.Problem != "" && code != 0 {
			return code
		}
		return problem.ExitFailure
	}
	return 0
}

// Failed reports whether anything failed.
func (r *Report) Failed() bool { return r.count(StatusFailure) > 0 }

func (r *Report) count(s Status) int {
	n := 0
	for _, f := range r.Findings {
		if f.Status == s {
			n++
		}
	}
	return n
}
