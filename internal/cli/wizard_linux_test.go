package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zapis/internal/config"
	"zapis/sandbox"
)

// person sits at a pseudo-terminal: reads what is shown, and types.
type person struct {
	t                *testing.T
	master, terminal *os.File
	mu               sync.Mutex
	text             strings.Builder
	more             chan struct{} // a signal that something was shown
	read             int           // what was waited for so far
	exit             chan int
	patience         context.Context // of the test; a person who sees nothing for so long tells what there was
}

// sitDown runs a command at a terminal of its own.
func sitDown(t *testing.T, environ []string, args ...string) *person {
	t.Helper()
	master, terminal := openPTY(t)
	p := &person{t: t, master: master, terminal: terminal, more: make(chan struct{}, 1), exit: make(chan int, 1)}
	var end context.CancelFunc
	p.patience, end = context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(end)
	go p.look()
	go func() { p.exit <- fake().Main(t.Context(), args, terminal, terminal, terminal, environ) }()
	return p
}

func (p *person) look() {
	buf := make([]byte, 4096)
	for {
		n, err := p.master.Read(buf)
		p.mu.Lock()
		p.text.Write(buf[:n])
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (p *person) shown() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// sees waits until a text is shown that was not there at the last look.
func (p *person) sees(text string) {
	p.t.Helper()
	for {
		all := p.shown()
		if i := strings.Index(all[p.read:], text); i >= 0 {
			p.read += i + len(text)
			return
		}
		select {
		case <-p.more:
		case <-p.patience.Done():
			p.t.Fatalf("never shown: %q\n%s", text, p.shown())
		}
	}
}

func (p *person) types(line string) {
	p.t.Helper()
	if _, err := p.master.WriteString(line + "\n"); err != nil {
		p.t.Fatal(err)
	}
}

// answers sees a question and types.
func (p *person) answers(question, line string) {
	p.t.Helper()
	p.sees(question)
	p.types(line)
}

// whispers answers a question whose answer is not shown.
func (p *person) whispers(question, line string) {
	p.t.Helper()
	p.sees(question)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for echoes := true; echoes; {
		state, err := unix.IoctlGetTermios(int(p.terminal.Fd()), unix.TCGETS)
		if err != nil {
			p.t.Fatal(err)
		}
		if echoes = state.Lflag&unix.ECHO != 0; echoes {
			select {
			case <-tick.C:
			case <-p.patience.Done():
				p.t.Fatalf("the echo is never switched off:\n%s", p.shown())
			}
		}
	}
	p.types(line)
}

func (p *person) ends(code int) {
	p.t.Helper()
	if got := <-p.exit; got != code {
		p.t.Fatalf("ended with %d, want %d:\n%s", got, code, p.shown())
	}
	state, err := unix.IoctlGetTermios(int(p.terminal.Fd()), unix.TCGETS)
	if err != nil || state.Lflag&unix.ECHO == 0 {
		p.t.Errorf("the terminal stays without echo, %v", err)
	}
	for _, s := range secretsOfStories {
		if strings.Contains(p.shown(), s) {
			p.t.Errorf("the terminal shows %q:\n%s", s, p.shown())
		}
	}
}

// The whole walk at a real terminal: mistakes are named, it is left and resumed, and in the end the file is what serve reads.
func TestWizardAtATerminal(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	sb := sandbox.Start(t, sandbox.WithLimits(20))
	environ := []string{"LANG=en_US.UTF-8", "TERM=xterm", "ZAPIS_LIMITS_SCALE=20", "XDG_CACHE_HOME=" + t.TempDir(), "NO_PROXY=127.0.0.1"}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if err := os.Mkdir("backend", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("backend/.env", []byte("# the salon's backend\r\nSECRET_KEY='a b'\r\nYCLIENTS_ENABLED=False\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}

	p := sitDown(t, environ, "setup", "--base-url", sb.URL())
	p.answers("Which file shall the settings go to?", "1")
	p.sees("Step 1 of 7. API key")
	p.sees("https://yclients.com/appstore/developers")
	p.whispers("API key (paste", "?")
	p.sees("There is no second, separate partner token")
	p.whispers("API key (paste", "partner-token-unknown")
	p.sees("YCLIENTS does not know this API key")
	p.whispers("API key (paste", " \"partner-token-ex\u0430mple\" ")
	p.sees("character 19 is Cyrillic")
	p.sees("ok: YCLIENTS accepts the key")
	p.answers("phone or e-mail of the employee", "quit")
	p.sees("What was proven is kept")
	p.ends(1)

	// Another day.
	p = sitDown(t, environ, "setup", "--accessible")
	p.answers("Which file shall the settings go to?", "")
	p.sees("Going on from where it was left")
	p.sees("Step 2 of 7. Employee")
	p.answers("phone or e-mail of the employee", "8 900 000-00-01")
	p.whispers("password", "canary-wrong-password")
	p.sees("login or password are wrong")
	p.answers("phone or e-mail of the employee", sandbox.SecondFactorLogin)
	p.whispers("password", sandbox.Password)
	p.sees("a second factor protects the account")
	p.answers("phone or e-mail of the employee", "8 900 000-00-01")
	p.whispers("password", sandbox.Password)
	p.sees("Ирина Владельцева")
	p.sees("Step 3 of 7. Branch")
	p.answers("branch (number in the list", "https://yclients.com/timetable/999999")
	p.sees("YCLIENTS has no branch 999999")
	p.answers("branch (number in the list", "2, https://www.yclients.ru/timetable/4564#x")
	p.sees("Step 4 of 7. Rights")
	p.sees("ok: the timetable")
	p.sees("Step 5 of 7")
	p.answers("address of the server", "http://192.168.0.7")
	p.sees("cannot be seen from the internet")
	p.answers("address of the server", "book.example.com/")
	p.sees("+ address: https://book.example.com/hooks/yclients/••••")
	p.answers("write it (Y/n)", "y")
	p.sees("written and read back")
	p.answers("write it (Y/n)", "n")
	p.sees("Step 6 of 7")
	p.sees("+ YCLIENTS_API_TOKEN=•")
	p.answers("write it (Y/n)", "")
	p.sees("backend/.env is written")
	p.sees("Step 7 of 7")
	p.sees("a running server takes new settings")
	p.ends(0)
	if strings.Contains(p.shown(), "\x1b[") {
		t.Error("--accessible shows escape sequences")
	}

	cfg, err := config.Load(config.Options{EnvFile: "backend/.env"})
	if err != nil || cfg.State != config.Ready || len(cfg.Account.Branches) != 2 || cfg.PublicURL != "https://book.example.com" {
		t.Errorf("the file reads as %v %v, %v", cfg.State, cfg.Account.Branches, err)
	}
	data, _ := os.ReadFile("backend/.env")
	if !strings.HasPrefix(string(data), "# the salon's backend\r\nSECRET_KEY='a b'\r\nYCLIENTS_ENABLED=True\r\n") {
		t.Errorf("file:\n%q", data)
	}
	if left, _ := filepath.Glob("zapis-data/setup.sealed"); len(left) != 0 {
		t.Error("the finished walk is kept")
	}
}

// A step back, a pasted token, missing rights that are accepted, and a difference that is refused.
func TestWizardInRussianAndBack(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	sb := sandbox.Start(t, sandbox.WithLimits(20))
	environ := []string{"LANG=ru_RU.UTF-8", "ZAPIS_LIMITS_SCALE=20", "YCLIENTS_BASE_URL=" + sb.URL(), "NO_PROXY=127.0.0.1"}
	p := sitDown(t, environ, "setup")
	p.whispers("API-ключ (вставьте", sandbox.PartnerToken)
	p.sees("хорошо: YCLIENTS принял ключ")
	p.answers("телефон или почта сотрудника", "назад")
	p.whispers("API-ключ (вставьте", sandbox.PartnerToken)
	p.answers("телефон или почта сотрудника", "")
	p.whispers("токен сотрудника (вставьте", sandbox.NoRightsUserToken)
	p.sees("Стажёр Без Прав")
	p.answers("филиал (номер из списка", "1")
	p.sees("нет права «журнал записи»")
	p.answers("проверить ещё раз", "да")
	p.sees("нет права «журнал записи»")
	p.answers("проверить ещё раз", "нет")
	p.answers("адрес сервера", "")
	p.sees("Шаг 6 из 7")
	p.answers("записать (Д/н)", "назад")
	p.answers("адрес сервера", "")
	p.sees("Шаг 6 из 7")
	p.answers("записать (Д/н)", "н")
	p.sees("Отложено")
	p.ends(1)
	if _, err := os.Stat(".env"); err == nil {
		t.Error("a refused difference was written")
	}
}

// What makes the end impossible is said at the beginning, with the exit code of its kind.
func TestWizardLooksAtTheFileFirst(t *testing.T) {
	t.Chdir(t.TempDir())
	environ := []string{"LANG=en_US.UTF-8", "XDG_CACHE_HOME=" + t.TempDir()}
	if err := os.WriteFile(".env", []byte("A=1\nno setting\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := sitDown(t, environ, "setup")
	p.sees("line 2")
	p.ends(3)
	if strings.Contains(p.shown(), "Step 1") {
		t.Errorf("asked all the same:\n%s", p.shown())
	}
}
