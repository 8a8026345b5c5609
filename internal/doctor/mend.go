package doctor

import "context"

// Mended is one repair: what was done, or why it was not.
type Mended struct {
	Check string
	Title Text
	Done  Text
	Err   error
}

// Mend repairs what is safe to repair: rights of files, lines of .gitignore. It makes no call to YCLIENTS, and nothing
// that a person might not want to happen: tokens, the index of git and the database stay.
func Mend(ctx context.Context, o Options) []Mended {
	o.Only = nil
	for _, c := range Checks {
		if c.Area == AreaFiles {
			o.Only = append(o.Only, c.Code)
		}
	}
	o.Deep, o.Progress = false, nil
	var all []Mended
	for _, f := range Run(ctx, o).Findings {
		if f.mend == nil {
			continue
		}
		m := Mended{Check: f.Check, Title: f.Title}
		m.Done, m.Err = f.mend()
		all = append(all, m)
	}
	return all
}
