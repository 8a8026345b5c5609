// Package alert tells people of trouble: by e-mail, by Telegram, by a webhook of their own. An incident is told once
// when it begins and once when it is over, however often it is noticed in between and however often the server
// starts. What is told names a failure of the table and what to do: never a token, a phone or a person.
package alert

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"zapis/internal/problem"
)

// Message is what a channel delivers.
type Message struct {
	// Kind is trouble, clear or test.
	Kind string `json:"kind"`
	// Incident is the same in the trouble and the all-clear that belong together.
	Incident string       `json:"incident"`
	Code     problem.Code `json:"code,omitempty"`
	Server   string       `json:"server"` // as Config.Name
	At       time.Time    `json:"at"`
	Title    string       `json:"title"`
	// Text is the message for people, some lines.
	Text string `json:"text"`
	// Link is an invitation to mend it, where there is one. It opens a page once.
	Link string `json:"link,omitempty"`
}

// Channel delivers messages. Send may be repeated after an error; its errors hold no secret.
type Channel interface {
	Name() string
	Send(ctx context.Context, m Message) error
}

// Keeper remembers open incidents over a restart. The store is one.
type Keeper interface {
	Keep(ctx context.Context, name string, value []byte) error
	Kept(ctx context.Context, name string) ([]byte, error)
}

// Config is what an Alerts is made of.
type Config struct {
	Channels []Channel
	Keeper   Keeper // nil: a restart forgets
	Lang     string // ru or en; default ru
	Name     string // how the server calls itself in messages
	// Invite makes a link that mends a dead user token, empty when none can be made; nil: no links.
	Invite func(ctx context.Context) string
	// Pauses are waited before each further try of a delivery that failed. Default 1 s, 10 s, 1 min, 10 min; then it is
	// given up, and said in the log.
	Pauses []time.Duration
	// TryLimit bounds one try. Default 15 s.
	TryLimit time.Duration
	Now      func() time.Time
	Logger   *slog.Logger
}

// Alerts keeps the open incidents and tells of their beginning and end. Its one goroutine ends with Close.
type Alerts struct {
	Config
	life   context.Context
	end    context.CancelFunc
	wake   chan struct{}
	worked sync.WaitGroup

	mu     sync.Mutex
	queue  []Message
	open   map[string]incident // by name
	loaded bool
}

// incident is what is kept.
type incident struct {
	Code  problem.Code `json:"code"`
	Since time.Time    `json:"since"`
	// Told: some channel has delivered its beginning. Until then the next start, which may have better channels, tries again.
	Told   bool `json:"told"`
	queued bool // this start is telling, or has tried to
}

const kindTrouble = "trouble"

const keptName = "alerts.open"

// mostQueued bounds what waits for channels that do not answer; the oldest gives way.
const mostQueued = 100

// New starts an Alerts. Without channels it only keeps the incidents.
func New(c Config) *Alerts {
	if c.Lang == "" {
		c.Lang = "ru"
	}
	if c.Pauses == nil {
		c.Pauses = []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute}
	}
	if c.TryLimit == 0 {
		c.TryLimit = 15 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Alerts{Config: c, wake: make(chan struct{}, 1), open: map[string]incident{}}
	a.life, a.end = context.WithCancel(context.Background())
	a.worked.Go(a.work)
	return a
}

// Close ends the deliveries under way and waits for them. What was not delivered by then is in the log.
func (a *Alerts) Close() {
	a.end()
	a.worked.Wait()
}

// Raise says that an incident lasts. Only the first time is told.
func (a *Alerts) Raise(ctx context.Context, name string, code problem.Code) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.load(ctx)
	i, known := a.open[name]
	if i.Told || i.queued {
		return
	}
	if !known {
		i = incident{Code: code, Since: a.Now()}
	}
	i.queued = true
	a.open[name] = i
	a.save(ctx)
	a.put(a.trouble(ctx, name, i.Code, i.Since))
}

