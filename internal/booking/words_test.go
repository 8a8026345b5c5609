package booking

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/yclients"
)

func FuzzTexts(f *testing.F) {
	for _, s := range []string{"Анна", "  Анна\tМария ", "\x00\u202e<script>", "", strings.Repeat("я", 101), "\xff\xfe", "a\r\nb: c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := cleanName(s)
		if err == nil {
			again, err := cleanName(name)
			if err != nil || again != name {
				t.Errorf("%q cleans to %q and that to %q, %v", s, name, again, err)
			}
			if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(name) && utf8.ValidString(s) {
				t.Errorf("name %q holds what cannot be seen", name)
			}
		}
		comment := cleanComment(s)
		if strings.ContainsFunc(comment, func(r rune) bool { return r != '\n' && unicode.IsControl(r) && !unicode.IsSpace(r) }) {
			t.Errorf("comment %q holds controls", comment)
		}
	})
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"", "12345678", strings.Repeat("a", 255), strings.Repeat("a", 256), "with space", "кириллица", "a\nbcdefgh"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		err := checkKey(key)
		visible := len(key) >= 8 && len(key) <= 255
		for _, b := range []byte(key) {
			visible = visible && b > 0x20 && b < 0x7f
		}
		if (err == nil) != visible {
			t.Errorf("checkKey(%q) = %v, want ok %t", key, err, visible)
		}
	})
}

