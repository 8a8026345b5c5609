package yclients

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// MarketplaceEventKind is what happened to an application in a company.
type MarketplaceEventKind string

// Events in the life of an application. Payment is not in the documentation.
const (
	MarketplaceUninstall MarketplaceEventKind = "uninstall"
	MarketplaceFreeze    MarketplaceEventKind = "freeze" // its paid term is over
	MarketplacePayment   MarketplaceEventKind = "payment"
)

// MarketplaceEvent is the request marketplaceWebhook, which YCLIENTS sends to
// the callback address of an application of the marketplace.
type MarketplaceEvent struct {
	kept
	SalonID       int64                `json:"salon_id"` // company
	ApplicationID int64                `json:"application_id"`
	Event         MarketplaceEventKind `json:"event"`
	PartnerToken  Token                `json:"partner_token"` // what proves the origin
}

// UnmarshalJSON keeps what it does not understand: see Extra and Misfits.
func (v *MarketplaceEvent) UnmarshalJSON(data []byte) error { return unmarshalObject(data, v) }

// MarshalJSON writes what was received, without the token.
func (v MarketplaceEvent) MarshalJSON() ([]byte, error) { return marshalObject(v) }

// ParseMarketplaceEvent reads a lifecycle event and compares the partner token
// in it with the one given, in constant time: it is the only proof of origin.
// A wrong one gives an error that wraps [ErrWebhookForged].
func ParseMarketplaceEvent(body []byte, partner Token) (*MarketplaceEvent, error) {
	e := new(MarketplaceEvent)
	if err := parseInto(body, e); err != nil {
		return nil, err
	}
	if !e.PartnerToken.equal(partner) {
		return nil, fmt.Errorf("yclients: %w: the partner token of the event is not ours", ErrWebhookForged)
	}
	if e.SalonID <= 0 || e.Event == "" {
		return nil, fmt.Errorf("yclients: %w: a marketplace event has a salon_id and an event", ErrWebhookMalformed)
	}
	return e, nil
}

// equal compares in a time that depends on neither text. An empty token equals
// nothing, itself included.
func (t Token) equal(other Token) bool {
	a, b := sha256.Sum256([]byte(t)), sha256.Sum256([]byte(other))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && t != ""
}

// MarketplaceRegistration is what a browser brings to the registration address
// of an application when somebody installs it.
type MarketplaceRegistration struct {
	// SalonIDs are the companies that ask. They stand in the address and are
	// not covered by the signature: whether the person may act for them is to
	// be asked by the API.
	SalonIDs []int64
	// User is the signed JSON object about the person, nil when the address
	// had none.
	User json.RawMessage
}

// ParseMarketplaceRegistration reads the query of a registration address. When
// it carries user_data, that must be signed with the partner token (HMAC-SHA256
// over the decoded JSON, in hexadecimal, compared in constant time), or the
// error wraps [ErrWebhookForged].
func ParseMarketplaceRegistration(query url.Values, partner Token) (*MarketplaceRegistration, error) {
	r := &MarketplaceRegistration{}
	ids := query["salon_id"]
	for name, values := range query {
		if strings.HasPrefix(name, "salon_ids[") {
			ids = append(ids, values...)
		}
	}
	for _, s := range ids {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil || id <= 0 {
			return nil, fmt.Errorf("yclients: %w: a salon id is no number", ErrWebhookMalformed)
		}
		r.SalonIDs = append(r.SalonIDs, id)
	}
	if !query.Has("user_data") {
		return r, nil
	}
	user, err := decodeBase64(query.Get("user_data"))
	if err != nil {
		return nil, fmt.Errorf("yclients: %w: user_data is not base64", ErrWebhookMalformed)
	}
	mac := hmac.New(sha256.New, []byte(partner))
	mac.Write(user)
	sign, err := hex.DecodeString(query.Get("user_data_sign"))
	if err != nil || partner == "" || !hmac.Equal(sign, mac.Sum(nil)) {
		return nil, fmt.Errorf("yclients: %w: user_data_sign does not fit user_data and the partner token", ErrWebhookForged)
	}
	if !json.Valid(user) || trim(user)[0] != '{' {
		return nil, fmt.Errorf("yclients: %w: user_data is no JSON object", ErrWebhookMalformed)
	}
	r.User = trim(user)
	return r, nil
}

