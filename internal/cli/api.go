package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"zapis/contract"
	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// apiCmd calls any operation of YCLIENTS by its id. Its flags are the parameters of the operation, so it reads
// its words itself.
type apiCmd struct {
	taught `kong:"-"`
	Words  []string `arg:"" optional:"" help:"${api_words}"`
}

func (c apiCmd) Help() string { return examples["api"].In(c.lang) }

func (c apiCmd) Run(r *runner) error {
	words, err := parseAPI(c.Words)
	if err != nil {
		return r.apiUsage(err)
	}
	if words.envFile != "" {
		r.envFile = words.envFile
	}
	switch {
	case words.help:
		fmt.Fprintf(r.stdout, "zapis api: %s\n\n%s\n", texts["cmd_api"].In(r.lang), c.Help())
		return nil
	case words.list:
		return r.listOperations(words.operation)
	case words.operation == "":
		return r.apiUsage(wrongf("нужно имя операции", "the id of an operation is needed"))
	}
	op, err := findOperation(words.operation)
	if err != nil {
		return r.apiUsage(err)
	}
	if words.template {
		return r.template(op)
	}
	return r.call(op, words)
}

// wrong is a mistake in the words after zapis api, in both languages.
type wrong config.Text

func (w wrong) Error() string { return w.EN }

func wrongf(ru, en string, args ...any) error { return wrong(config.Tf(ru, en, args...)) }

// apiUsage says what is wrong with the words, and where they are explained.
func (r *runner) apiUsage(what error) error {
	text := config.T(what.Error(), what.Error())
	if w, ok := errors.AsType[wrong](what); ok {
		text = config.Text(w)
	}
	fmt.Fprintf(r.stderr, "zapis: %s\n  → %s\n", text.In(r.lang),
		config.T("zapis api --help покажет, как пишется команда, zapis api --list — все операции", "zapis api --help shows how the command is written, zapis api --list all operations").In(r.lang))
	return errSilent{problem.ExitUsage}
}

// call prepares the request, asks what must be asked before it, and makes it.
func (r *runner) call(op *contract.Operation, words *apiWords) error {
	cfg, err := config.Load(config.Options{EnvFile: r.envFile, Environ: r.environ})
	if err != nil {
		return err
	}
	switch {
	case cfg.State == config.Disabled:
		return problem.New(problem.Disabled)
	case cfg.State != config.Ready:
		return problem.New(problem.NotConfigured)
	case op.Writes && cfg.Mode != config.ModeLive:
		return problem.New(problem.ReadOnly).Detailf("%s, ZAPIS_MODE=%s", op.ID, cfg.Mode)
	}
	body, err := r.apiBody(words.body)
	if err != nil {
		return r.apiUsage(err)
	}
	req, err := newAPIRequest(op, words.params, body, cfg.Account.Branches)
	if err != nil {
		return r.apiUsage(err)
	}
	if op.Danger != "" && !words.yes {
		fmt.Fprintf(r.stderr, "zapis: %s %s: %s\n  → %s\n", op.ID, req.Path, dangers[op.Danger].In(r.lang),
			config.T("ничего не отправлено; если так и задумано, повторите с --yes", "nothing was sent; if this is meant, repeat with --yes").In(r.lang))
		return errSilent{problem.ExitUsage}
	}
	client, end, err := r.apiClient(cfg, op)
	if err != nil {
		return err
	}
	defer end()
	out, err := fetch(r.ctx, client, op, *req, words.allPages)
	if err != nil {
		return r.apiFailure(op, err)
	}
	return r.printAnswer(cfg, out)
}

// apiClient speaks with the tokens that the operation asks for, at the pace of the server beside it.
func (r *runner) apiClient(cfg *config.Config, op *contract.Operation) (*yclients.Client, func(), error) {
	newClient, end := r.openClient(cfg)
	user := yclients.Token(cfg.Account.UserToken.Reveal())
	if op.User == contract.Never {
		user = ""
	}
	client, err := newClient(yclients.Token(cfg.Account.PartnerToken.Reveal()), user)
	if err != nil {
		end()
		return nil, nil, problem.Because(problem.ConfigInvalid, err).Detailf("%v", err)
	}
	return client, end, nil
}

// apiBody reads the body: @file, - for standard input, or the JSON itself.
func (r *runner) apiBody(source string) ([]byte, error) {
	var body []byte
	var err error
	file, isFile := strings.CutPrefix(source, "@")
	switch {
	case source == "":
		return nil, nil
	case source == "-":
		body, err = io.ReadAll(io.LimitReader(r.stdin, 16<<20))
	case isFile:
		body, err = os.ReadFile(file)
	default:
		body = []byte(source)
	}
	if err != nil {
		return nil, wrongf("тело запроса не прочитать: %v", "the body cannot be read: %v", err)
	}
	if !json.Valid(body) {
		return nil, wrongf("тело запроса не JSON; заготовку даёт --template", "the body is not JSON; --template gives one to fill in")
	}
	return body, nil
}

// apiFailure tells what YCLIENTS said. Two kinds are not in the table of failures in words that fit any operation.
func (r *runner) apiFailure(op *contract.Operation, err error) error {
	if _, ok := errors.AsType[wrong](err); ok {
		return r.apiUsage(err)
	}
	failed, ok := errors.AsType[*yclients.Error](err)
	if op.Writes && verdict.Unknown(err) {
		return problem.Because(problem.OutcomeUnknown, err).Detailf("%s", op.ID)
	}
	if !ok || failed.Kind != yclients.KindNotFound && failed.Kind != yclients.KindInvalid {
		known := verdict.Of(err)
		if ok && known.Detail == "" && failed.Message != "" {
			known = known.Detailf("%s: %s", op.ID, failed.Message)
		}
		return known
	}
	fmt.Fprintf(r.stderr, "zapis: %s: %s (%s, HTTP %d)\n", config.T("YCLIENTS отказал", "YCLIENTS refused").In(r.lang), failed.Message, op.ID, failed.HTTPStatus)
	for _, field := range slices.Sorted(maps.Keys(failed.FieldErrors)) {
		fmt.Fprintf(r.stderr, "  %s: %s\n", field, strings.Join(failed.FieldErrors[field], "; "))
	}
	fmt.Fprintf(r.stderr, "  → %s\n", config.Tf("проверьте номера и тело запроса: zapis api %s --template", "check the ids and the body: zapis api %s --template", op.ID).In(r.lang))
	return errSilent{problem.ExitRefused}
}

// tokenMember is a member of an answer that opens an account.
var tokenMember = regexp.MustCompile(`("(?:user_token|partner_token|api_token|access_token|refresh_token|api_key|password|token)"\s*:\s*)"(?:[^"\\]|\\.)*"`)

const hidden = "•••"

// printAnswer shows the answer as it came, indented, with every token hidden: terminals are logged and pasted.
func (r *runner) printAnswer(cfg *config.Config, answer json.RawMessage) error {
	if len(answer) == 0 {
		return nil
	}
	var indented strings.Builder
	if err := indent(&indented, answer); err != nil {
		return problem.Because(problem.UpstreamMalformed, err)
	}
	text := tokenMember.ReplaceAllString(indented.String(), `$1"`+hidden+`"`)
	for _, token := range []string{cfg.Account.PartnerToken.Reveal(), cfg.Account.UserToken.Reveal()} {
		if token != "" {
			text = strings.ReplaceAll(text, token, hidden)
		}
	}
	_, err := io.WriteString(r.stdout, text+"\n")
	return err
}
