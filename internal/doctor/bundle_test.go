package doctor_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zapis/internal/doctor"
	"zapis/internal/secret"
)

// Whatever the account, the file and YCLIENTS say, the bundle holds no token, no phone and no name, in no spelling.
func TestBundleHoldsNothingPersonal(t *testing.T) {
	t.Parallel()
	canaries := []string{
		"canary-key-5c1e8a", "canary-token-9b2d71", "79000000123", "Канарейкина Анна", "Салон Канарейка", "canary@example.com",
		"canary-bot-7d", "canary-hook-4e", "canary password", "канареечный лист ожидания", "Канареевск", "localhost:1",
	}
	s := newScene(t)
	s.file = true
	s.set("YCLIENTS_API_TOKEN", canaries[0], "YCLIENTS_USER_TOKEN", canaries[1], "ZAPIS_PILOT_PHONES", "+"+canaries[2], "ZAPIS_ALERT_EMAIL", canaries[5],
		"ZAPIS_ALERT_SMTP", "smtp://zapis:"+url.QueryEscape(canaries[8])+"@mail.example", "ZAPIS_ALERT_TELEGRAM", "1:"+canaries[6],
		"ZAPIS_ALERT_TELEGRAM_CHAT", "1", "ZAPIS_ALERT_WEBHOOK", "https://hooks.example.com/"+canaries[7], "ZAPIS_MODE", "pilot",
		"ZAPIS_HIDDEN_STAFF", canaries[3], "ZAPIS_TYPO", canaries[1])
	s.door = func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/companies"):
			fmt.Fprintf(w, `{"success":true,"data":[{"id":"4564","title":%q,"city":%q,"active":"0","timezone_name":%q}],"meta":[]}`, canaries[4], canaries[10], canaries[3])
		case strings.Contains(r.URL.Path, "/user/permissions/"):
			fmt.Fprint(w, `{"success":true,"data":{},"meta":[]}`)
		case strings.Contains(r.URL.Path, "/book_services/"):
			fmt.Fprint(w, `{"success":true,"data":{"services":[{"id":1,"title":"Стрижка"}],"category":[]},"meta":[]}`)
		case strings.Contains(r.URL.Path, "/book_staff/"):
			fmt.Fprintf(w, `{"success":true,"data":[{"id":1,"name":%q,"bookable":true}],"meta":[],%q:1}`, canaries[9], canaries[2])
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"success":false,"meta":{"message":"%s, %s, %s"}}`, canaries[3], canaries[2], canaries[1])
		}
	}
	s.set("ZAPIS_PUBLIC_URL", "https://"+canaries[11])
	s.o.HookURL = secret.Text("https://" + canaries[11] + "/hooks/yclients/x")
	s.o.Deep = true
	s.o.Thorough = true
	r := s.run()
	if len(r.Drift) == 0 {
		t.Error("the answers are far from the contract, and no drift was found")
	}
	var out bytes.Buffer
	for _, lang := range []string{"ru", "en"} {
		o := s.o
		o.Config = s.config()
		if err := r.WriteBundle(&out, o, lang); err != nil {
			t.Fatal(err)
		}
	}
	text := out.String()
	for _, c := range canaries {
		for _, spelling := range []string{
			c, url.QueryEscape(c), url.PathEscape(c), base64.StdEncoding.EncodeToString([]byte(c)), base64.RawURLEncoding.EncodeToString([]byte(c)),
			strings.Trim(fmt.Sprintf("%+q", c), `"`),
		} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(spelling)) {
				t.Errorf("the bundle holds %q:\n%s", spelling, text)
			}
		}
	}
	if strings.Contains(text, s.dir) || strings.Contains(text, "+7900") {
		t.Errorf("the bundle holds a folder or a phone:\n%s", text)
	}
	var bundle struct {
		Report struct {
			Findings []struct{ Check, Status string }
		}
		Variables map[string]string
	}
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&bundle); err != nil {
		t.Fatal(err)
	}
	if len(bundle.Report.Findings) != len(r.Findings) || bundle.Variables["YCLIENTS_API_TOKEN"] != "file" {
		t.Errorf("%d findings of %d; variables %v", len(bundle.Report.Findings), len(r.Findings), bundle.Variables)
	}
}

// Mend repairs what is safe, says what it did, and has nothing left to do the second time.
func TestMend(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.file = true
	s.git("init", "-q")
	s.run() // writes the .env
	s.write(".env.bak", "X=1\n", 0o644)
	s.write("data/key", "x", 0o644)
	if err := os.Chmod(filepath.Join(s.dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	o := s.o
	o.Config = s.config()
	done := map[string]bool{}
	for _, m := range doctor.Mend(t.Context(), o) {
		if m.Err != nil || m.Done.RU == "" || m.Done.EN == "" {
			t.Errorf("%+v", m)
		}
		done[m.Check] = true
	}
	for _, check := range []string{doctor.CheckEnvIgnored, doctor.CheckEnvCopies, doctor.CheckKeyPrivate, doctor.CheckDataPrivate, doctor.CheckDataIgnored} {
		if !done[check] {
			t.Errorf("%s was not mended", check)
		}
	}
	for path, want := range map[string]os.FileMode{".env.bak": 0o600, "data/key": 0o600, "data": 0o700} {
		if info, err := os.Stat(filepath.Join(s.dir, path)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if out, err := exec.Command("git", "-C", s.dir, "status", "--porcelain", "--ignored=no").CombinedOutput(); err != nil || strings.Contains(string(out), ".env\n") || strings.Contains(string(out), "data") {
		t.Errorf("git would take: %s, %v", out, err)
	}
	if again := doctor.Mend(t.Context(), o); len(again) != 0 {
		t.Errorf("the second time: %+v", again)
	}
}

// Against the sandbox, which is made from the contract, a deep look finds no wrong type and spends what is stated; a field
// of another type or with a new key is found and told without its value.
func TestDeepFindsDrift(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.o.Deep = true
	r := s.run()
	for _, d := range r.Drift {
		if d.Kind == "type" || d.Kind == "not_compared" {
			t.Errorf("%s", d.Text().EN)
		}
	}
	s = newScene(t)
	s.own()
	plain := s.run()
	calls := len(s.sb.Ledger())
	s.o.Deep = true
	s.edits("/book_staff/", `"specialization":`, `"secret_canary":"Анна","specialization":`)
	r = s.run()
	if got := len(s.sb.Ledger()) - calls; got != calls+doctor.DeepCalls {
		t.Errorf("a deep look made %d calls, want %d more than the %d of a plain one", got, doctor.DeepCalls, calls)
	}
	found := false
	for _, d := range r.Drift {
		found = found || d == doctor.Drift{Operation: "listBookStaff", Path: "data[].secret_canary", Kind: "unknown_key", Got: "string"}
		if strings.Contains(fmt.Sprint(d), "Анна") {
			t.Errorf("a value: %v", d)
		}
	}
	if !found || len(plain.Drift) != 0 {
		t.Errorf("drift: %+v", r.Drift)
	}
}
