package walk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
)

// textStep is a step of the walk as data for the page.
type textStep struct {
	ID       string      `json:"id"`
	Title    words       `json:"title"`
	Why      words       `json:"why"`
	Help     []words     `json:"help"`
	Links    []textLink  `json:"links"`
	Inputs   []textInput `json:"inputs"`
	Checks   []words     `json:"checks"`
	Optional bool        `json:"optional"`
}

type textLink struct {
	Title words  `json:"title"`
	URL   string `json:"url"`
}

type textInput struct {
	Name   string `json:"name"`
	Label  words  `json:"label"`
	Hint   words  `json:"hint"`
	Hidden bool   `json:"hidden"`
	Way    string `json:"way"`
}

// texts are the steps of this door, with the words that the terminal uses.
func (d *door) texts() any {
	steps := []textStep{}
	for _, s := range setup.Steps {
		if d.Door == setup.LinkInvite && !s.Invited {
			continue
		}
		t := textStep{ID: s.ID, Title: say(s.Title), Why: say(s.Why), Help: sayAll(s.Help), Links: []textLink{}, Inputs: []textInput{}, Checks: sayAll(s.Checks), Optional: s.Optional}
		for _, l := range s.Links {
			t.Links = append(t.Links, textLink{say(l.Title), l.URL})
		}
		for _, i := range s.Inputs {
			t.Inputs = append(t.Inputs, textInput{i.Name, say(i.Label), say(i.Hint), i.Hidden, i.Way})
		}
		steps = append(steps, t)
	}
	return map[string]any{"door": d.Door, "steps": steps}
}

// state is how far the walk has come. It holds no secret, not even a masked one.
type state struct {
	Door setup.LinkKind `json:"door"`
	Next string         `json:"next"`
	// From, For and Expires are of an invitation.
	From    string    `json:"from,omitempty"`
	For     string    `json:"for,omitempty"`
	Expires time.Time `json:"expires"`
	// HasKey and HasUser: proven on this walk. KeyKnown: the settings have one that can be kept.
	HasKey   bool           `json:"has_key"`
	KeyKnown bool           `json:"key_known"`
	HasUser  bool           `json:"has_user"`
	User     string         `json:"user,omitempty"`
	Branches []setup.Branch `json:"branches"`
	Notes    []words        `json:"notes"`
	// PublicURL is the configured address of the server from outside.
	PublicURL string `json:"public_url,omitempty"`
}

func (d *door) state(_ context.Context, v *visit) (any, error) { return d.stateOf(v, nil), nil }

func (d *door) stateOf(v *visit, notes []config.Finding) state {
	p := v.progress
	s := state{
		Door: d.Door, Next: p.Next(), From: v.link.From, For: v.link.For, Expires: v.link.Expires,
		HasKey: !p.APIKey.IsZero(), HasUser: !p.UserToken.IsZero(), User: p.User, Branches: slices.Clone(p.Branches), Notes: []words{},
	}
	if s.Branches == nil {
		s.Branches = []setup.Branch{}
	}
	if d.Door == setup.LinkSetup {
		cfg, _ := d.Engine.Config()
		s.KeyKnown, s.PublicURL = !cfg.Account.PartnerToken.IsZero(), cfg.PublicURL
	} else if s.Next == setup.StepHooks {
		s.Next = setup.StepWrite
	}
	for _, n := range notes {
		s.Notes = append(s.Notes, say(n.What))
	}
	return s
}

// keep stores the progress and tells the new state.
func (d *door) keep(v *visit, notes []config.Finding) (any, error) {
	if d.Door == setup.LinkInvite {
		d.invited[v.link.ID] = v.progress
	} else if err := d.Engine.Keep(v.progress); err != nil {
		return nil, err
	}
	return d.stateOf(v, notes), nil
}

// key proves the pasted key, or the configured one.
func (d *door) key(ctx context.Context, v *visit) (any, error) {
	var body struct {
		APIKey secret.String `json:"api_key"`
		Keep   bool          `json:"keep"`
	}
	if err := v.read(&body); err != nil {
		return nil, err
	}
	cfg, _ := d.Engine.Config()
	key, notes := cfg.Account.PartnerToken, []config.Finding(nil)
	if !body.Keep {
		pasted, err := setup.Inspect(setup.APIKey, body.APIKey)
		if err != nil {
			return nil, err
		}
		key, notes = pasted.Clean, pasted.Notes
	}
	if err := d.Engine.ProveKey(ctx, key); err != nil {
		return nil, pastedSo(err, notes)
	}
	if v.progress.APIKey.Equal(key) {
		return d.keep(v, notes)
	}
	*v.progress = setup.Progress{APIKey: key, BaseURL: d.Engine.BaseURL} // a token belongs to its key
	return d.keep(v, notes)
}

