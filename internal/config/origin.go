package config

// Origin says where a value came from.
type Origin struct {
	// Source is "default", "file", "environment" or "flag".
	Source string
	// File and Line are set for "file".
	File string
	Line int
}

// Text is the origin in words; empty for a default.
func (o Origin) Text() Text {
	switch o.Source {
	case "file":
		return Tf("%s, строка %d", "%s, line %d", o.File, o.Line)
	case "environment":
		return T("переменная окружения", "process environment")
	case "flag":
		return T("ключ командной строки", "command-line flag")
	}
	return Text{}
}
