// The steps, each a form that proves what it is given before the next one is shown.

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { isTyped } from '../shared/format'
import { Icon } from '../shared/icons'
import { ask, type Branch, type Checklist, type HookPlans, type Input, type Plan, type Rights as RightsAnswer, type State, Trouble } from './api'
import { t } from './texts'
import { type Ended, say, type StepProps } from './walk'

/** Sends a step and keeps its trouble. What was typed stays in the form, secrets included, until it is accepted. */
function useStep(lost: (e: Trouble) => void) {
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<Trouble>()
  const run = async (work: () => Promise<void>) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      await work()
    } catch (e) {
      if (!(e instanceof Trouble)) throw e
      setTrouble(e)
      lost(e)
    } finally {
      setBusy(false)
    }
  }
  return { busy, trouble, run }
}

function Troubled({ trouble }: { trouble?: Trouble }) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), [trouble])
  if (!trouble) return null
  return (
    <div ref={box} class="note bad" role="alert" data-testid="trouble" data-code={trouble.code}>
      <Icon name="warn" />
      <div>
        <b>{say(trouble.found)}</b>
        <p class={isTyped(say(trouble.next)) ? 'typed' : ''}>{say(trouble.next)}</p>
      </div>
    </div>
  )
}

const Busy = ({ step, busy }: { step: StepProps['step']; busy: boolean }) => (
  <p class="busy soft" role="status">
    {busy && (
      <>
        <span class="spinner small" /> {t('checking', { what: step.checks.map(say).join(', ') })}
      </>
    )}
  </p>
)

function Notes({ state }: { state: State }) {
  if (state.notes.length === 0) return null
  return (
    <div class="note warn" data-testid="notes">
      <Icon name="edit" />
      <div>
        <b>{t('mended')}</b>
        <ul>
          {state.notes.map((n) => (
            <li key={n.en}>{say(n)}</li>
          ))}
        </ul>
      </div>
    </div>
  )
}

const Good = ({ children }: { children: ComponentChildren }) => (
  <p class="note good">
    <Icon name="done" />
    <span>{children}</span>
  </p>
)

/** A field of a step. A hidden one can be looked at, by its owner's own wish. */
function Field({ input, value, set }: { input: Input; value: string; set: (v: string) => void }) {
  const id = useId()
  const [shown, setShown] = useState(false)
  const kind = (input.hidden && !shown ? 'password' : 'text') as 'text' // the types of both are apart, the field is one
  const complete = { login: 'username', password: 'current-password' }[input.name] ?? 'off'
  return (
    <div class="field">
      <label for={id}>{say(input.label)}</label>
      <div class="field-row">
        <input id={id} data-testid={input.name} name={input.name} type={kind} value={value} required autocomplete={complete} spellcheck={false} autocapitalize="off" aria-describedby={id + '-hint'} onInput={(e) => set(e.currentTarget.value)} />
        {input.hidden && (
          <button type="button" class="text-button" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {t(shown ? 'hide' : 'show')}
          </button>
        )}
      </div>
      <span id={id + '-hint'} class="soft">
        {say(input.hint)}
      </span>
    </div>
  )
}

const send = (run: () => void) => (e: Event) => {
  e.preventDefault()
  run()
}

const Submit = ({ busy, label, name = 'next', disabled = false }: { busy: boolean; label: string; name?: string; disabled?: boolean }) => (
  <button class="button" data-testid={name} disabled={busy || disabled}>
    {label}
  </button>
)

export function Key({ step, state, go, lost }: StepProps) {
  const [key, setKey] = useState('')
  const { busy, trouble, run } = useStep(lost)
  const prove = (body: object) => run(async () => go(await ask<State>('key', body)))
  return (
    <form onSubmit={send(() => prove({ api_key: key }))}>
      {state.has_key && <Good>{t('keyProven')}</Good>}
      {step.inputs.map((i) => (
        <Field key={i.name} input={i} value={key} set={setKey} />
      ))}
      <Troubled trouble={trouble} />
      <Submit busy={busy} label={t('next')} />
      {state.key_known && !state.has_key && (
        <button type="button" class="button quiet" data-testid="keep" disabled={busy} onClick={() => void prove({ keep: true })}>
          {t('keepKey')}
        </button>
      )}
      <Busy step={step} busy={busy} />
    </form>
  )
}

