// Command sdkgen writes the methods and types of package yclients from the
// contract.
//
//	go run ./sdkgen
//
// The list names the operations to produce and what the contract cannot know:
// which section a method belongs to, what it is called, which answers are the
// same thing, and which fields mean more than their type says. Growing the SDK
// is adding lines to the list.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	listPath := flag.String("list", "../yclients/operations.txt", "list of the operations to produce")
	out := flag.String("out", "../yclients", "folder of the package")
	check := flag.Bool("check", false, "compare with the files of the folder instead of writing them")
	flag.Parse()
	if err := run(*listPath, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "sdkgen:", err)
		os.Exit(1)
	}
}

func run(listPath, out string, check bool) error {
	text, err := os.ReadFile(listPath)
	if err != nil {
		return err
	}
	list, err := parseList(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", listPath, err)
	}
	files, err := generate(list)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(out, name)
		if !check {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				return err
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(have, content) {
			return fmt.Errorf("%s is out of date: run go generate ./yclients", name)
		}
	}
	return nil
}
