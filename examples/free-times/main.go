// Command free-times finds the next free times for a service, with every master who does it.
//
//	go run ./examples/free-times -service 331 -days 3
//
// It needs the partner token alone. Times are always asked for a concrete service: without one the API offers starts
// that do not fit the visit. One question a master and day adds up, and the API takes 5 calls a second and 200 a
// minute from one address, so the calls go through a transport that keeps a pace.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "free-times:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	service := flag.Int64("service", 0, "id of the service; without it the services are listed")
	days := flag.Int("days", 3, "how many days with free times to look at")
	flag.Parse()
	companyID, err := strconv.ParseInt(os.Getenv("YCLIENTS_COMPANY_ID"), 10, 64)
	if err != nil {
		return fmt.Errorf("set YCLIENTS_COMPANY_ID to the number of the branch: %w", err)
	}
	pace := time.NewTicker(300 * time.Millisecond)
	defer pace.Stop()
	client, err := yclients.New(
		yclients.WithPartnerToken(yclients.Token(os.Getenv("YCLIENTS_API_TOKEN"))),
		yclients.WithBaseURL(cmp.Or(os.Getenv("YCLIENTS_BASE_URL"), yclients.DefaultBaseURL)),
		yclients.WithTransport(paced{pace.C}),
	)
	if err != nil {
		return err
	}
	if *service == 0 {
		return list(ctx, client, companyID)
	}
	services := []int64{*service}
	masters, _, err := client.Booking.Staff(ctx, companyID, &yclients.BookingStaffOptions{ServiceIDs: services})
	if err != nil {
		return err
	}
	dates, _, err := client.Booking.Dates(ctx, companyID, &yclients.BookingDatesOptions{ServiceIDs: services})
	if err != nil {
		return err
	}
	for _, date := range dates.BookingDates[:min(*days, len(dates.BookingDates))] {
		day := yclients.Date(date.Raw)
		fmt.Println(day)
		for _, m := range masters {
			if !m.Bookable {
				continue
			}
			times, _, err := client.Booking.Times(ctx, companyID, m.ID, day, &yclients.BookingTimesOptions{ServiceIDs: services})
			if err != nil {
				return err // "could not ask" is not "nothing free"
			}
			starts := slices.Collect(func(yield func(string) bool) {
				for _, t := range times {
					if !yield(t.Time) {
						return
					}
				}
			})
			if len(starts) > 0 {
				fmt.Printf("  %-20s  %s\n", m.Name, strings.Join(starts, " "))
			}
		}
	}
	return nil
}

func list(ctx context.Context, client *yclients.Client, companyID int64) error {
	all, _, err := client.Booking.Services(ctx, companyID, nil)
	if err != nil {
		return err
	}
	for _, s := range all.Services {
		fmt.Printf("%d  %s\n", s.ID, s.Title)
	}
	return nil
}

// paced waits for its turn before each call. The error of a wait that was given up says that nothing was sent, so
// that even a booking could be tried again.
type paced struct{ turn <-chan time.Time }

func (p paced) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-p.turn:
		return http.DefaultTransport.RoundTrip(r)
	case <-r.Context().Done():
		return nil, notSent{r.Context().Err()}
	}
}

type notSent struct{ error }

func (notSent) NotSent() bool   { return true }
func (n notSent) Unwrap() error { return n.error }
