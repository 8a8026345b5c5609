package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"zapis/contract"
)

// The back office has many kinds of things that only need to be kept: made,
// read, changed and removed again, consistently. They are kept as documents. Each
// operation answers in the shape of its own printed sample: a key that the
// document has is taken from it, in the sample's kind, any other is empty.

// office is what a company keeps as documents, by kind.
type office struct {
	docs       map[string][]obj
	activities []*activity
	online     onlineRules
	forms      []obj            // booking forms; nil: only the one of the seed
	push       map[pushKey]bool // notifications of users
	about      obj              // what getCompany shows as it was sent

	licensedTill time.Time // zero: no end in sight
}

// onlineRules are settings of the company that other operations look at.
type onlineRules struct {
	seats     int  // that one online booking of a group event may take; 0: one
	backSeats int  // that one record of the back office may take; 0: ten
	nobody    bool // a master must be chosen: there is no "any master"
	journal   int  // record_type of the timetable
}

// kind is a kind of documents with its operations; an empty id is one that the
// API does not have.
type kind struct {
	name   string
	id     string               // path parameter that names one
	idKey  string               // key of the id in a document; empty: id
	within string               // path parameter whose value parts the kind: comments of a client
	first  func(*company) []obj // what is there from the start; nil: as seed says
	seed   string               // operation whose sample is there from the start; empty: none is

	list, get, create, update, remove []string
	filter                            map[string]string // query parameter of the lists: key of the document
	derive                            func(c *call, doc obj)
	owned                             func(c *call) bool // nil, or whether what the documents are of is there
	note                              string
}

// labelKind is also what clients and records point to.
var labelKind = &kind{
	name: "label", id: "label_id", seed: "searchClientLabels", list: []string{"searchClientLabels", "listLabels"}, filter: map[string]string{"entity": "entity"},
	create: []string{"createLabel", "createClientLabel"}, update: []string{"updateLabel"}, remove: []string{"deleteLabel"},
	derive: func(_ *call, doc obj) {
		if number(doc, "entity") == 0 {
			doc["entity"] = 1
		}
	},
	note: "a removed label is gone from records and clients too",
}

// positionKind begins with the positions of the masters, and new masters are given one of it.
var positionKind = &kind{
	name: "position", list: []string{"listPositions"}, first: positionsOf, create: []string{"createPositionQuick"},
	derive: func(c *call, doc obj) { doc["chain_id"] = c.company.groupID }, note: "linked to masters; no rules",
}

