package config

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

// docs/configuration.md is made from Keys: a variable that is not described there does not exist.
func TestConfigurationDocument(t *testing.T) {
	var b bytes.Buffer
	fmt.Fprint(&b, `# Configuration

Made from the program's own table (`+"`go test ./internal/config -run Document -update`"+`); `+"`zapis config show`"+` prints what is in force and
where it came from, without values of secrets.

Flags beat the process environment, which beats the file `+"`.env`"+` (another file: `+"`--env-file`"+`). Booleans are written as people
write them: True, true, 1, yes, on, да. Without any account variable the server starts unconfigured and the API answers 503
`+"`not_configured`"+`; with wrong ones it exits with 3 and lists every fault with its fix; with `+"`YCLIENTS_ENABLED=False`"+` the API answers
503 `+"`disabled`"+`.

| variable | default | meaning |
| --- | --- | --- |
`)
	for _, k := range Keys {
		def := "—"
		if k.Default != "" {
			def = "`" + k.Default + "`"
		}
		about := k.About.EN
		if k.Secret {
			about += " (never shown)"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Name, def, strings.ReplaceAll(about, "|", "\\|"))
	}
	path := filepath.Join("..", "..", "docs", "configuration.md")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Error("docs/configuration.md is not what Keys says: run go test ./internal/config -run Document -update")
	}
}
