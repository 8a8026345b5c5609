package sandbox

import "net/http"

// Mass messages of a salon: they go to the inbox, SMS and mail alike.

// sendMessages answers the four operations: by is the channel, everybody tells
// whether it goes to the whole client base.
func sendMessages(channel string, everybody bool) func(*call) answer {
	return func(c *call) answer {
		text, subject := text(c.body, "text"), text(c.body, "subject")
		if text == "" {
			return invalid("text")
		}
		if channel == ChannelMail && subject == "" {
			return invalid("subject")
		}
		chosen, ok := ids(c.body["client_ids"])
		if !everybody && !ok {
			return invalid("client_ids")
		}
		wanted := map[int64]bool{}
		for _, id := range chosen {
			wanted[id] = true
		}
		for _, k := range c.company.clients {
			if everybody || wanted[k.id] {
				c.sendMessage(Message{
					Channel: channel, Phone: k.phone, Email: k.email, Subject: clip(subject), Text: clip(text), CompanyID: c.company.id,
				})
			}
		}
		c.applied = true
		return accepted(http.StatusCreated, "Accepted")
	}
}

// sendMessage puts a message into the inbox; one without an address of its
// channel goes nowhere.
func (c *call) sendMessage(m Message) {
	if m.Channel == ChannelMail && m.Email == "" || m.Channel == ChannelSMS && m.Phone == "" {
		return
	}
	if m.Channel == ChannelMail {
		m.Phone = ""
	} else {
		m.Email = ""
	}
	m.At = c.now
	c.Sandbox.keepMessage(m)
}

// Mail returns the mails "sent", the newest first.
func (s *Sandbox) Mail() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.sent(ChannelMail)
}