var officeKinds = []*kind{
	labelKind,
	{
		name: "client comment", id: "comment_id", within: "client_id", list: []string{"listClientComments"}, create: []string{"createClientComment"},
		remove: []string{"deleteClientComment"}, derive: authored, note: "no files; a deleted client takes them along",
		owned: func(c *call) bool { id, _ := asInt(c.params["client_id"]); return c.company.client(id) != nil },
	},
	{
		name: "review", list: []string{"listComments"}, seed: "listComments", create: []string{"createComment"}, filter: map[string]string{"staff_id": "master_id", "rating": "rating"},
		derive: func(c *call, doc obj) {
			doc["master_id"], doc["rating"], doc["user_name"] = c.params["staff_id"], doc["mark"], doc["name"]
			doc["date"], doc["type"], doc["user_id"] = c.localNow(), "1", c.user.id
		},
		note: "the rating of the master stays; dates do not filter",
	},
	positionKind,
	{
		name: "custom field", id: "field_id", within: "field_category", seed: "listCustomFields", list: []string{"listCustomFields"}, create: []string{"createCustomField"},
		update: []string{"updateCustomField"}, remove: []string{"deleteCustomField"},
		derive: func(c *call, doc obj) {
			doc["salon_id"] = c.company.id
			doc["custom_field"] = obj{
				"id": doc["id"], "code": doc["code"], "title": doc["title"], "show_in_ui": asFlag(doc["show_in_ui"]),
				"user_can_edit": asFlag(doc["user_can_edit"]), "type": obj{"code": doc["type"], "title": doc["type"]},
			}
		},
		note: "records take any custom field, known or not",
	},
	{
		name: "good", id: "good_id", idKey: "good_id", seed: "listGoods", list: []string{"listGoods"}, create: []string{"createGood"}, update: []string{"updateGood"}, remove: []string{"deleteGood"},
		filter: map[string]string{"category_id": "category_id"}, note: "no stock is counted",
	},
	{
		name: "goods category", id: "category_id", seed: "listGoodsCategories", list: []string{"listGoodsCategories", "listGoodsCategoriesDeprecated", "listGoodsCategoriesByIds"},
		create: []string{"createGoodsCategory"}, update: []string{"updateGoodsCategory"}, remove: []string{"deleteGoodsCategory"}, note: "one flat level",
	},
	{
		name: "finance transaction", id: "transaction_id", seed: "listTransactions", list: []string{"listTransactions"}, get: []string{"getFinanceTransaction"},
		create: []string{"createFinanceTransaction"}, update: []string{"updateFinanceTransaction"}, remove: []string{"deleteFinanceTransaction"},
		filter: map[string]string{"document_id": "document_id"}, note: "balances of accounts are not computed",
	},
	{
		name: "goods transaction", id: "transaction_id", seed: "searchGoodsTransactions", list: []string{"searchGoodsTransactions"}, get: []string{"getGoodsTransaction"},
		create: []string{"createGoodsTransaction"}, update: []string{"updateGoodsTransaction"}, remove: []string{"deleteGoodsTransaction"},
		filter: map[string]string{"document_id": "document_id"}, note: "no stock is counted",
	},
	{
		name: "storage document", id: "document_id", get: []string{"getStorageDocument"}, create: []string{"createStorageDocument"},
		update: []string{"updateStorageDocument"}, remove: []string{"deleteStorageDocument"}, note: "no stock is counted",
	},
	{
		name: "duplication strategy", id: "strategy_id", seed: "listDuplicationStrategies", list: []string{"listDuplicationStrategies"},
		create: []string{"createDuplicationStrategy"}, update: []string{"updateDuplicationStrategy"}, note: "kept, not followed",
	},
	{
		name: "loyalty program", id: "loyalty_program_id", seed: "searchLoyaltyPrograms", list: []string{"searchLoyaltyPrograms"}, get: []string{"getLoyaltyProgram"},
		create: []string{"createLoyaltyProgram"}, update: []string{"updateLoyaltyProgram"}, remove: []string{"deleteLoyaltyProgram"}, note: "kept by the first branch of the chain; gives no points",
	},
}

// authored puts who and when into a document.
func authored(c *call, doc obj) {
	doc["user"] = obj{"id": c.user.id, "name": c.user.name, "avatar": c.base + "/_sandbox/avatar/user-" + itoa(c.user.id) + ".svg"}
	doc["create_date"], doc["update_date"], doc["type"] = c.localNow(), c.localNow(), "default"
}

// localNow is the present moment as the clocks of the company show it.
func (c *call) localNow() string { return c.now.In(c.zone()).Format(salonTime) }

// officeModels has the operations of the kinds by id.
func officeModels() map[string]*model {
	all := map[string]*model{}
	for _, k := range officeKinds {
		put := func(ids []string, run func(*kind, *call) answer) {
			for _, id := range ids {
				op, ok := contract.Lookup(id)
				if !ok {
					panic("sandbox: no operation " + id) // a slip of this file, which every test finds
				}
				all[id] = &model{
					run: checked(func(c *call) answer {
						if k.owned != nil && !k.owned(c) {
							return failed(http.StatusNotFound, "Не найдено")
						}
						return run(k, c)
					}), access: accessOf(op), level: simplified,
					note: "kept as a document: " + k.note,
				}
			}
		}
		put(k.list, (*kind).answerList)
		put(k.get, (*kind).answerOne)
		put(k.create, (*kind).answerNew)
		put(k.update, (*kind).answerChanged)
		put(k.remove, (*kind).answerRemoved)
	}
	for _, part := range officeParts {
		for id, m := range part() {
			op, ok := contract.Lookup(id)
			if !ok {
				panic("sandbox: no operation " + id)
			}
			if m.access == openToPartner {
				m.access = accessOf(op)
			}
			m.run = checked(m.run)
			all[id] = m
		}
	}
	return all
}

// officeParts have the operations that are played on more than documents.
var officeParts = []func() map[string]*model{
	activityModels, clientModels, scheduleModels, staffModels, serviceModels, visitModels,
	settingsModels, peopleModels, marketplaceModels, loyaltyModels,
}

// holder is the company that keeps the documents of a call; those of a chain
// are kept by its first branch.
func (c *call) holder() *company {
	if c.company != nil {
		return c.company
	}
	return c.state.companies[0]
}

