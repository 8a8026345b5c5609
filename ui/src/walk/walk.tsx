// The walk through the setup: one step on the screen, the way behind and ahead beside it. What each step means, asks
// and proves is the server's; this page shows it and passes on what was typed.

import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { lang, locale, switchLang } from '../shared/i18n'
import { Icon } from '../shared/icons'
import { ask, type Checklist, type State, type Step, type Texts, Trouble, type Words } from './api'
import { Branches, Done, Hooks, Key, Rights, User, Write } from './steps'
import { t } from './texts'

export const say = (w: Words) => (lang.value === 'en' ? w.en : w.ru)

const invited = location.pathname.includes('/invite')

/** Takes the token of the link out of the address: it must not stay in the history, and it opens the door once. */
async function openLink(): Promise<void> {
  const token = location.hash.slice(1)
  if (!token.startsWith('zl')) return
  history.replaceState(null, '', location.pathname + location.search)
  await ask('open', { token })
}

export type Ended = { branches: State['branches']; user: string }

export function Walk() {
  const [texts, setTexts] = useState<Texts>()
  const [state, setState] = useState<State>()
  const [closed, setClosed] = useState<Trouble>()
  const [at, setAt] = useState<string>()
  const [begun, setBegun] = useState(false)
  const [ended, setEnded] = useState<Ended>()
  const [list, setList] = useState<Checklist>()

  useEffect(() => {
    void (async () => {
      try {
        setTexts(await ask<Texts>('texts'))
        await openLink().catch((e: unknown) => {
          if (e instanceof Trouble && e.code === 'silent') throw e
        }) // a link that was opened here before is no trouble: the cookie tells
        setState(await ask<State>('state'))
      } catch (e) {
        setClosed(e as Trouble)
      }
    })()
  }, [])
  useEffect(() => {
    document.title = t(invited ? 'inviteTitle' : 'setupTitle')
  }, [lang.value])

  const go = (s: State) => {
    setState(s)
    setAt(undefined)
  }
  const lost = (e: Trouble) => e.code === 'setup_link_invalid' && setClosed(e)
  const now = at ?? state?.next ?? ''
  const step = texts?.steps.find((s) => s.id === now)
  return (
    <div class="walk">
      <header>
        <b>Zapis</b>
        <span class="soft">{t(invited ? 'inviteTitle' : 'setupTitle')}</span>
        <button class="icon-button" data-testid="lang" aria-label={t('switchLang')} onClick={switchLang}>
          {t('langShort')}
        </button>
      </header>
      {closed ? (
        <Closed trouble={closed} />
      ) : !state || !texts ? (
        <p class="soft">{t('loading')}</p>
      ) : ended && invited ? (
        <Thanks />
      ) : ended ? (
        <Done ended={ended} list={list} setList={setList} />
      ) : invited && !begun && !state.has_user ? (
        <Asks state={state} begin={() => setBegun(true)} />
      ) : (
        <div class="walk-columns">
          <Way steps={texts.steps} state={state} now={now} go={setAt} />
          {step && (
            <Panel key={now} step={step}>
              <Body step={step} state={state} go={go} lost={lost} end={setEnded} />
            </Panel>
          )}
        </div>
      )}
    </div>
  )
}

export type StepProps = { step: Step; state: State; go: (s: State) => void; lost: (e: Trouble) => void }

function Body({ end, ...props }: StepProps & { end: (e: Ended) => void }) {
  switch (props.step.id) {
    case 'api_key':
      return <Key {...props} />
    case 'user':
      return <User {...props} />
    case 'branch':
      return <Branches {...props} />
    case 'rights':
      return <Rights {...props} />
    case 'hooks':
      return <Hooks {...props} />
  }
  return <Write {...props} end={end} />
}

