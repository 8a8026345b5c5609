package upstream

import (
	"net/http"
	"strconv"
	"strings"
)

// words are the literal segments of the paths of the API. Only they are written
// to a log; everything else in a path (ids, phones, hashes, codes) becomes {}. A
// list, and not a pattern, because a hash may look like a word.
var words = set(`abonement_types abonements accounts activities activity add_discount analytics api application
apply_card_withdrawal apply_discount_program apply_referral_program attendance auth book book_check book_code book_dates
book_record book_services book_staff book_staff_seances book_times bookform booking booking_forms bulk
business_groups_with_types by_filter by_id calculation callback calls cancel_card_withdrawal cancel_discount_program
card_types cards category_node certificate_types certificates chain charts cities client client_cards client_schedules
clients clone comments companies company company_users consumables copy_to_companies countries create custom_fields daily
data dates days default_for_staff_and_service delivery deposit_history deposits deposits_operations details disable
documents duplicate duplication_strategy email enable events fetch files filters finance_transactions freeze
fullness_daily generate_code goods goods_categories goods_transactions group groups hooks_settings i18n images income
income_daily integration invite kkm kkm_transactions labels license links loyalty loyalty_cards loyalty_programs
loyalty_transaction manual_transaction marketplace marketplace_webhook master_record_review multiple
notification_message_templates notification_settings notification_types online operation overall partner password payment
payment_link payment_transaction payroll period permissions phone phone_confirmation positions print_document_bill
privacy_policy programs quick receipt_print record record_consumables record_source record_status records records_daily
redirect references refund remove_from_companies reports resources roles salary salary_schemes salary_schemes_count sale
salon salons schedule schedules seances search search_dates search_dates_range service_categories service_category
services set_balance set_period settings short_names sms staff status storage_operations storages tariffs tax_system
technological_cards timeslots timetable tips transactions unfreeze uninstall update_channel user users v1 v2
validate_phone validation visit visits voip z_report`)

// branchAfter are the beginnings of paths after which the company's id follows,
// below /api/v1.
var branchAfter = set(`accounts activity api/v2/companies book_check book_code book_dates book_record book_services
book_staff book_staff_seances book_times client clients comments company company_users custom_fields/client custom_fields/record
deposits/company deposits_operations email/clients/by_filter email/clients/by_id finance_transactions goods
goods/category_node goods/search goods_categories goods_categories/multiple hooks_settings kkm_transactions labels license
loyalty/card_types/client loyalty/card_types/salon loyalty/cards loyalty/cards/{}/{} loyalty/generate_code
marketplace/salon notification_settings privacy_policy record records reports/z_report resources schedule
service_categories service_category services sms/clients/by_filter sms/clients/by_id staff storage_operations/documents
storage_operations/goods_transactions storage_operations/operation storages storages/transactions technological_cards
technological_cards/default_for_staff_and_service technological_cards/record_consumables
technological_cards/record_consumables/consumables technological_cards/record_consumables/technological_cards
timetable/dates timetable/seances timetable/transactions tips transactions user/invite user/permissions
visit/details visit/loyalty/apply_card_withdrawal visit/loyalty/apply_discount_program
visit/loyalty/apply_referral_program visit/loyalty/cancel_card_withdrawal visit/loyalty/cancel_discount_program`)

func set(list string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// Template is path with everything but the API's own words replaced by {}: fit
// for a log or a metric label.
func Template(path string) string {
	segments := segmentsOf(path)
	for i, s := range segments {
		if !words[s] {
			segments[i] = "{}"
		}
	}
	return "/" + strings.Join(segments, "/")
}

// branchOf is the company a path is about, 0 if it names none.
func branchOf(path string) int64 {
	segments := segmentsOf(path)
	if len(segments) > 2 && segments[0] == "api" && segments[1] == "v1" {
		segments = segments[2:]
	}
	if len(segments) == 5 && segments[0] == "loyalty" && segments[1] == "cards" {
		return number(segments[4]) // loyalty/cards/{phone}/{group}/{company}: the first is no company
	}
	prefix := ""
	for _, s := range segments {
		if branchAfter[prefix] {
			if id := number(s); id != 0 {
				return id
			}
		}
		if !words[s] {
			s = "{}"
		}
		prefix = strings.TrimPrefix(prefix+"/"+s, "/")
	}
	return 0
}

func number(s string) int64 {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id <= 0 {
		return 0
	}
	return id
}

func segmentsOf(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// repeatable tells whether sending req twice does no more than sending it once.
// Reads are, but for three that change something: one sends an SMS at the salon's
// cost, one switches tips on, one makes a code.
func repeatable(req *http.Request) bool {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return false
	}
	path := strings.TrimRight(req.URL.Path, "/")
	switch t := Template(path); {
	case strings.HasSuffix(t, "/booking/user/phone_confirmation"),
		strings.HasSuffix(t, "/enable") && strings.Contains(t, "/tips/"),
		strings.Contains(t, "/loyalty/generate_code"):
		return false
	}
	return true
}