func (k *kind) key(c *call) string {
	if k.within == "" {
		return k.name
	}
	return k.name + " " + c.params[k.within]
}

func (k *kind) nameOfID() string {
	if k.idKey != "" {
		return k.idKey
	}
	return "id"
}

// docs are the documents of the kind, filled from the printed sample when they
// are looked at for the first time.
func (k *kind) docs(c *call) []obj { return k.docsOf(c.holder(), k.key(c), c.now) }

func (k *kind) docsOf(h *company, key string, now time.Time) []obj {
	if h.docs == nil {
		h.docs = map[string][]obj{}
	}
	if list, there := h.docs[key]; there || k.seed == "" && k.first == nil {
		return list
	}
	if k.first != nil {
		h.docs[key] = k.first(h)
		return h.docs[key]
	}
	op, _ := contract.Lookup(k.seed)
	_, body := documented(op)
	shiftDates(body, weeksTo(now, body))
	list := []obj{}
	for _, v := range elements(body) {
		for _, name := range companyNames {
			if old, there := v[name]; there {
				v[name] = likewise(old, itoa(h.id))
			}
		}
		if _, has := asInt(v[k.nameOfID()]); has {
			list = append(list, v)
		}
	}
	h.docs[key] = list
	return list
}

// sampleData is a copy of the data of an operation's sample.
func sampleData(operation string) any {
	op, ok := contract.Lookup(operation)
	if !ok {
		return nil
	}
	_, body := documented(op)
	if o, enveloped := body.(obj); enveloped && o["data"] != nil {
		return o["data"]
	}
	return body
}

// elements are the objects of a sample: of its data, or of itself when bare.
func elements(body any) []obj {
	if o, ok := body.(obj); ok {
		data, enveloped := o["data"]
		if !enveloped {
			return []obj{o}
		}
		body = data
	}
	var list []obj
	switch v := body.(type) {
	case obj:
		list = append(list, v)
	case []any:
		for _, x := range v {
			if o, ok := x.(obj); ok {
				list = append(list, o)
			}
		}
	}
	return list
}

// find is the document of the path and its place.
func (k *kind) find(c *call) (obj, int) {
	docs := k.docs(c)
	id, _ := asInt(c.params[k.id])
	i := slices.IndexFunc(docs, func(o obj) bool { return number(o, k.nameOfID()) == id })
	if i < 0 {
		return nil, i
	}
	return docs[i], i
}

func (k *kind) answerList(c *call) answer {
	var found []obj
	for _, o := range k.docs(c) {
		if k.wanted(c, o) {
			found = append(found, o)
		}
	}
	if v := c.params[k.id]; v != "" && len(found) == 0 {
		return failed(http.StatusNotFound, "Не найдено")
	}
	total := len(found)
	page, count := number(obj{"v": c.query.Get("page")}, "v"), number(obj{"v": c.query.Get("count")}, "v")
	if count < 1 || count > 300 {
		count = 100
	}
	from := min(int64(total), (max(1, min(page, 1<<30))-1)*count)
	return c.rendered(found[from:min(int64(total), from+count)], true, total)
}

// wanted tells whether a document passes the filters of a list.
func (k *kind) wanted(c *call, o obj) bool {
	if v := c.params[k.id]; v != "" && v != "0" && v != spelledID(o[k.nameOfID()]) {
		return false
	}
	for name, key := range k.filter {
		v := c.query.Get(name)
		if v == "" {
			v = c.params[name]
		}
		if v != "" && v != "0" && spelledID(o[key]) != v {
			return false
		}
	}
	term := strings.ToLower(c.query.Get("term"))
	title, _ := asText(o["title"])
	return term == "" || strings.Contains(strings.ToLower(title), term)
}

func spelledID(v any) string {
	switch v := v.(type) {
	case int64:
		return itoa(v)
	case int:
		return strconv.Itoa(v)
	}
	return spelled(v)
}

func (k *kind) answerOne(c *call) answer {
	o, _ := k.find(c)
	if o == nil {
		return failed(http.StatusNotFound, "Не найдено")
	}
	return c.rendered([]obj{o}, false, 1)
}

