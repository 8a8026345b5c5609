// Package rehearse plays a customer on the real account, once, from the catalogue to the cancellation: the last step
// before going live. It books a far time of one chosen master for the caller's own phone with reminders off, moves
// and cancels the record, and never leaves it behind: a journal on disk, written before the booking leaves, leads the
// next start to the record by its mark, whatever happened in between.
package rehearse

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// Text is a sentence in both languages.
type Text = config.Text

// Options say what to rehearse. All but AskCode, Progress, Now and Quiet are needed.
type Options struct {
	// DataDir keeps the journal; it is made when there is none.
	DataDir string
	// Branch, Staff and Service are ids of YCLIENTS.
	Branch, Staff, Service int64
	// Phone is the caller's own: what the salon sends in spite of everything arrives there.
	Phone salon.Phone
	// Name of the client of the record.
	Name string
	// Partner calls with the API key alone, as a customer's booking does; Employee with the user token, too.
	Partner, Employee *yclients.Client
	// Consent is shown what will be written, before it is; false ends the rehearsal.
	Consent func(context.Context, Plan) (bool, error)
	// AskCode gives the code of the SMS that a branch with confirmation of phones sends. Without it such a branch
	// cannot be rehearsed.
	AskCode func(context.Context) (secret.String, error)
	// Progress hears of every step as it ends.
	Progress func(Step)
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Quiet is how long after its sending a booking whose answer was lost may still appear. Default 35 s.
	Quiet time.Duration
}

// Plan is what will be written to YCLIENTS, in words that people can check.
type Plan struct {
	Company, Staff, Service string
	// Start is when the record is made, Moved where it is moved to, both in the branch's zone.
	Start, Moved time.Time
	Phone        salon.Phone
	// SMS: the branch confirms phones, and one message at the salon's cost goes to Phone.
	SMS bool
}

const (
	// far is the nearest that a start may be: what goes wrong must not meet a customer of today.
	far = 72 * time.Hour
	// daysTried is how many days are asked for two free starts, the farthest first.
	daysTried = 5
	// patience bounds the proof that the record is gone.
	patience = 3 * time.Minute
	// lost is how long after sending a booking may still be made by YCLIENTS: longer than any of its answers took.
	lost = 35 * time.Second
	// commentBegin is what the salon reads in the record.
	commentBegin = "Проверка Zapis, отменится сама"
)

// ErrNoConsent reports that the answer to the plan was no. Nothing was written.
var ErrNoConsent = errors.New("not agreed to")

// rehearsal is one run.
type rehearsal struct {
	Options
	report  *Report
	journal *Journal

	zone    *time.Location
	sms     bool
	company string
	master  string
	title   string
	first   start
	second  start
	code    secret.String
	sent    bool // the booking may have arrived
	booked  bool
}

// start is a free time: the text to be passed back, and the moment in the branch.
type start struct {
	text string
	at   time.Time
}

