package cli

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"zapis/internal/config"
)

// helpPrinter writes the help of the whole program or of one command, in one language, with examples.
func helpPrinter(lang string) kong.HelpPrinter {
	say := func(ru, en string) string { return config.T(ru, en).In(lang) }
	return func(_ kong.HelpOptions, ctx *kong.Context) error {
		node := ctx.Selected()
		if node == nil {
			node = ctx.Model.Node
		}
		w := ctx.Stdout
		if node.Type == kong.ApplicationNode {
			fmt.Fprintf(w, "%s\n\n", texts["about"].In(lang))
		} else {
			fmt.Fprintf(w, "%s: %s\n\n", node.FullPath(), node.Help)
		}
		fmt.Fprintf(w, "%s: %s\n", say("Вызов", "Usage"), usageLine(node, lang))
		if leaves := node.Leaves(true); len(node.Children) > 0 && len(leaves) > 0 {
			fmt.Fprintf(w, "\n%s:\n", say("Команды", "Commands"))
			table(w, len(leaves), func(i int) (string, string) {
				return strings.TrimPrefix(leaves[i].FullPath(), "zapis "), leaves[i].Help
			})
		}
		if node.Detail != "" {
			fmt.Fprintf(w, "\n%s\n", node.Detail)
		}
		var flags []*kong.Flag
		for _, group := range node.AllFlags(true) {
			flags = append(flags, group...)
		}
		fmt.Fprintf(w, "\n%s:\n", say("Ключи", "Flags"))
		table(w, len(flags), func(i int) (string, string) { return flagName(flags[i]), flagHelp(flags[i], say) })
		if node.Type == kong.ApplicationNode {
			fmt.Fprintf(w, "\n%s\n", texts["exit_codes"].In(lang))
		}
		return nil
	}
}

func usageLine(node *kong.Node, lang string) string {
	if len(node.Children) > 0 {
		return node.FullPath() + " " + config.T("<команда> [ключи]", "<command> [flags]").In(lang)
	}
	return node.FullPath() + " " + config.T("[ключи]", "[flags]").In(lang)
}

func flagName(f *kong.Flag) string {
	name := "    --" + f.Name
	if f.Short != 0 {
		name = fmt.Sprintf("-%c, --%s", f.Short, f.Name)
	}
	if !f.IsBool() {
		name += "=" + f.PlaceHolder
	}
	return name
}

func flagHelp(f *kong.Flag, say func(ru, en string) string) string {
	if f.HasDefault && f.Default != "" && !f.IsBool() {
		return fmt.Sprintf("%s (%s %s)", f.Help, say("по умолчанию", "default"), f.Default)
	}
	return f.Help
}

func table(w io.Writer, n int, row func(int) (string, string)) {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for i := range n {
		left, right := row(i)
		fmt.Fprintf(tw, "  %s\t%s\n", left, right)
	}
	_ = tw.Flush() // the writer is a buffer
}

// What kong says of a flag with a value that is none of its choices, and of one without any.
var (
	badChoice = regexp.MustCompile(`^(--[\w-]+)\S* must be one of (\S+) but got (.+)$`)
	noValue   = regexp.MustCompile(`^(--[\w-]+)\S*: expected \w+ value but got "(?:EOL|--?[\w-]+)`)
)

// usageText gives kong's own words, and for Russian readers translates those they can meet.
func usageText(said string) config.Text {
	for _, t := range []struct{ en, ru string }{
		{"unknown flag ", "неизвестный ключ "},
		{"unexpected argument ", "лишнее слово "},
		{"unexpected flag argument ", "лишнее слово "},
		{"expected one of ", "нужна одна из команд: "},
		{"expected \"", "нужна команда \""},
		{"missing flags: ", "не хватает ключей: "},
	} {
		if rest, ok := strings.CutPrefix(said, t.en); ok {
			return config.T(t.ru+strings.NewReplacer(", did you mean ", ", может быть, ", " or ", " или ").Replace(rest), said)
		}
	}
	if before, ok := strings.CutSuffix(said, "can't be used together"); ok {
		return config.T("вместе нельзя: "+strings.ReplaceAll(before, " and ", " и "), said)
	}
	if m := badChoice.FindStringSubmatch(said); m != nil {
		choices := strings.TrimSuffix(strings.ReplaceAll(m[2], `"`, ""), ",")
		choices = strings.ReplaceAll(choices, ",", ", ")
		return config.Tf("ключ %[1]s принимает только %[2]s, а дано %[3]s", "%[1]s takes only %[2]s, and got %[3]s", m[1], choices, m[3])
	}
	if m := noValue.FindStringSubmatch(said); m != nil {
		return config.Tf("ключу %s нужно значение", "%s needs a value", m[1])
	}
	return config.T("командная строка: "+said, said)
}
