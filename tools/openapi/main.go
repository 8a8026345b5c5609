// Command openapi writes the OpenAPI 3.1 document of the YCLIENTS API from the
// contract.
//
//	go run ./openapi
//
// It is not an official document. What the overlay of the contract decides is
// decided here too, and every contradiction is told beside the operation.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	out := flag.String("out", "../contract/yclients.openapi.yaml", "file of the document")
	check := flag.Bool("check", false, "compare with the file instead of writing it")
	flag.Parse()
	if err := run(*out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(out string, check bool) error {
	text, err := document()
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(out, text, 0o644)
	}
	have, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, text) {
		return fmt.Errorf("%s is out of date: run go run ./openapi in tools", out)
	}
	return nil
}