/** The steps behind and ahead. Those that are done can be opened again. */
function Way({ steps, state, now, go }: { steps: Step[]; state: State; now: string; go: (id: string) => void }) {
  const reached = steps.findIndex((s) => s.id === state.next)
  return (
    <nav aria-label={t('steps')}>
      <ol class="way">
        {steps.map((s, i) => {
          const done = i < reached
          const mark = <span class="way-mark">{done ? <Icon name="check" size={16} /> : i + 1}</span>
          return (
            <li key={s.id} class={done ? 'done' : i === reached ? 'now' : ''} aria-current={s.id === now ? 'step' : undefined} data-testid={'way-' + s.id} data-done={done}>
              {i <= reached && s.id !== now ? (
                <button onClick={() => go(s.id)} data-testid={'to-' + s.id}>
                  {mark}
                  <span class="way-name">
                    {say(s.title)}
                    {done && <span class="visually-hidden">, {t('stepDone')}</span>}
                  </span>
                </button>
              ) : (
                <>
                  {mark}
                  <span class="way-name">{say(s.title)}</span>
                </>
              )}
            </li>
          )
        })}
      </ol>
    </nav>
  )
}

function Panel({ step, children }: { step: Step; children: ComponentChildren }) {
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => title.current?.focus(), [])
  return (
    <main class="panel" data-testid="step" data-step={step.id}>
      <h1 ref={title} tabIndex={-1}>
        {say(step.title)}
      </h1>
      <p>{say(step.why)}</p>
      {children}
      {step.help.length > 0 && (
        <details data-testid="help" open={step.id === 'api_key'}>
          <summary>{t(step.id === 'api_key' ? 'helpKey' : 'help')}</summary>
          {step.help.map((h) => (
            <p key={h.en}>{say(h)}</p>
          ))}
          {step.links.length > 0 && (
            <ul>
              {step.links.map((l) => (
                <li key={l.url}>
                  <a href={l.url} target="_blank" rel="noreferrer noopener">
                    {say(l.title)}
                  </a>
                </li>
              ))}
            </ul>
          )}
        </details>
      )}
    </main>
  )
}

function Closed({ trouble }: { trouble: Trouble }) {
  const link = trouble.code === 'setup_link_invalid' || trouble.code === 'setup_link_used'
  return (
    <main class="panel" data-testid="closed" data-code={trouble.code}>
      <h1>{link ? t('closedTitle') : say(trouble.found)}</h1>
      {link ? <p>{t(invited ? 'closedInvite' : 'closedSetup')}</p> : <p>{say(trouble.next)}</p>}
      {link && !invited && (
        <pre>
          <code>zapis setup --link</code>
        </pre>
      )}
    </main>
  )
}

/** What an invitation says before anything is typed: who asks, for what, and what is never stored. */
function Asks({ state, begin }: { state: State; begin: () => void }) {
  const until = new Date(state.expires).toLocaleString(locale.value, { day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' })
  return (
    <main class="panel" data-testid="asks">
      <h1>{state.from ? t('asks', { from: state.from }) : t('asksNobody')}</h1>
      {state.for && <p class="for">{t('forApp', { app: state.for })}</p>}
      <p>{t('forWhat')}</p>
      <p>{t('willAsk')}</p>
      <h2>{t('stored')}</h2>
      <ul class="never">
        {(['neverPassword', 'storedToken', 'neverMore'] as const).map((k) => (
          <li key={k}>
            <Icon name="check" size={18} />
            <span>{t(k)}</span>
          </li>
        ))}
      </ul>
      <button class="button" data-testid="begin" onClick={begin}>
        {t('start')}
      </button>
      <p class="soft">{t('until', { time: until })}</p>
      <p class="soft">{t('unsure')}</p>
    </main>
  )
}

function Thanks() {
  return (
    <main class="panel" data-testid="thanks">
      <h1>{t('thanks')}</h1>
      <p>{t('thanksWhat')}</p>
      <p class="soft">{t('thanksTakeBack')}</p>
    </main>
  )
}
