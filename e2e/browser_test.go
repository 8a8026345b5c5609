//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// glance is how long something may take to appear on a page. Nothing waits longer than it has to.
const glance = 20 * time.Second

// screen is a browser tab that looks at a page of ours. Whatever the page writes to its console fails the test
// at the end: a page that works by luck does not pass.
type screen struct {
	t     *testing.T
	ctx   context.Context
	base  string
	touch bool
	frame bool // looks into the phone of the split screen
	shots *int
	log   *consoleLog
}

// consoleLog is what the page wrote, and which failed answers the test provokes on purpose.
type consoleLog struct {
	mu       sync.Mutex
	messages []chromedp.ConsoleMessage
	expected []string
}

// openPhone opens a page as a telephone with a dense display does.
func openPhone(t *testing.T, base, path string) *screen {
	t.Helper()
	return open(t, base, path, true, chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch))
}

func openDesk(t *testing.T, base, path string) *screen {
	t.Helper()
	return open(t, base, path, false, chromedp.EmulateViewport(1440, 900, chromedp.EmulateScale(1)))
}

func open(t *testing.T, base, path string, touch bool, viewport chromedp.Action[chromedp.Void]) *screen {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "ru"),
		chromedp.UserDataDir(t.TempDir()))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, quit := chromedp.NewContext(alloc)
	if err := chromedp.Do(ctx); err != nil { // the first call starts the browser and must have no time limit
		quit()
		t.Fatalf("the browser: %v", err)
	}
	s := &screen{t: t, ctx: ctx, base: base, touch: touch, shots: new(int), log: &consoleLog{}}
	messages, ended := chromedp.Console(ctx), make(chan struct{})
	go func() {
		defer close(ended)
		for m, err := range messages {
			if err != nil {
				return
			}
			s.log.mu.Lock()
			s.log.messages = append(s.log.messages, m)
			s.log.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		// A round trip first: what the page wrote before it has arrived.
		_, _ = chromedp.Run(ctx, chromedp.Evaluate[bool]("true"))
		quit()
		<-ended
		s.log.judge(t)
	})
	s.do(viewport, chromedp.Navigate(base+path))
	return s
}

// judge fails the test for everything on the console that the test did not provoke.
func (l *consoleLog) judge(t *testing.T) {
	t.Helper()
	for _, m := range l.messages {
		if m.Source == "network" && l.provoked(m.Text) {
			continue
		}
		t.Errorf("the console says %s (%s, %s)", m, m.Source, m.URL)
	}
}

func (l *consoleLog) provoked(text string) bool {
	for _, part := range l.expected {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// expects names failed answers that the test provokes: the browser itself writes a line for each.
func (s *screen) expects(statuses ...int) {
	for _, status := range statuses {
		s.log.expected = append(s.log.expected, fmt.Sprintf("status of %d ", status))
	}
}

// phone is the page in the frame of the split screen.
func (s *screen) phone() *screen {
	inside := *s
	inside.frame = true
	return &inside
}

func (s *screen) do(actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, glance)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		s.fail("the page: %v", err)
	}
}

// evaluate runs a script in which doc is the document that is looked at.
func evaluate[T any](s *screen, script string, args ...any) T {
	s.t.Helper()
	v, err := tryEvaluate[T](s, script, args...)
	if err != nil {
		s.fail("%s: %v", script, err)
	}
	return v
}

func tryEvaluate[T any](s *screen, script string, args ...any) (T, error) {
	doc := "document"
	if s.frame {
		doc = `document.querySelector('[data-testid="phone-frame"]')?.contentDocument`
	}
	given, err := json.Marshal(args)
	if err != nil {
		var none T
		return none, err
	}
	ctx, cancel := context.WithTimeout(s.ctx, glance)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](fmt.Sprintf("((doc, args) => { %s })(%s, %s)", script, doc, given)))
}

// until asks a script again and again for a reason to wait; an empty one ends the waiting.
func (s *screen) until(what, script string, args ...any) {
	s.t.Helper()
	s.untilWithin(glance, what, script, args...)
}

