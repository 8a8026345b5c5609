package setup_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zapis/internal/problem"
	"zapis/internal/secret"
)

// otherYclients keeps webhook settings as they come, members that nobody documented included: the sandbox knows only the
// documented ones.
type otherYclients struct {
	mu     sync.Mutex
	raw    string // the settings
	reads  int
	writes int
	// onRead may change the settings after the read of that number; onWrite may keep something else than was written.
	onRead  func(n int, o *otherYclients)
	onWrite func(raw string) (kept string, status int)
}

func (o *otherYclients) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	status, kept := http.StatusOK, o.raw
	switch r.Method {
	case http.MethodPost:
		body, _ := io.ReadAll(r.Body)
		o.writes++
		o.raw, status = string(body), http.StatusCreated
		if o.onWrite != nil {
			o.raw, status = o.onWrite(string(body))
		}
		kept = o.raw
	default:
		o.reads++
		defer func() {
			if o.onRead != nil {
				o.onRead(o.reads, o)
			}
		}()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status >= 400 {
		fmt.Fprint(w, `{"success":false,"data":null,"meta":{"message":"сбой"}}`)
		return
	}
	fmt.Fprintf(w, `{"success":true,"data":%s,"meta":[]}`, kept)
}

func newHooksWorld(t *testing.T, raw string) (*world, *otherYclients) {
	t.Helper()
	o := &otherYclients{raw: raw}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	w := newWorld(t)
	w.BaseURL = server.URL
	return w, o
}

var ours = secret.Text("https://book.example.com/hooks/yclients/canary-secret")

const strange = `{"urls":["https://crm.example/in?token=canary-theirs"],"active":"1","record":true,"client":1,"beauty_mode":{"x":[1,2.50,null]},"schedule":0,"master":"0"}`

