//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a command to its end.
func run(t *testing.T, dir string, env []string, stdin string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8"}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return b.String(), cmd.ProcessState.ExitCode()
}

// TestSetupDoctorServe is the way of a developer with an account: setup writes the file, doctor agrees, serve
// runs with it.
func TestSetupDoctorServe(t *testing.T) {
	info := startSandbox(t)
	dir := t.TempDir()
	file := filepath.Join(dir, ".env")
	before := "# ours\r\nOTHER='keep me'\r\n"
	if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	host := []string{"YCLIENTS_BASE_URL=" + info.BaseURL}
	args := []string{"setup", "--api-key", info.PartnerToken, "--login", info.Login, "--company", "https://yclients.com/timetable/4564#main_date=2026-11-24", "--password-stdin", "--lang", "en"}

	if out, code := run(t, dir, host, "wrong password\n", args...); code != 4 {
		t.Errorf("a wrong password ends with %d, want 4:\n%s", code, out)
	}
	if now, _ := os.ReadFile(file); string(now) != before {
		t.Errorf("a failed setup changed the file: %q", now)
	}
	out, code := run(t, dir, host, info.Password+"\n", args...)
	if code != 0 {
		t.Fatalf("setup ends with %d:\n%s", code, out)
	}
	for _, secret := range []string{info.PartnerToken, info.UserToken, info.Password} {
		if strings.Contains(out, secret) {
			t.Errorf("setup prints a secret:\n%s", out)
		}
	}
	now, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(now), before) {
		t.Errorf("the rest of the file did not survive: %q", now)
	}
	if stat, _ := os.Stat(file); stat.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, want 0600", stat.Mode())
	}

	out, code = run(t, dir, host, "", "doctor", "--json")
	if code != 0 || !json.Valid([]byte(out)) {
		t.Errorf("doctor ends with %d:\n%s", code, out)
	}
	s := &server{t: t, dir: dir, env: host, addr: freePort(t), admin: freePort(t)}
	s.again()
	var list struct{ Branches []branch }
	get(t, s.url("/v1/branches"), &list)
	if len(list.Branches) != 1 || list.Branches[0].ID != 4564 {
		t.Errorf("got %+v, want the one branch 4564", list.Branches)
	}
}

func TestDoctorNamesTheCause(t *testing.T) {
	info := startSandbox(t)
	for _, tt := range []struct {
		name string
		env  []string
		code int
		want string
	}{
		{"no settings", nil, 3, "zapis setup"},
		{"unknown key", []string{"YCLIENTS_API_TOKEN=other-token-example"}, 4, "YCLIENTS_API_TOKEN"},
		{"dead user token", []string{"YCLIENTS_USER_TOKEN=old-user-token-example"}, 4, "YCLIENTS_USER_TOKEN"},
		{"foreign branch", []string{"YCLIENTS_COMPANY_ID=999999"}, 4, "999999"},
		{"unreachable", []string{"YCLIENTS_BASE_URL=http://127.0.0.1:1"}, 5, "127.0.0.1:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var env []string
			if tt.env != nil {
				env = append(gatewayEnv(info, 1), tt.env...)
			}
			out, code := run(t, t.TempDir(), env, "", "doctor", "--lang", "en")
			if code != tt.code || !strings.Contains(out, tt.want) {
				t.Errorf("doctor ends with %d, want %d and %q:\n%s", code, tt.code, tt.want, out)
			}
		})
	}
}
