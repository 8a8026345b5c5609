package sandbox

import (
	"slices"
	"time"
)

// Entry is one line of the ledger: a call, what was answered and what was
// truly done. It holds no token, code or phone.
type Entry struct {
	Seq         int64     `json:"seq"`
	At          time.Time `json:"at"`
	Method      string    `json:"method"`
	OperationID string    `json:"operation_id"` // empty: no such operation
	Path        string    `json:"path"`         // without query, secrets replaced
	CompanyID   int64     `json:"company_id"`
	Status      int       `json:"status"`  // 0: the connection was cut
	Applied     bool      `json:"applied"` // something was changed
	RecordIDs   []int64   `json:"record_ids"`
	APIID       string    `json:"api_id"`
	Note        string    `json:"note"`
	// Verdict is what the contract has to say about the request; empty: nothing. Calls that did
	// not come to be read (limits, outages) have none.
	Verdict []Remark `json:"verdict"`
}

// ledgerReads is how many entries that changed nothing are kept; entries that
// changed something are kept for ever.
const ledgerReads = 100_000

type ledger struct {
	entries []Entry
	lastSeq int64
	reads   int
}

func (l *ledger) add(e Entry) Entry {
	l.lastSeq++
	e.Seq = l.lastSeq
	if e.RecordIDs == nil {
		e.RecordIDs = []int64{}
	}
	if e.Verdict == nil {
		e.Verdict = []Remark{}
	}
	l.entries = append(l.entries, e)
	if !e.Applied {
		l.reads++
	}
	if l.reads > 2*ledgerReads {
		l.forget()
	}
	return e
}

// forget drops the older half of the entries that changed nothing.
func (l *ledger) forget() {
	drop := l.reads - ledgerReads
	l.reads = ledgerReads
	l.entries = slices.DeleteFunc(l.entries, func(e Entry) bool {
		if e.Applied || drop == 0 {
			return false
		}
		drop--
		return true
	})
}

// since copies the entries after a number.
func (l *ledger) since(seq int64) []Entry {
	i, _ := slices.BinarySearchFunc(l.entries, seq, func(e Entry, seq int64) int {
		if e.Seq <= seq {
			return -1
		}
		return 1
	})
	out := make([]Entry, len(l.entries)-i)
	copy(out, l.entries[i:])
	return out
}
