package doctor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// gitLimit bounds what is read of a repository's history.
const (
	gitLimit   = 20 * time.Second
	gitHistory = 256 << 20 // bytes
)

// repository is a folder under git. Git is asked read-only, and never given a secret: arguments of a process are
// seen by everybody on the machine.
type repository struct{ root string }

// repositoryOf finds the repository that a folder is in; nil when it is in none or there is no git.
func repositoryOf(ctx context.Context, dir string) *repository {
	out, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	root := string(bytes.TrimSpace(out))
	if err != nil || root == "" {
		return nil
	}
	return &repository{root}
}

func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, gitLimit)
	defer cancel()
	return gitCommand(ctx, dir, args...).Output()
}

func gitCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "-c", "safe.directory=*", "--no-pager"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	cmd.WaitDelay = time.Second
	return cmd
}

// tracks tells whether git keeps a file.
func (r *repository) tracks(ctx context.Context, path string) bool {
	out, err := git(ctx, r.root, "ls-files", "--", path)
	return err == nil && len(bytes.TrimSpace(out)) > 0
}

// ignores tells whether git would leave a file alone.
func (r *repository) ignores(ctx context.Context, path string) bool {
	_, err := git(ctx, r.root, "check-ignore", "-q", "--", path)
	return err == nil
}

// ignore adds a line for a path to the .gitignore of the repository.
func (r *repository) ignore(path string) (line string, err error) {
	rel, err := filepath.Rel(realPath(r.root), realPath(path))
	if err != nil {
		return "", err
	}
	line = "/" + filepath.ToSlash(rel)
	file := filepath.Join(r.root, ".gitignore")
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if len(old) > 0 && old[len(old)-1] != '\n' {
		old = append(old, '\n')
	}
	return line, os.WriteFile(file, append(old, line+"\n"...), 0o644)
}

// realPath follows links of the folder: git shows the real path, and the file itself need not exist.
func realPath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if dir, err := filepath.EvalSymlinks(path); err == nil {
		return dir
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// errTooLong says that a history is too long to be read to its end.
var errTooLong = errors.New("the history is too long")

// everHeld looks for texts in everything that was ever committed, on any branch. It says which of them were found.
func (r *repository) everHeld(ctx context.Context, texts []string) (found []bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, gitLimit)
	defer cancel()
	cmd := gitCommand(ctx, r.root, "log", "--all", "--full-history", "-p", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--format=%x00")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	found, searchErr := search(io.LimitReader(out, gitHistory), texts)
	more, _ := out.Read(make([]byte, 1))
	cancel()
	waitErr := cmd.Wait()
	switch {
	case searchErr != nil:
		return found, searchErr
	case more > 0:
		return found, errTooLong
	case waitErr != nil && ctx.Err() != nil && !errors.Is(ctx.Err(), context.Canceled):
		return found, errTooLong
	}
	return found, nil
}

// search looks for texts in a stream, also across the edges of what is read at once.
func search(r io.Reader, texts []string) ([]bool, error) {
	found := make([]bool, len(texts))
	longest := 0
	for _, t := range texts {
		longest = max(longest, len(t))
	}
	buf, kept := make([]byte, 256<<10+longest), 0
	for {
		n, err := r.Read(buf[kept:])
		window := buf[:kept+n]
		for i, t := range texts {
			found[i] = found[i] || t != "" && bytes.Contains(window, []byte(t))
		}
		kept = min(longest, len(window))
		copy(buf, window[len(window)-kept:])
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
	}
}
