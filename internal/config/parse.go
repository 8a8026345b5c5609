package config

import (
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"zapis/internal/salon"
	"zapis/internal/secret"
)

var errBool = errors.New("neither yes nor no")

// ParseBool reads a switch as people write it: True, 1, yes, on, да and their negatives, in any case.
func ParseBool(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "t", "true", "y", "yes", "on", "enabled", "да", "вкл":
		return true, nil
	case "0", "f", "false", "n", "no", "off", "disabled", "нет", "выкл":
		return false, nil
	}
	return false, errBool
}

var (
	notABool   = T("не читается ни как «да», ни как «нет»", "reads neither as yes nor as no")
	notANumber = T("это не номер филиала", "this is not the id of a branch")
)

func sayIf(err error, what Text) *Text {
	if err != nil {
		return &what
	}
	return nil
}

// textError is an error with wordings in both languages.
type textError struct{ Text }

func (e textError) Error() string { return e.EN }

func fail(ru, en string) error { return textError{T(ru, en)} }

func textOf(err error) *Text {
	if te, ok := errors.AsType[textError](err); ok {
		return &te.Text
	}
	if err != nil {
		return &Text{RU: err.Error(), EN: err.Error()}
	}
	return nil
}

func text[V any](v V, err error) (V, *Text) { return v, textOf(err) }

func setCompany(c *Config, v string) *Text {
	if isDigits(v) {
		id, err := companyID(v)
		if err == nil {
			c.Account.Branches = append([]int64{id}, c.Account.Branches...)
		}
		return sayIf(err, notANumber)
	}
	what := notANumber
	switch ref, err := ParseCompany(v); {
	case err != nil:
	case ref.Company != 0:
		what = Tf("здесь должен стоять один номер, без адреса и кавычек; похоже, это %d", "one bare number belongs here, without address or quotes; it seems to be %d", ref.Company)
	case ref.Form != 0:
		what = T("это адрес формы записи, а номер формы не номер филиала", "this is the address of a booking form, and a form's number is not the id of a branch")
	}
	return &what
}

func setToken(name string, field func(*Config) *secret.String) func(*Config, string) *Text {
	return func(c *Config, v string) *Text {
		clean, findings := InspectToken(name, v)
		if len(findings) > 0 {
			what := describe(findings)
			return &what
		}
		*field(c) = secret.Text(clean)
		return nil
	}
}

// parseBaseURL accepts the host part with or without /api/v1 and gives it without.
func parseBaseURL(s string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fail("это не адрес вида https://узел", "this is not an address like https://host")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fail("в адресе лишнее: имя, вопросительный знак или решётка", "the address holds more than a host: a name, a question mark or a hash")
	}
	path := strings.TrimRight(u.Path, "/")
	for _, known := range []string{"/api/v1", "/api/v2", "/api"} {
		path = strings.TrimSuffix(path, known)
	}
	return u.Scheme + "://" + u.Host + path, nil
}

func setCAFile(c *Config, v string) *Text {
	c.CAFile = v
	pem, err := os.ReadFile(v)
	if err != nil {
		what := T("файл не читается", "the file cannot be read")
		return &what
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		what := T("в файле нет сертификата PEM", "the file holds no PEM certificate")
		return &what
	}
	return nil
}

// parseIDs reads positive ids separated by commas or blanks.
func parseIDs(s string) ([]int64, error) {
	var out []int64
	for i, part := range split(s) {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil || id <= 0 {
			return nil, textError{Tf("%d-й в списке не номер", "entry %d of the list is no id", i+1)}
		}
		out = append(out, id)
	}
	return unique(out), nil
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' || r == '\n' })
}

func setMode(c *Config, v string) *Text {
	c.Mode = Mode(strings.ToLower(strings.TrimSpace(v)))
	switch c.Mode {
	case ModeLive, ModeReadonly, ModePilot:
		return nil
	}
	c.Mode = ModeReadonly // what was meant is unknown: nothing may be written meanwhile
	what := T("такого режима нет", "there is no such mode")
	return &what
}

func setPilotPhones(c *Config, v string) *Text {
	for i, part := range splitPhones(v) {
		phone, err := salon.ParsePhone(part)
		if err != nil {
			what := Tf("%d-й в списке не телефон", "entry %d of the list is no phone", i+1)
			return &what
		}
		c.PilotPhones = append(c.PilotPhones, phone)
	}
	return nil
}