// pastedSo says beside a refusal what was odd about the pasted text: likely its cause.
func pastedSo(err error, notes []config.Finding) error {
	r, ok := errors.AsType[*setup.Refusal](err)
	if !ok || len(notes) == 0 {
		return err
	}
	told := *r
	for _, n := range notes {
		told.Found.RU += "; " + n.What.RU
		told.Found.EN += "; " + n.What.EN
	}
	return &told
}

// user signs in, or takes a pasted token, and proves it.
func (d *door) user(ctx context.Context, v *visit) (any, error) {
	var body struct {
		Login     string        `json:"login"`
		Password  secret.String `json:"password"`
		UserToken secret.String `json:"user_token"`
	}
	if err := v.read(&body); err != nil {
		return nil, err
	}
	key := v.progress.APIKey
	if key.IsZero() {
		return nil, problem.New(problem.NotConfigured)
	}
	var notes []config.Finding
	var signed setup.User
	if body.UserToken.IsZero() {
		var err error
		if signed, err = d.signIn(ctx, v, body.Login, body.Password); err != nil {
			return nil, err
		}
	} else {
		pasted, err := setup.Inspect(setup.UserToken, body.UserToken)
		if err != nil {
			return nil, err
		}
		signed.Token, notes = pasted.Clean, pasted.Notes
	}
	proven, mine, err := d.Engine.ProveUser(ctx, key, signed.Token)
	if err != nil {
		return nil, pastedSo(err, notes)
	}
	mine, err = v.choice(mine)
	if err != nil {
		return nil, err
	}
	p := v.progress
	p.UserToken, p.User, p.Branches, p.RightsAccepted = signed.Token, signed.Name, nil, false
	if p.User == "" {
		p.User = proven.Name
	}
	if len(mine) == 1 || v.bound() {
		p.Branches = mine // there is nothing to choose
	}
	return d.keep(v, notes)
}

// signIn obtains a token by password, until the link has seen too many wrong ones.
func (d *door) signIn(ctx context.Context, v *visit, login string, password secret.String) (setup.User, error) {
	if d.wrong[v.link.ID] >= mostWrong {
		return setup.User{}, &setup.Refusal{
			Problem: problem.TooManyRequests,
			Found:   config.T("слишком много неверных паролей по этой ссылке", "too many wrong passwords through this link"),
			Next: config.T("вспомните пароль в веб-кабинете YCLIENTS и попросите новую ссылку, или вставьте токен",
				"recover the password in the web cabinet of YCLIENTS and ask for a new link, or paste a token"),
		}
	}
	u, err := d.Engine.SignIn(ctx, v.progress.APIKey, login, password)
	if problem.From(err).Code == problem.UpstreamLogin {
		d.wrong[v.link.ID]++
	}
	return u, err
}

// bound tells whether the branches are settled by the link.
func (v *visit) bound() bool { return v.link.Kind == setup.LinkInvite && len(v.link.Branches) > 0 }

// choice is what there is to choose from. An invitation to certain branches is for those, all of them and no others:
// whoever holds the link renews an access and does not lead the app elsewhere.
func (v *visit) choice(mine []setup.Branch) ([]setup.Branch, error) {
	if !v.bound() {
		return mine, nil
	}
	expected := make([]setup.Branch, 0, len(v.link.Branches))
	for _, id := range v.link.Branches {
		i := slices.IndexFunc(mine, func(b setup.Branch) bool { return b.ID == id })
		if i < 0 {
			return nil, &setup.Refusal{
				Problem: problem.BranchChoice,
				Found:   config.Tf("этот сотрудник не управляет филиалом %d, а приглашение — для него", "this employee does not manage branch %d, which the invitation is for", id),
				Next: config.T("войдите сотрудником, у которого есть доступ ко всем филиалам приложения, или дайте доступ этому: YCLIENTS → Настройки → Пользователи",
					"sign in as an employee who manages all branches of the app, or give this one access: YCLIENTS → Settings → Users"),
			}
		}
		expected = append(expected, mine[i])
	}
	return expected, nil
}

