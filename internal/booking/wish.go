package booking

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
)

const (
	maxVisits   = 10
	maxServices = 20
	maxName     = 100 // characters
	maxEmail    = 200
	maxComment  = 1000
	maxAhead    = 366 * 24 * time.Hour
)

// draft is a wish that was found good.
type draft struct {
	who          salon.Caller
	phone        salon.Phone
	branch       salon.Branch
	zone         *time.Location
	wish         salon.NewBooking
	order        createOrder
	appointments []store.Appointment
	secret       secret.String // for a guest
}

// createOrder is what is sent to YCLIENTS, kept sealed in the intent until it has settled.
type createOrder struct {
	Phone   salon.Phone `json:"phone"`
	Name    string      `json:"name"`
	Email   string      `json:"email,omitempty"`
	Comment string      `json:"comment,omitempty"`
	Code    string      `json:"code,omitempty"`
	Try     string      `json:"try,omitempty"`    // of Codes, to be forgiven when the code was right
	Person  string      `json:"person,omitempty"` // whose own token may stand in for the code
	Visits  []visit     `json:"visits"`
}

// visit is one item of the order, its number in the order being its id.
type visit struct {
	Services []int64   `json:"services"`
	Staff    int64     `json:"staff"`
	Datetime string    `json:"datetime"` // as YCLIENTS gave it
	At       time.Time `json:"at"`
}

// display is what the screen shows of an appointment, as it was when booked.
type display struct {
	Zone     string                `json:"zone"`
	Services []salon.BookedService `json:"services"`
	Staff    salon.BookedStaff     `json:"staff"`
}

// owner finds whose booking this is to be: the session's phone, or the guest's.
func (s *Service) owner(ctx context.Context, who salon.Caller, wish salon.NewBooking) (salon.Phone, error) {
	if who.Person == "" {
		phone, err := salon.ParsePhone(wish.Client.Phone)
		if err != nil {
			return "", problem.Because(problem.PhoneInvalid, err).At("body.client.phone", "not a phone number")
		}
		return phone, nil
	}
	if wish.Client.Phone != "" {
		return "", problem.New(problem.InvalidRequest).At("body.client.phone", "leave it out: with a session the session's phone counts")
	}
	_, phone, err := s.clients.ClientToken(ctx, who.Person)
	return phone, err
}

