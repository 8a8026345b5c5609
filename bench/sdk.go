package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"time"

	"zapis/contract"
	"zapis/yclients"
)

// plainRecord is what a careful programmer would write to read the same record with encoding/json: every member of
// the sample, each with the type it has there, times left as texts.
type plainRecord struct {
	ID                int64             `json:"id"`
	CompanyID         int64             `json:"company_id"`
	StaffID           int64             `json:"staff_id"`
	Services          []plainService    `json:"services"`
	GoodsTransactions []json.RawMessage `json:"goods_transactions"`
	Staff             plainStaff        `json:"staff"`
	Client            *plainClient      `json:"client"`
	Comer             *plainClient      `json:"comer"`
	ClientsCount      int64             `json:"clients_count"`
	Date              string            `json:"date"`
	Datetime          string            `json:"datetime"`
	CreateDate        string            `json:"create_date"`
	Comment           string            `json:"comment"`
	Online            bool              `json:"online"`
	VisitAttendance   int64             `json:"visit_attendance"`
	Attendance        int64             `json:"attendance"`
	Confirmed         int64             `json:"confirmed"`
	SeanceLength      int64             `json:"seance_length"`
	Length            int64             `json:"length"`
	SMSBefore         int64             `json:"sms_before"`
	SMSNow            int64             `json:"sms_now"`
	SMSNowText        string            `json:"sms_now_text"`
	EmailNow          int64             `json:"email_now"`
	Notified          int64             `json:"notified"`
	MasterRequest     int64             `json:"master_request"`
	APIID             string            `json:"api_id"`
	FromURL           string            `json:"from_url"`
	ReviewRequested   int64             `json:"review_requested"`
	VisitID           string            `json:"visit_id"`
	CreatedUserID     int64             `json:"created_user_id"`
	Deleted           bool              `json:"deleted"`
	PaidFull          int64             `json:"paid_full"`
	Prepaid           bool              `json:"prepaid"`
	PrepaidConfirmed  bool              `json:"prepaid_confirmed"`
	LastChangeDate    string            `json:"last_change_date"`
	CustomColor       string            `json:"custom_color"`
	CustomFontColor   string            `json:"custom_font_color"`
	RecordLabels      []json.RawMessage `json:"record_labels"`
	ActivityID        int64             `json:"activity_id"`
	CustomFields      json.RawMessage   `json:"custom_fields"`
	Documents         []plainDocument   `json:"documents"`
	SMSRemainHours    int64             `json:"sms_remain_hours"`
	EmailRemainHours  int64             `json:"email_remain_hours"`
	BookformID        int64             `json:"bookform_id"`
	RecordFrom        string            `json:"record_from"`
	IsMobile          int64             `json:"is_mobile"`
	BillPrinted       bool              `json:"is_sale_bill_printed"`
	Consumables       []json.RawMessage `json:"consumables"`
	Finance           []json.RawMessage `json:"finance_transactions"`
}

type plainService struct {
	ID          int64   `json:"id"`
	Title       string  `json:"title"`
	Cost        float64 `json:"cost"`
	CostToPay   float64 `json:"cost_to_pay"`
	ManualCost  float64 `json:"manual_cost"`
	CostPerUnit float64 `json:"cost_per_unit"`
	Discount    float64 `json:"discount"`
	FirstCost   float64 `json:"first_cost"`
	Amount      float64 `json:"amount"`
}

type plainStaff struct {
	ID             int64  `json:"id"`
	Name           string `json:"name"`
	Specialization string `json:"specialization"`
	Position       struct {
		ID    int64  `json:"id"`
		Title string `json:"title"`
	} `json:"position"`
	Avatar     string  `json:"avatar"`
	AvatarBig  string  `json:"avatar_big"`
	Rating     float64 `json:"rating"`
	VotesCount int64   `json:"votes_count"`
}

type plainClient struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
}

type plainDocument struct {
	ID          int64  `json:"id"`
	TypeID      int64  `json:"type_id"`
	StorageID   int64  `json:"storage_id"`
	UserID      int64  `json:"user_id"`
	CompanyID   int64  `json:"company_id"`
	Number      int64  `json:"number"`
	Comment     string `json:"comment"`
	DateCreated string `json:"date_created"`
	CategoryID  int64  `json:"category_id"`
	VisitID     int64  `json:"visit_id"`
	RecordID    int64  `json:"record_id"`
	TypeTitle   string `json:"type_title"`
	BillPrinted bool   `json:"is_sale_bill_printed"`
}