// Whatever was read is sent back: unknown members, other spellings, addresses of others.
func TestHooksAreMerged(t *testing.T) {
	t.Parallel()
	w, o := newHooksWorld(t, strange)
	plan, err := w.HooksPlan(t.Context(), key, token, 4564, ours, false)
	if err != nil || plan.Others != 1 || plan.Wakes {
		t.Fatalf("got %+v, %v", plan, err)
	}
	if shown := fmt.Sprint(plan.Changes); strings.Contains(shown, "canary") || !strings.Contains(shown, "https://book.example.com/hooks/yclients/••••") {
		t.Errorf("shown: %s", shown)
	}
	if o.writes != 0 {
		t.Fatal("a plan wrote")
	}
	if err := w.HooksApply(t.Context(), key, token, plan); err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal([]byte(o.raw), &got); err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal([]byte(`{"urls":["https://crm.example/in?token=canary-theirs","https://book.example.com/hooks/yclients/canary-secret"],
		"active":1,"record":true,"client":1,"beauty_mode":{"x":[1,2.50,null]},"schedule":1,"master":"1","service":1,"service_category":1,"salon":1}`), &want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	// Once more changes nothing, and what was added can be taken out.
	plan, err = w.HooksPlan(t.Context(), key, token, 4564, ours, false)
	if err != nil || len(plan.Changes) != 0 {
		t.Fatalf("a second time: %+v, %v", plan, err)
	}
	if s, err := w.Hooks(t.Context(), key, token, 4564, ours); err != nil || !s.Ours || !s.Active || len(s.Missing) != 0 || strings.Contains(fmt.Sprint(s), "canary") {
		t.Errorf("state %+v, %v", s, err)
	}
	plan, err = w.HooksPlan(t.Context(), key, token, 4564, ours, true)
	if err != nil || w.HooksApply(t.Context(), key, token, plan) != nil || strings.Contains(o.raw, "canary-secret") || !strings.Contains(o.raw, "canary-theirs") || !strings.Contains(o.raw, "beauty_mode") {
		t.Errorf("removed: %s, %v", o.raw, err)
	}
}

// An address that stands twice is taken out once: doctor sends people here for that.
func TestHooksDoubledAddressIsTakenOutOnce(t *testing.T) {
	t.Parallel()
	ours := secret.Text("https://book.example.com/hooks/yclients/canary-secret")
	w, o := newHooksWorld(t, `{"urls":["`+ours.Reveal()+`","https://crm.example/in","`+ours.Reveal()+`"],"active":1,"record":1,"schedule":1,"service":1,"service_category":1,"master":1,"salon":1}`)
	plan, err := w.HooksPlan(t.Context(), key, token, 4564, ours, false)
	if err != nil || len(plan.Changes) != 1 || plan.Changes[0].New != "" {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	if err := w.HooksApply(t.Context(), key, token, plan); err != nil || strings.Count(o.raw, "canary-secret") != 1 || !strings.Contains(o.raw, "crm.example") {
		t.Errorf("written: %s, %v", o.raw, err)
	}
}

// A former address of this server is replaced and does not stand beside the new one.
func TestHooksReplaceAFormerSecret(t *testing.T) {
	t.Parallel()
	w, o := newHooksWorld(t, `{"urls":["https://book.example.com/hooks/yclients/old"],"active":0}`)
	plan, err := w.HooksPlan(t.Context(), key, token, 1, ours, false)
	if err != nil || plan.Others != 0 || w.HooksApply(t.Context(), key, token, plan) != nil {
		t.Fatal(err)
	}
	if strings.Contains(o.raw, "/old") {
		t.Errorf("got %s", o.raw)
	}
	// The only address goes by switching delivery off: YCLIENTS takes no empty list.
	plan, err = w.HooksPlan(t.Context(), key, token, 1, ours, true)
	if err != nil || w.HooksApply(t.Context(), key, token, plan) != nil || !strings.Contains(o.raw, `"active":0`) {
		t.Errorf("got %s, %v", o.raw, err)
	}
}

func TestHooksWakeOthersIsSaid(t *testing.T) {
	t.Parallel()
	w, _ := newHooksWorld(t, `{"urls":["https://crm.example/"],"active":0}`)
	if plan, err := w.HooksPlan(t.Context(), key, token, 1, ours, false); err != nil || !plan.Wakes {
		t.Errorf("got %+v, %v", plan, err)
	}
}

func TestHooksRefusals(t *testing.T) {
	t.Parallel()
	full := make([]string, 10)
	for i := range full {
		full[i] = fmt.Sprintf(`"https://app%d.example/"`, i)
	}
	t.Run("ten taken", func(t *testing.T) {
		w, o := newHooksWorld(t, `{"urls":[`+strings.Join(full, ",")+`],"active":1}`)
		_, err := w.HooksPlan(t.Context(), key, token, 1, ours, false)
		if r := wants(t, err, problem.HooksFull); !strings.Contains(r.Found.EN, "app3.example") || o.writes != 0 {
			t.Errorf("got %s, %d writes", r.Found.EN, o.writes)
		}
	})
	t.Run("a list that is none", func(t *testing.T) {
		w, _ := newHooksWorld(t, `{"urls":{"0":"https://crm.example/"},"active":1}`)
		_, err := w.HooksPlan(t.Context(), key, token, 1, ours, false)
		wants(t, err, problem.UpstreamMalformed)
	})
	t.Run("changed meanwhile", func(t *testing.T) {
		w, o := newHooksWorld(t, strange)
		o.onRead = func(n int, o *otherYclients) {
			if n == 1 {
				o.raw = strings.Replace(o.raw, "crm.example", "other.example", 1)
			}
		}
		plan, err := w.HooksPlan(t.Context(), key, token, 1, ours, false)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, w.HooksApply(t.Context(), key, token, plan), problem.HooksChanged)
		if o.writes != 0 {
			t.Error("written over another's change")
		}
	})
	t.Run("not kept", func(t *testing.T) {
		w, o := newHooksWorld(t, strange)
		o.onWrite = func(raw string) (string, int) { return strings.Replace(raw, `"beauty_mode"`, `"lost"`, 1), 201 }
		plan, _ := w.HooksPlan(t.Context(), key, token, 1, ours, false)
		if r := wants(t, w.HooksApply(t.Context(), key, token, plan), problem.HooksChanged); !strings.Contains(r.Found.EN, "beauty_mode") {
			t.Errorf("got %s", r.Found.EN)
		}
	})
	t.Run("the answer was lost, the write was not", func(t *testing.T) {
		w, o := newHooksWorld(t, strange)
		o.onWrite = func(raw string) (string, int) { return raw, 502 }
		plan, _ := w.HooksPlan(t.Context(), key, token, 1, ours, false)
		if err := w.HooksApply(t.Context(), key, token, plan); err != nil {
			t.Errorf("got %v, want the reading to tell", err)
		}
	})
	t.Run("addresses nobody can reach", func(t *testing.T) {
		w := newWorld(t)
		for _, address := range []string{"", "book.example.com", "http://book.example.com", "https://localhost", "https://192.168.1.5", "https://book.example.com/path", "https://127.0.0.1"} {
			_, err := w.HookAddress(address)
			wants(t, err, problem.HooksAddress)
		}
		a, err := w.HookAddress("https://book.example.com/")
		b, _ := w.HookAddress("https://book.example.com")
		if err != nil || a.Reveal() != b.Reveal() || !strings.HasPrefix(a.Reveal(), "https://book.example.com/hooks/yclients/") || len(a.Reveal()) < 70 {
			t.Errorf("got %d characters, %v", len(a.Reveal()), err)
		}
	})
}

// The sandbox keeps them too.
func TestHooksInTheSandbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plan, err := w.HooksPlan(t.Context(), key, token, 4564, ours, false)
	if err != nil || w.HooksApply(t.Context(), key, token, plan) != nil {
		t.Fatal(err)
	}
	if s, err := w.Hooks(t.Context(), key, token, 4564, ours); err != nil || !s.Ours || !s.Active {
		t.Errorf("got %+v, %v", s, err)
	}
	_, err = w.HooksPlan(t.Context(), key, secret.Text("user-token-nobody"), 4564, ours, false)
	wants(t, err, problem.UpstreamToken)
}

func TestHooksTest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { rw.WriteHeader(status) }))
	defer server.Close()
	here, err := w.HookAddress(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.HooksTest(t.Context(), here, server.Client()); err != nil {
		t.Error(err)
	}
	status = http.StatusNotFound
	err = w.HooksTest(t.Context(), here, server.Client())
	if r := wants(t, err, problem.HooksAddress); strings.Contains(r.Error(), here.Reveal()) || !strings.Contains(r.Found.EN, "404") {
		t.Errorf("got %v", r)
	}
}
