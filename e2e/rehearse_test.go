//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// killer stands between the binary and the sandbox and kills the binary at one call: before it is passed on, or
// after it was carried out and before its answer.
type killer struct {
	to    *httputil.ReverseProxy
	at    int64 // the number of the call, from 1; 0: never
	after bool
	calls atomic.Int64
	kill  func()
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k.calls.Add(1) != k.at {
		k.to.ServeHTTP(w, r)
		return
	}
	if k.after {
		k.to.ServeHTTP(httptest.NewRecorder(), r)
	}
	k.kill()
}

// rehearsalRecords are the test records in the sandbox: all, and those that stand.
func rehearsalRecords(t *testing.T, info sandboxInfo) (made, standing int) {
	t.Helper()
	today := time.Now()
	for page := 1; ; page++ {
		url := fmt.Sprintf("%s/api/v1/records/%d?count=200&page=%d&with_deleted=1&c_start_date=%s&c_end_date=%s", info.BaseURL, info.CompanyIDs[0], page,
			today.AddDate(0, 0, -1).Format(time.DateOnly), today.AddDate(0, 0, 1).Format(time.DateOnly))
		r := mustCall(t, http.MethodGet, url, nil, "Accept", "application/vnd.yclients.v2+json", "Authorization", "Bearer "+info.PartnerToken+", User "+info.UserToken)
		var list struct {
			Success bool
			Data    []struct {
				Comment string
				Deleted bool
			}
		}
		r.into(t, &list)
		if !list.Success {
			t.Fatalf("the sandbox refused the list: %s", r.body)
		}
		if len(list.Data) == 0 {
			return made, standing
		}
		for _, one := range list.Data {
			if strings.Contains(one.Comment, "Zapis") {
				made++
				if !one.Deleted {
					standing++
				}
			}
		}
	}
}

// TestKillNineInARehearsal kills the real binary before and after each call of a rehearsal. The next start cleans up:
// the command, another rehearsal, or the server. The test record is gone every time.
func TestKillNineInARehearsal(t *testing.T) {
	info := startSandbox(t, "--limits", "x100")
	target, err := url.Parse(info.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for at := int64(1); ; at++ {
		ended := false
		for _, after := range []bool{false, true} {
			k := &killer{to: httputil.NewSingleHostReverseProxy(target), at: at, after: after}
			k.to.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
			proxy := httptest.NewServer(k)
			dir := t.TempDir()
			through := info
			through.BaseURL = proxy.URL
			env := append(gatewayEnv(through, 100), "ZAPIS_DATA="+filepath.Join(dir, "data"))
			args := []string{"rehearse", "--staff", "564501", "--service", "564001", "--phone", "79000000001", "--yes", "--lang", "en"}
			started := make(chan *process, 1)
			k.kill = func() { (<-started).kill() }
			p := start(t, dir, env, args...)
			started <- p
			<-p.done
			if ended = k.calls.Load() < at; !ended {
				killed++
				clean(t, int(at), dir, env, args)
			}
			if made, standing := rehearsalRecords(t, info); standing != 0 {
				t.Fatalf("killed at call %d (after it: %v): %d of %d test records stand\n%s", at, after, standing, made, p.output())
			}
			if _, err := os.Stat(filepath.Join(dir, "data", "rehearsal.json")); err == nil {
				t.Errorf("killed at call %d (after it: %v): the journal is left", at, after)
			}
			proxy.Close()
		}
		if ended || t.Failed() {
			break
		}
	}
	made, _ := rehearsalRecords(t, info)
	t.Logf("%d kills, %d records made, none left", killed, made)
	if killed < 20 || made < 10 {
		t.Errorf("%d kills with %d records prove little", killed, made)
	}
}

// clean ends a killed rehearsal in one of the three ways, in turns.
func clean(t *testing.T, n int, dir string, env, args []string) {
	t.Helper()
	switch n % 3 {
	case 0:
		if out, code := run(t, dir, env, "", "rehearse", "--clean"); code != 0 {
			t.Fatalf("rehearse --clean ends with %d:\n%s", code, out)
		}
	case 1:
		if out, code := run(t, dir, env, "", args...); code != 0 {
			t.Fatalf("the next rehearsal ends with %d:\n%s", code, out)
		}
	case 2:
		journal := filepath.Join(dir, "data", "rehearsal.json")
		_, err := os.Stat(journal)
		s := &server{t: t, dir: dir, env: env, addr: freePort(t), admin: freePort(t)}
		s.again()
		if err == nil {
			s.waitFor("cleaned up after an interrupted rehearsal")
		}
		if code, _ := s.interrupt(); code != 0 {
			t.Errorf("the server ends with %d", code)
		}
	}
}

// TestCommandsOfGoingLive runs what the page tells people to type.
func TestCommandsOfGoingLive(t *testing.T) {
	for _, name := range []string{"going-live.md", "going-live.ru.md"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "docs", name))
			if err != nil {
				t.Fatal(err)
			}
			info := startSandbox(t, "--limits", "x100")
			dir := t.TempDir()
			shell(t, dir, nil, "cp '"+binary(t)+"' zapis")
			found := block.FindAllStringSubmatch(string(text), -1)
			if len(found) != 2 {
				t.Fatalf("%d blocks of commands, want 2", len(found))
			}
			for _, m := range found {
				if out := shell(t, dir, gatewayEnv(info, 100), m[2]); !strings.Contains(out, "all green") {
					t.Errorf("%s:\n%s", m[1], out)
				}
			}
			if report, err := os.ReadFile(filepath.Join(dir, "rehearsal.txt")); err != nil || strings.Contains(string(report), "9000000001") {
				t.Errorf("the report: %v\n%s", err, report)
			}
			if made, standing := rehearsalRecords(t, info); made != 2 || standing != 0 {
				t.Errorf("%d records made, %d stand", made, standing)
			}
		})
	}
}
