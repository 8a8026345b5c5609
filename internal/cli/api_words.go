package cli

import (
	"fmt"
	"slices"
	"strings"

	"zapis/contract"
	"zapis/internal/config"
)

// apiWords are the words after zapis api, taken apart.
type apiWords struct {
	operation string
	params    map[string][]string
	body      string
	envFile   string
	allPages  bool
	template  bool
	yes       bool
	list      bool
	help      bool
}

// parseAPI takes the words apart. What is no flag of the command itself is a parameter of the operation.
func parseAPI(words []string) (*apiWords, error) {
	p := &apiWords{params: map[string][]string{}}
	switches := map[string]*bool{"all-pages": &p.allPages, "template": &p.template, "yes": &p.yes, "list": &p.list, "help": &p.help, "h": &p.help}
	var lang string
	values := map[string]*string{"body": &p.body, "env-file": &p.envFile, "lang": &lang}
	for i := 0; i < len(words); i++ {
		name, isFlag := strings.CutPrefix(words[i], "--")
		if words[i] == "-h" {
			name, isFlag = "h", true
		}
		if !isFlag {
			if p.operation != "" {
				return nil, wrongf("лишнее слово %s", "unexpected argument %s", words[i])
			}
			p.operation = words[i]
			continue
		}
		name, value, given := strings.Cut(name, "=")
		if on, ok := switches[name]; ok && !given {
			*on = true
			continue
		}
		if !given {
			if i++; i == len(words) {
				return nil, wrongf("ключу --%s нужно значение", "--%s needs a value", name)
			}
			value = words[i]
		}
		if into, ok := values[name]; ok {
			*into = value
			continue
		}
		p.params[name] = append(p.params[name], value)
	}
	return p, nil
}

// callable are the operations that can be called, in the order of the documentation.
func callable() []*contract.Operation {
	var list []*contract.Operation
	for i := range contract.Operations() {
		if op := &contract.Operations()[i]; op.Callable() {
			list = append(list, op)
		}
	}
	return list
}

// findOperation finds an operation, however its id is capitalized, and otherwise those that may be meant.
func findOperation(id string) (*contract.Operation, error) {
	if op, ok := contract.Lookup(id); ok {
		switch {
		case op.Direction == contract.FromYClients:
			return nil, wrongf("%s — запрос самого YCLIENTS, позвать его нельзя", "%s is a request that YCLIENTS makes; it cannot be called", id)
		case op.SameAs != "":
			op, _ = contract.Lookup(op.SameAs)
		}
		return op, nil
	}
	type guess struct {
		id       string
		distance int
	}
	var near []guess
	for _, op := range callable() {
		if strings.EqualFold(op.ID, id) {
			return op, nil
		}
		d := distance(strings.ToLower(op.ID), strings.ToLower(id))
		if strings.Contains(strings.ToLower(op.ID), strings.ToLower(id)) {
			d = 1
		}
		if d <= 1+len(id)/4 {
			near = append(near, guess{op.ID, d})
		}
	}
	slices.SortStableFunc(near, func(a, b guess) int { return a.distance - b.distance })
	if len(near) == 0 {
		return nil, wrongf("операции %s нет", "there is no operation %s", id)
	}
	var names []string
	for _, g := range near[:min(len(near), 5)] {
		names = append(names, g.id)
	}
	return nil, wrongf("операции %s нет, может быть, %s", "there is no operation %s, did you mean %s", id, strings.Join(names, ", "))
}

// distance counts the letters to be changed between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// listOperations prints the ids that begin with a text, one a line, with their titles: a shell completes from it.
func (r *runner) listOperations(prefix string) error {
	found := 0
	for _, op := range callable() {
		if !strings.HasPrefix(strings.ToLower(op.ID), strings.ToLower(prefix)) {
			continue
		}
		found++
		title := op.Title
		if r.lang == "ru" && op.TitleRU != "" {
			title = op.TitleRU
		}
		marks := ""
		if op.Danger != "" {
			marks = " (--yes)"
		}
		fmt.Fprintf(r.stdout, "%s\t%s %s\t%s%s\n", op.ID, op.Method, op.Paths[0], title, marks)
	}
	if found == 0 {
		_, err := findOperation(prefix)
		if err == nil {
			return nil
		}
		return r.apiUsage(err)
	}
	return nil
}

// dangers say why a call is not made without --yes.
var dangers = map[contract.Danger]config.Text{
	contract.Messages:  config.T("рассылает сообщения людям, за счёт салона", "sends messages to people, at the salon's cost"),
	contract.Deletion:  config.T("удаляет, вернуть можно не всё", "deletes, and not everything comes back"),
	contract.Money:     config.T("меняет деньги, бонусы, абонементы или остатки", "changes money, bonuses, memberships or stock"),
	contract.Access:    config.T("меняет права, пароль или данные для входа", "changes rights, a password or sign-in data"),
	contract.Overwrite: config.T("заменяет целиком то, что могли настроить другие", "replaces as a whole what others may have set"),
}
