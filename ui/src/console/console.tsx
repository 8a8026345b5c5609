// The operator's page: does it work, how much of the budget is spent, and what waits for a decision.

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { clock, duration } from '../shared/format'
import { lang, locale, switchLang, texts } from '../shared/i18n'
import { Icon, type IconName } from '../shared/icons'
import { Health } from './health'

type State = {
  version: string
  status: string
  started?: string
  trouble?: string
  branches: { id: number; title?: string; zone?: string }[] | null
  upstream: {
    last_second: number
    last_minute: number
    limit_second: number
    limit_minute: number
    queued: number
    refusals?: number
    paused_until?: string
  }
  undecided: { id: string; branch: number; created_at: string; state: string }[] | null
}

const t = texts({
  title: { ru: 'Zapis: состояние', en: 'Zapis: state' },
  langShort: { ru: 'EN', en: 'RU' },
  switchLang: { ru: 'Switch to English', en: 'Переключить на русский' },
  ok: { ru: 'Работает', en: 'Working' },
  not_configured: { ru: 'Не настроен', en: 'Not configured' },
  disabled: { ru: 'Связь с YCLIENTS выключена', en: 'The connection to YCLIENTS is off' },
  readonly: { ru: 'Только чтение', en: 'Read only' },
  pilot: { ru: 'Пилот: запись для избранных телефонов', en: 'Pilot: booking for listed phones' },
  uptime: { ru: 'работает {time}', en: 'up for {time}' },
  asOf: { ru: 'на {time}', en: 'as of {time}' },
  silent: { ru: 'Сервер не отвечает. Показано последнее, что он сказал.', en: 'The server does not answer. This is the last it said.' },
  silentFirst: { ru: 'Сервер не отвечает.', en: 'The server does not answer.' },
  budget: { ru: 'Запросы к YCLIENTS', en: 'Calls to YCLIENTS' },
  minute: { ru: 'за минуту', en: 'in the last minute' },
  second: { ru: 'за секунду', en: 'in the last second' },
  of: { ru: '{n} из {of}', en: '{n} of {of}' },
  queued: { ru: 'ждут очереди', en: 'waiting their turn' },
  refusals: { ru: 'отказов за превышение', en: 'refused for the limit' },
  paused: { ru: 'Пауза до {time}: YCLIENTS ограничил число запросов', en: 'Paused until {time}: YCLIENTS refused for its limit' },
  branches: { ru: 'Филиалы', en: 'Branches' },
  branch: { ru: 'Филиал', en: 'Branch' },
  there: { ru: 'Там сейчас', en: 'Time there' },
  noBranches: { ru: 'Филиалы не настроены.', en: 'No branches are configured.' },
  undecided: { ru: 'Ждут решения', en: 'Waiting for a decision' },
  noUndecided: { ru: 'Таких записей нет: исход каждой известен.', en: 'None: the outcome of every booking is known.' },
  undecidedWhat: { ru: 'Исход этих записей пока неизвестен. Они не отправляются второй раз, пока он не выяснится.', en: 'The outcome of these is not known yet. None is sent again before it is.' },
  id: { ru: 'Запись', en: 'Booking' },
  made: { ru: 'Сделана', en: 'Made' },
  state: { ru: 'Состояние', en: 'State' },
  ago: { ru: '{time} назад', en: '{time} ago' },
  st_ready: { ru: 'ждёт отправки', en: 'to be sent' },
  st_sent: { ru: 'отправлена', en: 'sent' },
  st_unknown: { ru: 'ответ потерян, ищем', en: 'answer lost, looking' },
  st_attention: { ru: 'решает оператор', en: 'the operator decides' },
  loading: { ru: 'Загружаем…', en: 'Loading…' },
})

/** How often the page asks. Milliseconds. */
const every = 2000

function useServer() {
  const [state, setState] = useState<State>()
  const [at, setAt] = useState(0)
  const [silent, setSilent] = useState(false)
  useEffect(() => {
    let live = true
    let timer: ReturnType<typeof setTimeout>
    const ask = async () => {
      try {
        const res = await fetch('./api/state', { signal: AbortSignal.timeout(10_000), headers: { Accept: 'application/json' } })
        if (!res.ok) throw new Error(String(res.status))
        const got = (await res.json()) as State
        if (!live) return
        setState(got)
        setAt(Date.now())
        setSilent(false)
      } catch {
        if (live) setSilent(true)
      }
      if (live) timer = setTimeout(() => void ask(), every)
    }
    void ask()
    return () => {
      live = false
      clearTimeout(timer)
    }
  }, [])
  return { state, at, silent }
}

