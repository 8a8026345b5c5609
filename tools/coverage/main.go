// Command coverage writes docs/coverage.md: what the house has for every
// operation of the YCLIENTS API.
//
//	go run ./coverage
//
// It takes no page on which a cell got worse than in the one that is there. To
// give something up on purpose, take the row out of the page by hand first.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
)

func main() {
	root := flag.String("root", "..", "folder of the repository")
	check := flag.Bool("check", false, "compare with the page instead of writing it")
	flag.Parse()
	if err := run(*root, *root+"/docs/coverage.md", *check); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func run(root, out string, check bool) error {
	rows, err := collect(root)
	if err != nil {
		return err
	}
	text := page(rows)
	have, err := os.ReadFile(out)
	if err != nil && (check || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	if err := noWorse(have, text); err != nil {
		return err
	}
	if !check {
		return os.WriteFile(out, text, 0o644)
	}
	if !bytes.Equal(have, text) {
		return fmt.Errorf("%s is out of date: run go run ./coverage in tools", out)
	}
	return nil
}
