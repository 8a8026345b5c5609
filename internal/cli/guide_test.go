package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// The commands of the guide are command lines that the grammar takes; the stories run their like.
func TestCommandsOfTheGuideParse(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "onboarding.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "zapis ")
			if !ok {
				t.Errorf("%q is no command of ours", line)
				continue
			}
			command, _, _ = strings.Cut(command, "#")
			command, _, _ = strings.Cut(command, "<")
			parser, err := newParser(newGrammar("en"), "en", &bytes.Buffer{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(strings.Fields(strings.TrimSuffix(strings.TrimSpace(command), "&"))); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			seen++
		}
	}
	if seen == 0 {
		t.Error("the guide has no commands")
	}
}
