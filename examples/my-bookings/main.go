// Command my-bookings signs a client in with a code from an SMS and prints the client's bookings, as a mobile app
// does.
//
//	go run ./examples/my-bookings -phone 79000000001 -name "Имя Тест"
//
// The client's token gives the bookings of every salon that uses YCLIENTS, so the program keeps to its own branch.
// YCLIENTS sends a real SMS at the salon's cost: a service that does this for anybody must count and limit them.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "my-bookings:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	phone := flag.String("phone", "", "phone of the client, digits")
	name := flag.String("name", "", "name of the client")
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
	if _, err := client.Booking.SendCode(ctx, companyID, &yclients.CodeRequest{Phone: yclients.Phone(*phone), Fullname: *name}); err != nil {
		return err
	}
	fmt.Println("code from the SMS:")
	code, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading the code: %w", err)
	}
	session, _, err := client.UserRecords.Login(ctx, &yclients.PhoneLoginRequest{Phone: yclients.Phone(*phone), Code: yclients.Secret(strings.TrimSpace(code))})
	switch {
	case errors.Is(err, yclients.ErrWrongCode):
		return errors.New("the code is wrong or too old")
	case err != nil:
		return err
	}
	bookings, _, err := client.As(session.UserToken).UserRecords.List(ctx)
	if err != nil {
		return err
	}
	ours := 0
	for _, b := range bookings {
		if b.Company == nil || b.Company.ID != companyID || b.Deleted {
			continue
		}
		ours++
		var services []string
		for _, s := range b.Services {
			services = append(services, s.Title)
		}
		fmt.Printf("%s  %s\n", b.Datetime, strings.Join(services, ", "))
	}
	fmt.Printf("%d bookings here\n", ours)
	return nil
}
