package config

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// accountKeys are the variables that make an account. The host and its roots alone do not.
var accountKeys = []string{"YCLIENTS_ENABLED", "YCLIENTS_COMPANY_ID", "YCLIENTS_API_TOKEN", "YCLIENTS_USER_TOKEN"}

// decideState completes the account. Present but incomplete is a fault for each missing part; a switched-off
// account may be as incomplete as it likes.
func (l *loader) decideState() {
	l.cfg.Account.ID = "env"
	l.cfg.Account.Branches = unique(l.cfg.Account.Branches)
	given := func(key string) bool { return l.values[key] != "" }
	if !slices.ContainsFunc(accountKeys, given) {
		l.cfg.State = NotConfigured
		return
	}
	if enabled, err := ParseBool(cmp.Or(l.values["YCLIENTS_ENABLED"], "true")); err == nil && !enabled {
		l.cfg.State = Disabled
		l.faults.List = slices.DeleteFunc(l.faults.List, func(f Fault) bool { return slices.Contains(accountKeys, f.Key) })
		return
	}
	l.cfg.State = Ready
	for _, key := range accountKeys[1:] {
		if !given(key) {
			l.fault(key, l.whyMissing(key), keyByName(key).Fix)
		}
	}
}

// whyMissing says that a variable is missing, and where its value may have gone.
func (l *loader) whyMissing(key string) Text {
	if from, ok := l.cfg.origins[key]; ok && from.Source == "environment" {
		return T("пусто в окружении процесса, а окружение сильнее файла", "empty in the process environment, which beats the file")
	}
	for alias, meant := range aliases {
		if meant == key && l.values[alias] != "" {
			return Tf("не задано; зато задано %s, а его никто не читает", "missing, but there is %s, which nobody reads", alias)
		}
	}
	return T("не задано", "missing")
}

// crossCheck looks at what only several variables together can get wrong.
func (l *loader) crossCheck() {
	if l.cfg.Mode == ModePilot && len(l.cfg.PilotPhones) == 0 && l.values["ZAPIS_PILOT_PHONES"] == "" {
		l.fault("ZAPIS_PILOT_PHONES", T("пусто, а ZAPIS_MODE=pilot записывает только перечисленных", "empty, and ZAPIS_MODE=pilot books only for those listed"),
			keyByName("ZAPIS_PILOT_PHONES").Fix)
	}
	if u, err := url.Parse(l.cfg.BaseURL); err == nil && u.Scheme == "http" && strings.Contains(u.Hostname(), "yclients.") {
		l.warn("YCLIENTS_BASE_URL", T("адрес http:// передаёт ключи открытым текстом", "an http:// address sends the keys in plain text"),
			T("напишите https://", "write https://"))
	}
	if len(l.cfg.TestPhones) > 0 {
		l.warn("ZAPIS_TEST_PHONES", T("эта версия читает её, но не применяет: эти телефоны входят как все, по SMS", "read, and not in force in this version: these phones sign in like all others, by SMS"),
			T("уберите её, чтобы на неё не рассчитывать", "remove it, so that nobody relies on it"))
	}
}

// aliases are names people expect to work.
var aliases = map[string]string{
	"YCLIENTS_PARTNER_TOKEN": "YCLIENTS_API_TOKEN",
	"YCLIENTS_BEARER_TOKEN":  "YCLIENTS_API_TOKEN",
	"YCLIENTS_API_KEY":       "YCLIENTS_API_TOKEN",
	"YCLIENTS_TOKEN":         "YCLIENTS_API_TOKEN",
	"YCLIENTS_USER":          "YCLIENTS_USER_TOKEN",
	"YCLIENTS_COMPANY":       "YCLIENTS_COMPANY_ID",
	"YCLIENTS_SALON_ID":      "YCLIENTS_COMPANY_ID",
	"YCLIENTS_COMPANY_IDS":   "ZAPIS_COMPANY_IDS",
	"YCLIENTS_API_URL":       "YCLIENTS_BASE_URL",
	"YCLIENTS_URL":           "YCLIENTS_BASE_URL",
	"ZAPIS_DATA_DIR":         "ZAPIS_DATA",
	"ZAPIS_DATABASE":         "ZAPIS_DATABASE_URL",
	"ZAPIS_LOG_LEVEL":        "ZAPIS_LOG",
}

// warnUnknown names variables of our prefixes that nothing reads.
func (l *loader) warnUnknown() {
	var unknown []string
	for key := range l.values {
		if keyByName(key).Name == "" {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		fix := T("уберите её или сверьте имя: zapis config show", "remove it, or compare the name: zapis config show")
		if meant := aliases[key]; meant != "" {
			fix = Tf("переименуйте в %s", "rename it to %s", meant)
		}
		l.warn(key, T("такой переменной Zapis не знает", "Zapis knows no such variable"), fix)
	}
}

// warnTwice names variables of ours that stand in the file more than once: whoever edits the first is not heard.
func (l *loader) warnTwice() {
	if l.file == nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(l.file.Values())) {
		lines := l.file.Lines(key)
		if len(lines) < 2 || l.cfg.origins[key].Source != "file" {
			continue
		}
		var text []string
		for _, line := range lines {
			text = append(text, strconv.Itoa(line))
		}
		l.warn(key, Tf("стоит в файле не раз (строки %s), считается последняя", "stands in the file more than once (lines %s), the last one counts", strings.Join(text, ", ")),
			T("оставьте одну строку", "keep one line"))
	}
}

func (l *loader) warn(key string, what, fix Text) {
	l.cfg.Warnings = append(l.cfg.Warnings, Fault{Key: key, From: l.cfg.origins[key], What: what, Fix: fix})
}

func unique(ids []int64) []int64 {
	var out []int64
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