// The clock of the salon is the truth, whatever offset stands beside it.
func TestMoment(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2027, 3, 25, 16, 0, 0, 0, zone)
	read := func(s string) yclients.Time {
		if s == "" {
			return yclients.Time{}
		}
		parsed, err := yclients.ParseTime(s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for _, tt := range []struct{ date, datetime string }{
		{"2027-03-25 16:00:00", "2027-03-25T16:00:00+05:00"},
		{"2027-03-25 16:00:00", "2027-03-25T16:00:00+04:00"},
		{"", "2027-03-25T16:00:00+0400"},
		{"2027-03-25T16:00:00", ""},
		{"", "1774436400"}, // Unix seconds have no clock reading: the moment itself counts
	} {
		got := moment(read(tt.date), read(tt.datetime), zone)
		if tt.datetime == "1774436400" {
			if got.Unix() != 1774436400 {
				t.Errorf("Unix seconds read as %v", got)
			}
			continue
		}
		if !got.Equal(want) {
			t.Errorf("date %q and datetime %q read as %v, want %v", tt.date, tt.datetime, got, want)
		}
	}
	if got := moment(yclients.Time{}, yclients.Time{}, zone); !got.IsZero() {
		t.Errorf("no clock at all reads as %v", got)
	}
}

// Should YCLIENTS drop our mark, a record must fit in everything to be taken for ours.
func TestAlike(t *testing.T) {
	sent := time.Date(2027, 3, 10, 7, 0, 0, 0, time.UTC)
	s := &Service{now: func() time.Time { return sent.Add(time.Minute) }}
	at := sent.Add(24 * time.Hour)
	o := createOrder{Phone: "+79000000001", Visits: []visit{{Services: []int64{2, 1}, Staff: 7, At: at}}}
	good := sighting{record: 5, phone: o.Phone, start: at, created: sent.Add(2 * time.Second), staff: salon.BookedStaff{ID: 7}, services: []seenService{{id: 1}, {id: 2}}}
	it := intentAt(sent)
	if got := s.alike([]sighting{good}, &it, o); len(got) != 1 || got[0].record != 5 {
		t.Fatalf("got %+v, want the record", got)
	}
	for name, spoil := range map[string]func(*sighting){
		"another's mark":   func(r *sighting) { r.apiID = "77" },
		"another phone":    func(r *sighting) { r.phone = "+79000000002" },
		"another time":     func(r *sighting) { r.start = at.Add(time.Minute) },
		"another master":   func(r *sighting) { r.staff.ID = 8 },
		"another service":  func(r *sighting) { r.services = r.services[:1] },
		"made before":      func(r *sighting) { r.created = sent.Add(-time.Hour) },
		"made much later":  func(r *sighting) { r.created = sent.Add(time.Hour) },
		"no moment at all": func(r *sighting) { r.created = time.Time{} },
	} {
		r := good
		spoil(&r)
		if got := s.alike([]sighting{r}, &it, o); len(got) != 0 {
			t.Errorf("%s: taken for ours", name)
		}
	}
}

func TestPlaced(t *testing.T) {
	at := time.Date(2027, 3, 25, 9, 0, 0, 0, time.UTC)
	o := createOrder{Visits: []visit{{Services: []int64{1}, Staff: 7, At: at}, {Services: []int64{2}, Staff: 8, At: at}, {Services: []int64{3}, At: at.Add(time.Hour)}}}
	records := placed(o, []sighting{
		{record: 30, start: at.Add(time.Hour), staff: salon.BookedStaff{ID: 9}, services: []seenService{{id: 3}}},
		{record: 20, start: at, staff: salon.BookedStaff{ID: 8}, services: []seenService{{id: 2}}},
		{record: 10, start: at, staff: salon.BookedStaff{ID: 7}, services: []seenService{{id: 1}}},
	})
	if len(records) != 3 {
		t.Fatalf("%d records, want 3", len(records))
	}
	for _, r := range records {
		if r.RecordID != int64(10*(r.Position+1)) {
			t.Errorf("visit %d got record %d", r.Position, r.RecordID)
		}
	}
	if records[2].StaffID != 9 {
		t.Errorf("staff %d, want the one any became", records[2].StaffID)
	}
}

func TestNew(t *testing.T) {
	h := setup(t)
	for name, spoil := range map[string]func(*Config){
		"no store": func(c *Config) { c.Store = nil }, "no api": func(c *Config) { c.API = nil }, "no mirror": func(c *Config) { c.Mirror = nil },
		"no codes": func(c *Config) { c.Codes = nil }, "no clients": func(c *Config) { c.Clients = nil },
		"no account": func(c *Config) { c.Account = "" }, "no branches": func(c *Config) { c.Branches = nil },
		"a mode that is none": func(c *Config) { c.Mode = "readonli" },
	} {
		c := h.config
		spoil(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: a service was made", name)
		}
	}
}

// A service that is closing takes no new booking and leaves none half made.
func TestClosed(t *testing.T) {
	h := setup(t)
	wish, key := h.wish(0), newKey()
	h.Close(t.Context())
	_, err := h.Create(t.Context(), guest, key, wish)
	wantCode(t, err, problem.StoreUnavailable)
	h.restart()
	h.clock.advance(6 * time.Second)
	h.settleAll()
	if a, err := h.Create(t.Context(), guest, key, wish); err != nil || a.Status != 201 || h.made() != 1 {
		t.Errorf("after the restart: %d, %v, %d records; want 201 and one", a.Status, err, h.made())
	}
}

// Who is told that a change was not taken can rely on it: the next start sends nothing.
func TestClosedSendsNothingLater(t *testing.T) {
	h := setup(t)
	b := h.book(guest, h.wish(0))
	wish := h.wish(3)
	h.Close(t.Context())
	_, err := h.Create(t.Context(), guest, newKey(), wish)
	wantCode(t, err, problem.StoreUnavailable)
	_, err = h.Cancel(t.Context(), owns(b), refOf(b))
	wantCode(t, err, problem.StoreUnavailable)
	h.restart()
	h.clock.advance(6 * time.Second)
	h.settleAll()
	if h.made() != 1 || h.record(b).Deleted {
		t.Errorf("%d records made, the first deleted: %t; want what was refused to stay undone", h.made(), h.record(b).Deleted)
	}
	if a, err := h.Cancel(t.Context(), owns(b), refOf(b)); err != nil || a.Booking.Status != salon.Cancelled {
		t.Errorf("cancelling after the restart: %s, %v", a.Booking.Status, err)
	}
}
