// Command rights signs an employee in and tells what the user token may do in a branch.
//
//	export YCLIENTS_API_TOKEN=... YCLIENTS_COMPANY_ID=4564 YCLIENTS_PASSWORD=...
//	go run ./examples/rights -login 79000000001
//
// The user token goes to the file named by -save and nowhere else: whoever has it acts as the employee until the
// password is changed. The password comes from the environment, because arguments can be seen by everybody on the
// machine.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "rights:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	login := flag.String("login", "", "phone or email of the employee")
	save := flag.String("save", "", "write the user token to this file")
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
	user, _, err := client.Auth.Login(ctx, &yclients.LoginRequest{Login: *login, Password: yclients.Secret(os.Getenv("YCLIENTS_PASSWORD"))})
	switch {
	case errors.Is(err, yclients.ErrSecondFactor):
		return errors.New("the account has a second factor: use another employee for programs")
	case err != nil:
		return err // it says whether the partner token or the password is wrong
	}
	fmt.Println("signed in as", user.Name)
	if *save != "" {
		if err := os.WriteFile(*save, []byte(user.UserToken), 0o600); err != nil {
			return err
		}
	}
	rights, _, err := client.As(user.UserToken).Users.Permissions(ctx, companyID)
	if err != nil {
		return err
	}
	var sections map[string]map[string]json.RawMessage
	if err := json.Unmarshal(rights.Raw(), &sections); err != nil {
		return err
	}
	for _, section := range slices.Sorted(maps.Keys(sections)) {
		fmt.Printf("%-14s %s\n", section, strings.Join(granted(sections[section]), " "))
	}
	return nil
}

// granted are the rights that are switched on.
func granted(section map[string]json.RawMessage) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(section)) {
		switch string(section[name]) {
		case "true", "1", `"1"`:
			names = append(names, name)
		}
	}
	return names
}
