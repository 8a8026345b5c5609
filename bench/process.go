package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// process is a run of the binary whose output is read line by line.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	seen  bytes.Buffer
}

func launch(ctx context.Context, dir string, env []string, bin string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}, env...)
	r, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, lines: bufio.NewScanner(r)}, nil
}

// line reads on to the first line that holds text.
func (p *process) line(text string) (string, error) {
	for p.lines.Scan() {
		fmt.Fprintln(&p.seen, p.lines.Text())
		if strings.Contains(p.lines.Text(), text) {
			return strings.TrimSpace(p.lines.Text()), nil
		}
	}
	return "", fmt.Errorf("%v ended before it said %q:\n%s", p.cmd.Args, text, &p.seen)
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	for p.lines.Scan() { // it may still be speaking
	}
	_ = p.cmd.Wait()
}

// resident is the resident size of a process in MB.
func resident(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS for process %d", pid)
}

// startBare starts the baseline in a process of its own.
func startBare(ctx context.Context, header map[string][]string, body []byte) (stop func(), url string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.CommandContext(ctx, self, "-bare", "127.0.0.1:0")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", err
	}
	r, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	for name, values := range header {
		if name != "Date" && name != "Content-Length" {
			fmt.Fprintf(stdin, "%s: %s\n", name, strings.Join(values, ", "))
		}
	}
	fmt.Fprintln(stdin)
	_, err = stdin.Write(body)
	stdin.Close()
	if err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && err != io.EOF {
		return nil, "", err
	}
	return func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() }, strings.TrimSpace(line), nil
}
