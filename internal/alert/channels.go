package alert

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/smtp"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"zapis/internal/config"
)

// Channels are those that the configuration describes completely.
func Channels(c config.Alert) []Channel {
	var all []Channel
	for _, way := range c.Ways() {
		switch way {
		case "email":
			all = append(all, &mailer{server: c.SMTP.Reveal(), from: c.Sender(), to: c.EmailTo})
		case "telegram":
			all = append(all, &telegram{base: c.TelegramURL, token: c.TelegramToken.Reveal(), chat: c.TelegramChat})
		case "webhook":
			all = append(all, &webhook{address: c.Webhook.Reveal()})
		}
	}
	return all
}

// client follows no redirects: an address with a token in it is given to nobody else.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}},
}

// post sends JSON. Its errors never quote the address.
func post(ctx context.Context, address string, body any) (status int, answer []byte, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(data))
	if err != nil {
		return 0, nil, errors.New("the address is not valid")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "zapis")
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, quiet(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return resp.StatusCode, answer, quiet(err)
}

// quiet says of a failed connection what kind of failure it was. The words of net/http quote addresses, and the
// address of a bot or of a webhook is a secret.
func quiet(err error) error {
	var dns *net.DNSError
	var failed net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &dns):
		return errors.New("the host's name does not resolve")
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &failed) && failed.Timeout():
		return errors.New("no answer in time")
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return errors.New("the connection was refused")
	}
	return errors.New("the connection failed")
}

// telegram writes to a chat by a bot.
type telegram struct{ base, token, chat string }

func (t *telegram) Name() string { return "telegram" }

func (t *telegram) Send(ctx context.Context, m Message) error {
	status, answer, err := post(ctx, t.base+"/bot"+t.token+"/sendMessage", map[string]any{
		"chat_id": t.chat, "text": m.Text, "link_preview_options": map[string]bool{"is_disabled": true}, // a preview would use the link up
	})
	if err != nil {
		return err
	}
	var said struct {
		OK          bool   `json:"ok"`
		Description string `json:"description"`
	}
	if json.Unmarshal(answer, &said) == nil && said.OK {
		return nil
	}
	return fmt.Errorf("telegram answered %d: %s", status, t.hide(said.Description))
}

// hide keeps a description short and without the token, should it be quoted.
func (t *telegram) hide(text string) string {
	text = strings.ReplaceAll(text, t.token, "[token]")
	if r := []rune(text); len(r) > 120 {
		text = string(r[:120])
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
}

// webhook posts the message as JSON.
type webhook struct{ address string }

func (w *webhook) Name() string { return "webhook" }

func (w *webhook) Send(ctx context.Context, m Message) error {
	status, _, err := post(ctx, w.address, m)
	if err == nil && (status < 200 || status > 299) {
		err = fmt.Errorf("the webhook answered %d", status)
	}
	return err
}

// mailer sends letters through a mail server.
type mailer struct {
	server string // smtp://name:password@host:port
	from   string
	to     []string
}

func (s *mailer) Name() string { return "email" }

func (s *mailer) Send(ctx context.Context, m Message) error {
	u, err := url.Parse(s.server)
	if err != nil {
		return errors.New("the mail server's address is not valid")
	}
	c, err := s.connect(ctx, u)
	if err != nil {
		return mailError(err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })() // smtp.Client knows no context
	if err := s.authorize(c, u); err != nil {
		return mailError(err)
	}
	return mailError(s.hand(c, m))
}

func (s *mailer) connect(ctx context.Context, u *url.URL) (*smtp.Client, error) {
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme]
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if u.Scheme == "smtps" {
		conn = tls.Client(conn, s.tls(host))
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (s *mailer) tls(host string) *tls.Config {
	return &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
}

// authorize signs in, over TLS only: net/smtp refuses to send a password in plain text to another machine.
func (s *mailer) authorize(c *smtp.Client, u *url.URL) error {
	if ok, _ := c.Extension("STARTTLS"); ok && u.Scheme == "smtp" {
		if err := c.StartTLS(s.tls(u.Hostname())); err != nil {
			return err
		}
	}
	if u.User == nil {
		return nil
	}
	password, _ := u.User.Password()
	return c.Auth(smtp.PlainAuth("", u.User.Username(), password, u.Hostname()))
}

// hand gives the letter to the server.
func (s *mailer) hand(c *smtp.Client, m Message) error {
	if err := c.Mail(s.from); err != nil {
		return err
	}
	for _, to := range s.to {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(s.letter(m)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the letter is taken
	return nil
}

func (s *mailer) letter(m Message) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\n", s.from, strings.Join(s.to, ", "), mime.QEncoding.Encode("utf-8", "Zapis: "+m.Title), m.At.Format(time.RFC1123Z))
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\nAuto-Submitted: auto-generated\r\n\r\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(strings.ReplaceAll(m.Text, "\n", "\r\n") + "\r\n")) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// mailError keeps the number of a server's refusal: its words may quote addresses.
func mailError(err error) error {
	var said *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said):
		return fmt.Errorf("the mail server answered %d", said.Code)
	case strings.Contains(err.Error(), "unencrypted connection"):
		return errors.New("the mail server offers no TLS: the password is not sent in plain text")
	}
	return quiet(err)
}
