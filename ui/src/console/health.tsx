// The health page answers three questions before anything else: does it work, what to do, whom to call. The doctor's
// checks stand below, what is not well first.

import { useEffect, useState } from 'preact/hooks'
import { isTyped } from '../shared/format'
import { lang, locale, texts } from '../shared/i18n'
import { Icon, type IconName } from '../shared/icons'

type Status = 'ok' | 'warning' | 'failure' | 'skipped'
type Finding = { check: string; status: Status; branch?: number; title: string; found?: string; cause?: string; next?: string; doc?: string }
type Answer = {
  made: string
  report: { works: 'yes' | 'partly' | 'no'; does: string; to_do?: string; call?: string; failures: number; warnings: number; companies?: { id: number; title: string }[]; findings: Finding[] }
}
type Told = { results: { channel: string; ok: boolean; error?: string }[] }

const t = texts({
  does: { ru: 'Работает ли?', en: 'Does it work?' },
  todo: { ru: 'Что делать?', en: 'What to do?' },
  call: { ru: 'Кому звонить?', en: 'Whom to call?' },
  nothing: { ru: 'ничего', en: 'nothing' },
  nobody: { ru: 'никому', en: 'nobody' },
  checks: { ru: 'Проверки', en: 'Checks' },
  asOf: { ru: 'проверено в {time}', en: 'checked at {time}' },
  again: { ru: 'Проверить сейчас', en: 'Check now' },
  asking: { ru: 'Проверяем…', en: 'Checking…' },
  silent: { ru: 'Проверить не удалось: сервер не отвечает.', en: 'Could not check: the server does not answer.' },
  cause: { ru: 'Почему: {text}', en: 'Why: {text}' },
  ok: { ru: 'хорошо', en: 'ok' },
  warning: { ru: 'внимание', en: 'warning' },
  failure: { ru: 'плохо', en: 'failed' },
  skipped: { ru: 'не проверено', en: 'not checked' },
  fine: {
    ru: { one: 'Ещё {n} проверка: всё хорошо', few: 'Ещё {n} проверки: всё хорошо', other: 'Ещё {n} проверок: всё хорошо' },
    en: { one: '{n} more check: all is well', other: '{n} more checks: all is well' },
  },
  alert: { ru: 'Проверить оповещения', en: 'Test the alerts' },
  noAlert: { ru: 'Оповещения не настроены: ZAPIS_ALERT_…', en: 'No alerts are set up: ZAPIS_ALERT_…' },
  told: { ru: 'отправлено', en: 'sent' },
  page: { ru: 'подробнее: {doc}', en: 'more: {doc}' },
})

const icons: Record<Status, IconName> = { ok: 'done', warning: 'warn', failure: 'cross', skipped: 'wait' }

/** How often the page asks; the server examines itself more rarely. Milliseconds. */
const every = 60_000

function useHealth() {
  const [answer, setAnswer] = useState<Answer>()
  const [busy, setBusy] = useState(false)
  const [silent, setSilent] = useState(false)
  const look = async (fresh: boolean) => {
    setBusy(true)
    try {
      const res = await fetch(`./api/health?lang=${lang.value}${fresh ? '&fresh=1' : ''}`, { signal: AbortSignal.timeout(150_000) })
      if (!res.ok) throw new Error(String(res.status))
      setAnswer((await res.json()) as Answer)
      setSilent(false)
    } catch {
      setSilent(true)
    }
    setBusy(false)
  }
  useEffect(() => {
    void look(false)
    const timer = setInterval(() => document.visibilityState === 'visible' && void look(false), every)
    return () => clearInterval(timer)
  }, [lang.value])
  return { answer, busy, silent, look }
}

export function Health() {
  const { answer, busy, silent, look } = useHealth()
  const r = answer?.report
  const bad = r?.findings.filter((f) => f.status === 'failure' || f.status === 'warning') ?? []
  const fine = r?.findings.filter((f) => f.status === 'ok' || f.status === 'skipped') ?? []
  const tone = { yes: 'good', partly: 'warn', no: 'bad' }[r?.works ?? 'partly']
  return (
    <>
      {r && (
        <section class={'answers ' + tone} data-testid="health" data-works={r.works}>
          <Icon name={r.works === 'yes' ? 'done' : 'warn'} size={32} />
          <dl>
            <div>
              <dt>{t('does')}</dt>
              <dd data-testid="does">{r.does}</dd>
            </div>
            <div>
              <dt>{t('todo')}</dt>
              <dd data-testid="todo" class={r.to_do && isTyped(r.to_do) ? 'typed' : ''}>{r.to_do || t('nothing')}</dd>
            </div>
            <div>
              <dt>{t('call')}</dt>
              <dd data-testid="call">{r.call || t('nobody')}</dd>
            </div>
          </dl>
        </section>
      )}
      <section class="box" data-testid="checks" data-failures={r?.failures} data-warnings={r?.warnings}>
        <div class="box-head">
          <h2>{t('checks')}</h2>
          <span class="soft" role="status">
            {busy ? t('asking') : silent ? t('silent') : answer && t('asOf', { time: new Date(answer.made).toLocaleTimeString(locale.value, { hour: '2-digit', minute: '2-digit' }) })}
          </span>
          <button class="text-button" data-testid="check-now" disabled={busy} onClick={() => void look(true)}>
            {t('again')}
          </button>
        </div>
        <Findings list={bad} companies={r?.companies} />
        {fine.length > 0 && (
          <details>
            <summary>{t('fine', { n: fine.filter((f) => f.status === 'ok').length })}</summary>
            <Findings list={fine} companies={r?.companies} />
          </details>
        )}
        <Alerts />
      </section>
    </>
  )
}

function Findings({ list, companies }: { list: Finding[]; companies?: { id: number; title: string }[] }) {
  const branch = (id: number) => companies?.find((c) => c.id === id)?.title ?? String(id)
  return (
    <ul class="findings">
      {list.map((f, n) => (
        <li key={n} class={f.status} data-testid="finding" data-check={f.check} data-status={f.status}>
          <Icon name={icons[f.status]} size={20} />
          <div>
            <p>
              <span class="visually-hidden">{t(f.status)}: </span>
              <b>{f.title}</b>
              {f.branch ? <span class="soft"> · {branch(f.branch)}</span> : null}
            </p>
            {f.found && <p>{f.found}</p>}
            {f.cause && <p class="soft">{t('cause', { text: f.cause })}</p>}
            {f.next && <p>→ {f.next}</p>}
            {f.doc && <p class="soft">{t('page', { doc: f.doc })}</p>}
          </div>
        </li>
      ))}
    </ul>
  )
}

/** Sends a test through every way of telling the operator. */
function Alerts() {
  const [told, setTold] = useState<Told>()
  const [busy, setBusy] = useState(false)
  const test = async () => {
    setBusy(true)
    try {
      const res = await fetch('./api/alerts/test', { method: 'POST', signal: AbortSignal.timeout(60_000) })
      setTold(res.ok ? ((await res.json()) as Told) : { results: [] })
    } catch {
      setTold({ results: [{ channel: '', ok: false, error: t('silent') }] })
    }
    setBusy(false)
  }
  return (
    <div class="alerts" role="status">
      <button class="button quiet" data-testid="test-alerts" disabled={busy} onClick={() => void test()}>
        {t('alert')}
      </button>
      {told && !told.results?.length && <span class="soft">{t('noAlert')}</span>}
      {told?.results?.map((r) => (
        <span key={r.channel} class={r.ok ? 'good' : 'bad'} data-testid="told">
          {r.channel}: {r.ok ? t('told') : r.error}
        </span>
      ))}
    </div>
  )
}
