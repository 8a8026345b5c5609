// One screen tells the story: left the customer's phone, right the salon's day.

import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { capital, clock, dayOf, longDay } from '../shared/format'
import { lang, switchLang } from '../shared/i18n'
import { Icon, type IconName } from '../shared/icons'
import {
  companies, company, companyId, date, entries, faults, follow, lostCount, lostKey, loseNext, message, otherDay, reachable, show, switchOff, take, wish,
  type Entry,
} from './sandbox'
import { operation, t } from './texts'
import { Timeline } from './timeline'

const frame = { current: null as HTMLIFrameElement | null }
follow(() => frame.current?.contentWindow)

export function Demo() {
  const [side, setSide] = useState<'phone' | 'salon'>('phone')
  useEffect(() => {
    document.title = t('title')
  }, [lang.value])
  return (
    <div class={'demo show-' + side}>
      <nav class="sides" aria-label={t('title')}>
        <button aria-pressed={side === 'phone'} data-testid="side-phone" onClick={() => setSide('phone')}>
          <Icon name="phone" size={20} />
          {t('phoneTab')}
        </button>
        <button aria-pressed={side === 'salon'} data-testid="side-salon" onClick={() => setSide('salon')}>
          <Icon name="calendar" size={20} />
          {t('salonTab')}
        </button>
      </nav>
      <section class="left" aria-label={t('phoneSide')}>
        <div class="handset">
          <iframe ref={(el) => void (frame.current = el)} src="./" title={t('phoneSide')} data-testid="phone-frame" />
          <Sms onFill={() => setSide('phone')} />
        </div>
      </section>
      <main class="right" aria-label={t('salonSide')}>
        <h1 class="visually-hidden">{t('title')}</h1>
        <Head />
        <Buttons />
        <div class="stage">
          <Said />
          {reachable.value ? <Timeline /> : <p class="unreachable" role="alert">{t('unreachable')}</p>}
        </div>
        <Calls />
      </main>
    </div>
  )
}

function Head() {
  const zone = company.value?.timezone
  const today = zone ? dayOf(new Date(), zone) : ''
  return (
    <header class="head">
      <div class="tabs" role="group" aria-label={t('salonSide')}>
        {companies.value.map((c) => (
          <button key={c.id} aria-pressed={c.id === companyId.value} data-testid={'company-' + c.id} onClick={() => show(c.id)}>
            <b>{c.title}</b>
            <small>
              {c.city} · {clock(new Date(), c.timezone)}
            </small>
          </button>
        ))}
      </div>
      <div class="dates">
        <button class="icon-button" aria-label={t('prevDay')} data-testid="prev-day" onClick={() => otherDay(-1)}>
          <Icon name="back" />
        </button>
        <span class="date" aria-live="polite" data-testid="date" data-date={date.value}>
          {date.value && capital(longDay(date.value))}
          {date.value === today && <small>{t('today')}</small>}
        </span>
        <button class="icon-button" aria-label={t('nextDay')} data-testid="next-day" onClick={() => otherDay(1)}>
          <Icon name="next" />
        </button>
        <button class="icon-button lang" data-testid="lang" aria-label={t('switchLang')} onClick={onLang}>
          {t('langShort')}
        </button>
      </div>
    </header>
  )
}

/** The phone in the frame hears of the switch through the storage they share; where there is none it keeps its own. */
const onLang = () => switchLang()

type BigProps = { icon: IconName; title: string; text: string; testid: string; on?: boolean; tone: string; dim?: boolean; onClick: () => void }

const Big = ({ icon, title, text, testid, on, tone, dim, onClick }: BigProps) => (
  <button class={'big-button ' + tone + (dim ? ' dim' : '')} data-testid={testid} aria-pressed={on} onClick={onClick}>
    <span class="big-icon">
      <Icon name={icon} size={28} />
    </span>
    <span>
      <b>{title}</b>
      <small>{text}</small>
    </span>
  </button>
)

const said = signal('')
const setSaid = (text: string) => (said.value = text)