func (s *screen) untilWithin(most time.Duration, what, script string, args ...any) {
	s.t.Helper()
	limit := time.NewTimer(most)
	defer limit.Stop()
	again := time.NewTicker(40 * time.Millisecond)
	defer again.Stop()
	for {
		why, err := tryEvaluate[string](s, script, args...)
		if err == nil && why == "" {
			return
		}
		select {
		case <-again.C:
		case <-limit.C:
			s.fail("%s: %s %v", what, why, err)
		}
	}
}

// fail ends the test with a picture and the words of the page.
func (s *screen) fail(format string, args ...any) {
	s.t.Helper()
	s.look("failed")
	text, _ := tryEvaluate[string](s, "return doc.body.innerText.replace(/\\s+/g, ' ')")
	s.t.Fatalf("%s\nthe page says:\n%s", fmt.Sprintf(format, args...), text)
}

func id(name string) string { return fmt.Sprintf(`[data-testid=%q]`, name) }

// at says where the middle of an element is once a finger could reach it: there, visible, enabled and not under
// anything else. Otherwise it says why not.
const at = `
	const el = doc?.querySelector(args[0]);
	if (!el) return {why: 'is not there'};
	if (!el.checkVisibility({opacityProperty: true, visibilityProperty: true})) return {why: 'is not visible'};
	if (el.disabled) return {why: 'is disabled'};
	const r = el.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;
	const hit = doc.elementFromPoint(x, y);
	if (!hit || !(el.contains(hit) || hit.contains(el) && hit.matches('label'))) {
		el.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
		return {why: 'is out of reach, ' + (hit ? 'under ' + hit.outerHTML.slice(0, 200) : 'outside')};
	}
	const frame = doc.defaultView.frameElement;
	if (!frame) return {x, y};
	const f = frame.getBoundingClientRect(), outer = {x: f.left + x, y: f.top + y};
	const over = document.elementFromPoint(outer.x, outer.y);
	return over === frame ? outer : {why: 'is in the phone under ' + over?.outerHTML.slice(0, 200)};`

type place struct {
	X, Y float64
	Why  string
}

// reach waits until an element stands still where a finger could touch it.
func (s *screen) reach(selector string) place {
	s.t.Helper()
	limit := time.NewTimer(glance)
	defer limit.Stop()
	again := time.NewTicker(40 * time.Millisecond)
	defer again.Stop()
	last := place{Why: "never asked"}
	for {
		now, err := tryEvaluate[place](s, at, selector)
		if err == nil && now.Why == "" && now == last {
			return now
		}
		last = now
		select {
		case <-again.C:
		case <-limit.C:
			s.fail("%s %s %v", selector, now.Why, err)
		}
	}
}

func (s *screen) tap(selector string) {
	s.t.Helper()
	p := s.reach(selector)
	if s.touch {
		s.do(chromedp.TapXY(p.X, p.Y))
	} else {
		s.do(chromedp.MouseClickXY(p.X, p.Y))
	}
}

// see waits until an element is visible, wherever on the page.
func (s *screen) see(selector string) {
	s.t.Helper()
	s.until(selector, `return doc?.querySelector(args[0])?.checkVisibility({visibilityProperty: true}) ? '' : 'is not visible'`, selector)
}

// inView waits until an element can be read without scrolling: the whole of it, and nothing over it.
func (s *screen) inView(selector string) {
	s.t.Helper()
	s.until(selector, `
		const el = doc.querySelector(args[0]);
		if (!el) return 'is not there';
		const r = el.getBoundingClientRect(), over = y => !el.contains(doc.elementFromPoint(r.left + r.width / 2, y));
		return over(r.top + 2) || over(r.bottom - 2) ? 'is not in view at ' + JSON.stringify(r) : ''`, selector)
}

func (s *screen) gone(selector string) {
	s.t.Helper()
	s.until(selector, `return doc.querySelector(args[0]) ? 'is still there' : ''`, selector)
}