// fingerprint names a wish for comparing repeats. The code is left out: a repeat may bring another one. The phone is
// in it by its keyed hash only.
func (s *Service) fingerprint(phone salon.Phone, wish salon.NewBooking) string {
	wish.Code, wish.Client.Phone = "", s.store.PhoneHMAC(phone)
	b, err := json.Marshal(wish)
	if err != nil {
		panic(fmt.Sprintf("booking: a wish cannot be written as JSON: %v", err)) // strings and numbers always can
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// draft checks a wish against the branch's rules and the catalogue. Nothing is stored or sent.
func (s *Service) draft(ctx context.Context, who salon.Caller, phone salon.Phone, wish salon.NewBooking) (*draft, error) {
	if !slices.Contains(s.branches, wish.Branch) {
		return nil, problem.New(problem.BranchUnknown)
	}
	branch, err := s.mirror.Branch(ctx, wish.Branch)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(branch.Zone)
	if err != nil {
		return nil, problem.Because(problem.UpstreamMalformed, err)
	}
	if wish.Client.Name, err = cleanName(wish.Client.Name); err != nil {
		return nil, err
	}
	if err := checkTexts(wish); err != nil {
		return nil, err
	}
	d := &draft{who: who, phone: phone, branch: branch, zone: zone, wish: wish}
	if err := d.checkRules(); err != nil {
		return nil, err
	}
	d.order = createOrder{
		Phone: phone, Name: wish.Client.Name, Email: strings.TrimSpace(wish.Client.Email), Comment: cleanComment(wish.Comment),
		Code: strings.TrimSpace(wish.Code), Person: who.Person,
	}
	if err := s.addVisits(ctx, d); err != nil {
		return nil, err
	}
	if who.Person == "" {
		d.secret = secret.NewToken(secret.BookingSecret)
	}
	return d, nil
}

// checkRules asks for what the branch asks for: consent, a comment, a guest's code.
func (d *draft) checkRules() error {
	consent, given := d.branch.Consent, d.wish.Consent
	switch {
	case consent.Required && (given == nil || given.Version == ""):
		return problem.New(problem.ConsentRequired).At("body.consent", "the branch asks for consent, version "+consent.Version)
	case consent.Required && given.Version != consent.Version:
		return problem.New(problem.ConsentOutdated).At("body.consent.version", "the text now has version "+consent.Version)
	case d.branch.Rules.CommentRequired && strings.TrimSpace(d.wish.Comment) == "":
		return problem.New(problem.InvalidRequest).At("body.comment", "the branch asks for a comment")
	case d.branch.Rules.CodeRequired && d.who.Person == "" && strings.TrimSpace(d.wish.Code) == "":
		return problem.New(problem.CodeRequired).At("body.code", "ask for one with POST /v1/auth/codes")
	}
	return nil
}

func (s *Service) addVisits(ctx context.Context, d *draft) error {
	if n := len(d.wish.Appointments); n == 0 || n > maxVisits {
		return problem.New(problem.InvalidRequest).At("body.appointments", "1 to 10 visits")
	}
	for i, a := range d.wish.Appointments {
		at := fmt.Sprintf("body.appointments[%d]", i)
		if len(a.Services) == 0 || len(a.Services) > maxServices {
			return problem.New(problem.InvalidRequest).At(at+".services", "1 to 20 services")
		}
		start, moment, err := s.readStart(a.Start, d.zone, at+".start")
		if err != nil {
			return err
		}
		if err := s.addVisit(ctx, d, i, a, start, moment); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) addVisit(ctx context.Context, d *draft, i int, a salon.NewAppointment, start salon.Start, moment time.Time) error {
	services, staff, choice, err := s.mirror.Prepare(ctx, d.branch.ID, a.Services, a.Staff)
	if err != nil {
		return err
	}
	shown := display{Zone: d.branch.Zone, Staff: bookedStaff(staff)}
	length := start.Length
	for _, one := range services {
		if one.Prepaid == "required" {
			return problem.New(problem.PrepaymentRequired).Detailf("service %d", one.ID).Adding("widget_url", d.branch.WidgetURL)
		}
		shown.Services = append(shown.Services, salon.BookedService{ID: one.ID, Title: one.Title, Price: one.Price})
		if start.Length == 0 && one.Duration != nil {
			length += time.Duration(*one.Duration) * time.Second
		}
	}
	v := visit{Services: a.Services, Staff: a.Staff, Datetime: start.Datetime, At: moment}
	if choice != nil {
		if v.Staff, err = s.mirror.Choose(ctx, d.branch.ID, a.Services, choice, moment); err != nil {
			return err
		}
		shown.Staff = bookedStaff(s.mirror.StaffCard(ctx, d.branch.ID, v.Staff))
	}
	b, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	d.order.Visits = append(d.order.Visits, v)
	d.appointments = append(d.appointments, store.Appointment{
		Position: i, ServiceIDs: a.Services, StaffAsked: a.Staff, StaffID: v.Staff, Start: a.Start,
		StartsAt: moment, Length: length, Display: b,
	})
	return nil
}

// readStart decodes a start of ours and refuses what lies behind us.
func (s *Service) readStart(text string, zone *time.Location, at string) (salon.Start, time.Time, error) {
	start, err := salon.ParseStart(text)
	if err != nil {
		return start, time.Time{}, problem.Because(problem.StartInvalid, err).At(at, "pass back what slots gave, unchanged")
	}
	moment, err := start.Time(zone)
	if err != nil {
		return start, moment, problem.Because(problem.StartInvalid, err).At(at, "pass back what slots gave, unchanged")
	}
	switch now := s.now(); {
	case !moment.After(now):
		return start, moment, problem.New(problem.StartPast).At(at, "this time has passed")
	case moment.After(now.Add(maxAhead)):
		return start, moment, problem.New(problem.StartInvalid).At(at, "more than a year ahead")
	}
	return start, moment, nil
}

func cleanName(name string) (string, error) {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if name == "" {
		return "", problem.New(problem.NameRequired).At("body.client.name", "the salon must know whom to expect")
	}
	if len([]rune(name)) > maxName {
		return "", problem.New(problem.InvalidRequest).At("body.client.name", "at most 100 characters")
	}
	return name, nil
}

// cleanComment keeps line ends and drops what no person types.
func cleanComment(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) && !unicode.IsSpace(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text))
}

func checkTexts(wish salon.NewBooking) error {
	if len([]rune(wish.Comment)) > maxComment {
		return problem.New(problem.InvalidRequest).At("body.comment", "at most 1000 characters")
	}
	email := strings.TrimSpace(wish.Client.Email)
	if email == "" {
		return nil
	}
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email || len(email) > maxEmail {
		return problem.New(problem.InvalidRequest).At("body.client.email", "not an e-mail address")
	}
	return nil
}

func bookedStaff(one salon.Staff) salon.BookedStaff {
	return salon.BookedStaff{ID: one.ID, Name: one.Name, Position: one.Position, Avatar: one.Avatar}
}