/** What a button did, over the day; the count of a lost booking stays until the next one. */
function Said() {
  const text = said.value
  useEffect(() => {
    if (!text) return
    const timer = setTimeout(() => setSaid(''), 6000)
    return () => clearTimeout(timer)
  }, [text])
  const n = lostCount.value
  return (
    <div class="said" role="status">
      {text ? (
        <p data-testid="said">{text}</p>
      ) : (
        lostKey.value &&
        n > 0 && (
          <p class={'lost' + (n > 1 ? ' two' : '')} data-testid="lost" data-count={n}>
            <Icon name={n > 1 ? 'warn' : 'done'} size={20} />
            {t(n > 1 ? 'lostTwo' : 'lost', { n })}
          </p>
        )
      )}
    </div>
  )
}

function Buttons() {
  const w = wish.value
  const zone = companies.value.find((c) => c.id === w?.branch)?.timezone ?? 'UTC'
  const time = w ? clock(w.time, zone) : ''
  const { off, lose_next: armed } = faults.value
  const onTake = async () => {
    if (!w) return setSaid(t('takeNone'))
    const got = await take()
    setSaid(got === 'done' ? t('takeDone', { time }) : t('takeBusy'))
  }
  return (
    <div class="buttons">
        <Big icon="hand" tone="take" testid="take" dim={!w} title={t('take')} text={w ? t('takeWhat', { time }) : t('takeNone')} onClick={() => void onTake()} />
        <Big icon="power" tone="off" testid="off" on={off} title={t(off ? 'on' : 'off')} text={t(off ? 'onWhat' : 'offWhat')} onClick={() => void switchOff(!off)} />
        <Big icon="bolt" tone="lose" testid="lose" on={armed > 0} title={t(armed > 0 ? 'armed' : 'lose')} text={t(armed > 0 ? 'armedWhat' : 'loseWhat')} onClick={() => (setSaid(''), void loseNext())} />
    </div>
  )
}

/** The SMS comes onto the phone, as it would. */
function Sms({ onFill }: { onFill: () => void }) {
  const m = message.value
  useEffect(() => {
    if (!m) return
    const timer = setTimeout(() => (message.value = undefined), 40_000)
    return () => clearTimeout(timer)
  }, [m])
  if (!m) return null
  const fill = () => {
    frame.current?.contentWindow?.postMessage({ type: 'zapis:code', code: m.code }, location.origin)
    message.value = undefined
    onFill()
  }
  return (
    <div class="sms" role="alert" data-testid="sms" data-code={m.code} key={m.id}>
      <button class="sms-body" onClick={fill}>
        <span class="sms-icon">
          <Icon name="chat" size={22} />
        </span>
        <span>
          <small>{t('sms')}</small>
          <span class="sms-text">{m.text}</span>
          <small>{t('smsTap')}</small>
        </span>
      </button>
      <button class="icon-button" aria-label={t('close')} onClick={() => (message.value = undefined)}>
        <Icon name="close" size={18} />
      </button>
    </div>
  )
}

type Outcome = { icon: IconName; text: string; tone: string }

function outcomeOf(e: Entry): Outcome {
  if (e.status === 0 && e.applied && e.operation_id) return { icon: 'bolt', text: t('callLost'), tone: 'lost' }
  if (e.status === 0 && e.operation_id) return { icon: 'cross', text: t('callCut'), tone: 'bad' }
  if (e.applied || !e.operation_id) return { icon: 'done', text: t('callDone'), tone: 'good' }
  if (e.status >= 400) return { icon: 'cross', text: t('callRefused', { n: e.status }), tone: 'bad' }
  return { icon: 'check', text: t('callOk'), tone: '' }
}

/** The last calls, in words. */
function Calls() {
  const list = useRef<HTMLOListElement>(null)
  const last = entries.value.slice(-40)
  const newest = last[last.length - 1]?.seq
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [newest])
  const titles = new Map(companies.value.map((c) => [c.id, c.city]))
  return (
    <section class="calls" aria-label={t('calls')}>
      <h2>{t('calls')}</h2>
      <ol ref={list} data-testid="log" tabIndex={0}>
        {last.length === 0 && <li class="soft">{t('noCalls')}</li>}
        {last.map((e) => {
          const o = outcomeOf(e)
          return (
            <li key={e.seq} class={o.tone} data-op={e.operation_id} data-status={e.status}>
              <time>{new Date(e.at).toLocaleTimeString('ru-RU')}</time>
              <span class="call-what">{operation(e.operation_id)}</span>
              <span class="call-where soft">{titles.get(e.company_id) ?? ''}</span>
              <span class="call-end">
                <Icon name={o.icon} size={16} />
                {o.text}
              </span>
            </li>
          )
        })}
      </ol>
    </section>
  )
}
