package sandbox

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// The texts of a refused sign-in, as the service words them. They mislead: the
// last is read as an expired token, and usually means that the user token was
// sent in a header of its own.
const (
	noCredentials = "Не указаны авторизационные данные"
	noPartner     = "Не указан идентификатор партнера"
	noUser        = "Не указан идентификатор пользователя"
	badUser       = "Необходима авторизация"
	noRights      = "Нет прав на управление компанией"
)

// acceptsV2 tells whether the Accept header asks for version 2, which the
// service insists on. Two spellings are known to work.
func acceptsV2(h http.Header) bool {
	accept := strings.ToLower(strings.Join(h.Values("Accept"), ","))
	return strings.Contains(accept, "application/vnd.yclients.v2+json") ||
		strings.Contains(accept, "application/vnd.api.v2+json")
}

// parseAuthorization reads "Bearer <partner>, User <user>" in any case and
// spacing; a missing part is empty.
func parseAuthorization(header string) (partner, user string) {
	for part := range strings.SplitSeq(header, ",") {
		words := strings.Fields(part)
		if len(words) != 2 {
			continue
		}
		switch strings.ToLower(words[0]) {
		case "bearer":
			partner = words[1]
		case "user":
			user = words[1]
		}
	}
	return partner, user
}

// authorize checks the tokens; whether a user is needed is for the operation.
func (c *call) authorize() (answer, bool) {
	header := c.header.Get("Authorization")
	if strings.TrimSpace(header) == "" {
		return c.fail(http.StatusUnauthorized, noCredentials), false
	}
	partner, token := parseAuthorization(header)
	if subtle.ConstantTimeCompare([]byte(partner), []byte(PartnerToken)) != 1 {
		return c.fail(http.StatusUnauthorized, noPartner), false
	}
	if token == "" {
		return answer{}, true
	}
	c.user = c.state.userByToken(token)
	if c.user == nil || c.has(faultTokenDeath) {
		// After a change of the password every call with the old token ends here.
		return c.fail(http.StatusUnauthorized, badUser), false
	}
	return answer{}, true
}

func (s *state) userByToken(token string) *user {
	for _, u := range s.users {
		if u.token == token {
			return u
		}
	}
	return nil
}

func (s *state) userByID(id int64) *user {
	for _, u := range s.users {
		if u.id == id {
			return u
		}
	}
	return nil
}

func (s *state) userByLogin(login string) *user {
	for _, u := range s.users {
		if u.login == login || u.email != "" && strings.EqualFold(u.email, login) {
			return u
		}
	}
	return nil
}

func (s *state) userByPhone(phone string) *user {
	for _, u := range s.users {
		if u.phone == phone {
			return u
		}
	}
	return nil
}

// newToken makes a user token. It looks like an example on purpose.
func (s *state) newToken() string { return "user-token-example-" + s.hex(20) }

// authUser is POST /auth, authBookingUser POST /booking/auth.
func authUser(c *call) answer        { return c.signIn(true) }
func authBookingUser(c *call) answer { return c.signIn(false) }

func (c *call) signIn(withApproval bool) answer {
	login, password := text(c.body, "login"), text(c.body, "password")
	if login == "" || password == "" {
		return invalid("login", "password")
	}
	u := c.state.userByLogin(login)
	if u == nil || u.password == "" || subtle.ConstantTimeCompare([]byte(u.password), []byte(password)) != 1 {
		return failed(http.StatusUnauthorized, "Не верный логин или пароль")
	}
	if u.secondFactor {
		id := c.state.hex(32)
		return enveloped(http.StatusOK, obj{
			"uuid": id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-8" + id[17:20] + "-" + id[20:],
		}, nil)
	}
	data := c.profile(u)
	if withApproval {
		data["is_approved"] = true
	}
	return c.signedIn(data)
}

func (c *call) profile(u *user) obj {
	return obj{
		"id": u.id, "user_token": u.token, "name": u.name, "phone": u.phone, "login": u.phone,
		"email": u.email, "avatar": c.base + "/_sandbox/avatar/user-" + itoa(u.id) + ".svg",
	}
}

