// Package doctor finds out why Zapis and YCLIENTS do not understand each other. Checks are data: each has a
// code, depends on others, and says what to do. All that can run do run, every finding carries its next
// step, and the exit code tells the truth. Setup is the same checks with hands.
package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
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
	// Area is the chapter of the report it stands in.
	Area Area
	// Title is what holds when all is well, in a few words.
	Title    Text
	Severity Severity
	// Cause is why it usually fails.
	Cause Text
	// Who can mend it.
	Who Who
	// Calls is how many calls to YCLIENTS it makes at most, for each branch where it is PerBranch, when nothing is wrong.
	// What several checks look at is asked once, by the first.
	Calls int
	// Thorough checks make a call for each branch that can be spared: where there are many branches they run only when
	// that is asked for.
	Thorough bool
	// DependsOn are the checks without whose success this one means nothing; it is then skipped. A check for
	// every branch that depends on another such check depends on the answer for the same branch.
	DependsOn []string
	// PerBranch checks run once for each configured branch.
	PerBranch bool
	// Partly says what works in spite of a failure; empty: nobody can book.
	Partly Text
	// WhatToDo is the next step, unless the finding knows a better one.
	WhatToDo Text

	run func(ctx context.Context, e *exam, branch int64) []Finding
}

// Doc is where the check is explained, in the repository.
func (c Check) Doc() Text {
	return config.Tf("docs/checks/ru.md#%s", "docs/checks/en.md#%s", c.Code)
}

// Area is a chapter of the report.
type Area string

// The chapters, in the order of the report.
const (
	AreaFiles    Area = "files"
	AreaSettings Area = "settings"
	AreaStore    Area = "store"
	AreaServer   Area = "server"
	AreaNetwork  Area = "network"
	AreaAccess   Area = "access"
	AreaBranch   Area = "branch"
	AreaHooks    Area = "hooks"
)

// Areas are the chapters with their titles.
var Areas = []struct {
	Area  Area
	Title Text
}{
	{AreaFiles, config.T("файлы и секреты", "files and secrets")},
	{AreaSettings, config.T("настройки", "settings")},
	{AreaStore, config.T("хранилище", "store")},
	{AreaServer, config.T("сервер", "server")},
	{AreaNetwork, config.T("сеть", "network")},
	{AreaAccess, config.T("ключ и токен", "key and token")},
	{AreaBranch, config.T("филиалы", "branches")},
	{AreaHooks, config.T("вебхуки", "webhooks")},
}

// Who is the one to call.
type Who string

const (
	WhoDeveloper Who = "developer" // who runs this server and holds the API key
	WhoSalon     Who = "salon"     // the salon's administrator, who holds the YCLIENTS accounts
	WhoNetwork   Who = "network"   // who is responsible for the network or the hosting
	WhoYClients  Who = "yclients"  // YCLIENTS' own support
)

// Name says who that is.
func (w Who) Name() Text {
	switch w {
	case WhoSalon:
		return config.T("администратор салона (у него доступ в YCLIENTS)", "the salon's administrator, who has access to YCLIENTS")
	case WhoNetwork:
		return config.T("администратор сети или хостинг", "the network's administrator or the hosting provider")
	case WhoYClients:
		return config.T("поддержка YCLIENTS", "YCLIENTS support")
	case WhoDeveloper:
	}
	return config.T("разработчик, который ведёт этот сервер", "the developer who runs this server")
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

	mend func() (Text, error) // the safe repair, where there is one
}

// Report is all findings, in the order of Checks.
type Report struct {
	Findings []Finding
	// Companies are those that the user of the token manages, when they could be asked.
	Companies []Company
	// Hooked are the branches whose webhook settings hold our address.
	Hooked []int64
	// Drift is what the account answers otherwise than the contract says; filled by Options.Deep.
	Drift []Drift
}

