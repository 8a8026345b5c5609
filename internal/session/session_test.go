package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/session"
	"zapis/internal/store"
	"zapis/internal/store/storetest"
	"zapis/sandbox"
	"zapis/yclients"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	phone  = "79000000001"
	number = salon.Phone("+79000000001")
)

var guest = salon.Caller{Addr: "192.0.2.1"}

// clock is shared by the session's store and the sandbox.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a session over a fresh store and a sandbox.
type house struct {
	*session.Service
	t      *testing.T
	clock  *clock
	sb     *sandbox.Sandbox
	client *yclients.Client
	store  *store.Store
	branch salon.BranchID
	logs   *bytes.Buffer
	where  store.Config
}

func build(t *testing.T) *house {
	t.Helper()
	return buildOn(t, store.Config{Path: filepath.Join(t.TempDir(), "zapis.db")})
}

func buildOn(t *testing.T, where store.Config) *house {
	t.Helper()
	h := &house{t: t, clock: newClock(), logs: &bytes.Buffer{}, where: where}
	h.where.Now = h.clock.now
	h.sb = sandbox.Start(t, sandbox.WithLimits(sandbox.Off), sandbox.WithNow(h.clock.now))
	client, err := yclients.New(yclients.WithBaseURL(h.sb.URL()), yclients.WithPartnerToken(sandbox.PartnerToken))
	if err != nil {
		t.Fatal(err)
	}
	h.client = client
	h.branch = h.sb.Info().CompanyIDs[0]
	h.store = storetest.Open(t, h.where)
	h.serve()
	return h
}