// branches lists those that the user manages, the expected ones of an invitation first.
func (d *door) branches(ctx context.Context, v *visit) (any, error) {
	if v.progress.UserToken.IsZero() {
		return nil, problem.New(problem.NotConfigured)
	}
	mine, err := d.Engine.Branches(ctx, v.progress.APIKey, v.progress.UserToken)
	if err == nil {
		mine, err = v.choice(mine)
	}
	return map[string]any{"branches": mine, "expected": append([]int64{}, v.link.Branches...)}, err
}

// branch takes the branches chosen from the list, or one by any pasted address.
func (d *door) branch(ctx context.Context, v *visit) (any, error) {
	var body struct {
		IDs    []int64 `json:"ids"`
		Pasted string  `json:"pasted"`
	}
	if err := v.read(&body); err != nil {
		return nil, err
	}
	p := v.progress
	mine, err := d.Engine.Branches(ctx, p.APIKey, p.UserToken)
	if err != nil {
		return nil, err
	}
	if mine, err = v.choice(mine); err != nil {
		return nil, err
	}
	var chosen []setup.Branch
	if body.Pasted != "" && !v.bound() {
		b, err := d.Engine.ResolveBranch(ctx, p.APIKey, p.UserToken, body.Pasted, mine)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, b)
	}
	for _, id := range body.IDs {
		i := slices.IndexFunc(mine, func(b setup.Branch) bool { return b.ID == id })
		if i < 0 || slices.Contains(chosen, mine[i]) {
			continue
		}
		chosen = append(chosen, mine[i])
	}
	if len(chosen) == 0 {
		return nil, &setup.Refusal{Problem: problem.BranchChoice, Choices: mine,
			Found: config.T("филиал не выбран", "no branch is chosen"), Next: config.T("отметьте филиал в списке", "tick a branch in the list")}
	}
	if v.bound() {
		if len(chosen) != len(mine) {
			return nil, &setup.Refusal{
				Problem: problem.BranchChoice, Choices: mine,
				Found: config.T("приглашение — для всех филиалов этого приложения", "the invitation is for all branches of this app"),
				Next:  config.T("отметьте все", "tick all of them"),
			}
		}
		chosen = mine // the first one stays the main one
	}
	p.Branches, p.RightsAccepted = chosen, false
	return d.keep(v, nil)
}

// branchRights are the rights in one branch, in words.
type branchRights struct {
	Branch setup.Branch `json:"branch"`
	Enough bool         `json:"enough"`
	Has    []words      `json:"has"`
	Lacks  []lack       `json:"lacks"`
}

type lack struct {
	Title  words `json:"title"`
	Lost   words `json:"lost"`
	Needed bool  `json:"needed"`
}

func (d *door) rights(ctx context.Context, v *visit) (any, error) {
	list, err := d.askRights(ctx, v)
	return map[string]any{"branches": list}, err
}

func (d *door) askRights(ctx context.Context, v *visit) ([]branchRights, error) {
	list := []branchRights{}
	for _, b := range v.progress.Branches {
		r, err := d.Engine.Rights(ctx, v.progress.APIKey, v.progress.UserToken, b.ID)
		if err != nil {
			return nil, err
		}
		one := branchRights{Branch: b, Enough: r.Enough(), Has: []words{}, Lacks: []lack{}}
		for _, right := range r.Has {
			one.Has = append(one.Has, say(right.Title))
		}
		for _, right := range r.Lacks {
			one.Lacks = append(one.Lacks, lack{say(right.Title), say(right.Lost), right.Needed})
		}
		list = append(list, one)
	}
	return list, nil
}

// acceptRights goes on. Where a needed right is missing, only whoever has read so may.
func (d *door) acceptRights(ctx context.Context, v *visit) (any, error) {
	var body struct {
		Anyway bool `json:"anyway"`
	}
	if err := v.read(&body); err != nil {
		return nil, err
	}
	if len(v.progress.Branches) == 0 {
		return nil, problem.New(problem.BranchChoice)
	}
	list, err := d.askRights(ctx, v)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(list, func(b branchRights) bool { return !b.Enough }) && !body.Anyway {
		return nil, problem.New(problem.UpstreamForbidden)
	}
	v.progress.RightsAccepted = true
	return d.keep(v, nil)
}

// hookPlan is what would change in the webhooks of a branch.
type hookPlan struct {
	Branch  setup.Branch `json:"branch"`
	Changes []hookChange `json:"changes"`
	Others  int          `json:"others"`
	Wakes   bool         `json:"wakes"`
}

