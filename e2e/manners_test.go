//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestPageEnglishAndDark books in English, by the switch, with the phone in its evening colours.
func TestPageEnglishAndDark(t *testing.T) {
	t.Parallel()
	base := startDemo(t)
	s := openPhone(t, base, "/")
	v := haircut(t, base, guestBranch(t, base))
	s.see(id(fmt.Sprintf("branch-%d", v.branch.ID)))
	s.tap(id("lang"))
	s.until("the language", `return doc.documentElement.lang === 'en' ? '' : 'is ' + doc.documentElement.lang`)
	s.inEnglish("Choose a salon")
	s.look("english-branches")
	s.dark(true)
	s.until("the background", `
		const [r, g, b] = getComputedStyle(doc.body).backgroundColor.match(/\d+/g).map(Number);
		return r + g + b < 200 ? '' : 'is light'`)
	s.look("dark-branches")
	s.toTimes(v)
	s.look("dark-times")
	v.time = s.times()[0]
	s.tap(slotAt(v.time))
	s.on("confirm")
	s.fillIn(v, "Alice", "79000000031")
	s.look("dark-confirm")
	s.tap(id("book"))
	s.on("booking")
	s.status("confirmed")
	s.inEnglish("You are booked")
	s.look("dark-confirmed")
	s.dark(false)
	s.look("english-confirmed")
	s.do(chromedp.Reload())
	s.see(id("status"))
	if lang := evaluate[string](s, `return doc.documentElement.lang`); lang != "en" {
		t.Errorf("after a reload the language is %s", lang)
	}
	madeOnce(t, base, 1)
}

// inEnglish holds that a sentence of the page is there, and that none of its own words stayed Russian: names of
// salons, services and people are the salon's, everything in a heading or a header button is ours.
func (s *screen) inEnglish(sentence string) {
	s.t.Helper()
	s.until("the page", `return doc.querySelector('h1')?.textContent.includes(args[0]) ? '' : 'is headed ' + doc.querySelector('h1')?.textContent`, sentence)
	russian := evaluate[[]string](s, `
		return [...doc.querySelectorAll('h1, h2, label, dt, .bar button, .actions button')]
			.map(e => e.innerText).filter(text => /[а-яё]/i.test(text))`)
	if len(russian) > 0 {
		s.t.Errorf("in English the page still says %q", russian)
	}
}

// TestPageByKeyboard books with Tab, Enter and the space bar only.
func TestPageByKeyboard(t *testing.T) {
	t.Parallel()
	base := startDemo(t)
	s := openDesk(t, base, "/")
	v := haircut(t, base, guestBranch(t, base))
	s.see(id(fmt.Sprintf("branch-%d", v.branch.ID)))
	s.look("branches")
	s.focus(id(fmt.Sprintf("branch-%d", v.branch.ID)))
	s.look("focus")
	s.press(kb.Enter)
	s.on("services")
	s.see(id(fmt.Sprintf("service-%d", v.service.ID)))
	s.focus(id(fmt.Sprintf("service-%d", v.service.ID)))
	s.press(kb.Enter)
	s.see(id("next") + ":not(:disabled)")
	s.focus(id("next"))
	s.press(kb.Enter)
	s.on("staff")
	s.see(id("staff-0"))
	s.focus(id("staff-0"))
	s.press(kb.Enter)
	s.on("time")
	s.see(id("slot"))
	s.focus(id("slot"))
	v.time = s.attribute(id("slot"), "data-time")
	s.look("times")
	s.press(kb.Enter)
	s.on("confirm")
	s.see(id("consent"))
	s.focus(id("name"))
	s.typeText("Нина")
	s.focus(id("phone"))
	s.typeText("79000000032")
	s.focus(id("consent"))
	s.press(" ")
	s.look("confirm")
	s.focus(id("book"))
	s.press(kb.Enter)
	s.on("booking")
	s.status("confirmed")
	s.look("confirmed")
	madeOnce(t, base, 1)

	// A dialog keeps the focus, Escape leaves it, and nothing happened.
	s.see(id("cancel"))
	s.focus(id("cancel"))
	s.press(kb.Enter)
	s.see(id("cancel-dialog") + "[open]")
	s.focus(id("keep-booking"))
	s.press(kb.Escape)
	s.until("the dialog", `return doc.querySelector('[data-testid="cancel-dialog"]').open ? 'is open' : ''`)
	s.status("confirmed")
}

// TestPageHostileWords books under names that try to be something else than words. The console of both pages must
// stay empty: a policy violation or an exception fails every test here.
func TestPageHostileWords(t *testing.T) {
	t.Parallel()
	base := startDemo(t)
	s := openDesk(t, base, "/demo")
	phone := s.phone()
	v := haircut(t, base, guestBranch(t, base))
	names := []string{
		`<img src=x onerror="top.hacked=1">`,
		`"><svg onload=top.hacked=1>{{7*7}}`,
		"محمد \u202egnp.elif 🙂👩🏽‍🎤",
	}
	comment := `</textarea><script>top.hacked=1</script> ${1}`
	for i, name := range names {
		phone.toConfirm(v, name, fmt.Sprintf("7900000004%d", i))
		phone.tap(id("add-comment"))
		phone.fill("comment", comment)
		phone.tap(id("book"))
		phone.on("booking")
		phone.status("confirmed")
		s.drops(v.time)
		record := holdsClient(t, base, v)
		shown := s.text(id(fmt.Sprintf("record-%d", record.ID)) + " b")
		if shown != record.Client {
			t.Errorf("the salon's day shows %q for the client %q", shown, record.Client)
		}
		if !strings.Contains(phone.text(id("screen")), comment) {
			t.Errorf("the booking does not show the comment as it was written: %s", phone.text(id("screen")))
		}
		s.look(fmt.Sprintf("name-%d", i+1))
		phone.tap(id("book-more"))
		phone.on("branches")
	}
	if evaluate[bool](s, `return window.hacked !== undefined`) {
		t.Error("a name was run as a script")
	}
	for _, side := range []*screen{s, phone} {
		if n := evaluate[int](side, `return doc.querySelectorAll('img[src="x"], [onerror], [onload], main script').length`); n != 0 {
			t.Errorf("%d elements were made of words", n)
		}
	}
	madeOnce(t, base, len(names))

	// The page's own address is hostile too.
	p := openPhone(t, base, `/?lang=%3Cscript%3E#/booking/%3Cimg%20src=x%20onerror=hacked=1%3E`)
	p.expects(http.StatusNotFound)
	p.on("booking")
	p.see("h1")
	p.look("hostile-address")
}

// holdsClient is the record of ours at the time of the visit.
func holdsClient(t *testing.T, base string, v *visit) dayRecord {
	t.Helper()
	for _, r := range ourRecords(t, base, v.branch.ID, v.time[:10]) {
		if r.From == v.time[11:16] {
			return r
		}
	}
	t.Fatalf("the salon's day holds nothing of ours at %s", v.time)
	return dayRecord{}
}