func (h *house) serve() {
	h.Service = session.New(session.Config{
		Store: h.store, Client: h.client, Account: store.EnvAccount, Branches: []salon.BranchID{h.branch},
		Logger: slog.New(slog.NewTextHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

// restart is a new process over the same database.
func (h *house) restart() {
	h.t.Helper()
	if err := h.store.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.store = storetest.Open(h.t, h.where)
	h.serve()
}

func (h *house) send() {
	h.t.Helper()
	if err := h.SendCode(h.t.Context(), guest, h.branch, phone); err != nil {
		h.t.Fatalf("send a code: %v", err)
	}
}

func (h *house) code() string { return h.sb.SMS()[0].Code }

func (h *house) wrong() string {
	if h.code() == "00000" {
		return "00001"
	}
	return "00000"
}

// tries is how many codes were put to YCLIENTS.
func (h *house) tries() (n int) {
	for _, e := range h.sb.Ledger() {
		if e.OperationID == "authUserByPhoneCode" || e.OperationID == "createBooking" {
			n++
		}
	}
	return n
}

func (h *house) signIn() salon.Tokens {
	h.t.Helper()
	h.send()
	tokens, err := h.SignIn(h.t.Context(), guest, h.branch, phone, h.code())
	if err != nil {
		h.t.Fatalf("sign in: %v", err)
	}
	return tokens
}

func want(t *testing.T, err error, code problem.Code) {
	t.Helper()
	if !problem.Has(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func TestSignInAndOut(t *testing.T) {
	h := build(t)
	ctx := t.Context()
	tokens := h.signIn()
	if !strings.HasPrefix(tokens.Access, "za_") || !strings.HasPrefix(tokens.Refresh, "zr_") ||
		!tokens.AccessExpires.Equal(h.clock.now().Add(15*time.Minute)) || !tokens.RefreshEnds.Equal(h.clock.now().Add(90*24*time.Hour)) {
		t.Errorf("tokens live until %s and %s", tokens.AccessExpires, tokens.RefreshEnds)
	}
	who, err := h.Person(ctx, tokens.Access)
	if err != nil || !strings.HasPrefix(who, "p-") {
		t.Fatalf("Person = %q, %v", who, err)
	}
	client, got, err := h.ClientToken(ctx, who)
	if err != nil || client.IsZero() || got != number {
		t.Errorf("ClientToken: empty %v, phone %v, %v", client.IsZero(), got, err)
	}
	if _, _, err := h.client.As(yclients.Token(client.Reveal())).UserRecords.List(ctx); err != nil {
		t.Errorf("C does not open the person's records: %v", err)
	}
	second := h.signIn() // another phone of the same person
	if again, err := h.Person(ctx, second.Access); err != nil || again != who {
		t.Errorf("the same phone is person %q, want %q (%v)", again, who, err)
	}

	if err := h.SignOut(ctx, tokens.Access); err != nil {
		t.Fatal(err)
	}
	_, err = h.Person(ctx, tokens.Access)
	want(t, err, problem.SessionInvalid)
	_, err = h.Refresh(ctx, tokens.Refresh)
	want(t, err, problem.RefreshInvalid)
	want(t, h.SignOut(ctx, tokens.Access), problem.SessionInvalid)
	if _, err := h.Person(ctx, second.Access); err != nil {
		t.Errorf("signing out ended another phone's session: %v", err)
	}

	h.clock.add(15 * time.Minute)
	_, err = h.Person(ctx, second.Access)
	want(t, err, problem.SessionInvalid)
}

func TestRefreshRotatesAndReuseEnds(t *testing.T) {
	h := build(t)
	ctx := t.Context()
	first := h.signIn()
	h.clock.add(80 * 24 * time.Hour)
	next, err := h.Refresh(ctx, first.Refresh)
	if err != nil || !next.RefreshEnds.Equal(h.clock.now().Add(90*24*time.Hour)) {
		t.Fatalf("the refresh did not slide: %v, %v", next.RefreshEnds, err)
	}
	h.clock.add(29 * time.Second)
	again, err := h.Refresh(ctx, first.Refresh)
	if err != nil || again != next {
		t.Fatalf("a lost answer is not given again: %v", err)
	}
	h.clock.add(2 * time.Second)
	_, err = h.Refresh(ctx, first.Refresh)
	want(t, err, problem.RefreshInvalid)
	_, err = h.Refresh(ctx, next.Refresh)
	want(t, err, problem.RefreshInvalid)
	_, err = h.Person(ctx, next.Access)
	want(t, err, problem.SessionInvalid)
}

func TestTokensThatAreNone(t *testing.T) {
	h := build(t)
	tokens := h.signIn()
	for _, text := range []string{"", "za_", "x", tokens.Refresh, tokens.Access + "A", tokens.Access[:len(tokens.Access)-1] + "!", strings.ToUpper(tokens.Access), "\x00", strings.Repeat("za_", 1000)} {
		_, err := h.Person(t.Context(), text)
		want(t, err, problem.SessionInvalid)
		_, err = h.Refresh(t.Context(), "zr_"+text)
		want(t, err, problem.RefreshInvalid)
	}
	_, err := h.Refresh(t.Context(), tokens.Access)
	want(t, err, problem.RefreshInvalid)
}

func TestWhatIsNotCounted(t *testing.T) {
	h := build(t)
	ctx := t.Context()
	want(t, h.SendCode(ctx, guest, 999, phone), problem.BranchUnknown)
	want(t, h.SendCode(ctx, guest, h.branch, "12"), problem.PhoneInvalid)
	_, err := h.SignIn(ctx, guest, h.branch, "12", "12345")
	want(t, err, problem.PhoneInvalid)
	for range 50 {
		_, err = h.SignIn(ctx, guest, h.branch, phone, "not a code")
		want(t, err, problem.CodeWrong)
	}
	if n := h.tries(); n != 0 {
		t.Errorf("%d tries reached YCLIENTS", n)
	}
	h.signIn()
}

func TestSendsAreCapped(t *testing.T) {
	h := build(t)
	sends := func() (n int) {
		for _, e := range h.sb.Ledger() {
			if e.OperationID == "sendBookCode" {
				n++
			}
		}
		return n
	}
	h.send()
	h.send()
	h.restart()
	h.send()
	err := h.SendCode(t.Context(), guest, h.branch, phone)
	want(t, err, problem.CodeSends)
	if p := problem.From(err); p.RetryAfter <= 0 || p.RetryAfter > time.Hour {
		t.Errorf("come back in %s", p.RetryAfter)
	}
	// The same number spelled in another way is the same phone.
	want(t, h.SendCode(t.Context(), salon.Caller{Addr: "192.0.2.9"}, h.branch, "8 (900) 000-00-01"), problem.CodeSends)
	h.clock.add(time.Hour)
	h.send()
	h.send()
	h.clock.add(time.Hour)
	want(t, h.SendCode(t.Context(), guest, h.branch, phone), problem.CodeSends)
	if n := sends(); n != 5 {
		t.Errorf("%d SMS in a day, want 5", n)
	}
	h.clock.add(23 * time.Hour)
	h.send()
}

func TestAnAddressIsJudgedByCodesNobodyAnswered(t *testing.T) {
	h := build(t)
	var err error
	for i := 0; i < 40 && err == nil; i++ {
		err = h.SendCode(t.Context(), guest, h.branch, fmt.Sprintf("79000001%03d", i))
	}
	want(t, err, problem.TooManyRequests)
	if n := len(h.sb.SMS()); n != 30 {
		t.Errorf("%d SMS at the wish of one address, want 30", n)
	}
}

// The promise to the salon: of any number of guesses, over new codes, restarts, waiting and the two doors a code
// opens, ten reach YCLIENTS a phone and day.
func TestOfAThousandGuessesTenReachYCLIENTS(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { guessAThousandTimes(t, build(t)) })
	t.Run("postgres", func(t *testing.T) { guessAThousandTimes(t, buildOn(t, store.Config{URL: storetest.PostgresURL(t)})) })
}

func guessAThousandTimes(t *testing.T, h *house) {
	h.send()
	for i := range 1000 {
		who := salon.Caller{Addr: fmt.Sprintf("198.51.%d.%d", i/250, i%250)}
		switch i % 3 {
		case 2:
			// A guest's booking uses the code: the booking room counts through the same cap.
			if _, err := h.ReserveTry(t.Context(), number, who.Addr); err == nil {
				h.bookWith(fmt.Sprintf("%05d", i)) // wrong, and so never forgiven
			}
		default:
			code := fmt.Sprintf("%05d", i)
			if _, err := h.SignIn(t.Context(), who, h.branch, phone, code); err == nil {
				t.Fatalf("a guess was right: choose another seed")
			} else if !problem.Has(err, problem.CodeWrong) && !problem.Has(err, problem.CodeTries) {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		if i == 3 || i == 400 {
			h.restart()
		}
		if i%50 == 49 {
			h.clock.add(20 * time.Minute)
			_ = h.SendCode(t.Context(), who, h.branch, phone) // a new code does not reset the count
		}
	}
	if n := h.tries(); n != 10 {
		t.Errorf("%d guesses reached YCLIENTS, want 10: no more, and no fewer for the person who mistypes", n)
	}
	_, err := h.SignIn(t.Context(), guest, h.branch, phone, h.code())
	want(t, err, problem.CodeTries)
	if p := problem.From(err); p.RetryAfter <= 0 {
		t.Error("the lockout does not say when to come back")
	}
	h.clock.add(24 * time.Hour)
	h.signIn()
}

// bookWith puts a code to YCLIENTS through a guest's booking.
func (h *house) bookWith(code string) {
	h.t.Helper()
	_, _, err := h.client.Booking.Create(h.t.Context(), h.branch, &yclients.BookingRequest{
		Phone: phone, Fullname: "Анна", Code: yclients.Secret(code),
		Appointments: []*yclients.BookingAppointmentRequest{{ID: 1, Services: []int64{1}, StaffID: 1, Datetime: "2026-11-25T12:00:00+03:00"}},
	})
	if err == nil {
		h.t.Fatal("a booking with a guessed code was taken")
	}
}

func TestGuessesAtOnce(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { guessAtOnce(t, build(t)) })
	t.Run("postgres", func(t *testing.T) { guessAtOnce(t, buildOn(t, store.Config{URL: storetest.PostgresURL(t)})) })
}

func guessAtOnce(t *testing.T, h *house) {
	h.send()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, err := h.SignIn(t.Context(), guest, h.branch, phone, h.wrong())
			if !problem.Has(err, problem.CodeWrong) && !problem.Has(err, problem.CodeTries) {
				t.Errorf("guess %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := h.tries(); n > 5 {
		t.Errorf("%d guesses of one code reached YCLIENTS, want 5 at most", n)
	}
}

// Guessing spread over phones and addresses trips a circuit over everybody, which closes again by itself.
func TestSpreadGuessing(t *testing.T) {
	h := build(t)
	var err error
	for i := range 150 {
		who := salon.Caller{Addr: fmt.Sprintf("198.51.100.%d", i)}
		_, err = h.SignIn(t.Context(), who, h.branch, fmt.Sprintf("79000002%03d", i), "12345")
	}
	want(t, err, problem.CodeTries)
	if n := h.tries(); n != 100 {
		t.Errorf("%d guesses reached YCLIENTS, want 100", n)
	}
	h.send()
	_, err = h.SignIn(t.Context(), guest, h.branch, phone, h.code())
	want(t, err, problem.CodeTries)
	h.clock.add(problem.From(err).RetryAfter)
	if _, err = h.SignIn(t.Context(), guest, h.branch, phone, h.code()); err != nil && !problem.Has(err, problem.CodeWrong) {
		t.Errorf("after the time it told: %v", err)
	}
	h.signIn()
}

func TestARightCodeIsForgiven(t *testing.T) {
	h := build(t)
	for day := range 5 {
		for range 2 {
			h.send()
			for range 2 {
				if _, err := h.SignIn(t.Context(), guest, h.branch, phone, h.wrong()); !problem.Has(err, problem.CodeWrong) {
					t.Fatalf("day %d: %v", day, err)
				}
			}
			if _, err := h.SignIn(t.Context(), guest, h.branch, phone, h.code()); err != nil {
				t.Fatalf("day %d: %v", day, err)
			}
		}
		h.clock.add(24 * time.Hour)
	}
}

func TestACodeServesOnceAndNotForEver(t *testing.T) {
	h := build(t)
	h.signIn()
	_, err := h.SignIn(t.Context(), guest, h.branch, phone, h.code())
	want(t, err, problem.CodeWrong)
	h.send()
	h.clock.add(11 * time.Minute)
	_, err = h.SignIn(t.Context(), guest, h.branch, phone, h.code())
	want(t, err, problem.CodeWrong)
}

func TestWhenYCLIENTSCannotBeAsked(t *testing.T) {
	h := build(t)
	h.send()
	if err := h.sb.SetFaults(sandbox.Faults{Off: true}); err != nil {
		t.Fatal(err)
	}
	_, err := h.SignIn(t.Context(), guest, h.branch, phone, h.code())
	want(t, err, problem.UpstreamUnavailable)
	if err := h.SendCode(t.Context(), guest, h.branch, phone); problem.From(err).Meaning().Status != 503 {
		t.Errorf("SendCode: %v", err)
	}
	if err := h.sb.SetFaults(sandbox.Faults{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SignIn(t.Context(), guest, h.branch, phone, h.code()); err != nil {
		t.Errorf("an outage used up the code: %v", err)
	}
}

// A call that never left is no guess, and is not counted as one.
func TestNotSentIsNotCounted(t *testing.T) {
	h := build(t)
	h.send()
	dead, err := yclients.New(yclients.WithBaseURL("http://127.0.0.1:1"), yclients.WithPartnerToken(sandbox.PartnerToken))
	if err != nil {
		t.Fatal(err)
	}
	live := h.client
	h.client = dead
	h.serve()
	for range 20 {
		_, err := h.SignIn(t.Context(), guest, h.branch, phone, "12345")
		want(t, err, problem.UpstreamUnavailable)
		want(t, h.SendCode(t.Context(), guest, h.branch, phone), problem.UpstreamUnavailable)
	}
	h.client = live
	h.serve()
	if _, err := h.SignIn(t.Context(), guest, h.branch, phone, h.code()); err != nil {
		t.Error(err)
	}
}

func TestProfileAndErasure(t *testing.T) {
	h := build(t)
	ctx := t.Context()
	tokens := h.signIn()
	who, err := h.Person(ctx, tokens.Access)
	if err != nil {
		t.Fatal(err)
	}
	name, email := " Анна  ", "anna@example.com"
	p, err := h.ChangeProfile(ctx, who, salon.ProfileChange{Name: &name, Email: &email})
	if err != nil || p.Name != "Анна" || p.Email != email || p.Phone != "+7 *** ***-**-01" || p.ID != who {
		t.Fatalf("got %+v, %v", p, err)
	}
	for _, bad := range []salon.ProfileChange{{Name: ptr("  ")}, {Name: ptr("a\u202eb")}, {Name: ptr("a\nb")}, {Email: ptr("x")}, {Email: ptr("A <a@b.example>")}} {
		_, err := h.ChangeProfile(ctx, who, bad)
		want(t, err, problem.InvalidRequest)
	}
	if p, err = h.ChangeProfile(ctx, who, salon.ProfileChange{Email: ptr("")}); err != nil || p.Email != "" || p.Name != "Анна" {
		t.Errorf("got %+v, %v", p, err)
	}
	if err := h.Erase(ctx, who); err != nil {
		t.Fatal(err)
	}
	_, err = h.Person(ctx, tokens.Access)
	want(t, err, problem.SessionInvalid)
	_, err = h.Refresh(ctx, tokens.Refresh)
	want(t, err, problem.RefreshInvalid)
	_, err = h.Profile(ctx, who)
	want(t, err, problem.SessionInvalid)
	_, _, err = h.ClientToken(ctx, who)
	want(t, err, problem.SessionInvalid)
	want(t, h.Erase(ctx, who), problem.SessionInvalid)
}

func ptr(s string) *string { return &s }

// What is secret is in neither the log, the errors nor the file of the database.
func TestCanary(t *testing.T) {
	h := build(t)
	var texts []string
	note := func(err error) {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	tokens := h.signIn()
	who, err := h.Person(t.Context(), tokens.Access)
	note(err)
	client, _, err := h.ClientToken(t.Context(), who)
	note(err)
	code := h.code()
	_, err = h.SignIn(t.Context(), guest, h.branch, phone, code)
	note(err)
	_, err = h.Refresh(t.Context(), tokens.Refresh)
	note(err)
	h.clock.add(time.Minute)
	_, err = h.Refresh(t.Context(), tokens.Refresh) // reuse
	note(err)
	note(h.SendCode(t.Context(), guest, h.branch, phone))
	note(h.sb.SetFaults(sandbox.Faults{HTMLNext: 2}))
	note(h.SendCode(t.Context(), guest, h.branch, phone))
	_, err = h.SignIn(t.Context(), guest, h.branch, phone, code)
	note(err)
	note(h.store.Close())
	h.store = storetest.Open(t, h.where)
	texts = append(texts, h.logs.String(), readAll(t, h.where.Path))
	for _, canary := range []string{tokens.Access, tokens.Refresh, client.Reveal(), phone[1:], "192.0.2.1"} {
		for _, text := range texts {
			if strings.Contains(text, canary) {
				t.Errorf("%.4s… shows in %.200q", canary, text)
			}
		}
	}
}

func readAll(t *testing.T, path string) string {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no database at %s: %v", path, errors.Join(err, io.EOF))
	}
	var all strings.Builder
	for _, f := range files {
		all.WriteString(read(t, f))
	}
	return all.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