// recordPage is an answer of so many records, made from the sample of the contract.
func recordPage(n int) ([]byte, error) {
	op, ok := contract.Lookup("listRecords")
	if !ok {
		return nil, fmt.Errorf("the contract has no listRecords")
	}
	sample, ok := op.Success().Sample()
	if !ok {
		return nil, fmt.Errorf("listRecords has no sample")
	}
	var answer struct {
		Data []json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(sample.JSON, &answer); err != nil {
		return nil, err
	}
	var page bytes.Buffer
	page.WriteString(`{"success":true,"data":[`)
	for i := range n {
		if i > 0 {
			page.WriteByte(',')
		}
		if err := json.Compact(&page, answer.Data[0]); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(&page, `],"meta":{"page":1,"total_count":%d}}`, n)
	return page.Bytes(), nil
}

// canned answers without a network, so that only the work on both sides of it is left.
type canned []byte

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c)),
	}, nil
}

const (
	benchPartner = "partner-token-example"
	benchUser    = "user-token-example"
)

// plainList is the call as it is written without an SDK.
func plainList(ctx context.Context, c *http.Client, base string) ([]plainRecord, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/records/4564", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+benchPartner+", User "+benchUser)
	r.Header.Set("Accept", "application/vnd.yclients.v2+json")
	resp, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Success bool            `json:"success"`
		Data    []plainRecord   `json:"data"`
		Meta    json.RawMessage `json:"meta"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	return answer.Data, nil
}

// sdk measures the SDK beside what one would write without it.
func (b *bench) sdk(ctx context.Context) error {
	if err := b.decode(ctx); err != nil {
		return err
	}
	return b.overhead(ctx)
}

func (b *bench) decode(ctx context.Context) error {
	page, err := recordPage(200)
	if err != nil {
		return err
	}
	client, err := yclients.New(yclients.WithPartnerToken(benchPartner), yclients.WithUserToken(benchUser), yclients.WithTransport(canned(page)))
	if err != nil {
		return err
	}
	plain := &http.Client{Transport: canned(page)}
	ours := func() error {
		records, _, err := client.Records.List(ctx, 4564, nil)
		if err == nil && len(records) != 200 {
			err = fmt.Errorf("%d records", len(records))
		}
		return err
	}
	theirs := func() error {
		records, err := plainList(ctx, plain, yclients.DefaultBaseURL)
		if err == nil && len(records) != 200 {
			err = fmt.Errorf("%d records", len(records))
		}
		return err
	}
	return b.compare(fmt.Sprintf("SDK: 200 records decoded (%d KB)", len(page)>>10), 40, ours, theirs, "encoding/json into plain structs", "1.25 of the time")
}

// overhead is what one small call costs beyond net/http, over a real connection.
func (b *bench) overhead(ctx context.Context) error {
	page, err := recordPage(0)
	if err != nil {
		return err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(page)
	}))
	defer server.Close()
	client, err := yclients.New(yclients.WithPartnerToken(benchPartner), yclients.WithUserToken(benchUser),
		yclients.WithBaseURL(server.URL), yclients.WithHTTPClient(server.Client()))
	if err != nil {
		return err
	}
	plain := server.Client()
	ours := func() error { _, _, err := client.Records.List(ctx, 4564, nil); return err }
	theirs := func() error { _, err := plainList(ctx, plain, server.URL); return err }
	return b.compare("SDK: one call over loopback", 1000, ours, theirs, "net/http and encoding/json", "25 µs and 40 allocations more")
}

// compare lets both sides take turns and counts time and allocations of each run.
func (b *bench) compare(what string, runs int, ours, theirs func() error, baseline, aim string) error {
	sides := [2]func() error{ours, theirs}
	var took, allocs [2][]float64
	for round := range b.rounds + 1 {
		order := []int{0, 1}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, i := range order {
			us, n, err := perRun(runs, sides[i])
			if err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			if round > 0 { // the first warms up
				took[i], allocs[i] = append(took[i], us), append(allocs[i], n)
			}
		}
	}
	more := fmt.Sprintf("%.2f; %+.0f µs, %+.0f allocations", median(quotients(took[0], took[1])), median(took[0])-median(took[1]), median(allocs[0])-median(allocs[1]))
	b.row(what+", µs", spread(took[0], "%.0f"), baseline+": "+spread(took[1], "%.0f"), more, aim)
	return nil
}

// perRun returns microseconds and allocations of one run.
func perRun(runs int, f func() error) (us, allocs float64, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	for range runs {
		if err := f(); err != nil {
			return 0, 0, err
		}
	}
	took := time.Since(begin)
	runtime.ReadMemStats(&after)
	return float64(took.Nanoseconds()) / 1000 / float64(runs), float64(after.Mallocs-before.Mallocs) / float64(runs), nil
}
