package config

import (
	"strings"
	"testing"
	"unicode"
)

func TestInspectToken(t *testing.T) {
	tests := []struct {
		name, raw, clean string
		codes            string
		says             string // part of the English sentence of the last finding
	}{
		{"clean", "partner-token-example", "partner-token-example", "", ""},
		{"cyrillic", "abcdefсh", "abcdefch", "lookalike", "character 7 is Cyrillic 'с', not Latin 'c'"},
		{"two cyrillic", "аbс", "abc", "lookalike lookalike", "character 3 is Cyrillic 'с'"},
		{"quotes", `"abc"`, "abc", "quotes quotes", "the quote at character 5"},
		{"typographic quotes", "«abc»", "abc", "quotes quotes", "character 5"},
		{"blanks", "  abc ", "abc", "space space", "from character 6 on"},
		{"crlf", "abc\r\n", "abc", "linebreak", "from character 4 on"},
		{"break inside", "abc\ndef", "abcdef", "linebreak", "character 4 is a line break"},
		{"space inside", "abc def", "abcdef", "space", "character 4 is a space"},
		{"zero width", "abc\u200bdef", "abcdef", "invisible", "character 4 is invisible (U+200B)"},
		{"bom", "\ufeffabc", "abc", "invisible", "before the token"},
		{"emoji", "abc😀", "abc", "alien", "character 4 (U+1F600)"},
		{"comma", "abc,def", "abcdef", "alien", "character 4"},
		{"header", "Bearer abc, User def", "abc", "header", "Authorization header"},
		{"named header", "Authorization: Bearer abc, User def", "abc", "header", "Authorization header"},
		{"bearer", "bearer abc", "abc", "header", "Authorization header"},
		{"assignment", "YCLIENTS_API_TOKEN=abc", "abc", "assignment", "repeats the name"},
		{"assignment with quotes", `YCLIENTS_API_TOKEN="abc"`, "abc", "assignment quotes quotes", "quote"},
		{"empty", "", "", "empty", "empty"},
		{"only quotes", `""`, "", "quotes empty", "empty"},
		{"placeholder", "<API key>", "", "placeholder", "placeholder"},
		{"stars", "********", "", "placeholder", "placeholder"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clean, findings := InspectToken("YCLIENTS_API_TOKEN", tt.raw)
			if clean != tt.clean {
				t.Errorf("clean = %q, want %q", clean, tt.clean)
			}
			var codes []string
			for _, f := range findings {
				codes = append(codes, f.Code)
			}
			if got := strings.Join(codes, " "); got != tt.codes {
				t.Fatalf("findings = %q, want %q", got, tt.codes)
			}
			if n := len(findings); n > 0 && !strings.Contains(findings[n-1].What.EN, tt.says) {
				t.Errorf("says %q, want %q in it", findings[n-1].What.EN, tt.says)
			}
		})
	}
	if clean, _ := InspectToken("YCLIENTS_USER_TOKEN", "Bearer abc,User def"); clean != "def" {
		t.Errorf("user part = %q, want def", clean)
	}
}

// FuzzInspectToken: whatever is pasted, the clean token is printable ASCII, is a fixed point, and differs
// from the raw text only when something was found.
func FuzzInspectToken(f *testing.F) {
	for _, seed := range []string{"", "abc", "«abс»", "Bearer a, User b", "bearer ", "user ", "\u200b", "YCLIENTS_API_TOKEN=", "İ user x", "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		clean, findings := InspectToken("YCLIENTS_API_TOKEN", raw)
		if strings.ContainsFunc(clean, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' }) {
			t.Fatalf("clean = %q from %q", clean, raw)
		}
		if (clean == raw) != (len(findings) == 0) && raw != "" {
			t.Fatalf("clean = %q from %q with findings %v", clean, raw, findings)
		}
	})
}

func TestParseCompany(t *testing.T) {
	for in, want := range map[string]CompanyRef{
		"4564":     {Company: 4564},
		" «4564» ": {Company: 4564},
		"https://yclients.com/timetable/4564#main_date=2026-11-23": {Company: 4564},
		"https://www.yclients.ru/timetable/4564/":                  {Company: 4564},
		"yclients.com/timetable/4564?x=1":                          {Company: 4564},
		"https://yclients.com/dashboard_main/4564":                 {Company: 4564},
		"https://yclients.com/settings/filial/basis/4564/":         {Company: 4564},
		"https://n123.yclients.ru/":                                {Form: 123},
		"w123.yclients.com":                                        {Form: 123},
		"https://n123.yclients.com/company/4564/menu?o=":           {Form: 123, Company: 4564},
		"https://n123.yclients.com/#/company/4564/":                {Form: 123, Company: 4564},
		"https://b123.yclients.com/company:4564/idx:0/service?o=m": {Form: 123, Company: 4564},
	} {
		if got, err := ParseCompany(in); err != nil || got != want {
			t.Errorf("ParseCompany(%q) = %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "abc", "0", "-1", "99999999999999999999", "https://example.com/timetable/4564", "https://yclients.com.evil.example/timetable/1", "https://yclients.com/", "https://yclients.com/x/0"} {
		if got, err := ParseCompany(in); err == nil {
			t.Errorf("ParseCompany(%q) = %+v, want an error", in, got)
		}
	}
}

func TestCleanLogin(t *testing.T) {
	for in, want := range map[string]string{
		"8 (900) 000-00-01": "79000000001", "+79000000001": "79000000001", " 79000000001 ": "79000000001", "user1@example.com": "user1@example.com", "": "",
	} {
		if got := CleanLogin(in); got != want {
			t.Errorf("CleanLogin(%q) = %q, want %q", in, got, want)
		}
	}
}
