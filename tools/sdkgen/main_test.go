package main

import (
	"testing"

	"zapis/contract"
)

// The committed files are what the generator writes today.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	if err := run("../../yclients/operations.txt", "../../yclients", true); err != nil {
		t.Fatal(err)
	}
}

// The list is meant to grow to everything that can be called, so the
// generator must manage all of it today.
func TestEveryOperationCanBeGenerated(t *testing.T) {
	l := &list{types: map[string]string{}, names: map[string]string{}, fields: map[string]string{}, params: map[string]string{}, docs: map[string]string{}}
	l.fields["image_group "] = "ImageGroupSpaced" // a sample has the key twice, once with a space
	seen := map[string]bool{}
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if !op.Callable() {
			continue
		}
		service := goName(op.Tag)
		if !seen[service] {
			seen[service] = true
			l.sections = append(l.sections, section{service, op.TagTitle})
		}
		sel := selected{id: op.ID, service: service, method: goName(op.ID), result: goName(op.ID) + "Result"}
		if op.Request != nil {
			sel.body = goName(op.ID) + "Request"
		}
		l.ops = append(l.ops, sel)
	}
	if len(l.ops) != 297 {
		t.Errorf("%d operations, want 297", len(l.ops))
	}
	if _, err := generate(l); err != nil {
		t.Fatal(err)
	}
}

func TestGoName(t *testing.T) {
	for name, want := range map[string]string{
		"id": "ID", "api_id": "APIID", "service_ids": "ServiceIDs", "forBooking": "ForBooking", "sms_now": "SMSNow",
		"notify_by_sms": "NotifyBySMS", "from_url": "FromURL", "record_hash": "RecordHash", "staffId": "StaffID", "404": "Key404",
	} {
		if got := goName(name); got != want {
			t.Errorf("goName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestListErrors(t *testing.T) {
	for _, text := range []string{"op x", "op x y z", "op x A.B T what", "nonsense a b", "section Tag"} {
		if _, err := parseList(text); err == nil {
			t.Errorf("parseList(%q) finds nothing wrong", text)
		}
	}
}
