package doctor

import (
	"slices"

	"zapis/internal/config"
	"zapis/internal/problem"
)

// Codes of the checks.
const (
	CheckEnvFile     = "env_file"
	CheckEnvPrivate  = "env_file_private"
	CheckEnvTracked  = "env_file_tracked"
	CheckEnvIgnored  = "env_file_ignored"
	CheckEnvCopies   = "env_copies_private"
	CheckGitHistory  = "git_history"
	CheckDataPrivate = "data_private"
	CheckKeyPrivate  = "key_private"
	CheckDataIgnored = "data_ignored"

	CheckVariables   = "variables"
	CheckUnknown     = "unknown_variables"
	CheckPlaceholder = "token_shape"
	CheckDistinct    = "tokens_distinct"
	CheckHost        = "host"
	CheckScale       = "limits_scale"
	CheckCAFile      = "ca_file"
	CheckMode        = "mode"
	CheckAlerts      = "alerts"

	CheckStoreFolder = "store_folder"
	CheckStoreKey    = "store_key"
	CheckStoreNewer  = "store_newer"
	CheckStore       = "store"
	CheckStoreOlder  = "store_older"
	CheckDisk        = "disk_space"
	CheckCodes       = "codes_used"
	CheckAttention   = "bookings_decided"
	CheckRehearsal   = "rehearsal_clean"

	CheckFiles         = "open_files"
	CheckServer        = "server"
	CheckServerVersion = "server_version"

	CheckResolve   = "address_resolves"
	CheckConnect   = "address_connects"
	CheckOtherHost = "other_host"
	CheckTLS       = "address_tls"
	CheckAnswers   = "api_answers"
	CheckIsAPI     = "answer_is_api"
	CheckAccept    = "accept_header"
	CheckLatency   = "latency"
	CheckClock     = "clock"
	CheckBudget    = "budget"
	CheckShared    = "budget_shared"

	CheckAuthHeader = "auth_header"
	CheckAPIKey     = "api_key"
	CheckUserPart   = "user_part"
	CheckUserToken  = "user_token"

	CheckKnown       = "branch_known"
	CheckNotForm     = "branch_not_form"
	CheckBranch      = "branch"
	CheckZone        = "branch_timezone"
	CheckOnline      = "branch_online"
	CheckLicence     = "branch_licence"
	CheckAllowed     = "branch_allowed"
	CheckRights      = "branch_rights"
	CheckExcess      = "branch_rights_excess"
	CheckBookingOpen = "branch_booking_open"
	CheckStaff       = "branch_staff"
	CheckTimes       = "branch_times"
	CheckOffset      = "branch_offset"
	CheckWaiting     = "branch_waiting_lists"

	CheckHookReachable   = "hook_reachable"
	CheckHookInstalled   = "hook_installed"
	CheckHookOverwritten = "hook_overwritten"
	CheckHookActive      = "hook_active"
	CheckHookEvents      = "hook_events"
	CheckHookOnce        = "hook_once"
	CheckHookRoom        = "hook_room"
)

// Checks are all checks, causes before effects; those of a branch come last.
var Checks = slices.Concat(fileChecks, settingsChecks, dataChecks, storeChecks, rehearsalChecks, serverChecks, networkChecks, accessChecks, sharedChecks, branchChecks, hookChecks)

// Lookup finds a check by its code.
func Lookup(code string) (Check, bool) {
	i := slices.IndexFunc(Checks, func(c Check) bool { return c.Code == code })
	if i < 0 {
		return Check{}, false
	}
	return Checks[i], true
}

func ok(found Text) []Finding { return []Finding{{Status: StatusOK, Found: found}} }

func failed(code problem.Code, found, next Text) []Finding {
	return []Finding{{Status: StatusFailure, Problem: code, Found: found, Next: next}}
}

func couldNotAsk(err error) []Finding {
	f := Explain(err)
	f.Status = StatusSkipped
	f.Found = config.Tf("не удалось спросить: %s", "could not ask: %s", f.Found)
	return []Finding{f}
}
