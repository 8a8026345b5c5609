package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"zapis/contract"
)

// Users of companies, their roles and rights. A right that was set by hand counts more
// than the role, both ways: the operations that it guards answer 403, or open.

type userRole struct {
	slug, title string
	role        role
}

// userRoles are the documented roles, the weakest first, with what they may do here.
var userRoles = []userRole{
	{"worker", "Сотрудник", roleNone},
	{"administrator", "Администратор", roleApp},
	{"accountant", "Бухгалтер", roleApp},
	{"manager", "Управляющий", roleApp},
	{"owner", "Владелец", roleOwner},
}

// membership is what a user is in a company beyond the role.
type membership struct {
	slug     string          // of userRoles; empty: the first of the role
	rights   map[string]bool // set by hand
	position string
	staffID  int64 // the master that the user is
	invited  bool  // and has not come yet
}

func (u *user) in(companyID int64) *membership {
	if u.member == nil {
		u.member = map[int64]*membership{}
	}
	if u.member[companyID] == nil {
		u.member[companyID] = &membership{rights: map[string]bool{}}
	}
	return u.member[companyID]
}

// slug is the documented name of the role of a user.
func (u *user) slug(companyID int64) string {
	if s := u.in(companyID).slug; s != "" {
		return s
	}
	switch u.role(companyID) {
	case roleOwner:
		return "owner"
	case roleApp:
		return "manager"
	}
	return "worker"
}

// guards are the rights that operations need, by the beginning of what they are. The first
// that fits counts.
var guards = []struct {
	methods, path, right string
}{
	{"POST", "/records/{company_id}", "create_records_access"},
	{"PUT", "/record/{company_id}", "edit_records_access"},
	{"DELETE", "/record/{company_id}", "delete_records_access"},
	{"GET", "/records/{company_id}", "timetable_access"},
	{"GET", "/record/{company_id}", "timetable_access"},
	{"GET", "/timetable/", "timetable_access"},
	{"PUT", "/schedule/", "schedule_edit_access"},
	{"PUT", "/company/{company_id}/staff/schedule", "schedule_edit_access"},
	{"POST PUT GET DELETE", "/company/{company_id}/clients", "clients_access"},
	{"GET POST", "/clients/{company_id}", "clients_access"},
	{"GET PUT", "/client/{company_id}", "clients_access"},
	{"DELETE", "/client/{company_id}", "clients_delete_access"},
	{"POST GET PUT DELETE", "/finance_transactions/", "finances_access"},
	{"GET", "/transactions/{company_id}", "finances_access"},
	{"GET", "/accounts/{company_id}", "finances_access"},
	{"GET POST PUT DELETE", "/storage_operations/", "storages_access"},
	{"GET", "/storages/", "storages_access"},
	{"GET POST DELETE", "/loyalty/", "loyalty_access"},
	{"GET POST", "/company/{company_id}/loyalty/", "loyalty_access"},
	{"GET PATCH", "/company/{company_id}/settings/", "settings_access"},
	{"GET", "/company/{company_id}/users", "users_access"},
	{"PUT POST", "/company/{company_id}/users", "edit_users_access"},
	{"DELETE", "/company/{company_id}/users", "delete_users_access"},
}

// rightOf is the right that an operation needs; empty: only a role.
func rightOf(op *contract.Operation) string {
	for _, g := range guards {
		if slices.Contains(strings.Fields(g.methods), op.Method) && strings.HasPrefix(op.Path, g.path) {
			return g.right
		}
	}
	return ""
}

// may tells whether the user of a call may do the operation in a company.
func (c *call) may(companyID int64) bool {
	r := c.user.role(companyID)
	if m := c.user.member[companyID]; m != nil && r != roleStranger {
		if allowed, set := m.rights[rightOf(c.route.op)]; set {
			return allowed
		}
	}
	return r >= roleApp
}

// permitted checks the licence of a company and the rights in it.
func (c *call) permitted(m *model) (answer, bool) {
	if m.access != memberOnly {
		return answer{}, true
	}
	if !c.may(c.company.id) {
		return c.fail(http.StatusForbidden, noRights), false
	}
	if c.company.licenceEnded(c.now) && c.operationID() != "getLicense" {
		return c.fail(http.StatusForbidden, "Необходимо продлить лицензию в филиале с id: "+itoa(c.company.id)), false
	}
	return answer{}, true
}

