package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/huandu/go-clone"

	"zapis/contract"
)

// Snapshot names a state that was put aside.
type Snapshot struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"` // by the sandbox's clock
}

// snapshot is a whole copy: salons, people, records, codes, messages, switches and faults.
type snapshot struct {
	Snapshot
	state    *state
	switches Switches
	faults   Faults
	rules    []*Fault
}

const (
	maxSnapshots = 20 // each is as large as the salons in it
	maxName      = 60
)

// sharedPointers are to what a copy of the state must not copy: it is the same for all time, or belongs to the
// sandbox and not to the state.
var sharedPointers = sync.OnceFunc(func() {
	for _, t := range []reflect.Type{reflect.TypeFor[*time.Location](), reflect.TypeFor[*Rules](), reflect.TypeFor[*contract.Operation](), reflect.TypeFor[*Sandbox]()} {
		clone.MarkAsOpaquePointer(t)
	}
})

func copied(s *state) *state {
	sharedPointers()
	return clone.Slowly(s).(*state) // slowly: masters, records and companies point at one another
}

// Snapshot puts a copy of the present state aside, in place of an older one of that name. What is on its way (webhooks,
// windows of the limits), the ledger and the clock are not part of it.
func (s *Sandbox) Snapshot(name string) error {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName {
		return fmt.Errorf("sandbox: a snapshot needs a name of 1 to %d letters", maxName)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshots = slices.DeleteFunc(s.snapshots, func(old snapshot) bool { return old.Name == name })
	if len(s.snapshots) == maxSnapshots {
		return fmt.Errorf("sandbox: there are %d snapshots already: remove one, or use its name again", maxSnapshots)
	}
	s.snapshots = append(s.snapshots, snapshot{Snapshot{name, s.now()}, copied(s.state), s.switches, s.faults, faultsOf(s.rules.list)})
	return nil
}

func faultsOf(list []*Fault) []*Fault {
	own := make([]*Fault, len(list))
	for i, f := range list {
		c := *f
		own[i] = &c
	}
	return own
}

// ErrNoSnapshot reports a name that no snapshot has.
var ErrNoSnapshot = errors.New("sandbox: there is no such snapshot")

// Restore goes back to a snapshot, which stays for the next time. The ledger and the clock go on.
func (s *Sandbox) Restore(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.snapshotIndex(name)
	if i < 0 {
		return ErrNoSnapshot
	}
	saved := s.snapshots[i]
	s.state, s.switches, s.faults, s.pace = copied(saved.state), saved.switches, saved.faults, pace{}
	s.rules.list = faultsOf(saved.rules)
	s.forgetWebhooks()
	s.ledger.add(Entry{At: s.now(), Note: "restored " + saved.Name})
	s.emit("fault", s.faults)
	s.emit("reset", obj{"snapshot": saved.Name})
	return nil
}

// Snapshots lists what was put aside, the oldest first.
func (s *Sandbox) Snapshots() []Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Snapshot, 0, len(s.snapshots))
	for _, saved := range s.snapshots {
		list = append(list, saved.Snapshot)
	}
	return list
}

// RemoveSnapshot forgets a snapshot.
func (s *Sandbox) RemoveSnapshot(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.snapshotIndex(name)
	if i < 0 {
		return ErrNoSnapshot
	}
	s.snapshots = slices.Delete(s.snapshots, i, i+1)
	return nil
}

func (s *Sandbox) snapshotIndex(name string) int {
	return slices.IndexFunc(s.snapshots, func(saved snapshot) bool { return saved.Name == strings.TrimSpace(name) })
}

// named is a control that does something with a snapshot of the name in the body.
func (s *Sandbox) named(do func(string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			Name string `json:"name"`
		}
		err := readInto(w, r, &req)
		if err == nil {
			err = do(req.Name)
		}
		writeControl(w, http.StatusOK, s.Snapshots(), err)
	}
}
