package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// Message is an SMS of the inbox.
type Message struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Phone     string    `json:"phone"`
	Text      string    `json:"text"`
	Code      string    `json:"code"`
	CompanyID int64     `json:"company_id"`
}

// codeLife is how long an SMS code is good by default.
const codeLife = 10 * time.Minute

type smsCode struct {
	phone   string
	company int64
	code    string
	expires time.Time
	uses    int
	tries   int // wrong ones
}

// sendCode puts a new code into the inbox. It replaces the earlier one of the
// same phone and company.
func (s *Sandbox) sendCode(c *company, phone string, now time.Time) {
	st := s.state
	st.codes = slices.DeleteFunc(st.codes, func(k *smsCode) bool {
		return k.phone == phone && k.company == c.id || now.After(k.expires)
	})
	code := fmt.Sprintf("%05d", 10_000+st.rng.IntN(90_000))
	st.codes = append(st.codes, &smsCode{phone: phone, company: c.id, code: code, expires: now.Add(seconds(s.switches.SMSCodeSeconds))})
	m := Message{
		ID: int64(len(st.messages) + 1), At: now, Phone: phone, Code: code, CompanyID: c.id,
		Text: "Код подтверждения: " + code + ". " + c.title,
	}
	st.messages = append(st.messages, m)
	s.emit("sms", m)
}

// findCode looks for a live code; companyID 0 is any company, as the sign-in
// names none. A wrong try counts against every live code of the phone.
func (s *Sandbox) findCode(phone, code string, companyID int64, now time.Time) *smsCode {
	var live []*smsCode
	for _, k := range s.state.codes {
		fits := k.phone == phone && (companyID == 0 || k.company == companyID)
		if !fits || !now.Before(k.expires) || k.uses >= s.switches.SMSCodeUses {
			continue
		}
		if limit := s.switches.SMSCodeTries; limit > 0 && k.tries >= limit {
			continue
		}
		if k.code == code {
			return k
		}
		live = append(live, k)
	}
	for _, k := range live {
		k.tries++
	}
	return nil
}

// inbox copies the messages, the newest first.
func (s *state) inbox() []Message {
	out := make([]Message, 0, len(s.messages))
	for i := len(s.messages) - 1; i >= 0; i-- {
		out = append(out, s.messages[i])
	}
	return out
}