// permissionsOf gives every documented right of a user, by section.
func (c *call) permissionsOf(u *user, companyID int64) map[string]map[string]any {
	var sample struct {
		Data map[string]map[string]any `json:"data"`
	}
	if err := json.Unmarshal(permissionSample(), &sample); err != nil {
		return nil // the contract's own sample, which its tests read
	}
	r := u.role(companyID)
	for section, rights := range sample.Data {
		granted := r == roleOwner || r == roleApp && appRights[section]
		for name, value := range rights {
			switch value.(type) {
			case bool:
				rights[name] = granted && name != "auth_enable_check_ip" && name != "limited_users_access"
				if own, set := u.in(companyID).rights[name]; set {
					rights[name] = own
				}
			case float64:
				rights[name] = 0
				if granted && name != "master_id" && name != "position_id" {
					rights[name] = value
				}
			}
		}
	}
	return sample.Data
}

// getOwnPermissions answers every documented right: of the role, or as set by hand.
func getOwnPermissions(c *call) answer {
	if c.user.role(c.company.id) == roleStranger {
		return failed(http.StatusForbidden, noRights)
	}
	if c.company.licenceEnded(c.now) {
		return failed(http.StatusForbidden, "Необходимо продлить лицензию в филиале с id: "+itoa(c.company.id))
	}
	return enveloped(http.StatusOK, c.permissionsOf(c.user, c.company.id), nil)
}

// withUser plays an operation on the user of the path.
func withUser(run func(*call, *user) answer) func(*call) answer {
	return func(c *call) answer {
		id, _ := asInt(c.params["user_id"])
		u := c.state.userByID(id)
		if u == nil || u.role(c.company.id) == roleStranger {
			return failed(http.StatusNotFound, noUserHere)
		}
		return run(c, u)
	}
}

// mayManage refuses who is no owner the changing of users, unless the right was given by hand.
func (c *call) mayManage(companyID int64) bool {
	if m := c.user.member[companyID]; m != nil && m.rights["edit_users_access"] {
		return true
	}
	return c.user.role(companyID) == roleOwner
}

// managing plays an operation for those only who may change users.
func managing(run func(*call, *user) answer) func(*call) answer {
	return withUser(func(c *call, u *user) answer {
		if !c.mayManage(c.company.id) {
			return failed(http.StatusForbidden, noRights)
		}
		return run(c, u)
	})
}

func listCompanyUsers(c *call) answer {
	wanted := c.query.Get("filter[is_approved]")
	list := []any{}
	for _, u := range c.state.users {
		if u.role(c.company.id) == roleStranger {
			continue
		}
		m := u.in(c.company.id)
		if wanted != "" && truthy(wanted) == m.invited {
			continue
		}
		rights := obj{}
		for _, section := range c.permissionsOf(u, c.company.id) {
			maps.Copy(rights, section)
		}
		rights["send_sms"], rights["master_id"] = u.role(c.company.id) >= roleApp, m.staffID
		list = append(list, obj{
			"id": u.id, "name": u.name, "firstname": u.name, "login": u.login, "phone": u.phone, "email": u.email,
			"information": m.position, "is_approved": !m.invited, "is_non_deletable": u.role(c.company.id) == roleOwner,
			"user_role_slug": u.slug(c.company.id), "access": rights,
		})
	}
	return c.shaped(list, len(list))
}

func deleteCompanyUser(c *call, u *user) answer {
	if u.role(c.company.id) == roleOwner {
		return failed(http.StatusForbidden, "Владельца филиала нельзя удалить")
	}
	u.leave(c.company.id)
	c.applied = true
	return answer{status: http.StatusNoContent}
}

func (u *user) leave(companyID int64) {
	delete(u.roles, companyID)
	delete(u.member, companyID)
}

