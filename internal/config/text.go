package config

import (
	"fmt"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"zapis/internal/problem"
)

// Text is one sentence in both languages of the console. It stands beside the data it explains (a key, a
// check, a step), so that a new check cannot be added in one language only. A message catalogue would move
// every sentence away from its check and earn nothing back: the only plural rules needed come from x/text.
type Text = problem.Text

// T pairs the Russian and the English wording.
func T(ru, en string) Text { return Text{RU: ru, EN: en} }

// Tf formats both wordings with the same arguments; explicit indexes (%[2]s) allow another order.
// An argument that is itself a Text enters each sentence in that sentence's language.
func Tf(ru, en string, args ...any) Text {
	inRU, inEN := make([]any, len(args)), make([]any, len(args))
	for i, a := range args {
		inRU[i], inEN[i] = a, a
		if t, ok := a.(Text); ok {
			inRU[i], inEN[i] = t.RU, t.EN
		}
	}
	return Text{RU: fmt.Sprintf(ru, inRU...), EN: fmt.Sprintf(en, inEN...)}
}

// Count says "n things" in both languages; the Russian forms are for 1, 2 and 5 (ошибка, ошибки, ошибок).
func Count(n int, one, few, many, enOne, enMany string) Text {
	ru := many
	switch plural.Cardinal.MatchPlural(language.Russian, n, 0, 0, 0, 0) {
	case plural.One:
		ru = one
	case plural.Few:
		ru = few
	}
	en := enMany
	if n == 1 {
		en = enOne
	}
	return Text{RU: fmt.Sprintf("%d %s", n, ru), EN: fmt.Sprintf("%d %s", n, en)}
}
