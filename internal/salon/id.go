package salon

import (
	"fmt"
	"strconv"
	"strings"
)

// Ref names a booking in the API: one of ours by its id, or a record that was made elsewhere.
type Ref struct {
	Booking string   // ours, b-...; empty for a record made elsewhere
	Branch  BranchID // of a record made elsewhere
	Record  int64
}

const (
	idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base 32: no i, l, o, u
	idLength   = 26
)

// ForeignID is the API's id of a record that was not made through us.
func ForeignID(branch BranchID, record int64) string {
	return fmt.Sprintf("r-%d-%d", branch, record)
}

// ParseRef reads a booking id of either form; ok is false for anything else.
func ParseRef(id string) (ref Ref, ok bool) {
	if body, ours := strings.CutPrefix(id, "b-"); ours {
		if len(body) != idLength || strings.Trim(body, idAlphabet) != "" {
			return Ref{}, false
		}
		return Ref{Booking: id}, true
	}
	body, foreign := strings.CutPrefix(id, "r-")
	branch, record, two := strings.Cut(body, "-")
	if !foreign || !two {
		return Ref{}, false
	}
	b, errB := parsePositive(branch)
	r, errR := parsePositive(record)
	if errB != nil || errR != nil || ForeignID(b, r) != id {
		return Ref{}, false
	}
	return Ref{Branch: b, Record: r}, true
}

func parsePositive(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil && n <= 0 {
		return 0, strconv.ErrRange
	}
	return n, err
}
