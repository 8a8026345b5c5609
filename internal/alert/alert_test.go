package alert

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a keeper.
type memory struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (k *memory) Keep(_ context.Context, name string, value []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.m == nil {
		k.m = map[string][]byte{}
	}
	k.m[name] = value
	return nil
}

func (k *memory) Kept(_ context.Context, name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.m[name], nil
}

// chute is a channel that fails a number of times first.
type chute struct {
	got  chan Message
	fail chan error
}

func newChute(fails int) *chute {
	c := &chute{got: make(chan Message, 100), fail: make(chan error, fails)}
	for range fails {
		c.fail <- errors.New("not now")
	}
	return c
}

func (c *chute) Name() string { return "chute" }

func (c *chute) Send(_ context.Context, m Message) error {
	select {
	case err := <-c.fail:
		return err
	default:
	}
	c.got <- m
	return nil
}

func (c *chute) wait(t *testing.T) Message {
	t.Helper()
	select {
	case m := <-c.got:
		return m
	case <-t.Context().Done():
		t.Fatal("no message came")
	case <-time.After(30 * time.Second):
		t.Fatal("no message came in 30 s")
	}
	return Message{}
}

// One incident is one message and one all-clear, however often it is noticed and however often the server starts.
func TestOneMessageForAnIncident(t *testing.T) {
	t.Parallel()
	keeper, ch := &memory{}, newChute(0)
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	invited := 0
	start := func() *Alerts {
		return New(Config{
			Channels: []Channel{ch}, Keeper: keeper, Lang: "en", Name: "book.example.com", Now: func() time.Time { return now },
			Invite: func(context.Context) string { invited++; return "https://book.example.com/invite/once" },
		})
	}
	a := start()
	for range 5 {
		a.Raise(t.Context(), UserToken, problem.UpstreamToken)
	}
	m := ch.wait(t)
	if m.Kind != "trouble" || m.Code != problem.UpstreamToken || m.Link != "https://book.example.com/invite/once" || invited != 1 ||
		!strings.Contains(m.Text, m.Link) || !strings.Contains(m.Text, "new bookings work") || !strings.Contains(m.Text, "What to do:") {
		t.Errorf("trouble: %+v, %d invitations", m, invited)
	}
	a.Close()
	a = start() // a restart in the middle of an incident
	a.Raise(t.Context(), UserToken, problem.UpstreamToken)
	var open map[string]incident
	if err := json.Unmarshal(keeper.m[keptName], &open); err != nil || len(open) != 1 || open[UserToken].Code != problem.UpstreamToken {
		t.Errorf("kept: %s, %v", keeper.m[keptName], err)
	}
	now = now.Add(90 * time.Minute)
	a.Clear(t.Context(), UserToken)
	a.Clear(t.Context(), UserToken)
	a.Clear(t.Context(), APIKey)
	if m := ch.wait(t); m.Kind != "clear" || !strings.Contains(m.Text, "1h30m0s") {
		t.Errorf("all-clear: %+v", m)
	}
	a.Raise(t.Context(), UserToken, problem.UpstreamToken)
	if m := ch.wait(t); m.Kind != "trouble" {
		t.Errorf("the next incident: %+v", m)
	}
	a.Close()
	if len(ch.got) != 0 {
		t.Errorf("%d messages too many", len(ch.got))
	}
}

