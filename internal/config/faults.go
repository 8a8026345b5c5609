package config

import (
	"strings"
)

// Fault is one thing wrong in the configuration. No field ever holds the value of a variable: people paste
// tokens into the wrong line, so even a "harmless" value may be a secret.
type Fault struct {
	// Key is the variable, or "--env-file".
	Key string
	// From says where the value came from.
	From Origin
	// What is wrong, and Fix what to do about it.
	What, Fix Text
}

// Faults is the error of Load: everything that is wrong, at once, in the order of Keys.
type Faults struct{ List []Fault }

// Error lists all faults in English, one per line; In does so in the reader's language.
func (f *Faults) Error() string { return f.In("en") }

// ExitCode is that of the process: 3, the configuration is missing or wrong.
func (f *Faults) ExitCode() int { return 3 }

// In lists all faults with their fixes in lang ("ru" or "en"), lower case and without a full stop, as
// everything a terminal shows.
func (f *Faults) In(lang string) string {
	var b strings.Builder
	n := Count(len(f.List), "ошибка", "ошибки", "ошибок", "fault", "faults")
	b.WriteString(Tf("в настройках %s", "the configuration has %s", n).In(lang))
	for _, fault := range f.List {
		b.WriteString("\n  ✗ " + fault.Key)
		if where := fault.From.Text().In(lang); where != "" {
			b.WriteString(" (" + where + ")")
		}
		b.WriteString(": " + fault.What.In(lang))
		b.WriteString("\n    → " + fault.Fix.In(lang))
	}
	return b.String()
}

// ByKey is the first fault of a variable.
func (f *Faults) ByKey(key string) (Fault, bool) {
	for _, fault := range f.List {
		if fault.Key == key {
			return fault, true
		}
	}
	return Fault{}, false
}
