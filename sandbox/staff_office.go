package sandbox

import (
	"net/http"
	"slices"
)

// Members of staff as the back office makes, changes, dismisses and deletes them. A new one works on no day and does no
// service: schedules and links give that, and only then online booking offers them.

func staffModels() map[string]*model {
	return map[string]*model{
		"createStaffQuick":      {run: createStaffQuick, level: simplified, note: "the phone is checked, no user is attached"},
		"createStaffDeprecated": {run: createStaffDeprecated, level: simplified, note: "a user_id is kept, not looked up"},
		"updateStaff":           {run: updateStaff, level: simplified, note: "what is not sent stays as it is, which is a guess; a user_id is kept, not looked up"},
		"deleteStaff":           {run: deleteStaff, level: simplified, note: "records keep the deleted master; coming records do not prevent it, which is a guess"},
	}
}

// hireNew puts a member of staff behind the others.
func (c *call) hireNew(m *master) {
	m.id, m.does = c.state.newID(), map[int64]skill{}
	c.company.staff = append(c.company.staff, m)
	c.applied = true
	c.notify(c.company, "staff", m.id, created, c.staffDoc(m, false))
}

// positionsOf are the positions of a company at the start: those of its masters.
func positionsOf(company *company) []obj {
	list := []obj{}
	for _, m := range company.staff {
		same := func(o obj) bool { return number(o, "id") == m.positionID }
		if m.position != "" && !slices.ContainsFunc(list, same) {
			list = append(list, obj{"id": jsonInt(m.positionID), "title": m.position, "chain_id": jsonInt(company.groupID)})
		}
	}
	return list
}

func createStaffQuick(c *call) answer {
	m := &master{name: clip(text(c.body, "name")), specialty: clip(text(c.body, "specialization"))}
	if m.name == "" {
		return invalid("name")
	}
	if id, given := asInt(c.body["position_id"]); given && id != 0 {
		docs := positionKind.docsOf(c.company, positionKind.name, c.now)
		i := slices.IndexFunc(docs, func(o obj) bool { return number(o, "id") == id })
		if i < 0 {
			return invalid("position_id")
		}
		m.positionID, m.position = id, text(docs[i], "title")
	}
	if phone, given := asText(c.body["phone_number"]); given {
		if n := len(digitsOf(phone)); n < 9 || n > 15 {
			return invalid("phone_number")
		}
	}
	c.hireNew(m)
	return enveloped(http.StatusCreated, c.shown(c.staffDoc(m, false)), obj{})
}

func createStaffDeprecated(c *call) answer {
	m := &master{}
	if a, ok := c.describe(m); !ok {
		return a
	}
	c.hireNew(m)
	return enveloped(http.StatusCreated, c.shown(c.oldStaffDoc(m)), nil)
}

// oldStaffDoc has the key that only the operations of v1 print.
func (c *call) oldStaffDoc(m *master) obj {
	o := c.staffDoc(m, false)
	o["show_rating"] = 1
	return o
}

// describe puts what was sent into a member of staff, who must have a name then.
func (c *call) describe(m *master) (answer, bool) {
	for key, into := range map[string]*string{"name": &m.name, "specialization": &m.specialty, "information": &m.info, "api_id": &m.apiID} {
		if v, ok := asText(c.body[key]); ok {
			*into = clip(v)
		}
	}
	if m.name == "" {
		return invalid("name"), false
	}
	if n, ok := asInt(c.body["weight"]); ok {
		m.weight = int(n)
	}
	if n, ok := asInt(c.body["user_id"]); ok {
		m.userID = n
	}
	if v, there := c.body["hidden"]; there {
		m.hidden = asFlag(v)
	}
	if v, there := c.body["fired"]; there {
		m.fired = asFlag(v)
	}
	return answer{}, true
}

func updateStaff(c *call) answer {
	m, a, ok := c.staffByPath("staff_id")
	if !ok {
		return a
	}
	if v, sent := asText(c.body["name"]); sent && v == "" {
		return invalid("name")
	}
	if a, ok := c.describe(m); !ok {
		return a
	}
	c.applied = true
	c.notify(c.company, "staff", m.id, updated, c.staffDoc(m, false))
	return enveloped(http.StatusOK, c.shown(c.oldStaffDoc(m)), nil)
}

func deleteStaff(c *call) answer {
	m, a, ok := c.staffByPath("staff_id")
	if !ok {
		return a
	}
	data := c.staffDoc(m, false)
	data["deleted"] = true
	c.company.staff = slices.DeleteFunc(c.company.staff, func(other *master) bool { return other == m })
	c.applied = true
	c.notify(c.company, "staff", m.id, deleted, data)
	return answer{status: http.StatusNoContent}
}