func (c *call) signedIn(data obj) answer {
	if c.switches.AuthEnveloped {
		return enveloped(http.StatusCreated, data, nil)
	}
	return answer{status: http.StatusCreated, body: data}
}

// authUserByPhoneCode is POST /user/auth: a client signs in by phone and code.
func authUserByPhoneCode(c *call) answer {
	phone, ok := asPhone(c.body["phone"])
	code := text(c.body, "code")
	if !ok || code == "" {
		return invalid("phone", "code")
	}
	k := c.findCode(phone, code, 0, c.now)
	if k == nil {
		return failed(http.StatusUnauthorized, "Неверный код подтверждения")
	}
	k.uses++
	u := c.state.userByPhone(phone)
	if u == nil {
		u = &user{id: c.state.newID(), login: phone, phone: phone, token: c.state.newToken()}
		c.state.users = append(c.state.users, u)
	}
	c.applied = true
	return c.signedIn(obj{"user_token": u.token})
}

// sendBookCode is POST /book_code/{company_id}.
func sendBookCode(c *call) answer {
	phone, ok := asPhone(c.body["phone"])
	if !ok {
		return invalid("phone")
	}
	c.sendCode(c.company, phone, c.now)
	c.applied = true
	c.note = "sms to " + maskPhone(phone)
	return accepted(http.StatusCreated, "Created")
}

// sendBookingUserPhoneCode is GET /booking/user/phone_confirmation.
func sendBookingUserPhoneCode(c *call) answer {
	phone, ok := asPhone(c.query.Get("phone"))
	if !ok {
		return invalid("phone")
	}
	id, _ := asInt(c.query.Get("company_id"))
	company := c.state.company(id)
	if group, _ := asInt(c.query.Get("group_id")); company == nil && group == groupID {
		company = c.state.companies[0]
	}
	if company == nil {
		return invalid("company_id", "group_id")
	}
	c.sendCode(company, phone, c.now)
	c.applied = true
	c.note = "sms to " + maskPhone(phone)
	return accepted(http.StatusAccepted, "Accepted")
}

// getBookingUser is GET /booking/user/data. The documented answer repeats the
// token under the key "0".
func getBookingUser(c *call) answer {
	data := c.profile(c.user)
	data["0"] = c.user.token
	return c.booking(http.StatusOK, data)
}

// booking answers with or without the envelope, by the switch.
func (c *call) booking(status int, data obj) answer {
	if c.switches.BookingEnveloped {
		return enveloped(status, data, nil)
	}
	return answer{status: status, body: data}
}

// updateBookingUser is PUT /booking/user; another phone needs a code sent to it.
func updateBookingUser(c *call) answer {
	u := c.user
	if v, ok := c.body["phone"]; ok {
		phone, valid := asPhone(v)
		if !valid {
			return invalid("phone")
		}
		if phone != u.phone {
			k := c.findCode(phone, text(c.body, "confirmation_code"), 0, c.now)
			if k == nil {
				return invalid("confirmation_code")
			}
			if c.state.userByPhone(phone) != nil {
				return invalid("phone")
			}
			k.uses++
			u.phone, u.login = phone, phone
		}
	}
	if s, ok := asText(c.body["name"]); ok {
		u.name = clip(s)
	}
	if s, ok := asText(c.body["email"]); ok {
		u.email = clip(s)
	}
	c.applied = true
	return accepted(http.StatusAccepted, "Accepted")
}

// changeBookingUserPassword is PUT /booking/user/password: a new token for a
// new password.
func changeBookingUserPassword(c *call) answer {
	u := c.user
	next := text(c.body, "new_password")
	if next == "" || u.password != "" && text(c.body, "old_password") != u.password {
		return invalid("old_password", "new_password")
	}
	u.password = next
	u.token = c.state.newToken()
	c.applied = true
	return enveloped(http.StatusOK, obj{"user_token": u.token}, nil)
}

// clip keeps free text of a caller at a length that a page can show.
func clip(s string) string {
	const most = 4000
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