// splitPhones separates by commas only, as phones hold blanks.
func splitPhones(s string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func setKey(c *Config, v string) *Text {
	if _, err := secret.Load(v, ""); err != nil {
		what := T("это не base64 от 32 байт", "this is not base64 of 32 bytes")
		return &what
	}
	c.Key = secret.Text(v)
	return nil
}

func setDatabase(c *Config, v string) *Text {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		what := T("это не адрес postgres://", "this is not a postgres:// address")
		return &what
	}
	c.DatabaseURL = secret.Text(v)
	return nil
}

func badAddr(v string) *Text {
	_, port, err := net.SplitHostPort(v)
	if n, convErr := strconv.Atoi(port); err != nil || convErr != nil || n < 0 || n > 65535 {
		what := T("это не узел:порт", "this is not host:port")
		return &what
	}
	return nil
}

// setAdminAddr wants a loopback address: the console has no sign-in and shows state and profiles.
func setAdminAddr(c *Config, v string) *Text {
	c.AdminAddr = v
	if bad := badAddr(v); bad != nil {
		return bad
	}
	host, _, _ := net.SplitHostPort(v) // badAddr has taken it apart already
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	what := T("пульт открыт не только этой машине: он показывает состояние и профили без входа", "the console would be open to others: it shows state and profiles without a sign-in")
	return &what
}

func setOrigins(c *Config, v string) *Text {
	for i, part := range split(v) {
		u, err := url.Parse(strings.TrimRight(part, "/"))
		if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			what := Tf("%d-й в списке не адрес сайта", "entry %d of the list is no web origin", i+1)
			return &what
		}
		c.Origins = append(c.Origins, u.Scheme+"://"+strings.ToLower(u.Host))
	}
	return nil
}

// setPublicURL takes https, and http for this machine alone, where tests are.
func setPublicURL(c *Config, v string) *Text {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(v), "/"))
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		what := T("это не адрес вида https://узел", "this is not an address like https://host")
		return &what
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		what := T("адрес без https: ссылки и уведомления шли бы открытым текстом", "an address without https: links and webhooks would travel in plain text")
		return &what
	}
	c.PublicURL = u.Scheme + "://" + strings.ToLower(u.Host)
	return nil
}

func setProxies(c *Config, v string) *Text {
	for i, part := range split(v) {
		prefix, err := netip.ParsePrefix(part)
		if addr, addrErr := netip.ParseAddr(part); addrErr == nil {
			prefix, err = addr.Unmap().Prefix(addr.Unmap().BitLen())
		}
		if err != nil {
			what := Tf("%d-й в списке не адрес и не подсеть", "entry %d of the list is neither an address nor a network", i+1)
			return &what
		}
		c.TrustedProxies = append(c.TrustedProxies, prefix.Masked())
	}
	return nil
}

func setTestPhones(c *Config, v string) *Text {
	c.TestPhones = map[salon.Phone]secret.String{}
	for i, part := range splitPhones(v) {
		number, code, _ := strings.Cut(part, ":")
		phone, err := salon.ParsePhone(number)
		if err != nil || len(code) < 4 || !isDigits(code) {
			what := Tf("%d-й в списке не телефон:код (код из четырёх цифр и более)", "entry %d of the list is not phone:code (a code of four digits or more)", i+1)
			return &what
		}
		c.TestPhones[phone] = secret.Text(code)
	}
	return nil
}

// setHidden reads masters by id or by name. A name may have blanks inside, so that only ids are separated by them.
func setHidden(c *Config, v string) *Text {
	for i, part := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		words := strings.Fields(part)
		if strings.Trim(part, "0123456789 \t") != "" {
			c.HiddenStaff = append(c.HiddenStaff, strings.Join(words, " "))
			continue
		}
		for _, id := range words {
			if n, err := strconv.ParseInt(id, 10, 64); err != nil || n <= 0 {
				what := Tf("%d-й в списке не номер и не имя", "entry %d of the list is neither an id nor a name", i+1)
				return &what
			}
			c.HiddenStaff = append(c.HiddenStaff, id)
		}
	}
	return nil
}

func setScale(c *Config, v string) *Text {
	n, err := strconv.Atoi(v)
	c.LimitsScale = max(n, 1)
	if err != nil || n < 1 || n > 1000 {
		c.LimitsScale = 1
		what := T("это не число от 1 до 1000", "this is not a number from 1 to 1000")
		return &what
	}
	return nil
}

func setLog(c *Config, v string) *Text {
	for _, word := range split(strings.ToLower(v)) {
		switch word {
		case "json":
			c.LogJSON = true
		case "text":
			c.LogJSON = false
		case "debug", "info", "warn", "error":
			_ = c.LogLevel.UnmarshalText([]byte(word)) // the four words above always parse
		default:
			what := T("такого уровня нет", "there is no such level")
			return &what
		}
	}
	return nil
}
