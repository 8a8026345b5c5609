package gateway

import (
	"bytes"
	"context"
	"net/http"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"zapis/internal/salon"
)

// A customer's phone asks for services and slots far more often than they change. Huma reads, checks and encodes
// each of these requests anew, which costs more than all the rest. So an address that huma has once understood is
// remembered with what it asked for, and its answer with the bytes it became. Nothing is remembered instead of being
// asked: the catalogue is asked every time, and the bytes serve only while it gives the very same value.

// hotRoutes are the operations that are remembered.
var hotRoutes = map[string]bool{"listServices": true, "listSlots": true}

// memory holds the hot reads by path and query, as they were sent.
type memory struct {
	reads *otter.Cache[string, hotRead]
}

const hotMost = 1024 // addresses; an answer of slots has about 5 KB, of services 10 to 40 KB

func newMemory() *memory {
	return &memory{otter.Must(&otter.Options[string, hotRead]{MaximumSize: hotMost})}
}

// hotRead is an understood request.
type hotRead interface {
	// answer asks the catalogue and encodes what it says, unless it says the same value as the last time.
	answer(ctx context.Context) (*encoded, salon.Freshness, error)
}

// remembered is a hotRead of one type of answer.
type remembered[T any] struct {
	ask   func(context.Context) (T, error)
	same  func(a, b T) bool // the identical value, which is never changed after it was given
	fresh func(T) salon.Freshness
	last  atomic.Pointer[spoken[T]]
}

type spoken[T any] struct {
	value T // held, so that its memory is not given to another value while we compare by identity
	encoded
}

func (m *remembered[T]) answer(ctx context.Context) (*encoded, salon.Freshness, error) {
	value, err := m.ask(ctx)
	if err != nil {
		return nil, salon.Freshness{}, err
	}
	if last := m.last.Load(); last != nil && m.same(last.value, value) {
		return &last.encoded, m.fresh(value), nil
	}
	var buf bytes.Buffer
	if err := strictJSON.Marshal(&buf, value); err != nil {
		return nil, salon.Freshness{}, err
	}
	now := &spoken[T]{value, encode(buf.Bytes(), entityTag(buf.Bytes()))}
	m.last.Store(now)
	return &now.encoded, m.fresh(value), nil
}

// serveHot answers a request whose address is known. False: huma shall read it.
func (g *Gateway) serveHot(ctx context.Context, w http.ResponseWriter, r *http.Request, req *request) bool {
	req.key = r.RequestURI
	read, ok := g.hot.reads.GetIfPresent(req.key)
	if !ok {
		return false
	}
	answer, fresh, err := read.answer(ctx)
	if err != nil {
		g.fail(w, r, err)
		return true
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = forAllValue
	if age := g.age(fresh); age != "" {
		h["Age"] = []string{age}
	}
	answer.write(w, r)
	return true
}

var (
	jsonType    = []string{"application/json"}
	forAllValue = []string{forAll}
)

// learn remembers a request that was understood and answered.
func (g *Gateway) learn(ctx context.Context, read hotRead) {
	if req := requestFrom(ctx); req != nil && req.key != "" {
		g.hot.reads.SetIfAbsent(req.key, read)
	}
}

func (g *Gateway) learnSlots(ctx context.Context, ask salon.Ask, date string) {
	g.learn(ctx, &remembered[salon.Slots]{
		ask: func(ctx context.Context) (salon.Slots, error) { return g.catalogue.Slots(ctx, ask, date) },
		same: func(a, b salon.Slots) bool {
			return sameSlice(a.Slots, b.Slots) && sameFreshness(a.Freshness, b.Freshness) &&
				a.Branch == b.Branch && a.Zone == b.Zone && a.Date == b.Date
		},
		fresh: func(s salon.Slots) salon.Freshness { return s.Freshness },
	})
}

func (g *Gateway) learnServices(ctx context.Context, branch salon.BranchID, staff int64) {
	g.learn(ctx, &remembered[salon.Catalogue]{
		ask: func(ctx context.Context) (salon.Catalogue, error) { return g.catalogue.Services(ctx, branch, staff) },
		same: func(a, b salon.Catalogue) bool {
			return sameSlice(a.Services, b.Services) && sameSlice(a.Categories, b.Categories) &&
				sameFreshness(a.Freshness, b.Freshness) && a.Branch == b.Branch
		},
		fresh: func(c salon.Catalogue) salon.Freshness { return c.Freshness },
	})
}

// sameSlice reports the identical memory, not equal content.
func sameSlice[T any](a, b []T) bool {
	if len(a) != len(b) || (a == nil) != (b == nil) {
		return false
	}
	return len(a) == 0 || &a[0] == &b[0]
}

func sameFreshness(a, b salon.Freshness) bool { return a.Stale == b.Stale && a.AsOf.Equal(b.AsOf) }