// Company is a branch as the salon calls it.
type Company struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
	City  string `json:"city,omitempty"`
	Zone  string `json:"timezone,omitempty"`

	open  bool  // licence in force and online booking on, as the list says
	staff int64 // masters at work
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
	// Facts reads what the store knows and only the doctor asks: age of the schema, codes, undecided bookings. It must
	// change nothing. Without it, or without a store, those checks are left out.
	Facts func(context.Context, *config.Config) (*StoreFacts, error)
	// Carrier makes the calls that the client has no method for, under the same pace as NewClient's. Without it the
	// webhooks are left out, and Deep finds nothing.
	Carrier *http.Client
	// Budget is how many calls this address made in the last minute and how many are allowed; nil: not known.
	Budget func() (used, limit int)
	// HookURL is the address that YCLIENTS shall send its events to; empty: webhooks are not used.
	HookURL secret.String
	// InServer says that the server itself asks: it need not look for a server beside it.
	InServer bool
	// Thorough runs the checks that cost a call for each branch also where there are more than FewBranches.
	Thorough bool
	// Deep compares answers with the contract, at DeepCalls calls for each of the first branches.
	Deep bool
	// Version is this program's; empty: a server of another version is not told.
	Version string
	// Progress is told before each check; nil: nobody waits.
	Progress func(Check, int64)
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
	// FreeSpace is what a folder's disk has left, in bytes; OpenFiles how many files the process may open. Defaults ask
	// the system; ErrUnknown where it does not tell.
	FreeSpace func(dir string) (uint64, error)
	OpenFiles func() (uint64, error)
}

// FewBranches is up to how many branches every check runs without being asked to be thorough.
const FewBranches = 10

// ErrUnknown says that the system does not tell.
var ErrUnknown = errors.New("the system does not tell")

// StoreFacts is what the store knows about the work so far.
type StoreFacts struct {
	Older                bool // the schema is older than this program; a start changes it
	CodesSent, CodesUsed int  // SMS codes of the last 24 h: asked for, and entered rightly
	Attention            int  // bookings that wait for the operator
	// Hooked are the branches in which our webhook address was seen before.
	Hooked []int64
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
	if o.Deep {
		r.Drift = e.compare(ctx)
	}
	r.Companies, r.Hooked = e.mine, e.hooked
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
	partner  *yclients.Client // API key only
	both     *yclients.Client // with the user token
	first    once[firstAnswer]
	second   once[struct{}]
	facts    once[*StoreFacts]
	probe    once[struct{}]
	mine     []Company // branches of the user
	branches map[int64]*branchAnswers
	date     time.Time     // the server's clock
	dateAt   time.Time     // ours, in the middle of the same call
	took     time.Duration // from the last byte of the first request to the first of its answer
	refused  int           // calls that YCLIENTS refused for their rate
	waiting  []string      // ids of masters that look like waiting lists, of the branches so far
	hooked   []int64       // branches whose webhook settings hold our address
	passed   map[passKey]bool
}

// once keeps the answer to a question that several checks look at.
type once[T any] struct {
	asked bool
	value T
	err   error
}

func (o *once[T]) get(ask func() (T, error)) (T, error) {
	if !o.asked {
		o.value, o.err = ask()
		o.asked = true
	}
	return o.value, o.err
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
	if o.FreeSpace == nil {
		o.FreeSpace = freeSpace
	}
	if o.OpenFiles == nil {
		o.OpenFiles = openFiles
	}
	return &exam{Options: o, passed: map[passKey]bool{}, branches: map[int64]*branchAnswers{}}
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
	if c.Thorough && !e.Thorough && len(e.Config.Account.Branches) > FewBranches {
		return []Finding{{
			Check: c.Code, Title: c.Title, Status: StatusSkipped, Branch: branch,
			Found: config.Tf("не спрошено, чтобы не тратить вызовы: филиалов больше %d; спросит zapis doctor --deep", "not asked, to spare calls: more than %d branches; zapis doctor --deep asks", FewBranches),
		}}
	}
	if e.Progress != nil {
		e.Progress(c, branch)
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

func (r *Report) count(s Status) int {
	n := 0
	for _, f := range r.Findings {
		if f.Status == s {
			n++
		}
	}
	return n
}
