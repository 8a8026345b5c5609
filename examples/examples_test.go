// Package examples_test builds the programs of this folder once and runs each against the sandbox, as a reader would.
package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zapis/sandbox"
	"zapis/yclients"
)

const company = 4564

// programs is the folder of the built programs.
var programs string

func TestMain(m *testing.M) {
	code := 1
	defer func() { os.Exit(code) }()
	dir, err := os.MkdirTemp("", "zapis-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(dir)
	programs = dir
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags", "-s -w", "-o", dir+string(filepath.Separator), "./...").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the examples: %v\n%s", err, out)
		return
	}
	code = m.Run()
}

// salon is a fresh sandbox, and a client of its own to arrange and to check things with.
func salon(t *testing.T) (*sandbox.Sandbox, *yclients.Client) {
	t.Helper()
	s := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	client, err := yclients.New(yclients.WithPartnerToken(sandbox.PartnerToken), yclients.WithUserToken(sandbox.UserToken), yclients.WithBaseURL(s.URL()))
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

// program prepares a run against a sandbox.
func program(ctx context.Context, s *sandbox.Sandbox, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(programs, name), args...)
	cmd.Env = append(os.Environ(),
		"YCLIENTS_API_TOKEN="+sandbox.PartnerToken, "YCLIENTS_USER_TOKEN="+sandbox.UserToken, "YCLIENTS_PASSWORD="+sandbox.Password,
		fmt.Sprint("YCLIENTS_COMPANY_ID=", company), "YCLIENTS_BASE_URL="+s.URL())
	return cmd
}

// output runs a program and returns what it printed.
func output(t *testing.T, s *sandbox.Sandbox, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := program(ctx, s, name, args...).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%s: %v\n%s", name, err, failed.Stderr)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out)
}

func want(t *testing.T, out, pattern string) []string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("nothing like %s in\n%s", pattern, out)
	}
	return found
}