func (c *call) permissionValues(u *user) answer {
	list := []any{}
	all := c.permissionsOf(u, c.company.id)
	for _, section := range slices.Sorted(maps.Keys(all)) {
		for _, name := range slices.Sorted(maps.Keys(all[section])) {
			if v, isFlag := all[section][name].(bool); isFlag {
				list = append(list, obj{"slug": name, "value": v})
			}
		}
	}
	status, _ := documented(c.route.op)
	if c.route.op.Method != http.MethodGet {
		c.applied = true
	}
	return enveloped(status, obj{
		"is_editable": true, "staff_id": u.in(c.company.id).staffID, "user_role": u.slug(c.company.id), "user_permissions": list,
	}, obj{})
}

// knownRights tells whether all of user_permissions are rights that the documents have.
func knownRights(v any) bool {
	var sample struct {
		Data map[string]map[string]any `json:"data"`
	}
	if err := json.Unmarshal(permissionSample(), &sample); err != nil {
		return false // the contract's own sample, which its tests read
	}
	list, _ := v.([]any)
	return !slices.ContainsFunc(list, func(item any) bool {
		o, _ := item.(obj)
		for _, section := range sample.Data {
			if _, there := section[text(o, "slug")]; there {
				return false
			}
		}
		return true
	})
}

// setRights sets the known rights of user_permissions.
func (u *user) setRights(companyID int64, v any) {
	list, _ := v.([]any)
	for _, item := range list {
		o, _ := item.(obj)
		u.in(companyID).rights[text(o, "slug")] = asFlag(o["value"])
	}
}

// setRole gives a user a documented role, which takes back what was set by hand.
func (u *user) setRole(companyID int64, slug string) bool {
	for _, r := range userRoles {
		if r.slug == slug {
			if u.roles == nil {
				u.roles = map[int64]role{}
			}
			u.roles[companyID] = r.role
			m := u.in(companyID)
			m.slug, m.rights = slug, map[string]bool{}
			return true
		}
	}
	return false
}

func updateUserPermissions(c *call, u *user) answer {
	if !knownRights(c.body["user_permissions"]) {
		return c.invalid([]string{"user_permissions"})
	}
	if slug := text(c.body, "user_role"); slug != "" && !u.setRole(c.company.id, slug) {
		return c.invalid([]string{"user_role"})
	}
	u.setRights(c.company.id, c.body["user_permissions"])
	if v, there := c.body["staff_id"]; there {
		u.in(c.company.id).staffID, _ = asInt(v)
	}
	return c.permissionValues(u)
}

// links reads the companies of a copy or removal: all must be the caller's to manage.
func (c *call) links() (list []obj, no *answer) {
	sent, _ := c.body["user_company_links"].([]any)
	for _, v := range sent {
		o, _ := v.(obj)
		id := number(o, "company_id")
		if c.state.company(id) == nil || !knownRights(o["user_permissions"]) || len(sent) > 100 {
			a := c.invalid([]string{"user_company_links"})
			return nil, &a
		}
		if !c.mayManage(id) {
			a := failed(http.StatusForbidden, noRights)
			return nil, &a
		}
		list = append(list, o)
	}
	return list, nil
}

func copyUserToCompanies(c *call, u *user) answer {
	list, no := c.links()
	if no != nil {
		return *no
	}
	for _, o := range list {
		id := number(o, "company_id")
		u.setRole(id, u.slug(c.company.id))
		maps.Copy(u.in(id).rights, u.in(c.company.id).rights)
		u.setRights(id, o["user_permissions"])
	}
	c.applied = true
	return enveloped(http.StatusOK, nil, obj{})
}

func removeUserFromCompanies(c *call, u *user) answer {
	list, no := c.links()
	if no != nil {
		return *no
	}
	for _, o := range list {
		if u.role(number(o, "company_id")) == roleOwner {
			return failed(http.StatusForbidden, "Владельца филиала нельзя удалить")
		}
	}
	for _, o := range list {
		u.leave(number(o, "company_id"))
	}
	c.applied = true
	return enveloped(http.StatusOK, nil, obj{})
}

