//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// partner calls the API of a sandbox as somebody's program does.
func partner(t *testing.T, base, method, path string, body any) map[string]any {
	t.Helper()
	r := mustCall(t, method, base+"/api/v1"+path, body,
		"Accept", "application/vnd.yclients.v2+json", "Authorization", "Bearer partner-token-example")
	if r.status > 299 {
		t.Fatalf("%s %s: %d %s", method, path, r.status, r.body)
	}
	var answer map[string]any
	r.into(t, &answer)
	return answer
}

// TestSandboxPage drives everything that /_sandbox offers, on a phone in Russian and at a desk in English.
func TestSandboxPage(t *testing.T) {
	for name, open := range map[string]func(*testing.T, string, string) *screen{"phone": openPhone, "desk": openDesk} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := startSandbox(t, "--limits", "off").BaseURL
			s := open(t, base, "/_sandbox")
			s.until("the page", `return doc.querySelector('#clock').innerText && doc.querySelector('.master') ? '' : 'is not built'`)
			lang, title := "ru", "Песочница YCLIENTS"
			if name == "desk" {
				lang, title = "en", "YCLIENTS sandbox"
			}
			if evaluate[string](s, `return doc.documentElement.lang`) != lang {
				s.tap("#lang")
			}
			s.until("the title", `return doc.querySelector('h1').innerText === args[0] ? '' : 'is another'`, title)
			p := sandboxPage{s, base, name == "desk"}
			p.snapshotTaken()
			p.day()
			p.calls()
			p.inbox()
			p.clock()
			p.faults()
			p.keyboard()
			p.snapshotRestored()
		})
	}
}

type sandboxPage struct {
	*screen
	base    string
	english bool
}

// tab shows one and holds that it fits the width.
func (p *sandboxPage) tab(name string) {
	p.t.Helper()
	p.tap("#tab-" + name)
	p.see(fmt.Sprintf(`#main[data-tab=%q]`, name))
}

func (p *sandboxPage) picture(name string) {
	p.t.Helper()
	if wide := evaluate[int](p.screen, `return doc.scrollingElement.scrollWidth - doc.scrollingElement.clientWidth`); wide > 0 {
		p.t.Errorf("%s is %d pixels wider than the screen", name, wide)
	}
	p.look(name)
}

// says waits for words in the tab.
func (p *sandboxPage) says(words string) {
	p.t.Helper()
	p.until("the tab", `return doc.querySelector('#main').innerText.includes(args[0]) ? '' : 'does not say ' + args[0]`, words)
}

// press pushes the button with these words.
func (p *sandboxPage) push(russian, english string) {
	p.t.Helper()
	words := russian
	if p.english {
		words = english
	}
	p.until("the button "+words, `
		const b = [...doc.querySelectorAll('#main button')].find(b => b.innerText === args[0]);
		if (!b) return 'is not there';
		doc.querySelectorAll('[data-testid=push]').forEach(e => e.removeAttribute('data-testid'));
		b.dataset.testid = 'push';
		return ''`, words)
	p.tap(id("push"))
}

const snapshotName = "before"

func (p *sandboxPage) snapshotTaken() {
	p.t.Helper()
	p.tab("state")
	p.tap("#main input")
	p.typeText(snapshotName)
	p.push("Снять", "Take")
	p.says(snapshotName)
	p.picture("snapshots")
}

// day shows a record that was made over the API.
func (p *sandboxPage) day() {
	p.t.Helper()
	const company, service = 4564, 564001
	query := fmt.Sprintf("?service_ids[]=%d", service)
	days := partner(p.t, p.base, http.MethodGet, fmt.Sprintf("/book_dates/%d%s", company, query), nil)["data"].(map[string]any)["booking_dates"].([]any)
	day := days[len(days)-1].(string)
	times := partner(p.t, p.base, http.MethodGet, fmt.Sprintf("/book_times/%d/0/%s%s", company, day, query), nil)["data"].([]any)
	at := times[0].(map[string]any)["datetime"]
	partner(p.t, p.base, http.MethodPost, fmt.Sprintf("/book_record/%d", company), map[string]any{
		"phone": "79000000051", "fullname": "Аглая", "email": "", "api_id": "page-1",
		"appointments": []any{map[string]any{"id": 1, "services": []int{service}, "staff_id": 0, "datetime": at}},
	})
	p.tab("day")
	p.see(`#main input[type="date"]`)
	evaluate[bool](p.screen, `
		const field = doc.querySelector('#main input[type="date"]');
		field.value = args[0];
		field.dispatchEvent(new Event('change'));
		return true`, day)
	p.until("the record", `
		const own = [...doc.querySelectorAll('.record.own')].find(r => r.innerText.includes('Аглая'));
		own?.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
		return own ? '' : 'is not shown'`)
	p.picture("day")
	if ours := ourRecords(p.t, p.base, company, day); len(ours) != 1 {
		p.t.Errorf("the salon's day holds %+v", ours)
	}
}

