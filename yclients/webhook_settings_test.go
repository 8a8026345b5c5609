package yclients

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// hookCompany keeps webhook settings as the API does: each POST replaces all of them.
type hookCompany struct {
	settings map[string]any
	writes   int
	meddle   func(settings map[string]any) // what somebody else does after a write
}

func (c *hookCompany) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		c.writes++
		body, _ := io.ReadAll(r.Body)
		c.settings = map[string]any{}
		if err := json.Unmarshal(body, &c.settings); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if c.meddle != nil {
			c.meddle(c.settings)
		}
		w.WriteHeader(http.StatusCreated)
	}
	data, _ := json.Marshal(c.settings)
	_, _ = fmt.Fprintf(w, `{"success":true,"data":%s,"meta":[]}`, data)
}

const theirs, ours = "https://other.example.com/hook", "https://example.com/hooks/hook-secret-example-0001"

func TestHooksAdd(t *testing.T) {
	c := &hookCompany{settings: map[string]any{
		"urls": []any{theirs}, "active": 0, "record": 0, "client": 1, "good": "1", "brand_new": map[string]any{"x": []any{1.0}},
	}}
	client := setup(t, c.ServeHTTP)
	after, err := client.Hooks.Add(t.Context(), 4564, ours, "record", "master")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(after.URLs, []string{theirs, ours}) || !after.Active {
		t.Errorf("got %v, active %t", after.URLs, after.Active)
	}
	want := map[string]any{
		"urls": []any{theirs, ours}, "active": 1.0, "record": 1.0, "client": 1.0, "good": "1", "master": 1.0,
		"brand_new": map[string]any{"x": []any{1.0}},
	}
	got, _ := json.Marshal(c.settings)
	wanted, _ := json.Marshal(want)
	if c.settings["active"] == true { // one of the two spellings of a flag
		want["active"] = true
		wanted, _ = json.Marshal(want)
	}
	if string(got) != string(wanted) {
		t.Errorf("written\n got %s\nwant %s", got, wanted)
	}
	if _, err := client.Hooks.Add(t.Context(), 4564, ours, "record"); err != nil || c.writes != 1 {
		t.Errorf("nothing was missing: %d writes, %v", c.writes, err)
	}
}

func TestHooksAddNoticesMeddling(t *testing.T) {
	for name, meddle := range map[string]func(map[string]any){
		"a change of its time": func(s map[string]any) { s["changed_at"] = "2026-12-01 12:00:01" },
		"our address goes":     func(s map[string]any) { s["urls"] = []any{theirs} },
		"their address goes":   func(s map[string]any) { s["urls"] = []any{ours} },
		"an event goes off":    func(s map[string]any) { s["client"] = 0 },
		"ours stays off":       func(s map[string]any) { s["record"] = 0 },
		"all is switched off":  func(s map[string]any) { s["active"] = 0 },
		"a member disappears":  func(s map[string]any) { delete(s, "brand_new") },
	} {
		c := &hookCompany{settings: map[string]any{"urls": []any{theirs}, "active": 1, "record": 0, "client": 1, "brand_new": 7, "changed_at": "2026-12-01 12:00:00"}, meddle: meddle}
		if name == "a change of its time" {
			if _, err := setup(t, c.ServeHTTP).Hooks.Add(t.Context(), 4564, ours, "record"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if _, err := setup(t, c.ServeHTTP).Hooks.Add(t.Context(), 4564, ours, "record"); err == nil {
			t.Errorf("%s: not noticed in %v", name, c.settings)
		} else if strings.Contains(err.Error(), "hook-secret") {
			t.Errorf("%s: the error tells the address: %v", name, err)
		}
	}
}

func TestHooksAddRefuses(t *testing.T) {
	full := make([]any, maxHookURLs)
	for i := range full {
		full[i] = fmt.Sprintf("https://%d.example.com/", i)
	}
	c := &hookCompany{settings: map[string]any{"urls": full, "active": 1}}
	before := maps.Clone(c.settings)
	client := setup(t, c.ServeHTTP)
	for name, err := range map[string]error{
		"an eleventh address": second(client.Hooks.Add(t.Context(), 1, ours, "record")),
		"no address":          second(client.Hooks.Add(t.Context(), 1, "example.com/hook", "record")),
		"an unknown event":    second(client.Hooks.Add(t.Context(), 1, ours, "staff")),
		"no event":            second(client.Hooks.Add(t.Context(), 1, ours)),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if c.writes != 0 || len(c.settings) != len(before) {
		t.Errorf("%d writes", c.writes)
	}
}

func second[T any](_ T, err error) error { return err }

// The names of events are the members of the settings.
func TestHookEventsAreTheSettings(t *testing.T) {
	names := slices.DeleteFunc(fieldNames(HooksSettings{}), func(n string) bool { return n == "urls" || n == "active" })
	slices.Sort(names)
	if got := slices.Sorted(slices.Values(hookEvents)); !slices.Equal(got, names) {
		t.Errorf("events %v, settings %v", got, names)
	}
}