// live are the records of a day that were not deleted.
func live(t *testing.T, client *yclients.Client, opts *yclients.RecordListOptions) (records []*yclients.Record) {
	t.Helper()
	for r, err := range client.Records.All(t.Context(), company, opts) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// busyDay is a day of the seed with records, counted from today in the branch.
func busyDay(t *testing.T, client *yclients.Client) (in int, day yclients.Date, records []*yclients.Record) {
	t.Helper()
	branch, _, err := client.Companies.Get(t.Context(), company, nil)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(branch.TimezoneName)
	if err != nil {
		t.Fatal(err)
	}
	for in := 1; in < 14; in++ {
		day := yclients.DateOf(time.Now().In(zone).AddDate(0, 0, in))
		if records := live(t, client, &yclients.RecordListOptions{StartDate: day, EndDate: day}); len(records) > 3 {
			return in, day, records
		}
	}
	t.Fatal("the seed has no busy day")
	return 0, "", nil
}

func TestToday(t *testing.T) {
	s, client := salon(t)
	in, day, records := busyDay(t, client)
	out := output(t, s, "today", "-in", fmt.Sprint(in))
	want(t, out, fmt.Sprintf(`, %s: %d records\n`, day, len(records)))
	if lines := strings.Count(out, "\n"); lines != len(records)+1 {
		t.Errorf("%d lines for %d records:\n%s", lines, len(records), out)
	}
	want(t, out, `(?m)^\d\d:\d\d  \S+.* \d+ min`)
}

func TestFreeTimes(t *testing.T) {
	s, _ := salon(t)
	service := want(t, output(t, s, "free-times"), `(?m)^(\d+)  Женская стрижка$`)[1]
	want(t, output(t, s, "free-times", "-service", service, "-days", "1"), `(?m)^\d{4}-\d\d-\d\d\n  \S.* \d\d?:\d\d`)
}

func TestBook(t *testing.T) {
	s, _ := salon(t)
	service := want(t, output(t, s, "free-times"), `(?m)^(\d+)  Женская стрижка$`)[1]
	args := []string{"-service", service, "-name", "Имя Тест", "-phone", "79000000123"}
	id := want(t, output(t, s, "book", append(args, "-cancel")...), `(?s)booked \d.*record (\d+)\ncancelled`)[1]
	kept := want(t, output(t, s, "book", args...), `record (\d+)\n$`)[1]
	state := map[string]bool{}
	for _, r := range s.Records(company) {
		state[fmt.Sprint(r.ID)] = r.Deleted
	}
	if deleted, made := state[id]; !made || !deleted {
		t.Errorf("record %s: made %t, deleted %t", id, made, deleted)
	}
	if deleted, made := state[kept]; !made || deleted {
		t.Errorf("record %s: made %t, deleted %t", kept, made, deleted)
	}
}

func TestChanges(t *testing.T) {
	s, client := salon(t)
	_, _, records := busyDay(t, client)
	if _, err := client.Records.Delete(t.Context(), company, records[0].ID); err != nil {
		t.Fatal(err)
	}
	out := output(t, s, "changes", "-since", "1h")
	want(t, out, fmt.Sprintf(`record %d  deleted`, records[0].ID))
	want(t, out, `[1-9]\d* changes, [1-9]\d* of them deletions\n$`)
}

func TestHooks(t *testing.T) {
	s, client := salon(t)
	one := int64(1)
	if _, _, err := client.Hooks.Set(t.Context(), company, &yclients.HooksSettingsRequest{
		URLs: []string{"https://other.example.com/hook"}, Active: true, Extra: map[string]any{"good": one},
	}); err != nil {
		t.Fatal(err)
	}
	out := output(t, s, "hooks", "-url", "https://example.com/hooks/hook-secret-example-0001", "-events", "record,client")
	if out != "active: true\nother.example.com\nexample.com\n" {
		t.Errorf("printed %s", out)
	}
	settings, _, err := client.Hooks.Get(t.Context(), company)
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"good":1`, `"record":1`, `"client":1`, `"master":0`} {
		if !strings.Contains(string(settings.Raw()), kept) {
			t.Errorf("the settings lack %s: %s", kept, settings.Raw())
		}
	}
}

func TestRevenue(t *testing.T) {
	s, _ := salon(t)
	want(t, output(t, s, "revenue", "-days", "10"), `(?m)^\S+.* +[1-9]\d* visits +[1-9]\d*\.\d\d$`)
}

func TestMoveDay(t *testing.T) {
	s, client := salon(t)
	_, day, records := busyDay(t, client)
	from := records[0].StaffID
	var to int64
	masters, _, err := client.Booking.Staff(t.Context(), company, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range masters {
		if m.ID != from && m.ID != sandbox.WaitingListStaff {
			to = m.ID
			break
		}
	}
	args := []string{"-date", string(day), "-from", fmt.Sprint(from), "-to", fmt.Sprint(to)}
	want(t, output(t, s, "move-day", args...), `would move record \d+`)
	before := len(live(t, client, &yclients.RecordListOptions{StartDate: day, EndDate: day, StaffID: from}))
	counts := want(t, output(t, s, "move-day", append(args, "-yes")...), `(\d+) records, (\d+) moved, (\d+) stay\n$`)
	after := len(live(t, client, &yclients.RecordListOptions{StartDate: day, EndDate: day, StaffID: from}))
	if counts[1] != fmt.Sprint(before) || counts[3] != fmt.Sprint(after) || counts[2] != fmt.Sprint(before-after) {
		t.Errorf("it says %q; the master had %d records and has %d", counts[0], before, after)
	}
}

func TestRights(t *testing.T) {
	s, _ := salon(t)
	file := filepath.Join(t.TempDir(), "token")
	out := output(t, s, "rights", "-login", sandbox.Login, "-save", file)
	want(t, out, `signed in as \S+`)
	want(t, out, `(?m)^timetable .* timetable_access`)
	token, err := os.ReadFile(file)
	if err != nil || string(token) != sandbox.UserToken || strings.Contains(out, sandbox.UserToken) {
		t.Errorf("saved %d bytes, %v; printed %s", len(token), err, out)
	}
}

func TestMyBookings(t *testing.T) {
	s, _ := salon(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := program(ctx, s, "my-bookings", "-phone", sandbox.RegularPhone, "-name", "Имя Тест")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	printed := bufio.NewReader(out)
	if line, err := printed.ReadString('\n'); err != nil || line != "code from the SMS:\n" {
		t.Errorf("printed %q, %v", line, err)
	}
	inbox := s.SMS()
	if len(inbox) == 0 {
		t.Fatalf("no SMS was sent: %s", stderr.String())
	}
	code := regexp.MustCompile(`\d{4,6}`).FindString(fmt.Sprint(inbox[len(inbox)-1].Code))
	if _, err := io.WriteString(in, code+"\n"); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(printed)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	want(t, string(rest), `[1-9]\d* bookings here\n$`)
}

func TestClientsCSV(t *testing.T) {
	s, client := salon(t)
	out := output(t, s, "clients-csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	_, resp, err := client.Clients.Search(t.Context(), company, &yclients.ClientSearchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	// More than one page of 200, and nobody twice.
	if total := resp.Meta.TotalCount; total <= 200 || len(rows) != total+1 {
		t.Errorf("%d rows for %d clients", len(rows), total)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		if len(row) != 4 || seen[row[0]] || !strings.HasPrefix(row[2], "+7") {
			t.Fatalf("row %q, seen before: %t", row, seen[row[0]])
		}
		seen[row[0]] = true
	}
}

// Each program is in the list that people read, and says what it does.
func TestEveryExampleIsListed(t *testing.T) {
	list, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob("*/main.go")
	if err != nil || len(folders) < 10 {
		t.Fatalf("%d examples, %v", len(folders), err)
	}
	for _, path := range folders {
		name := filepath.Dir(path)
		if !strings.Contains(string(list), "| [`"+name+"`]("+name+"/main.go) |") {
			t.Errorf("README.md does not list %s", name)
		}
	}
}

// The commands printed in the programs and in the list name programs and flags that exist.
func TestPrintedCommands(t *testing.T) {
	texts, err := filepath.Glob("*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, path := range append(texts, "README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regexp.MustCompile(`go run \./examples/(\S+)([^\n#>]*)`).FindAllStringSubmatch(string(text), -1) {
			commands++
			if !strings.Contains(line[2], " -") {
				if _, err := os.Stat(filepath.Join(programs, line[1])); err != nil {
					t.Errorf("%s: %s: %v", path, line[0], err)
				}
				continue
			}
			// The help goes to standard error, and asking for it is no failure.
			help, err := exec.CommandContext(t.Context(), filepath.Join(programs, line[1]), "-h").CombinedOutput()
			if err != nil {
				t.Errorf("%s: %s: %v\n%s", path, line[0], err, help)
			}
			for _, flag := range regexp.MustCompile(` (-[a-z]+)`).FindAllStringSubmatch(line[2], -1) {
				if !strings.Contains(string(help), "  "+flag[1]) {
					t.Errorf("%s: %s: there is no %s in\n%s", path, line[0], flag[1], help)
				}
			}
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands are printed", commands)
	}
}
