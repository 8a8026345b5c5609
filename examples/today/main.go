// Command today prints the records of a branch for today, as its timetable shows them.
//
//	export YCLIENTS_API_TOKEN=... YCLIENTS_USER_TOKEN=... YCLIENTS_COMPANY_ID=4564
//	go run ./examples/today
//
// "Today" is the branch's own day, so the program asks for the branch's time zone first: a server in UTC would
// print yesterday for the first hours of a morning in Vladivostok.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "today:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	days := flag.Int("in", 0, "show the day this many days from today")
	flag.Parse()
	companyID, err := strconv.ParseInt(os.Getenv("YCLIENTS_COMPANY_ID"), 10, 64)
	if err != nil {
		return fmt.Errorf("set YCLIENTS_COMPANY_ID to the number of the branch: %w", err)
	}
	client, err := yclients.New(
		yclients.WithPartnerToken(yclients.Token(os.Getenv("YCLIENTS_API_TOKEN"))),
		yclients.WithUserToken(yclients.Token(os.Getenv("YCLIENTS_USER_TOKEN"))),
		yclients.WithBaseURL(cmp.Or(os.Getenv("YCLIENTS_BASE_URL"), yclients.DefaultBaseURL)),
	)
	if err != nil {
		return err
	}
	company, _, err := client.Companies.Get(ctx, companyID, nil)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(company.TimezoneName)
	if err != nil {
		return err
	}
	day := yclients.DateOf(time.Now().In(zone).AddDate(0, 0, *days))

	var records []*yclients.Record
	for record, err := range client.Records.All(ctx, companyID, &yclients.RecordListOptions{StartDate: day, EndDate: day, Count: 200}) {
		if err != nil {
			return err // half a day is not the day
		}
		records = append(records, record)
	}
	slices.SortFunc(records, func(a, b *yclients.Record) int { return a.Moment().In(zone).Compare(b.Moment().In(zone)) })

	fmt.Printf("%s, %s: %d records\n", company.Title, day, len(records))
	for _, r := range records {
		fmt.Printf("%s  %-20s  %-8s  %s\n", r.Moment().In(zone).Format("15:04"), master(r), length(r), visitor(r))
	}
	return nil
}

func master(r *yclients.Record) string {
	if r.Staff == nil {
		return "nobody"
	}
	return r.Staff.Name
}

func length(r *yclients.Record) string { return fmt.Sprintf("%d min", int(r.SeanceLength.Minutes())) }

// visitor names the client. A record without one is a break or a note.
func visitor(r *yclients.Record) string {
	if r.Client == nil {
		return "—"
	}
	return r.Client.Name
}
