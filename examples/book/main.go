// Command book books the first free time of a service and, with -cancel, takes it back.
//
//	go run ./examples/book -service 331 -name "Имя Тест" -phone 79000000001 -cancel
//
// It shows the three ends that a booking can have. A time that was taken meanwhile: offer another. A request that
// never left: safe to send again. An answer that was lost: the record may exist, so look it up by the mark that the
// booking carried and never send it blindly again, because the API has no idempotency key.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "book:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	service := flag.Int64("service", 0, "id of the service")
	name := flag.String("name", "", "name of the client")
	phone := flag.String("phone", "", "phone of the client, digits")
	code := flag.String("code", "", "SMS code, where the branch wants one")
	cancel := flag.Bool("cancel", false, "cancel the booking again")
	flag.Parse()
	companyID, err := strconv.ParseInt(os.Getenv("YCLIENTS_COMPANY_ID"), 10, 64)
	if err != nil {
		return fmt.Errorf("set YCLIENTS_COMPANY_ID to the number of the branch: %w", err)
	}
	client, err := yclients.New(
		yclients.WithPartnerToken(yclients.Token(os.Getenv("YCLIENTS_API_TOKEN"))),
		yclients.WithBaseURL(cmp.Or(os.Getenv("YCLIENTS_BASE_URL"), yclients.DefaultBaseURL)),
	)
	if err != nil {
		return err
	}
	free, err := firstFree(ctx, client, companyID, *service)
	if err != nil {
		return err
	}
	mark := strconv.FormatInt(time.Now().UnixMicro(), 10) // ours, kept by the record as api_id
	booked, _, err := client.Booking.Create(ctx, companyID, &yclients.BookingRequest{
		Phone: yclients.Phone(*phone), Fullname: *name, Code: yclients.Secret(*code), APIID: mark,
		Appointments: []*yclients.BookingAppointmentRequest{{
			ID: 1, Services: []int64{*service}, StaffID: 0, // anybody
			Datetime: free.Datetime.Raw, // exactly as it was received
		}},
	})
	switch {
	case errors.Is(err, yclients.ErrSlotTaken):
		return errors.New("somebody was faster: run it again for another time")
	case errors.Is(err, yclients.ErrWrongCode):
		return errors.New("the branch wants a code from an SMS: pass it as -code")
	case errors.Is(err, yclients.ErrOutcomeUnknown):
		return fmt.Errorf("the booking may exist: look for a record with api_id %s before booking again (%w)", mark, err)
	case err != nil:
		return err
	}
	fmt.Printf("booked %s, record %d\n", free.Time, booked[0].RecordID)
	if !*cancel {
		return nil
	}
	if _, err := client.UserRecords.Delete(ctx, booked[0].RecordID, booked[0].RecordHash); err != nil {
		return err
	}
	fmt.Println("cancelled")
	return nil
}

// firstFree looks through the days that have free times for the first one.
func firstFree(ctx context.Context, client *yclients.Client, companyID, service int64) (*yclients.Seance, error) {
	services := []int64{service}
	dates, _, err := client.Booking.Dates(ctx, companyID, &yclients.BookingDatesOptions{ServiceIDs: services})
	if err != nil {
		return nil, err
	}
	for _, date := range dates.BookingDates {
		times, _, err := client.Booking.Times(ctx, companyID, 0, yclients.Date(date.Raw), &yclients.BookingTimesOptions{ServiceIDs: services})
		if err != nil {
			return nil, err
		}
		if len(times) > 0 {
			return times[0], nil
		}
	}
	return nil, errors.New("nothing is free")
}