const since = (time: string) => duration(Math.max(0, (Date.now() - Date.parse(time)) / 1000))
const known = ['ok', 'not_configured', 'disabled', 'readonly', 'pilot'] as const
const states = ['ready', 'sent', 'unknown', 'attention'] as const
const here = Intl.DateTimeFormat().resolvedOptions().timeZone

export function Console() {
  const { state: s, at, silent } = useServer()
  useEffect(() => {
    document.title = t('title')
  }, [lang.value])
  return (
    <main class="console">
      <header>
        <h1>Zapis</h1>
        {s && <span class="soft">{s.version}</span>}
        <button class="icon-button" data-testid="lang" aria-label={t('switchLang')} onClick={switchLang}>
          {t('langShort')}
        </button>
      </header>
      <Health />
      {silent && <Note icon="warn">{t(s ? 'silent' : 'silentFirst')}</Note>}
      {!s && !silent && <p class="soft">{t('loading')}</p>}
      {s && (
        <>
          <Status state={s} at={at} />
          {s.trouble && <Note icon="warn">{s.trouble}</Note>}
          <Budget state={s} />
          <Undecided state={s} />
          <Branches state={s} />
        </>
      )}
    </main>
  )
}

const Note = ({ icon, children }: { icon: IconName; children: ComponentChildren }) => (
  <p class="console-note" role="alert">
    <Icon name={icon} />
    {children}
  </p>
)

function Status({ state: s, at }: { state: State; at: number }) {
  const word = known.find((k) => k === s.status)
  const good = s.status === 'ok'
  return (
    <section class={'status ' + (good ? 'good' : 'warn')} data-testid="status" data-status={s.status}>
      <Icon name={good ? 'done' : 'warn'} size={32} />
      <h2>{word ? t(word) : s.status}</h2>
      <span class="soft">
        {s.started && t('uptime', { time: since(s.started) }) + ' · '}
        {t('asOf', { time: new Date(at).toLocaleTimeString(locale.value) })}
      </span>
    </section>
  )
}

function Meter({ n, of, label }: { n: number; of: number; label: string }) {
  return (
    <div class="meter-box">
      <p>
        <b>{t('of', { n, of })}</b> <span class="soft">{label}</span>
      </p>
      <meter min={0} max={of} high={of * 0.9} value={n} aria-label={label}>
        {n}/{of}
      </meter>
    </div>
  )
}

function Budget({ state: { upstream: u } }: { state: State }) {
  return (
    <section class="box" data-testid="budget">
      <h2>{t('budget')}</h2>
      {u.paused_until && Date.parse(u.paused_until) > Date.now() && <Note icon="clock">{t('paused', { time: clock(u.paused_until, here) })}</Note>}
      <div class="meters">
        <Meter n={u.last_minute} of={u.limit_minute} label={t('minute')} />
        <Meter n={u.last_second} of={u.limit_second} label={t('second')} />
      </div>
      <p>
        <b>{u.queued}</b> <span class="soft">{t('queued')}</span>
        {u.refusals !== undefined && (
          <>
            {' · '}
            <b>{u.refusals}</b> <span class="soft">{t('refusals')}</span>
          </>
        )}
      </p>
    </section>
  )
}

function Undecided({ state: s }: { state: State }) {
  const list = s.undecided ?? []
  const title = (id: number) => s.branches?.find((b) => b.id === id)?.title ?? String(id)
  return (
    <section class="box" data-testid="undecided" data-count={list.length}>
      <h2>{t('undecided')}</h2>
      {list.length === 0 ? (
        <p class="soft">{t('noUndecided')}</p>
      ) : (
        <>
          <p class="soft">{t('undecidedWhat')}</p>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('id')}</th>
                  <th scope="col">{t('branch')}</th>
                  <th scope="col">{t('made')}</th>
                  <th scope="col">{t('state')}</th>
                </tr>
              </thead>
              <tbody>
                {list.map((u) => {
                  const word = states.find((k) => k === u.state)
                  return (
                    <tr key={u.id}>
                      <td>
                        <code>{u.id}</code>
                      </td>
                      <td>{title(u.branch)}</td>
                      <td>{t('ago', { time: since(u.created_at) })}</td>
                      <td>{word ? t(`st_${word}`) : u.state}</td>
                    </tr>
                  )
                })}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  )
}

function Branches({ state: s }: { state: State }) {
  const list = s.branches ?? []
  return (
    <section class="box">
      <h2>{t('branches')}</h2>
      {list.length === 0 ? (
        <p class="soft">{t('noBranches')}</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('branch')}</th>
                <th scope="col">ID</th>
                <th scope="col">{t('there')}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((b) => (
                <tr key={b.id}>
                  <td>{b.title ?? '—'}</td>
                  <td>
                    <code>{b.id}</code>
                  </td>
                  <td>{b.zone ? `${clock(new Date(), b.zone)} · ${b.zone}` : '—'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