type hookChange struct {
	What words  `json:"what"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// hooks shows what would change, and writes exactly that once the page says that it was seen. The step is optional.
func (d *door) hooks(ctx context.Context, v *visit) (any, error) {
	var body struct {
		Skip      bool   `json:"skip"`
		PublicURL string `json:"public_url"`
		Seen      string `json:"seen"`
	}
	if err := v.read(&body); err != nil {
		return nil, err
	}
	p := v.progress
	if body.Skip {
		p.HooksDone = true
		return d.keep(v, nil)
	}
	ours, err := d.Engine.HookAddress(body.PublicURL)
	if err != nil {
		return nil, err
	}
	var plans []*setup.HooksPlan
	shown := []hookPlan{}
	for _, b := range p.Branches {
		plan, err := d.Engine.HooksPlan(ctx, p.APIKey, p.UserToken, b.ID, ours, false)
		if err != nil {
			return nil, err
		}
		one := hookPlan{Branch: b, Changes: []hookChange{}, Others: plan.Others, Wakes: plan.Wakes}
		for _, c := range plan.Changes {
			one.Changes = append(one.Changes, hookChange{say(c.What), c.Old, c.New})
		}
		plans, shown = append(plans, plan), append(shown, one)
	}
	seen, err := json.Marshal(shown)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(seen)
	if mark := hex.EncodeToString(sum[:]); body.Seen != mark {
		return map[string]any{"plans": shown, "seen": mark, "changed": body.Seen != ""}, nil
	}
	for _, plan := range plans {
		if err := d.Engine.HooksApply(ctx, p.APIKey, p.UserToken, plan); err != nil {
			return nil, err
		}
	}
	p.PublicURL, p.HooksDone = strings.TrimRight(strings.TrimSpace(body.PublicURL), "/"), true
	return d.keep(v, nil)
}

// plan shows what would be written.
func (d *door) plan(ctx context.Context, v *visit) (any, error) {
	p, err := d.envPlan(ctx, v)
	if err != nil {
		return nil, err
	}
	return map[string]any{"path": p.Path, "diff": p.Diff, "new": p.New, "backup": p.Backup, "beaten": append([]string{}, p.Beaten...), "ignore": append([]string{}, p.Ignore...)}, nil
}

func (d *door) envPlan(ctx context.Context, v *visit) (*setup.EnvPlan, error) {
	p := v.progress
	if p.APIKey.IsZero() || p.UserToken.IsZero() || len(p.Branches) == 0 || !p.RightsAccepted {
		return nil, problem.New(problem.NotConfigured)
	}
	return d.Engine.EnvPlan(ctx, p.Values())
}

// write writes the file. An invitation is over then; the walk of the developer goes on to the checklist.
func (d *door) write(ctx context.Context, v *visit) (any, error) {
	var body struct {
		Ignore bool `json:"ignore"`
	}
	if err := v.read(&body); err != nil {
		return nil, err
	}
	plan, err := d.envPlan(ctx, v)
	if err != nil {
		return nil, err
	}
	if body.Ignore {
		if err := plan.IgnoreInGit(); err != nil {
			return nil, err
		}
	}
	if err := d.Engine.EnvWrite(plan); err != nil {
		return nil, err
	}
	if err := d.Engine.Forget(); err != nil {
		return nil, err
	}
	d.Logger.InfoContext(ctx, "settings were written in the browser", "door", d.Door, "link", v.link.ID, "branches", len(v.progress.Branches))
	if d.Door == setup.LinkInvite {
		delete(d.invited, v.link.ID)
		if err := d.Links.Finish(ctx, v.cookie); err != nil {
			return nil, err
		}
	}
	return map[string]any{"written": true, "branches": v.progress.Branches, "user": v.progress.User}, nil
}

// checked is one line of the checklist.
type checked struct {
	Title  words         `json:"title"`
	Status doctor.Status `json:"status"`
	Branch int64         `json:"branch,omitempty"`
	Found  words         `json:"found"`
	Next   words         `json:"next"`
}

// checklist asks everything that doctor asks of the written settings.
func (d *door) checklist(ctx context.Context, _ *visit) (any, error) {
	report := d.Engine.Checklist(ctx)
	list := []checked{}
	for _, f := range report.Findings {
		list = append(list, checked{say(f.Title), f.Status, f.Branch, say(f.Found), say(f.Next)})
	}
	return map[string]any{"items": list, "exit_code": report.ExitCode()}, nil
}
