// Package cli is the command line: it reads arguments, speaks Russian or English, runs one command and
// returns its exit code. What the commands do lives in the other rooms.
package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"zapis/internal/app"
	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/yclients"
)

// Commands are the programs behind the commands that need the wired house; main passes them in.
type Commands struct {
	Serve   func(context.Context, app.ServeOptions) error
	Demo    func(context.Context, app.DemoOptions) error
	Sandbox func(context.Context, app.SandboxOptions) error
	// Client makes clients of YCLIENTS that keep the pace, for setup and doctor. close ends what is behind them.
	Client func(*config.Config) (newClient NewClient, close func(), err error)
	// OpenStore says why a server could not use its store, for doctor. It changes nothing.
	OpenStore func(context.Context, *config.Config) error
	// Doctor gives the doctor its clients, the facts of the store and the budget; nil: Client alone. It changes nothing.
	Doctor func(*config.Config, *doctor.Options) (close func(), err error)
	// Version is what the program calls itself.
	Version string
}

// NewClient makes a client; an empty user makes calls with the API key only.
type NewClient = func(partner, user yclients.Token) (*yclients.Client, error)

// runner is what every command gets.
type runner struct {
	ctx            context.Context
	commands       Commands
	lang, envFile  string
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
}

// errHelp ends the parsing when help was asked for.
var errHelp = errors.New("help")

// errVersion ends it when the version was asked for.
var errVersion = errors.New("version")

// errSilent is an error whose words are on the screen already.
type errSilent struct{ code int }

func (e errSilent) Error() string { return fmt.Sprintf("exit code %d", e.code) }
func (e errSilent) ExitCode() int { return e.code }

// Main runs one command and returns the exit code. args are without the program's name.
func (c Commands) Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	r := &runner{ctx: ctx, commands: c, lang: language(args, environ), stdin: stdin, stdout: stdout, stderr: stderr, environ: environ}
	err := r.run(args)
	r.explain(err)
	return exitCode(err)
}

func (r *runner) run(args []string) error {
	g := newGrammar(r.lang)
	var help bytes.Buffer
	parser, err := newParser(g, r.lang, &help)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if errors.Is(err, errHelp) {
		_, err := io.Copy(r.stdout, &help)
		return err
	}
	if errors.Is(err, errVersion) {
		return versionCmd{}.Run(r)
	}
	if err != nil {
		return r.usage(err, &help, len(args) == 0)
	}
	r.envFile = g.EnvFile
	return parsed.Run(r)
}

// newParser writes help into a buffer, so that the caller decides where it goes.
func newParser(g *grammar, lang string, help *bytes.Buffer) (*kong.Kong, error) {
	return kong.New(g, kong.Name("zapis"), kong.NoDefaultHelp(), kong.Help(helpPrinter(lang)),
		kong.Writers(help, help), kong.Exit(func(int) {}), vars(lang))
}

// usage shows what is wrong with the command line; the whole help when there was no command line at all.
func (r *runner) usage(err error, help *bytes.Buffer, bare bool) error {
	failed, isParse := errors.AsType[*kong.ParseError](err)
	if bare && isParse && failed.Context != nil && failed.Context.PrintUsage(false) == nil {
		_, _ = io.Copy(r.stderr, help)
		return errSilent{problem.ExitUsage}
	}
	command := "zapis"
	if isParse && failed.Context != nil && failed.Context.Selected() != nil {
		command = failed.Context.Selected().FullPath()
	}
	fmt.Fprintf(r.stderr, "zapis: %s\n", usageText(err.Error()).In(r.lang))
	fmt.Fprintf(r.stderr, "  → %s\n", config.Tf("%s --help покажет, как пишется команда", "%s --help shows how the command is written", command).In(r.lang))
	return errSilent{problem.ExitUsage}
}

// explain writes an error the way people read it: what failed, then what to do.
func (r *runner) explain(err error) {
	var silent errSilent
	if err == nil || errors.As(err, &silent) || errors.Is(err, context.Canceled) {
		return
	}
	if faults, ok := errors.AsType[*config.Faults](err); ok {
		fmt.Fprintln(r.stderr, "zapis: "+faults.In(r.lang))
		return
	}
	if known, ok := errors.AsType[*problem.Error](err); ok {
		text := decapitalize(known.Meaning().Title.In(r.lang))
		if known.Detail != "" {
			text += ": " + known.Detail
		}
		fmt.Fprintf(r.stderr, "zapis: %s\n  → %s\n", text, known.Meaning().Fix.In(r.lang))
		return
	}
	fmt.Fprintf(r.stderr, "zapis: %v\n", err)
}

// decapitalize makes a title the beginning of a terminal line; names in capitals stay.
func decapitalize(s string) string {
	r := []rune(s)
	if len(r) < 2 || strings.ToUpper(string(r[1])) == string(r[1]) {
		return s
	}
	return strings.ToLower(string(r[0])) + string(r[1:])
}

// exitCode is 0 for success and for being told to stop.
func exitCode(err error) int {
	if coded, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err); ok {
		return coded.ExitCode()
	}
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	return problem.ExitFailure
}

// language is the --lang of the arguments, else what the environment asks for. It is needed before the
// arguments are parsed, because the parser's help is written in it.
func language(args, environ []string) string {
	for i, arg := range args {
		value, with := strings.CutPrefix(arg, "--lang=")
		if arg == "--lang" && i+1 < len(args) {
			value, with = args[i+1], true
		}
		if with && (value == "ru" || value == "en") {
			return value
		}
		if arg == "--" {
			break
		}
	}
	env := map[string]string{}
	for _, kv := range environ {
		key, value, _ := strings.Cut(kv, "=")
		env[key] = value
	}
	for _, key := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := env[key]; value != "" {
			if strings.HasPrefix(strings.ToLower(value), "ru") {
				return "ru"
			}
			return "en"
		}
	}
	return "en"
}