func (k *kind) answerNew(c *call) answer {
	o := obj{}
	for key, v := range c.sent() {
		o[key] = v
	}
	h := c.holder()
	o[k.nameOfID()] = json.Number(itoa(c.state.newID()))
	o["company_id"], o["salon_id"] = json.Number(itoa(h.id)), json.Number(itoa(h.id))
	if k.derive != nil {
		k.derive(c, o)
	}
	list := k.docs(c)
	h.docs[k.key(c)] = append(list, o)
	c.applied = true
	return c.rendered([]obj{o}, false, 1)
}

func (k *kind) answerChanged(c *call) answer {
	o, _ := k.find(c)
	if o == nil {
		return failed(http.StatusNotFound, "Не найдено")
	}
	for key, v := range c.sent() {
		if key != k.nameOfID() {
			o[key] = v
		}
	}
	if k.derive != nil {
		k.derive(c, o)
	}
	c.applied = true
	return c.rendered([]obj{o}, false, 1)
}

func (k *kind) answerRemoved(c *call) answer {
	_, i := k.find(c)
	if i < 0 {
		return failed(http.StatusNotFound, "Не найдено")
	}
	h := c.holder()
	h.docs[k.key(c)] = slices.Delete(h.docs[k.key(c)], i, i+1)
	return playSample(c)
}

// sent is what the contract knows of the body and, where an operation has its
// values there, the query.
func (c *call) sent() obj {
	o := obj{}
	if req := c.route.op.Request; req != nil {
		for _, f := range req.Fields {
			if v, there := c.body[f.Name]; there {
				o[f.Name] = clipped(v)
			}
		}
	}
	for _, p := range c.route.op.Params {
		if p.In == "query" && c.query.Has(p.Name) {
			o[p.Name] = clip(c.query.Get(p.Name))
		}
	}
	return o
}

func clipped(v any) any {
	if s, ok := v.(string); ok {
		return clip(s)
	}
	return v
}

// rendered answers documents in the shape of the operation's sample.
func (c *call) rendered(docs []obj, isList bool, total int) answer {
	status, body := documented(c.route.op)
	shapes := elements(body)
	if len(shapes) == 0 {
		if c.route.op.Method != http.MethodGet {
			return playSample(c)
		}
		return answer{status: status, body: body}
	}
	list := make([]any, 0, len(docs))
	for _, o := range docs {
		list = append(list, inShape(o, shapes[0]))
	}
	var data any = list
	envelope, _ := body.(obj)
	if _, many := body.([]any); many {
		return answer{status: status, body: data}
	}
	_, listed := envelope["data"].([]any)
	if !isList && !listed && len(list) > 0 {
		data = list[0]
	}
	if _, wrapped := envelope["data"]; !wrapped {
		if isList && len(list) > 0 { // a list that is printed as one object
			data = list[len(list)-1]
		}
		return answer{status: status, body: data}
	}
	envelope["data"] = data
	if meta, ok := envelope["meta"].(obj); ok {
		for _, key := range []string{"count", "total_count"} {
			if _, there := meta[key]; there {
				meta[key] = total
			}
		}
	}
	return answer{status: status, body: envelope}
}

// inShape gives a document the keys and kinds of a sample.
func inShape(doc, shape obj) obj {
	o := obj{}
	for key, old := range shape {
		v, there := doc[key]
		if !there {
			o[key] = blank(old)
			continue
		}
		o[key] = as(old, v)
	}
	return o
}

// as spells a value in the kind of another, where that can be.
func as(old, v any) any {
	switch old.(type) {
	case json.Number:
		if f, ok := asFloat(v); ok {
			return f
		}
		if f, ok := asFloat(fmt.Sprint(v)); ok {
			return f
		}
		return 0
	case string:
		if s, ok := asText(v); ok {
			return s
		}
		switch v.(type) {
		case obj, []any, nil:
			return ""
		}
		return fmt.Sprint(v)
	case bool:
		return asFlag(v)
	case obj:
		if o, ok := v.(obj); ok {
			return o
		}
		return blank(old)
	case []any:
		if l, ok := v.([]any); ok {
			return l
		}
		return []any{}
	}
	return v
}

// blank is the empty value of a kind.
func blank(v any) any {
	switch v := v.(type) {
	case json.Number:
		return 0
	case string:
		return ""
	case bool:
		return false
	case []any:
		return []any{}
	case obj:
		o := obj{}
		for key, x := range v {
			o[key] = blank(x)
		}
		return o
	}
	return nil
}