// Run rehearses. What an earlier rehearsal has left behind is cleaned up first. The report tells every step; the
// error is for what stands outside of them: ErrNoConsent, ErrRunning, a folder that cannot be written. The record is
// deleted even when ctx ends in the middle, which takes up to three minutes.
func Run(ctx context.Context, o Options) (*Report, error) {
	o = o.withDefaults()
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return nil, problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	unlock, err := lock(o.DataDir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := clean(ctx, o); err != nil {
		return nil, err
	}
	r := &rehearsal{Options: o, report: &Report{Began: o.Now(), Base: o.Partner.BaseURL(), Branch: o.Branch, Staff: o.Staff, Service: o.Service, hidden: []string{o.Phone.Digits()}}}
	err = r.play(ctx)
	return r.report, err
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Quiet == 0 {
		o.Quiet = lost
	}
	if o.Progress == nil {
		o.Progress = func(Step) {}
	}
	return o
}

// play takes the steps in their order. The first four only read. From the booking on nothing but the cleaning ends
// the run: whatever is red, the record goes.
func (r *rehearsal) play(ctx context.Context) error {
	for _, s := range reading {
		if !r.take(ctx, s) {
			r.skip(reading, s.code)
			r.skip(writing, "")
			return nil
		}
	}
	plan := Plan{Company: r.company, Staff: r.master, Service: r.title, Start: r.first.at, Moved: r.second.at, Phone: r.Phone, SMS: r.sms}
	yes, err := r.Consent(ctx, plan)
	if err != nil || !yes {
		return errors.Join(ErrNoConsent, err)
	}
	for _, s := range writing {
		switch {
		case s.code == "code" && !r.sms:
			continue
		case s.needsRecord && !r.booked:
			r.report.add(Step{Code: s.code, Title: s.title, Status: Skipped}, r.Progress)
			continue
		}
		if !r.take(ctx, s) && !r.sent && !s.needsRecord {
			r.skip(writing, s.code)
			return nil
		}
	}
	if r.journal != nil {
		proof := context.WithoutCancel(ctx)
		r.take(proof, step{"clean", config.T("тестовой записи больше нет", "the test record is gone"), false, (*rehearsal).proveGone})
	}
	return nil
}

// take runs one step and writes down how it ended.
func (r *rehearsal) take(ctx context.Context, s step) bool {
	began := r.Now()
	found, err := s.run(r, ctx)
	done := Step{Code: s.code, Title: s.title, Status: OK, Found: found, Took: r.Now().Sub(began)}
	if err != nil {
		done.fail(err)
	}
	r.report.add(done, r.Progress)
	return err == nil
}

// skip writes down the steps after one that failed; all of them for an empty code.
func (r *rehearsal) skip(steps []step, after string) {
	past := after == ""
	for _, s := range steps {
		if past && (s.code != "code" || r.sms) {
			r.report.add(Step{Code: s.code, Title: s.title, Status: Skipped}, r.Progress)
		}
		past = past || s.code == after
	}
}

// newMark is an api_id that no other record carries: a decimal number under 2^53, because clients of YCLIENTS read it
// as a number of JavaScript.
func newMark() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return strconv.FormatUint(binary.BigEndian.Uint64(b[:])>>12|1<<51, 10)
}

// openJournal writes down how the record will be found, before anything leaves.
func (r *rehearsal) openJournal() error {
	r.journal = &Journal{Mark: newMark(), BaseURL: r.Partner.BaseURL(), Branch: r.Branch, Sent: r.Now().UTC(), path: filepath.Join(r.DataDir, journalFile)}
	if err := r.journal.save(); err != nil {
		r.journal = nil
		return problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	return nil
}

// stepError is a failure with words of its own.
type stepError struct {
	found, next Text
	code        problem.Code
	cause       error
}

func (e *stepError) Error() string { return e.found.EN }
func (e *stepError) Unwrap() error { return e.cause }

func refuse(code problem.Code, found, next Text) error {
	return &stepError{found: found, next: next, code: code}
}

// fail turns an error into the words of a red step.
func (s *Step) fail(err error) {
	s.Status = Failed
	if own, ok := errors.AsType[*stepError](err); ok {
		s.Problem, s.Found, s.Next = own.code, own.found, own.next
		return
	}
	known := verdict.Of(err)
	meaning := known.Meaning()
	s.Problem, s.Found, s.Next = known.Code, meaning.Title, meaning.Fix
	if known.Detail != "" {
		s.Found = config.Tf("%s: %s", "%s: %s", meaning.Title, known.Detail)
	}
	if said, ok := errors.AsType[*yclients.Error](err); ok {
		s.Said = fmt.Sprintf("%s: HTTP %d", said.Operation, said.HTTPStatus)
		if said.Message != "" {
			s.Said += ": " + said.Message
		}
	}
}

// wait ends early, with an error, when ctx does.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Quiet is Options.Quiet for a sandbox whose limits are scaled; 1 is the real service.
func Quiet(scale int) time.Duration { return lost / time.Duration(max(scale, 1)) }
