package session

import (
	"context"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/verdict"
	"zapis/yclients"
)

func (s *Service) sendCode(ctx context.Context, branch salon.BranchID, phone salon.Phone) error {
	_, err := s.client.Booking.SendCode(ctx, branch, &yclients.CodeRequest{Phone: yclients.Phone(phone.Digits())})
	return err
}

// clientToken puts phone and code to YCLIENTS and returns the client's own token (C).
func (s *Service) clientToken(ctx context.Context, phone salon.Phone, code string) (secret.String, error) {
	got, _, err := s.client.UserRecords.Login(ctx, &yclients.PhoneLoginRequest{
		Phone: yclients.Phone(phone.Digits()), Code: yclients.Secret(code),
	})
	if err != nil {
		return secret.String{}, err
	}
	return secret.Text(string(got.UserToken)), nil
}

// refusedCode words a failed sign-in. YCLIENTS documents no body for a wrong code: what refuses the person and not
// our key is read as one.
func refusedCode(err error) *problem.Error {
	p := verdict.Of(err)
	switch p.Code {
	case problem.UpstreamToken, problem.UpstreamLogin, problem.UpstreamMalformed:
		if verdict.Refused(err) {
			return problem.Because(problem.CodeWrong, err)
		}
	}
	return p
}
