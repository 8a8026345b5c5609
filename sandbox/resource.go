package sandbox

import "fmt"

// equip gives a company of the seed a room for each master who does massage, so that the
// rooms are seen and nobody has to wait for one.
func (c *company) equip() {
	var rooms []instance
	for _, m := range c.staff {
		for _, s := range c.services {
			if _, does := m.does[s.id]; does && s.category.title == categoryTitles[massage] {
				n := len(rooms) + 1
				rooms = append(rooms, instance{id: c.id*100 + 50 + int64(n), title: fmt.Sprintf("Массажный кабинет #%d", n)})
				break
			}
		}
	}
	if len(rooms) == 0 {
		return
	}
	r := &resource{id: c.id*100 + 50, title: "Массажный кабинет", instances: rooms}
	c.resources = append(c.resources, r)
	for _, s := range c.services {
		if s.category.title == categoryTitles[massage] {
			s.resources = append(s.resources, r.id)
		}
	}
}

func listResources(c *call) answer {
	list := []any{}
	for _, r := range c.company.resources {
		instances := []any{}
		for _, in := range r.instances {
			instances = append(instances, obj{"id": in.id, "title": in.title, "resource_id": r.id})
		}
		list = append(list, obj{"id": r.id, "title": r.title, "instances": instances})
	}
	return c.shaped(list, len(list))
}