// fill replaces what a field holds, as a keyboard would.
func (s *screen) fill(name, text string) {
	s.t.Helper()
	s.tap(id(name))
	s.until("the focus", `return doc.activeElement === doc.querySelector(args[0]) ? '' : 'is elsewhere'`, id(name))
	evaluate[bool](s, `doc.querySelector(args[0]).select(); return true`, id(name))
	s.typeText(text)
	s.until("the field "+name, `const v = doc.querySelector(args[0]).value; return v === args[1] ? '' : 'holds ' + v`, id(name), text)
}

func (s *screen) typeText(text string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, glance)
	defer cancel()
	if _, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		s.fail("typing: %v", err)
	}
}

// attribute waits for an element and reads an attribute of it.
func (s *screen) attribute(selector, name string) string {
	s.t.Helper()
	s.see(selector)
	return evaluate[string](s, `return doc.querySelector(args[0]).getAttribute(args[1]) ?? ''`, selector, name)
}

func (s *screen) text(selector string) string {
	s.t.Helper()
	s.see(selector)
	return evaluate[string](s, `return doc.querySelector(args[0]).innerText`, selector)
}

func (s *screen) has(selector string) bool {
	s.t.Helper()
	return evaluate[bool](s, `return doc.querySelector(args[0]) !== null`, selector)
}

// on waits until the booking page shows a screen of that name.
func (s *screen) on(name string) {
	s.t.Helper()
	s.see(fmt.Sprintf(`[data-testid="screen"][data-screen=%q]`, name))
}

// status waits until a booking's headline says so, and nothing about it is undecided any more.
func (s *screen) status(want string) {
	s.t.Helper()
	s.until("the booking", `
		const d = doc.querySelector('[data-testid="status"]')?.dataset;
		if (!d) return 'has no status';
		return d.status === args[0] && d.changeStatus !== 'pending' ? '' : 'is ' + JSON.stringify(d)`, want)
}

// focus walks with Tab until the element has the focus, and holds that the focus can be seen.
func (s *screen) focus(selector string) {
	s.t.Helper()
	for range 120 {
		if evaluate[bool](s, `return doc.activeElement?.matches(args[0]) === true`, selector) {
			if !evaluate[bool](s, `const c = getComputedStyle(doc.activeElement); return c.outlineStyle !== 'none' || c.boxShadow !== 'none'`) {
				s.t.Errorf("the focus on %s cannot be seen", selector)
			}
			return
		}
		s.do(chromedp.KeyEvent(kb.Tab))
	}
	s.fail("Tab does not lead to %s", selector)
}

func (s *screen) press(key string) {
	s.t.Helper()
	s.do(chromedp.KeyEvent(key))
}

// dark is the evening setting of the phone.
func (s *screen) dark(on bool) {
	s.t.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	ctx, cancel := context.WithTimeout(s.ctx, glance)
	defer cancel()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, params); err != nil {
		s.fail("emulated media: %v", err)
	}
}

// look keeps a picture of the screen in artifacts/screens.
func (s *screen) look(name string) {
	s.t.Helper()
	dir := filepath.Join("..", "artifacts", "screens")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	if wide := evaluate[float64](s, `return doc.documentElement.scrollWidth - doc.documentElement.clientWidth`); s.touch && wide > 0 {
		s.t.Errorf("%s: the page is %g pixels wider than the phone", name, wide)
	}
	ctx, cancel := context.WithTimeout(s.ctx, glance)
	defer cancel()
	picture, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err != nil {
		s.t.Logf("no picture of %s: %v", name, err)
		return
	}
	*s.shots++
	file := fmt.Sprintf("%s-%02d-%s.png", strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(s.t.Name(), "Test"), "/", "-")), *s.shots, name)
	if err := os.WriteFile(filepath.Join(dir, file), picture.Data, 0o644); err != nil {
		s.t.Fatal(err)
	}
}
