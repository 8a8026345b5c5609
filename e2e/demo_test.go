//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"testing"
)

// TestDemoSplitScreen is the story of the demo on one screen: the phone on the left, the salon on the right.
func TestDemoSplitScreen(t *testing.T) {
	t.Parallel()
	base := startDemo(t)
	s := openDesk(t, base, "/demo")
	s.expects(http.StatusServiceUnavailable, http.StatusConflict, http.StatusUnprocessableEntity) // off, taken, code asked
	s.see(id("timeline"))
	phone := s.phone()
	phone.see(`[data-testid^="branch-"]`)
	s.look("start")

	// A booking drops into the day.
	v := haircut(t, base, guestBranch(t, base))
	phone.toConfirm(v, "Вера", "79000000021")
	s.see(fmt.Sprintf(`[data-testid="timeline"][data-date=%q]`, v.day)) // the salon's side follows the phone
	s.look("chosen")
	phone.tap(id("book"))
	phone.on("booking")
	phone.status("confirmed")
	s.drops(v.time)
	s.look("dropped-in")
	madeOnce(t, base, 1)

	// A stranger takes the time that the phone has chosen.
	phone.tap(id("book-more"))
	phone.toConfirm(v, "Вера", "79000000021")
	s.tap(id("take"))
	s.see(id("said"))
	phone.tap(id("book"))
	phone.see(id("taken"))
	phone.see(id("alternatives") + " " + id("slot"))
	s.see(id("log") + ` li.good[data-op=""]`) // the stranger's booking is no lost answer
	s.look("taken")

	// YCLIENTS off and on.
	s.tap(id("off"))
	s.see(id("off") + `[aria-pressed="true"]`)
	phone.tap(id("other-time"))
	phone.on("time")
	// A day that nobody asked for before: the times of the others may be known from a moment ago.
	phone.see(`[data-testid^="day-"]`)
	last := evaluate[string](phone, `return [...doc.querySelectorAll('[data-testid^="day-"].free')].at(-1).dataset.testid`)
	phone.tap(id(last))
	phone.salonTrouble()
	s.look("off")
	s.tap(id("off"))
	s.see(id("off") + `[aria-pressed="false"]`)
	phone.recovers(id("slots") + "," + id("empty-day"))
	phone.toLaterDay(v)

	// A lost answer: one record and not two.
	v.time = phone.times()[0]
	s.tap(id("lose"))
	s.see(id("lose") + `[aria-pressed="true"]`)
	phone.tap(slotAt(v.time))
	phone.on("confirm")
	if v.branch.Consent.Required {
		phone.tap(id("consent"))
	}
	phone.tap(id("book"))
	phone.on("booking")
	phone.status("confirmed")
	s.see(id("lost") + `[data-count="1"]`)
	s.drops(v.time)
	s.look("lost")
	madeOnce(t, base, 2)

	// The SMS comes onto the phone, and a tap fills the code in.
	v = haircut(t, base, codeBranch(t, base))
	phone.tap(id("book-more"))
	phone.toConfirm(v, "Вера", "79000000022")
	phone.tap(id("book"))
	code := s.attribute(id("sms"), "data-code")
	phone.see(id("code"))
	s.look("sms")
	s.tap(id("sms") + " .sms-body")
	phone.until("the code", `const c = doc.querySelector('[data-testid="code"]').value; return c === args[0] ? '' : 'is ' + c`, code)
	phone.tap(id("book"))
	phone.on("booking")
	phone.status("confirmed")
	s.drops(v.time)
	s.look("sms-confirmed")
	madeOnce(t, base, 3)
}

// drops waits until a record of ours stands in the salon's day at that time.
func (s *screen) drops(at string) {
	s.t.Helper()
	s.see(fmt.Sprintf(`[data-testid="timeline"][data-date=%q] [data-testid^="record-"]:not([data-api-id=""])[data-deleted="false"][data-from=%q]`, at[:10], at[11:16]))
}

// TestDemoOnAPhone is the split screen where there is no room to split it: one side at a time.
func TestDemoOnAPhone(t *testing.T) {
	t.Parallel()
	base := startDemo(t)
	s := openPhone(t, base, "/demo")
	s.phone().see(`[data-testid^="branch-"]`)
	s.look("phone")
	s.tap(id("side-salon"))
	s.see(id("timeline"))
	s.look("salon")
	if wide := evaluate[float64](s, `return doc.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("the page is %v wide on a phone of 390", wide)
	}
}
