package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// Channels of a [Message].
const (
	ChannelSMS  = "sms"
	ChannelMail = "email"
)

// Message is an SMS or a mail of the inbox.
type Message struct {
	ID        int64     `json:"id"`
	Channel   string    `json:"channel"` // sms or email
	At        time.Time `json:"at"`
	Phone     string    `json:"phone"`           // of an SMS, digits
	Email     string    `json:"email,omitempty"` // of a mail
	Subject   string    `json:"subject,omitempty"`
	Text      string    `json:"text"`
	Code      string    `json:"code"` // that the text holds; empty: none
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
	s.keepMessage(Message{
		Channel: ChannelSMS, At: now, Phone: phone, Code: code, CompanyID: c.id,
		Text: "Код подтверждения: " + code + ". " + c.title,
	})
}

// messagesKept is how many messages the inbox holds; the oldest go first.
const messagesKept = 10_000

// keepMessage puts a message into the inbox.
func (s *Sandbox) keepMessage(m Message) {
	st := s.state
	m.ID = 1
	if n := len(st.messages); n > 0 {
		m.ID = st.messages[n-1].ID + 1
	}
	st.messages = append(st.messages, m)
	if over := len(st.messages) - messagesKept; over > 0 {
		st.messages = slices.Delete(st.messages, 0, over)
	}
	s.emit(m.Channel, m)
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

// inbox copies the SMS, the newest first.
func (s *state) inbox() []Message { return s.sent(ChannelSMS) }

// sent copies the messages of a channel, the newest first.
func (s *state) sent(channel string) []Message {
	out := []Message{}
	for i := len(s.messages) - 1; i >= 0; i-- {
		if s.messages[i].Channel == channel {
			out = append(out, s.messages[i])
		}
	}
	return out
}