// calls shows what the contract has to say.
func (p *sandboxPage) calls() {
	p.t.Helper()
	partner(p.t, p.base, http.MethodGet, "/book_dates/4564?colour=red", nil)
	p.tab("calls")
	words := "неизвестный параметр colour"
	if p.english {
		words = "unknown query parameter colour"
	}
	p.says(words)
	p.says("createBooking")
	p.picture("calls")
	p.tap(`#main input[type="checkbox"]`)
	p.until("the list", `return doc.querySelector('#main').innerText.includes('createBooking') ? 'shows calls without remarks' : ''`)
	p.says(words)
	p.picture("remarks")
}

func (p *sandboxPage) inbox() {
	p.t.Helper()
	p.tab("inbox")
	partner(p.t, p.base, http.MethodPost, "/book_code/4564", map[string]any{"phone": "79000000052"})
	p.says(codeFor(p.t, p.base, "79000000052")) // it comes by itself
	p.picture("inbox")
}

func (p *sandboxPage) clock() {
	p.t.Helper()
	now := func() time.Time {
		var c struct{ Now time.Time }
		get(p.t, p.base+"/_sandbox/clock", &c)
		return c.Now
	}
	p.tab("clock")
	before := now()
	p.push("неделя", "week")
	p.until("the clock", `return doc.querySelector('#note').className === 'bad' ? doc.querySelector('#note').innerText : ''`)
	limit := time.After(glance)
	for now().Sub(before) < 7*24*time.Hour {
		select {
		case <-limit:
			p.fail("a week later it is %v, it was %v", now(), before)
		case <-time.After(40 * time.Millisecond):
		}
	}
	p.picture("clock")
}

func (p *sandboxPage) faults() {
	p.t.Helper()
	off := func() bool {
		var f struct{ Off bool }
		get(p.t, p.base+"/_sandbox/faults", &f)
		return f.Off
	}
	p.tab("faults")
	p.push("YCLIENTS не отвечает", "YCLIENTS does not answer")
	p.see(`#main button[aria-pressed="true"]`)
	if !off() {
		p.t.Error("the page shows that the service is off, and it is not")
	}
	p.push("YCLIENTS не отвечает", "YCLIENTS does not answer")
	p.see(`#main button[aria-pressed="false"]`)
	if off() {
		p.t.Error("the service is still off")
	}
	p.push("Добавить", "Add")
	p.says("delay")
	p.see("#main tbody tr")
	p.picture("faults")
	p.tab("switches")
	p.says("strict")
	p.picture("switches")
	p.tab("hooks")
	p.picture("webhooks")
}

// keyboard leads through the tabs, and the focus can be seen.
func (p *sandboxPage) keyboard() {
	p.t.Helper()
	p.tab("state")
	evaluate[bool](p.screen, `doc.activeElement.blur(); return true`)
	p.focus("#tab-clock")
	p.look("focus")
	p.press(kb.Enter)
	p.see(`#main[data-tab="clock"]`)
	if !evaluate[bool](p.screen, `return doc.activeElement?.id === 'tab-clock'`) {
		p.t.Error("the focus is lost with the choice of a tab")
	}
}

func (p *sandboxPage) snapshotRestored() {
	p.t.Helper()
	p.tab("state")
	p.says(snapshotName)
	evaluate[bool](p.screen, `window.asked = ''; window.confirm = words => { window.asked = words; return true }; return true`)
	p.push("Вернуть", "Restore")
	p.until("the question", `return window.asked ? '' : 'was not asked'`)
	p.tab("inbox")
	p.until("the inbox", `return doc.querySelector('#main tbody') ? 'still holds messages' : ''`)
	if all := p.text("#main"); strings.Contains(all, "79000000052") {
		p.t.Error("the restored salon remembers an SMS of later")
	}
}