// inviteUsers makes users who have not come yet, or takes those who are there.
func inviteUsers(c *call) answer {
	if !c.mayManage(c.company.id) {
		return failed(http.StatusForbidden, noRights)
	}
	list, _ := c.body["invites"].([]any)
	for _, v := range list {
		o, _ := v.(obj)
		known := slices.ContainsFunc(userRoles, func(r userRole) bool { return text(o, "user_role") == r.slug })
		if text(o, "search") == "" || text(o, "user_role") != "" && !known || !knownRights(o["user_permissions"]) || len(list) > 100 {
			return c.invalid([]string{"invites"})
		}
	}
	for _, v := range list {
		o := v.(obj)
		search := clip(text(o, "search"))
		u := c.state.userByLogin(search)
		if u == nil {
			u = &user{id: c.state.newID(), login: search, name: clip(text(o, "name")), token: c.state.newToken()}
			if strings.Contains(search, "@") {
				u.email = search
			} else {
				u.phone = strings.TrimPrefix(search, "+")
			}
			c.state.users = append(c.state.users, u)
		}
		slug := text(o, "user_role")
		if slug == "" {
			slug = "worker"
		}
		u.setRole(c.company.id, slug)
		m := u.in(c.company.id)
		m.invited, m.position, m.staffID = true, clip(text(o, "position")), number(o, "staff_id")
		u.setRights(c.company.id, o["user_permissions"])
	}
	c.applied = true
	return answer{status: http.StatusAccepted, body: obj{"success": true, "meta": obj{"message": "Сохранено"}}}
}

// listUserRoles lists the roles with the rights that guard operations here.
func listUserRoles(c *call) answer {
	list := []any{}
	for i, r := range userRoles {
		rights := []any{}
		for _, g := range guards {
			right := obj{
				"slug": g.right, "title": g.right, "hint": "", "is_recommended": true, "is_editable": true, "default_value": r.role >= roleApp,
				"entity_name": nil, "children": nil, "options": nil,
				"type": obj{"slug": "has_group_access", "all_access_value": true, "no_access_value": false},
			}
			if !slices.ContainsFunc(rights, func(o any) bool { return o.(obj)["slug"] == g.right }) {
				rights = append(rights, right)
			}
		}
		list = append(list, obj{"slug": r.slug, "title": r.title, "description": r.title, "weight": i + 1, "user_permissions": rights})
	}
	return enveloped(http.StatusOK, list, obj{})
}

func peopleModels() map[string]*model {
	const rights = "flags only: they are set one by one and count more than the role"
	const who = "owners change users, and cannot be removed, which is a guess; an invitation is not sent"
	one := func(run func(*call, *user) answer, note string) *model {
		return &model{run: withUser(run), level: simplified, note: note}
	}
	return map[string]*model{
		"listCompanyUsers":           {run: listCompanyUsers, level: simplified, note: who},
		"listCompanyUsersDeprecated": {run: listCompanyUsers, level: simplified, note: who},
		"deleteCompanyUser":          {run: managing(deleteCompanyUser), level: simplified, note: who},
		"getUserPermissionValues":    one((*call).permissionValues, rights),
		"updateUserPermissionValues": {run: managing(updateUserPermissions), level: simplified, note: rights + "; about 20 of the rights guard operations"},
		"copyUserToCompanies":        {run: managing(copyUserToCompanies), level: simplified, note: who},
		"removeUserFromCompanies":    {run: managing(removeUserFromCompanies), level: simplified, note: who},
		"inviteUsers":                {run: inviteUsers, level: simplified, note: who},
		"listUserRoles":              {run: listUserRoles, level: simplified, note: "the rights that guard operations here, without nesting"},
		"listUserRolesForUser":       {run: withUser(func(c *call, _ *user) answer { return listUserRoles(c) }), level: simplified, note: "as listUserRoles"},
		"createCompany":              {run: createCompany, level: simplified, note: "without staff and services, in the zone of Moscow; the caller owns it"},
		"updateCompany":              {run: updateCompany, level: simplified, note: "city and country do not change the time zone"},
		"deleteCompany":              {run: deleteCompany, level: simplified, note: "it is gone at once, with its records; the last one of a chain stays"},
		"getLicense":                 {run: getLicense, level: simplified, note: "ended by PUT /_sandbox/licence; employees then get 403, bookings go on, which is a guess"},
	}
}
