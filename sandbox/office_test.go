package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"zapis/contract"
)

// play makes a valid request of an operation, with the document of a kind in its path.
func (k *kind) play(t *testing.T, sb *Sandbox, operation, id string) (int, any) {
	t.Helper()
	op, ok := contract.Lookup(operation)
	if !ok {
		t.Fatalf("no operation %s", operation)
	}
	c := &conformer{t: t, op: op, sb: sb, own: map[string]string{k.id: id}}
	w := c.send(PartnerToken, UserToken, true, c.path(), c.body())
	var body any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v: %s", operation, err, w.Body)
		}
	}
	return w.Code, body
}

// TestOfficeKeepsDocuments makes, reads, changes and removes one of each kind.
func TestOfficeKeepsDocuments(t *testing.T) {
	t.Parallel()
	for _, k := range officeKinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			sb := setup(t).sb
			for _, create := range k.create {
				id := k.createOne(t, sb, create)
				if create == "createClientLabel" {
					continue // the rest is that of createLabel
				}
				k.visible(t, sb, id, true)
				for _, change := range k.update {
					if status, body := k.play(t, sb, change, id); status >= 300 {
						t.Errorf("%s answered %d: %v", change, status, body)
					}
				}
				if len(k.remove) == 0 {
					continue
				}
				if status, body := k.play(t, sb, k.remove[0], id); status >= 300 {
					t.Errorf("%s answered %d: %v", k.remove[0], status, body)
				}
				k.visible(t, sb, id, false)
				if status, _ := k.play(t, sb, k.remove[0], id); status != http.StatusNotFound {
					t.Errorf("%s a second time answered %d, want 404", k.remove[0], status)
				}
			}
		})
	}
}

func (k *kind) createOne(t *testing.T, sb *Sandbox, operation string) string {
	t.Helper()
	status, body := k.play(t, sb, operation, "")
	made := elements(body)
	if status >= 300 || len(made) != 1 {
		t.Fatalf("%s answered %d: %v", operation, status, body)
	}
	id := spelled(made[0][k.nameOfID()])
	if id == "" || id == "0" {
		t.Fatalf("%s gave no id: %v", operation, body)
	}
	return id
}

// visible looks for a document in every list, and alone.
func (k *kind) visible(t *testing.T, sb *Sandbox, id string, want bool) {
	t.Helper()
	for _, list := range k.list {
		if strings.Contains(mustLookup(t, list).Paths[0], "{"+k.id+"}") && k.id != "" {
			status, _ := k.play(t, sb, list, id)
			if (status == http.StatusOK) != want {
				t.Errorf("%s of %s answered %d", list, id, status)
			}
			continue
		}
		status, body := k.play(t, sb, list, "0")
		found := false
		for _, o := range elements(body) {
			found = found || spelled(o[k.nameOfID()]) == id
		}
		if status != http.StatusOK || found != want {
			t.Errorf("%s (%d) has %s: %v, want %v", list, status, id, found, want)
		}
	}
	for _, get := range k.get {
		status, body := k.play(t, sb, get, id)
		if (status < 300) != want {
			t.Errorf("%s of %s answered %d: %v", get, id, status, body)
		}
	}
}

func mustLookup(t *testing.T, id string) *contract.Operation {
	t.Helper()
	op, ok := contract.Lookup(id)
	if !ok {
		t.Fatalf("no operation %s", id)
	}
	return op
}