// Deliveries are repeated, a bounded number of times.
// What reached nobody is told by the next start: new settings may have come just to mend the mail server, and a server
// that had no way of telling may have got one.
func TestWhatReachedNobodyIsToldByTheNextStart(t *testing.T) {
	t.Parallel()
	keeper := &memory{}
	start := func(channels ...Channel) *Alerts {
		return New(Config{Channels: channels, Keeper: keeper, Pauses: []time.Duration{time.Hour}})
	}
	broken := newChute(1)
	for _, channels := range [][]Channel{{broken}, nil} {
		a := start(channels...)
		a.Raise(t.Context(), UserToken, problem.UpstreamToken)
		a.Close()
	}
	well := newChute(0)
	a := start(well)
	a.Raise(t.Context(), UserToken, problem.UpstreamToken)
	if m := well.wait(t); m.Kind != "trouble" {
		t.Errorf("told %+v", m)
	}
	a.Close()
	a = start(well)
	a.Raise(t.Context(), UserToken, problem.UpstreamToken)
	a.Clear(t.Context(), UserToken)
	if m := well.wait(t); m.Kind != "clear" {
		t.Errorf("told twice: %+v", m)
	}
	a.Close()
	// What was never told needs no all-clear.
	a = start()
	a.Raise(t.Context(), APIKey, problem.UpstreamKey)
	a.Close()
	a = start(well)
	a.Clear(t.Context(), APIKey)
	a.Raise(t.Context(), UserToken, problem.UpstreamToken)
	if m := well.wait(t); m.Incident != UserToken {
		t.Errorf("told the end of what nobody knew: %+v", m)
	}
	a.Close()
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	var mu sync.Mutex
	given := make(chan struct{}, 10)
	logger := slog.New(slog.NewTextHandler(writer(func(p []byte) {
		mu.Lock()
		defer mu.Unlock()
		log.Write(p)
		if strings.Contains(string(p), "not delivered") {
			given <- struct{}{}
		}
	}), nil))
	pauses := []time.Duration{time.Millisecond, time.Millisecond}
	ch := newChute(2)
	a := New(Config{Channels: []Channel{ch}, Pauses: pauses, Logger: logger})
	a.Raise(t.Context(), APIKey, problem.UpstreamKey)
	if m := ch.wait(t); m.Incident != APIKey {
		t.Errorf("third try: %+v", m)
	}
	a.Close()
	ch = newChute(50)
	a = New(Config{Channels: []Channel{ch}, Pauses: pauses, Logger: logger})
	a.Raise(t.Context(), APIKey, problem.UpstreamKey)
	<-given
	a.Close()
	if left := len(ch.fail); left != 47 {
		t.Errorf("%d tries, want 3", 50-left)
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(log.String(), "tries=3") {
		t.Errorf("the log does not say that it was given up:\n%s", log.String())
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// A server that ends does not wait for a channel that does not answer.
func TestCloseEndsDeliveries(t *testing.T) {
	t.Parallel()
	l := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(l.Close)
	a := New(Config{Channels: Channels(config.Alert{Webhook: secret.Text(l.URL + "/slow")})})
	a.Raise(t.Context(), APIKey, problem.UpstreamKey)
	a.Close()
}

const (
	botToken  = "123456:canary-bot-token"
	hookToken = "canary-hook-token"
	password  = "canary password"
)

// receiver is a bot API and a webhook.
func receiver(t *testing.T, status int, answer string) (*httptest.Server, chan *http.Request, chan string) {
	t.Helper()
	requests, bodies := make(chan *http.Request, 10), make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- r
		bodies <- string(body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s, requests, bodies
}

func TestTelegram(t *testing.T) {
	t.Parallel()
	s, requests, bodies := receiver(t, 200, `{"ok":true,"result":{}}`)
	alert := config.Alert{TelegramToken: secret.Text(botToken), TelegramChat: "-1000000000000", TelegramURL: s.URL}
	a := New(Config{Channels: Channels(alert), Lang: "ru"})
	defer a.Close()
	if got := a.Test(t.Context()); len(got) != 1 || !got[0].OK {
		t.Fatalf("got %+v", got)
	}
	r, body := <-requests, <-bodies
	var sent struct {
		ChatID string `json:"chat_id"`
		Text   string
	}
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		t.Fatal(err)
	}
	if r.URL.Path != "/bot"+botToken+"/sendMessage" || sent.ChatID != "-1000000000000" || !strings.Contains(sent.Text, "Это проверка") {
		t.Errorf("%s %s", r.URL.Path, body)
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	s, requests, bodies := receiver(t, 204, "")
	a := New(Config{Channels: Channels(config.Alert{Webhook: secret.Text(s.URL + "/" + hookToken)}), Lang: "en", Name: "x"})
	defer a.Close()
	a.Raise(t.Context(), UserToken, problem.UpstreamToken)
	r, body := <-requests, <-bodies
	var m Message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || m.Kind != "trouble" || m.Incident != UserToken || m.Code != problem.UpstreamToken {
		t.Errorf("%s %+v", r.Method, m)
	}
}

// mailServer is as much of SMTP as a letter needs. It keeps the lines of each conversation.
func mailServer(t *testing.T, rcpt string) (address string, said chan []string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said = make(chan []string, 10)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			said <- converse(conn, rcpt)
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String(), said
}

func converse(conn net.Conn, rcpt string) (lines []string) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	r := textproto.NewReader(bufio.NewReader(conn))
	fmt.Fprint(conn, "220 mail.example ESMTP\r\n")
	for {
		line, err := r.ReadLine()
		if err != nil {
			return lines
		}
		lines = append(lines, line)
		switch verb, _, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "EHLO":
			fmt.Fprint(conn, "250-mail.example\r\n250 AUTH PLAIN\r\n")
		case "AUTH":
			fmt.Fprint(conn, "235 ok\r\n")
		case "RCPT":
			fmt.Fprint(conn, rcpt+"\r\n")
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			text, err := r.ReadDotLines()
			if err != nil {
				return lines
			}
			lines = append(lines, text...)
			fmt.Fprint(conn, "250 taken\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return lines
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

func mailAlert(address string) config.Alert {
	u := url.URL{Scheme: "smtp", User: url.UserPassword("zapis", password), Host: address}
	return config.Alert{EmailTo: []string{"ops@example.com", "salon@example.com"}, EmailFrom: "zapis@example.com", SMTP: secret.Text(u.String())}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	address, said := mailServer(t, "250 ok")
	a := New(Config{Channels: Channels(mailAlert(address)), Lang: "ru"})
	defer a.Close()
	if got := a.Test(t.Context()); len(got) != 1 || !got[0].OK {
		t.Fatalf("got %+v", got)
	}
	lines := <-said
	all := strings.Join(lines, "\n")
	_, body, _ := strings.Cut(all, "\n\n")
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MAIL FROM:<zapis@example.com>", "RCPT TO:<ops@example.com>", "RCPT TO:<salon@example.com>", "Subject: =?utf-8?q?"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in:\n%s", want, all)
		}
	}
	if !strings.Contains(string(text), "Это проверка: делать ничего не нужно.") {
		t.Errorf("the text: %s", text)
	}
	auth := base64.StdEncoding.EncodeToString([]byte("\x00zapis\x00" + password))
	if !strings.Contains(all, "AUTH PLAIN "+auth) {
		t.Error("it did not sign in")
	}
}

// What goes wrong is told without a token, a password or an address.
func TestFailuresHoldNoSecret(t *testing.T) {
	t.Parallel()
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	bad, _, _ := receiver(t, 401, `{"ok":false,"description":"Unauthorized: bot`+botToken+` is unknown"}`)
	mail, _ := mailServer(t, "550 no such user canary password")
	for name, tt := range map[string]struct {
		alert config.Alert
		want  string
	}{
		"telegram down":    {config.Alert{TelegramToken: secret.Text(botToken), TelegramChat: "1", TelegramURL: down.URL}, "refused"},
		"telegram refuses": {config.Alert{TelegramToken: secret.Text(botToken), TelegramChat: "1", TelegramURL: bad.URL}, "telegram answered 401"},
		"webhook down":     {config.Alert{Webhook: secret.Text(down.URL + "/" + hookToken)}, "refused"},
		"webhook refuses":  {config.Alert{Webhook: secret.Text(bad.URL + "/" + hookToken)}, "answered 401"},
		"mail down":        {mailAlert(strings.TrimPrefix(down.URL, "http://")), "refused"},
		"mail refuses":     {mailAlert(mail), "answered 550"},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			a := New(Config{Channels: Channels(tt.alert), Logger: slog.New(slog.NewTextHandler(writer(func(p []byte) { log.Write(p) }), nil)), Pauses: []time.Duration{}})
			got := a.Test(t.Context())
			a.Raise(t.Context(), UserToken, problem.UpstreamToken)
			for len(a.queued()) > 0 {
				select {
				case <-time.After(time.Millisecond):
				case <-t.Context().Done():
					t.Fatal("still queued")
				}
			}
			a.Close()
			if len(got) != 1 || got[0].OK || !strings.Contains(got[0].Error, tt.want) {
				t.Errorf("got %+v, want %q", got, tt.want)
			}
			all := fmt.Sprintf("%+v", got) + log.String()
			for _, canary := range []string{botToken, hookToken, password, url.QueryEscape(password), base64.StdEncoding.EncodeToString([]byte(password))} {
				if strings.Contains(all, canary) {
					t.Errorf("%q leaked: %s", canary, all)
				}
			}
		})
	}
}

func (a *Alerts) queued() []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Message(nil), a.queue...)
}
