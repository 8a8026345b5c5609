package store

import (
	"encoding/json"
	"testing"
)

func FuzzBackupRow(f *testing.F) {
	for _, line := range []string{`[1,"a",null,{"b":"AA=="}]`, `[]`, `[1.5]`, `[{"b":null}]`, `[true]`, `[[1]]`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		values, err := backupRow(line)
		if err != nil {
			return
		}
		for _, v := range values {
			switch v.(type) {
			case nil, int64, string, []byte:
			default:
				t.Fatalf("%s gave a %T", line, v)
			}
		}
		var table backupTable
		if json.Unmarshal(line, &table) == nil {
			_, _ = table.insert()
		}
	})
}
