package mirror

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlainText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"<span></span>", ""},
		{"просто текст", "просто текст"},
		{"<p>Первая строка</p><p>Вторая&nbsp;строка</p>", "Первая строка\nВторая строка"},
		{"а<br>б<br/>в<BR />г", "а\nб\nв\nг"},
		{"<ul><li>раз</li><li>два</li></ul>", "раз\nдва"},
		{"от < 5 лет и 3 > 2", "от < 5 лет и 3 > 2"},
		{"1 &lt; 2 &amp; 3 &gt; 2", "1 < 2 & 3 > 2"},
		{"до<script>alert('1 < 2')</script>после", "допосле"},
		{"до<style>p{}</style >после", "допосле"},
		{"до<script>alert(1)", "до"},
		{"<!-- a > b -->текст<!-- без конца", "текст"},
		{"конец <a href='x", "конец"},
		{"<a href=\"javascript:alert(1)\">ссылка</a>", "ссылка"},
		{"много    пробелов \t и\r\n\r\n\r\nстрок", "много пробелов и\nстрок"},
		{"\xff\x00плохие\x01 байты", "плохие байты"},
	}
	for _, tt := range tests {
		if got := plainText(tt.in); got != tt.want {
			t.Errorf("plainText(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzPlainText(f *testing.F) {
	for _, s := range []string{"<p>a</p>", "<", "</", "<!--", "<script", "<ScRiPt>x</sCrIpT>", "&#x3c;b&#62;", "a<br", "İ<script>İ</script"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := plainText(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q is not valid UTF-8", got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if got != "" && line != strings.Join(strings.Fields(line), " ") || strings.ContainsAny(line, "\x00\x1b\r\t") {
				t.Errorf("line %q is not tidy", line)
			}
		}
	})
}