export function User({ step, state, go, lost }: StepProps) {
  const ways = ['login', 'token'] as const
  const [way, setWay] = useState<(typeof ways)[number]>('login')
  const [values, setValues] = useState<Record<string, string>>({})
  const { busy, trouble, run } = useStep(lost)
  const inputs = step.inputs.filter((i) => i.way === way)
  const body = () => Object.fromEntries(inputs.map((i) => [i.name, values[i.name] ?? '']))
  return (
    <form onSubmit={send(() => void run(async () => go(await ask<State>('user', body()))))}>
      <Notes state={state} />
      {state.has_user && <Good>{t('userProven', { user: state.user || t('someone') })}</Good>}
      <fieldset class="ways">
        <legend class="visually-hidden">{t('how')}</legend>
        {ways.map((w) => (
          <label key={w} class={w === way ? 'chosen' : ''}>
            <input type="radio" name="way" data-testid={'by-' + w} checked={w === way} onChange={() => setWay(w)} />
            {t(w === 'login' ? 'wayLogin' : 'wayToken')}
          </label>
        ))}
      </fieldset>
      {inputs.map((i) => (
        <Field key={i.name} input={i} value={values[i.name] ?? ''} set={(v) => setValues({ ...values, [i.name]: v })} />
      ))}
      <Troubled trouble={trouble} />
      <Submit busy={busy} label={t('next')} />
      <Busy step={step} busy={busy} />
    </form>
  )
}

const place = (b: Branch) => [b.city, b.address, b.chain_title].filter(Boolean).join(', ')

