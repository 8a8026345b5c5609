package sandbox

import "zapis/contract"

// salonParts are the parts of the back office that are played on the salon itself: what is changed here is what online
// booking offers.
var salonParts = []func() map[string]*model{clientModels}

// salonModels has their operations by id, each checked against the contract and with its rights.
func salonModels() map[string]*model {
	all := map[string]*model{}
	for _, part := range salonParts {
		for id, m := range part() {
			op, ok := contract.Lookup(id)
			if !ok {
				panic("sandbox: no operation " + id) // a slip of these files, which every test finds
			}
			m.run, m.access = checked(m.run), accessOf(op)
			all[id] = m
		}
	}
	return all
}