// Clear says that an incident is over. It is told if its beginning was.
func (a *Alerts) Clear(ctx context.Context, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.load(ctx)
	was, known := a.open[name]
	if !known {
		return
	}
	delete(a.open, name)
	a.save(ctx)
	if was.Told || was.queued {
		a.put(a.clear(name, was))
	}
}

// told notes that the beginning of an incident has reached somebody.
func (a *Alerts) told(name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.life), a.TryLimit) // Close waits for it
	defer cancel()
	a.mu.Lock()
	defer a.mu.Unlock()
	if i, open := a.open[name]; open && !i.Told {
		i.Told = true
		a.open[name] = i
		a.save(ctx)
	}
}

// load reads the incidents that a former start left open. A keeper that does not answer is asked again next time.
func (a *Alerts) load(ctx context.Context) {
	if a.loaded || a.Keeper == nil {
		return
	}
	value, err := a.Keeper.Kept(ctx, keptName)
	if err != nil {
		a.Logger.WarnContext(ctx, "the open alerts cannot be read", "error", err)
		return
	}
	a.loaded = true
	kept := map[string]incident{}
	if len(value) > 0 && json.Unmarshal(value, &kept) == nil {
		for name, i := range kept {
			if _, known := a.open[name]; !known {
				a.open[name] = i
			}
		}
	}
}

func (a *Alerts) save(ctx context.Context) {
	if a.Keeper == nil {
		return
	}
	value, err := json.Marshal(a.open)
	if err == nil {
		err = a.Keeper.Keep(ctx, keptName, value)
	}
	if err != nil {
		a.Logger.WarnContext(ctx, "the open alerts cannot be kept: a restart may tell of one again", "error", err)
	}
}

// put hands a message to the worker. The caller holds the lock.
func (a *Alerts) put(m Message) {
	a.queue = append(a.queue, m)
	if len(a.queue) > mostQueued {
		a.queue = a.queue[1:]
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *Alerts) next() (Message, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == 0 {
		return Message{}, false
	}
	m := a.queue[0]
	a.queue = a.queue[1:]
	return m, true
}

// work delivers one message after another, to all channels at once.
func (a *Alerts) work() {
	for {
		m, there := a.next()
		if !there {
			select {
			case <-a.wake:
				continue
			case <-a.life.Done():
				return
			}
		}
		var all sync.WaitGroup
		for _, c := range a.Channels {
			all.Go(func() {
				if a.deliver(a.life, c, m) && m.Kind == kindTrouble {
					a.told(m.Incident)
				}
			})
		}
		all.Wait()
	}
}

// deliver tries until it succeeds or the tries are used up.
func (a *Alerts) deliver(ctx context.Context, c Channel, m Message) bool {
	for try := 0; ; try++ {
		err := a.try(ctx, c, m)
		switch {
		case err == nil:
			a.Logger.InfoContext(ctx, "alert delivered", "channel", c.Name(), "kind", m.Kind, "incident", m.Incident)
			return true
		case try == len(a.Pauses) || ctx.Err() != nil:
			a.Logger.ErrorContext(ctx, "alert not delivered", "channel", c.Name(), "kind", m.Kind, "incident", m.Incident, "tries", try+1, "error", err)
			return false
		}
		pause := time.NewTimer(a.Pauses[try])
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

func (a *Alerts) try(ctx context.Context, c Channel, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, a.TryLimit)
	defer cancel()
	return c.Send(ctx, m)
}

// Result is how a test message fared in a channel.
type Result struct {
	Channel string `json:"channel"`
	OK      bool   `json:"ok"`
	Error   string `json:"error,omitempty"`
}

// Test sends a test message through every channel, once, and says how each fared.
func (a *Alerts) Test(ctx context.Context) []Result {
	m := a.test()
	results := make([]Result, len(a.Channels))
	var all sync.WaitGroup
	for i, c := range a.Channels {
		all.Go(func() {
			results[i] = Result{Channel: c.Name(), OK: true}
			if err := a.try(ctx, c, m); err != nil {
				results[i] = Result{Channel: c.Name(), Error: err.Error()}
			}
		})
	}
	all.Wait()
	return results
}
