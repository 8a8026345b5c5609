package config

import (
	"net/mail"
	"net/url"
	"strings"

	"zapis/internal/secret"
)

// Alert says whom a server tells of trouble, and how. Every way that is complete is used.
type Alert struct {
	// EmailTo are addresses; EmailFrom is the sender. Default of the sender: the first of EmailTo.
	EmailTo   []string
	EmailFrom string
	// SMTP is smtp://user:password@host:587 (STARTTLS where it is offered) or smtps://…:465.
	SMTP secret.String
	// TelegramToken is a bot's, TelegramChat where it writes, TelegramURL the bot API. Default https://api.telegram.org.
	TelegramToken secret.String
	TelegramChat  string
	TelegramURL   string
	// Webhook gets a POST of JSON. It is secret: it usually holds a token.
	Webhook secret.String
	// Lang of the messages, ru or en. Default ru.
	Lang string
}

// Ways names the complete ways: email, telegram, webhook.
func (a Alert) Ways() []string {
	var ways []string
	if len(a.EmailTo) > 0 && !a.SMTP.IsZero() {
		ways = append(ways, "email")
	}
	if !a.TelegramToken.IsZero() && a.TelegramChat != "" {
		ways = append(ways, "telegram")
	}
	if !a.Webhook.IsZero() {
		ways = append(ways, "webhook")
	}
	return ways
}

// Sender is the address that messages come from.
func (a Alert) Sender() string {
	if a.EmailFrom != "" {
		return a.EmailFrom
	}
	if len(a.EmailTo) > 0 {
		return a.EmailTo[0]
	}
	return ""
}

var alertKeys = []Key{
	{Name: "ZAPIS_ALERT_EMAIL",
		About: T("кому писать о беде, адреса через запятую", "whom to write to when there is trouble, addresses separated by commas"),
		Fix:   T("напишите адреса через запятую: ops@example.com", "write addresses separated by commas: ops@example.com"),
		set:   setAlertEmail},
	{Name: "ZAPIS_ALERT_EMAIL_FROM",
		About: T("от кого письмо; иначе первый из ZAPIS_ALERT_EMAIL", "whom the letter is from; else the first of ZAPIS_ALERT_EMAIL"),
		Fix:   T("напишите один адрес: zapis@example.com", "write one address: zapis@example.com"),
		set: func(c *Config, v string) *Text {
			a, err := mail.ParseAddress(v)
			if err != nil {
				return sayIf(err, T("не адрес почты", "no e-mail address"))
			}
			c.Alert.EmailFrom = a.Address
			return nil
		}},
	{Name: "ZAPIS_ALERT_SMTP", Secret: true,
		About: T("почтовый сервер: smtp://имя:пароль@узел:587 или smtps://имя:пароль@узел:465", "mail server: smtp://name:password@host:587 or smtps://name:password@host:465"),
		Fix:   T("напишите smtp://имя:пароль@узел:587; особые знаки в пароле в виде %40", "write smtp://name:password@host:587; special characters of the password as %40"),
		set:   setAlertURL(func(c *Config) *secret.String { return &c.Alert.SMTP }, "smtp", "smtps")},
	{Name: "ZAPIS_ALERT_TELEGRAM", Secret: true,
		About: T("токен бота Telegram, который сообщит о беде", "token of the Telegram bot that tells of trouble"),
		Fix:   T("возьмите токен у @BotFather", "get the token from @BotFather"),
		set: func(c *Config, v string) *Text {
			if strings.ContainsAny(v, " /?#\t") {
				t := T("в токене бота не бывает пробелов и косых черт", "a bot's token has no blanks and slashes")
				return &t
			}
			c.Alert.TelegramToken = secret.Text(v)
			return nil
		}},
	{Name: "ZAPIS_ALERT_TELEGRAM_CHAT",
		About: T("чат или канал для бота: номер или @имя", "chat or channel for the bot: a number or @name"),
		Fix:   T("напишите номер чата, например -1000000000000", "write the chat's number, for example -1000000000000"),
		set: func(c *Config, v string) *Text {
			if strings.ContainsAny(v, " /\t\"'") {
				t := T("не номер чата и не @имя", "neither a chat's number nor @name")
				return &t
			}
			c.Alert.TelegramChat = v
			return nil
		}},
	{Name: "ZAPIS_ALERT_TELEGRAM_URL", Default: "https://api.telegram.org",
		About: T("адрес Bot API, если он не обычный", "address of the Bot API, where it is not the usual one"),
		Fix:   T("напишите https://api.telegram.org или адрес своего сервера", "write https://api.telegram.org, or your own server's address"),
		set: func(c *Config, v string) *Text {
			if bad := badURL(v, "https", "http"); bad != nil {
				return bad
			}
			c.Alert.TelegramURL = strings.TrimRight(v, "/")
			return nil
		}},
	{Name: "ZAPIS_ALERT_WEBHOOK", Secret: true,
		About: T("адрес, на который послать JSON о беде", "address that gets JSON about trouble"),
		Fix:   T("напишите https://узел/путь", "write https://host/path"),
		set:   setAlertURL(func(c *Config) *secret.String { return &c.Alert.Webhook }, "https", "http")},
	{Name: "ZAPIS_ALERT_LANG", Default: "ru",
		About: T("язык сообщений: ru или en", "language of the messages: ru or en"),
		Fix:   T("напишите ru или en", "write ru or en"),
		set: func(c *Config, v string) *Text {
			if v != "ru" && v != "en" {
				t := T("не ru и не en", "neither ru nor en")
				return &t
			}
			c.Alert.Lang = v
			return nil
		}},
}

func setAlertEmail(c *Config, v string) *Text {
	list, err := mail.ParseAddressList(v)
	if err != nil {
		return sayIf(err, T("не список адресов почты", "no list of e-mail addresses"))
	}
	for _, a := range list {
		c.Alert.EmailTo = append(c.Alert.EmailTo, a.Address)
	}
	return nil
}

func setAlertURL(field func(*Config) *secret.String, schemes ...string) func(*Config, string) *Text {
	return func(c *Config, v string) *Text {
		if bad := badURL(v, schemes...); bad != nil {
			return bad
		}
		*field(c) = secret.Text(v)
		return nil
	}
}

func badURL(v string, schemes ...string) *Text {
	u, err := url.Parse(v)
	for _, s := range schemes {
		if err == nil && u.Scheme == s && u.Host != "" {
			return nil
		}
	}
	t := Tf("нужен адрес, который начинается с %s://", "an address that begins with %s:// is needed", schemes[0])
	return &t
}

// checkAlert names the half-written ways: they would tell nobody.
func (l *loader) checkAlert() {
	a := l.cfg.Alert
	half := func(key string, is, other bool) {
		if other && !is && l.values[key] == "" {
			l.fault(key, T("не задано, а без неё никто не узнает о беде", "missing, and without it nobody hears of trouble"), keyByName(key).Fix)
		}
	}
	half("ZAPIS_ALERT_EMAIL", len(a.EmailTo) > 0, !a.SMTP.IsZero())
	half("ZAPIS_ALERT_SMTP", !a.SMTP.IsZero(), len(a.EmailTo) > 0)
	half("ZAPIS_ALERT_TELEGRAM", !a.TelegramToken.IsZero(), a.TelegramChat != "")
	half("ZAPIS_ALERT_TELEGRAM_CHAT", a.TelegramChat != "", !a.TelegramToken.IsZero())
}
