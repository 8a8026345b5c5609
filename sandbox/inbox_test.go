package sandbox

import (
	"net/http"
	"testing"
)

func TestMassMessagesGoToTheInbox(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	var regular *client
	for _, k := range a.sb.state.companies[0].clients {
		if k.phone == RegularPhone {
			regular = k
		}
	}
	a.post("/sms/clients/by_id/4564", obj{"client_ids": []int64{regular.id}, "text": "Ждём вас"}).want(201)
	a.post("/email/clients/by_id/4564", obj{"client_ids": []int64{regular.id}, "subject": "Скидка", "text": "Ждём вас"}).want(201)
	if sms := a.sb.SMS(); len(sms) != 1 || sms[0].Phone != RegularPhone || sms[0].Text != "Ждём вас" || sms[0].Email != "" {
		t.Errorf("SMS: %+v", sms)
	}
	if mail := a.sb.Mail(); len(mail) != 1 || mail[0].Email != regular.email || mail[0].Subject != "Скидка" || mail[0].Phone != "" {
		t.Errorf("mail: %+v", mail)
	}
	if n := len(a.control(http.MethodGet, "mail", nil).want(200).raw); n < 10 {
		t.Errorf("the control API shows %d bytes of mail", n)
	}
	a.post("/sms/clients/by_filter/4564", obj{"text": "Всем"}).want(201)
	if got, want := len(a.sb.SMS())-1, len(a.sb.state.companies[0].clients); got != want {
		t.Errorf("%d SMS to %d clients", got, want)
	}
	a.post("/sms/clients/by_id/4564", obj{"text": "Никому"}).want(422)
	a.post("/email/clients/by_id/4564", obj{"client_ids": []int64{regular.id}, "text": "Без темы"}).want(422)
	a.as(NoRightsUserToken).post("/sms/clients/by_filter/4564", obj{"text": "Всем"}).want(403)
}