export function Branches({ step, state, go, lost }: StepProps) {
  const [list, setList] = useState<Branch[]>()
  const [chosen, setChosen] = useState<number[]>(state.branches.map((b) => b.id))
  const [pasted, setPasted] = useState('')
  const { busy, trouble, run } = useStep(lost)
  useEffect(() => {
    void run(async () => {
      const got = await ask<{ branches: Branch[]; expected: number[] }>('branches')
      setList(got.branches)
      setChosen((now) => (now.length > 0 ? now : got.expected.filter((id) => got.branches.some((b) => b.id === id))))
    })
  }, [])
  const tick = (id: number, on: boolean) => setChosen(on ? [...chosen, id] : chosen.filter((c) => c !== id))
  return (
    <>
      <Notes state={state} />
      {state.has_user && <Good>{t('userProven', { user: state.user || t('someone') })}</Good>}
      <form onSubmit={send(() => void run(async () => go(await ask<State>('branch', { ids: chosen }))))}>
        <fieldset class="choices">
          <legend>{t('yourBranches')}</legend>
          {list?.map((b) => (
            <label key={b.id} class={chosen.includes(b.id) ? 'chosen' : ''}>
              <input type="checkbox" data-testid={`branch-${b.id}`} checked={chosen.includes(b.id)} onChange={(e) => tick(b.id, e.currentTarget.checked)} />
              <span>
                <b>{b.title}</b> <span class="soft">№&nbsp;{b.id}</span>
                <span class="block soft">{place(b)}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {list && list.length > 1 && <p class="soft">{t('firstIsMain')}</p>}
        <Troubled trouble={trouble} />
        <Submit busy={busy} label={t('goOn')} disabled={chosen.length === 0} />
        <Busy step={step} busy={busy} />
      </form>
      <form class="aside" onSubmit={send(() => void run(async () => go(await ask<State>('branch', { pasted, ids: chosen }))))}>
        <label for="pasted">{t('pasteBranch')}</label>
        <div class="field-row">
          <input id="pasted" data-testid="pasted" value={pasted} required autocomplete="off" placeholder="yclients.com/timetable/…" onInput={(e) => setPasted(e.currentTarget.value)} />
          <button class="button quiet" data-testid="find" disabled={busy}>
            {t('find')}
          </button>
        </div>
      </form>
    </>
  )
}

export function Rights({ step, go, lost }: StepProps) {
  const [rights, setRights] = useState<RightsAnswer>()
  const { busy, trouble, run } = useStep(lost)
  const look = () => run(async () => setRights(await ask<RightsAnswer>('rights')))
  useEffect(() => void look(), [])
  const enough = rights?.branches.every((b) => b.enough)
  const accept = (anyway: boolean) => run(async () => go(await ask<State>('rights', { anyway })))
  return (
    <div class="stack">
      {rights?.branches.map((b) => (
        <section key={b.branch.id} class="rights" data-testid={`rights-${b.branch.id}`} data-enough={b.enough}>
          {rights.branches.length > 1 && <h2>{b.branch.title}</h2>}
          {b.lacks.length > 0 && (
            <>
              <h3>{t('cannot')}</h3>
              <ul>
                {b.lacks.map((l) => (
                  <li key={l.title.en} class={l.needed ? 'bad' : 'warn'}>
                    <Icon name="cross" size={18} />
                    <span>
                      <b>{say(l.title)}</b>
                      {l.needed && <i> ({t('needed')})</i>}
                      <span class="block soft">{say(l.lost)}</span>
                    </span>
                  </li>
                ))}
              </ul>
            </>
          )}
          <h3>{t('can')}</h3>
          <ul>
            {b.has.map((h) => (
              <li key={h.en} class="good">
                <Icon name="done" size={18} />
                <span>{say(h)}</span>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <Troubled trouble={trouble} />
      {rights && (
        <div class="buttons">
          {enough && (
            <button class="button" data-testid="next" disabled={busy} onClick={() => void accept(false)}>
              {t('goOn')}
            </button>
          )}
          <button class="button quiet" data-testid="again" disabled={busy} onClick={() => void look()}>
            {t('again')}
          </button>
          {!enough && (
            <button class="button text danger" data-testid="anyway" disabled={busy} onClick={() => void accept(true)}>
              {t('anyway')}
            </button>
          )}
        </div>
      )}
      <Busy step={step} busy={busy} />
    </div>
  )
}

export function Hooks({ step, state, go, lost }: StepProps) {
  const [address, setAddress] = useState(state.public_url ?? '')
  const [shown, setShown] = useState<HookPlans>()
  const { busy, trouble, run } = useStep(lost)
  const send1 = () =>
    run(async () => {
      const answer = await ask<State | HookPlans>('hooks', { public_url: address, seen: shown?.seen ?? '' })
      if ('plans' in answer) setShown(answer)
      else go(answer)
    })
  const type = (v: string) => {
    setAddress(v)
    setShown(undefined)
  }
  return (
    <form onSubmit={send(() => void send1())}>
      {step.inputs.map((i) => (
        <Field key={i.name} input={i} value={address} set={type} />
      ))}
      {shown?.changed && <p class="note warn">{t('hooksChanged')}</p>}
      {shown?.plans.map((p) => (
        <section key={p.branch.id} class="stack" data-testid={`hooks-${p.branch.id}`}>
          <h2>{p.branch.title}</h2>
          {p.changes.length === 0 ? (
            <p>{t('hooksNothing')}</p>
          ) : (
            <pre>
              {p.changes.map((c) => (
                <code key={c.what.en + c.new} class="block">
                  {say(c.what)}: {c.old && <span class="bad">− {c.old} </span>}
                  {c.new && <span class="good">+ {c.new}</span>}
                </code>
              ))}
            </pre>
          )}
          {p.others > 0 && (
            <p class="soft">
              {t('hooksOthers', { n: p.others })} {p.wakes && t('hooksWakes')}
            </p>
          )}
        </section>
      ))}
      <Troubled trouble={trouble} />
      <div class="buttons">
        <Submit busy={busy} label={t(shown ? 'writeHooks' : 'showDiff')} />
        <button type="button" class="button quiet" data-testid="skip" disabled={busy} onClick={() => void run(async () => go(await ask<State>('hooks', { skip: true })))}>
          {t('skip')}
        </button>
      </div>
      <Busy step={step} busy={busy} />
    </form>
  )
}

export function Write({ step, state, lost, end }: StepProps & { end: (e: Ended) => void }) {
  const [plan, setPlan] = useState<Plan>()
  const [ignore, setIgnore] = useState(true)
  const { busy, trouble, run } = useStep(lost)
  useEffect(() => {
    if (state.door === 'setup') void run(async () => setPlan(await ask<Plan>('write')))
  }, [])
  const write = () => run(async () => end(await ask<Ended>('write', { ignore: ignore && (plan?.ignore.length ?? 0) > 0 })))
  return (
    <form onSubmit={send(() => void write())}>
      {state.door === 'invite' && (
        <>
          <p>{t('handWhat', { user: state.user || t('someone') })}</p>
          <ul class="list">
            {state.branches.map((b) => (
              <li key={b.id}>
                {b.title} <span class="soft">№&nbsp;{b.id}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {plan && (
        <>
          <p>{plan.diff === '' ? t('nothingToWrite') : t(plan.new ? 'willMake' : 'willWrite', { path: plan.path })}</p>
          {plan.diff !== '' && (
            <pre data-testid="diff">
              {plan.diff.trimEnd().split('\n').map((l) => (
                <code key={l} class={'block ' + (l.startsWith('+') ? 'good' : 'bad')}>
                  {l}
                </code>
              ))}
            </pre>
          )}
          {plan.backup && <p class="soft">{t('backup', { path: plan.backup })}</p>}
          {plan.beaten.length > 0 && <p class="note warn">{t('beaten', { keys: plan.beaten.join(', ') })}</p>}
          {plan.ignore.length > 0 && (
            <label class="tick">
              <input type="checkbox" data-testid="ignore" checked={ignore} onChange={(e) => setIgnore(e.currentTarget.checked)} />
              {t('ignore', { lines: plan.ignore.join(', ') })}
            </label>
          )}
        </>
      )}
      <Troubled trouble={trouble} />
      <Submit busy={busy} label={t(state.door === 'invite' ? 'hand' : 'write')} name="write" disabled={state.door === 'setup' && !plan} />
      <Busy step={step} busy={busy} />
    </form>
  )
}

const marks = { ok: 'done', warning: 'warn', failure: 'cross', skipped: 'wait' } as const
const colours = { ok: 'good', warning: 'warn', failure: 'bad', skipped: 'soft' } as const

/** The checklist of everything: each item green, or with its next step. */
export function Done({ ended, list, setList }: { ended: Ended; list?: Checklist; setList: (l: Checklist) => void }) {
  const { busy, trouble, run } = useStep(() => undefined)
  const look = () => run(async () => setList(await ask<Checklist>('done')))
  useEffect(() => void look(), [])
  return (
    <main class="panel" data-testid="done" data-exit={list?.exit_code}>
      <h1>{t(list && list.exit_code !== 0 ? 'doneSome' : 'doneTitle')}</h1>
      <p>
        {t('doneWhat')} {ended.branches.map((b) => b.title).join(', ')}
      </p>
      <Troubled trouble={trouble} />
      {list && <Checks items={list.items.filter((i) => i.status === 'failure' || i.status === 'warning')} />}
      {list && (
        <details>
          <summary>{t('rest', { n: list.items.filter((i) => i.status === 'ok').length })}</summary>
          <Checks items={list.items.filter((i) => i.status !== 'failure' && i.status !== 'warning')} />
        </details>
      )}
      <p class="busy soft" role="status">
        {busy && <span class="spinner small" />}
      </p>
      <div class="buttons">
        <a class="button" href="../admin/">
          {t('console')}
        </a>
        <button class="button quiet" data-testid="again" disabled={busy} onClick={() => void look()}>
          {t('again')}
        </button>
      </div>
    </main>
  )
}

const Checks = ({ items }: { items: Checklist['items'] }) => (
  <ul class="checks">
    {items.map((i, n) => {
      const status = i.status as keyof typeof marks
      return (
        <li key={n} class={colours[status]} data-testid="check" data-status={status}>
          <Icon name={marks[status]} size={18} />
          <span>
            <span class="visually-hidden">{t(status)}: </span>
            <b>{say(i.title)}</b>
            {i.branch ? ` (${i.branch})` : ''}
            {say(i.found) && <span class="block soft">{say(i.found)}</span>}
            {say(i.next) && <span class="block">→ {say(i.next)}</span>}
          </span>
        </li>
      )
    })}
  </ul>
)