// decodeBase64 reads both alphabets, with and without padding. A plus that a
// query turned into a space is a plus again.
func decodeBase64(s string) ([]byte, error) {
	s = strings.NewReplacer(" ", "+", "-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	return base64.RawStdEncoding.DecodeString(s)
}

// OperatorSMS is the request sendOperatorSms: YCLIENTS asks an SMS operator to
// send a message. It proves its origin by the partner token in the
// Authorization header.
type OperatorSMS struct {
	kept
	DestinationParams   map[string]json.RawMessage `json:"destination_params"`
	From                string                     `json:"from"`
	Text                Secret                     `json:"text"`          // may hold a code
	Channel             string                     `json:"channel"`       // sms, whatsapp
	DispatchType        string                     `json:"dispatch_type"` // service, adds: advertising
	DeliveryCallbackURL Secret                     `json:"delivery_callback_url"`
}

// UnmarshalJSON keeps what it does not understand: see Extra and Misfits.
func (v *OperatorSMS) UnmarshalJSON(data []byte) error { return unmarshalObject(data, v) }

// MarshalJSON writes what was received, without text and callback address.
func (v OperatorSMS) MarshalJSON() ([]byte, error) { return marshalObject(v) }

// OperatorSMSReply is an item of the answer to an [OperatorSMS].
type OperatorSMSReply struct {
	ID           string `json:"id"`     // the operator's id of the message
	ExtID        string `json:"ext_id"` // as YCLIENTS sent it
	ErrorCode    int    `json:"error_code"`
	ErrorMessage string `json:"error_message"`
}

// ParseOperatorSMS reads the body of sendOperatorSms. Check the Authorization
// header with [CheckBearer] first.
func ParseOperatorSMS(body []byte) (*OperatorSMS, error) {
	v := new(OperatorSMS)
	if err := parseInto(body, v); err != nil {
		return nil, err
	}
	if len(v.DestinationParams) == 0 || v.Text == "" {
		return nil, fmt.Errorf("yclients: %w: an SMS has destination_params and a text", ErrWebhookMalformed)
	}
	return v, nil
}

// CheckBearer compares the token of an Authorization header in constant time.
// The error wraps [ErrWebhookForged].
func CheckBearer(header string, partner Token) error {
	// "Bearer x, User y" is the same partner with a user beside it.
	header, _, _ = strings.Cut(header, ",")
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Bearer") || !Token(strings.TrimSpace(token)).equal(partner) {
		return fmt.Errorf("yclients: %w: the Authorization header does not carry our partner token", ErrWebhookForged)
	}
	return nil
}

// FiscalDocument is the request fiscalizeDocument: YCLIENTS asks a partner to
// register a receipt. It is answered with a [FiscalReply], 200 when accepted,
// and followed by Fiscalization's report when it is done.
type FiscalDocument struct {
	kept
	ID           string            `json:"id"`
	Date         Time              `json:"date"`
	DocumentID   int64             `json:"document_id"`
	Type         string            `json:"type"` // sale, return
	PrintReceipt bool              `json:"print_receipt"`
	Customer     *FiscalCustomer   `json:"customer"`
	Positions    []*FiscalPosition `json:"positions"`
	Payments     []*FiscalPayment  `json:"payments"`
	Tax          string            `json:"tax"` // tax system, as in ru_osn
	Cashier      *FiscalCashier    `json:"cashier"`
	POS          *FiscalPOS        `json:"pos"`
	CallbackURL  string            `json:"callback_url"` // where the result is reported
	CustomText   string            `json:"custom_text"`
}

// FiscalCustomer is who gets the receipt.
type FiscalCustomer struct {
	kept
	Email string `json:"email"`
	Phone Phone  `json:"phone"`
}

// FiscalPosition is a line of a receipt.
type FiscalPosition struct {
	kept
	Type           string  `json:"type"`
	Title          string  `json:"title"`
	Price          Money   `json:"price"`
	Quantity       float64 `json:"quantity"`
	DiscountAmount Money   `json:"discount_amount"`
	VAT            string  `json:"vat"` // as in ru_vat_10
	PaymentMethod  string  `json:"payment_method"`
	Barcode        string  `json:"barcode"`
}

// FiscalPayment is one means by which a receipt was paid.
type FiscalPayment struct {
	kept
	Type string `json:"type"` // card, cash, prepaid
	Sum  Money  `json:"sum"`
}

// FiscalCashier is who stands at the till.
type FiscalCashier struct {
	kept
	UID      string `json:"uid"`
	ID       string `json:"id"` // the table's name of it, the sample has uid
	Name     string `json:"name"`
	Position string `json:"position"`
}

// FiscalPOS tells about the card terminal.
type FiscalPOS struct {
	kept
	Enabled   bool  `json:"enabled"`
	SlipCount int64 `json:"slip_count"`
}

// FiscalReply is the answer to a [FiscalDocument].
type FiscalReply struct {
	ID      string `json:"id"`
	Status  string `json:"status"` // pending, success, error
	Code    int    `json:"code"`   // 0, 1001..1005 for bad data, 2001 and 2002 for the register
	Message string `json:"message"`
}

// UnmarshalJSON keeps what it does not understand: see Extra and Misfits.
func (v *FiscalDocument) UnmarshalJSON(data []byte) error { return unmarshalObject(data, v) }

// MarshalJSON writes what was received, with the changes made since.
func (v FiscalDocument) MarshalJSON() ([]byte, error) { return marshalObject(v) }

// ParseFiscalDocument reads the body of fiscalizeDocument. Check the
// Authorization header with [CheckBearer] first.
func ParseFiscalDocument(body []byte) (*FiscalDocument, error) {
	v := new(FiscalDocument)
	if err := parseInto(body, v); err != nil {
		return nil, err
	}
	if v.ID == "" && v.DocumentID == 0 {
		return nil, fmt.Errorf("yclients: %w: a fiscal document has an id", ErrWebhookMalformed)
	}
	return v, nil
}

// parseInto reads a body of YCLIENTS as it comes.
func parseInto(body []byte, into json.Unmarshaler) error {
	object, _, err := webhookObject(body)
	if err != nil {
		return err
	}
	return into.UnmarshalJSON(object)
}
