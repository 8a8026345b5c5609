// Command bench measures the real binary beside its baselines, in one run on one machine, and writes the table
// of docs/benchmarks.md. `make bench` builds the binary and runs it.
//
// Absolute numbers say little on a shared machine; the ratios are made of runs that took turns.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"time"
)

func main() {
	bin := flag.String("bin", "bin/zapis", "the binary to measure")
	out := flag.String("out", "", "write the table to this file instead of printing it")
	bare := flag.String("bare", "", "internal: serve the bytes of stdin on this address, as the baseline does")
	rounds := flag.Int("rounds", 12, "rounds of each measurement; the median counts")
	only := flag.Bool("sdk", false, "measure the SDK alone; needs no binary")
	seconds := flag.Float64("seconds", 1, "length of one round under load")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *bare != "" {
		exit(serveBare(ctx, *bare))
	}
	b := bench{bin: *bin, only: *only, rounds: *rounds, length: time.Duration(*seconds * float64(time.Second))}
	table, err := b.run(ctx)
	if err != nil {
		exit(err)
	}
	text := head() + table
	if *out == "" {
		fmt.Print(text)
		return
	}
	exit(os.WriteFile(*out, []byte(text), 0o644))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// head describes the machine, or the numbers would mean nothing.
func head() string {
	cpu := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				cpu = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	version := "unknown"
	if v, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		version = strings.TrimSpace(string(v))
	}
	return fmt.Sprintf(`# Benchmarks

Made by `+"`make bench`"+` on %s, commit %s: %s, %d cores, %s/%s, %s. Server and load share the machine, and it is
shared with others, so read the ratios: both sides of each took turns in one run. Medians, with the range in brackets.

`, time.Now().UTC().Format(time.DateOnly), version, cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
