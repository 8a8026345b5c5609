// One booking: what became of it, and what can be done with it. Moving it is a screen of its own.

import { Fragment } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Booking, Failure, Slot } from '../shared/api'
import { capital, clock, dayOf, duration, longDay, phone, price, shortDay, total } from '../shared/format'
import { Icon, type IconName } from '../shared/icons'
import { branchOf, choice, choose, startOver } from './choice'
import { fresh } from './confirm'
import { cancelBooking, keptOf, moveBooking, readBooking, readCalendar } from './kept'
import { Contacts, Dialog, Skeleton, Trouble, useToTrouble } from './parts'
import { forgetAnswers } from './remote'
import { go, replace } from './route'
import { starting } from './session'
import { reason, t } from './texts'
import { Choices, Nearest, Times } from './times'

export const dayAndTime = (time: string, zone: string) => `${shortDay(dayOf(time, zone))}, ${clock(time, zone)}`

const undecided = (b: Booking) => b.status === 'pending' || b.change?.status === 'pending'

/** Waits between questions while an outcome is being established; the last one repeats. Milliseconds. */
const waits = [700, 1000, 1500, 2000, 3000, 5000]

type Seen = { booking?: Booking; failure?: Failure; savedAt?: number; read: () => void; show: (b: Booking) => void }

/** Reads a booking, and goes on reading it until it is decided. */
export function useBooking(id: string): Seen {
  const first = fresh.value?.id === id ? fresh.value.booking : undefined
  const [booking, setBooking] = useState<Booking | undefined>(first)
  const [failure, setFailure] = useState<Failure>()
  const [round, setRound] = useState(0)
  const waiting = starting.value

  useEffect(() => {
    if (waiting || (round === 0 && first && !undecided(first))) return
    let live = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async (n: number): Promise<void> => {
      const got = await readBooking(id)
      if (!live) return
      setFailure(got.ok ? undefined : got.failure)
      if (got.ok) setBooking(got.data)
      // An outcome is waited for through failures of the network and of the salon alike.
      const more = got.ok ? undecided(got.data) : got.failure.kind !== 'refused' && (n > 0 || (first && undecided(first)))
      if (more) timer = setTimeout(() => void ask(n + 1), waits[Math.min(n, waits.length - 1)])
    }
    if (round === 0 && first) timer = setTimeout(() => void ask(0), waits[0])
    else void ask(0)
    return () => {
      live = false
      clearTimeout(timer)
    }
  }, [id, round, waiting])

  const copy = keptOf(id)
  return {
    booking: booking ?? (failure && failure.kind !== 'refused' ? copy?.copy : undefined),
    failure,
    savedAt: booking ? undefined : copy?.savedAt,
    read: () => setRound((n) => n + 1),
    show: (b) => {
      setBooking(b)
      if (undecided(b)) setRound((n) => n + 1)
    },
  }
}

export const isPast = (b: Booking) => {
  const last = b.appointments[b.appointments.length - 1]
  return last !== undefined && Date.parse(last.time) + (last.duration_s ?? 0) * 1000 < Date.now()
}

const looks: Record<Booking['status'] | 'past', { icon: IconName; word: Parameters<typeof t>[0] }> = {
  confirmed: { icon: 'done', word: 'stConfirmed' },
  pending: { icon: 'wait', word: 'stPending' },
  rejected: { icon: 'cross', word: 'stRejected' },
  cancelled: { icon: 'cross', word: 'stCancelled' },
  needs_attention: { icon: 'phone', word: 'stAttention' },
  past: { icon: 'clock', word: 'stPast' },
}

export function Badge({ booking: b }: { booking: Booking }) {
  const kind = b.status === 'confirmed' && isPast(b) ? 'past' : b.status
  return (
    <span class={'badge ' + kind}>
      <Icon name={looks[kind].icon} size={16} />
      {t(looks[kind].word)}
    </span>
  )
}

export function Visit({ id }: { id: string }) {
  const seen = useBooking(id)
  const b = seen.booking
  // Once it stands, the choice that led here is over.
  useEffect(() => {
    if (b?.status === 'confirmed' && fresh.value?.id === id) startOver()
  }, [b?.status])

  if (!b) {
    if (!seen.failure) return <Skeleton rows={4} class="card" />
    if (seen.failure.kind === 'refused') return <NotHere />
    return <Trouble failure={seen.failure} retry={seen.read} />
  }
  return (
    <>
      <Headline booking={b} isFresh={fresh.value?.id === id} earlier={fresh.value?.id === id && fresh.value.earlier === true} />
      {seen.failure && seen.failure.kind !== 'refused' && !undecided(b) && <CopyNote failure={seen.failure} savedAt={seen.savedAt} onRetry={seen.read} />}
      <ChangeNote booking={b} />
      <Facts booking={b} />
      <Actions booking={b} onChanged={seen.show} onRead={seen.read} />
    </>
  )
}

const NotHere = () => (
  <section class="empty">
    <Icon name="search" size={40} />
    <h1 tabIndex={-1}>{t('notFound')}</h1>
    <p>{t('notFoundText')}</p>
    <div class="stack">
      <button class="button" onClick={() => go('account')}>{t('signIn')}</button>
      <button class="button quiet" onClick={() => go('branches')}>{t('book')}</button>
    </div>
  </section>
)

export function CopyNote({ failure, savedAt, onRetry }: { failure: Failure; savedAt?: number; onRetry: () => void }) {
  const when = savedAt ? new Date(savedAt) : new Date()
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <div class="note strong" role="status" data-testid="copy-note" data-kind={failure.kind}>
      <Icon name={failure.kind === 'network' ? 'offline' : 'clock'} size={20} />
      <span>{t(failure.kind === 'network' ? 'offlineCopy' : 'salonCopy', { when: dayAndTime(when.toISOString(), here) })}</span>
      <button class="text-button" data-testid="retry" onClick={onRetry}>
        {t('retry')}
      </button>
    </div>
  )
}

function Headline({ booking: b, isFresh, earlier }: { booking: Booking; isFresh: boolean; earlier: boolean }) {
  const first = b.appointments[0]
  const words: Record<Booking['status'], { title: string; text?: string }> = {
    confirmed: isFresh
      ? { title: t(fresh.value?.moved && b.change?.kind !== 'move' ? 'moved' : b.change ? 'bookingTitle' : 'doneTitle'), text: first && t('doneText', { when: `${longDay(dayOf(first.time, b.zone))}, ${clock(first.time, b.zone)}` }) }
      : { title: t('bookingTitle') },
    pending: { title: t('pendingTitle'), text: t('pendingText') },
    rejected: { title: t('rejectedTitle'), text: reason(b.reason) },
    cancelled: { title: t('cancelledTitle') },
    needs_attention: { title: t('attentionTitle'), text: t('attentionText') },
  }
  const { title, text } = words[b.status]
  return (
    <section class={'outcome ' + b.status + (isFresh ? ' fresh' : '')} role="status" data-testid="status" data-status={b.status} data-id={b.id} data-change={b.change?.kind} data-change-status={b.change?.status}>
      {b.status === 'pending' ? <span class="spinner" /> : <span class="outcome-mark"><Icon name={b.status === 'confirmed' ? 'check' : looks[b.status].icon} size={34} /></span>}
      <h1 tabIndex={-1}>{title}</h1>
      {text && <p>{text}</p>}
      {earlier && <p class="note strong">{t('oldAttempt')}</p>}
      {b.status === 'needs_attention' && <div class="stack"><Contacts branch={branchOf(b.branch)} /></div>}
      {b.status === 'rejected' && (
        <div class="stack">
          <button class="button" data-testid="other-time" onClick={() => anotherTime(b)}>{t(b.reason === 'upstream_unavailable' ? 'again' : 'otherTime')}</button>
          <Contacts branch={branchOf(b.branch)} quiet />
        </div>
      )}
    </section>
  )
}

/** Back to the times of the same visit. */
function anotherTime(b: Booking): void {
  const a = b.appointments[0]
  if (a && a.services.length > 0) {
    choose({ branch: b.branch, services: a.services.map((s) => s.id), staff: choice.value.services.length ? (choice.value.staff ?? 0) : a.staff.id, slot: undefined })
  }
  forgetAnswers('times/')
  go('time')
}

function ChangeNote({ booking: b }: { booking: Booking }) {
  if (!b.change) return null
  const { kind, status, reason: why } = b.change
  if (status === 'pending') {
    return (
      <p class="note strong" role="status">
        <span class="spinner small" />
        {t(kind === 'move' ? 'movePending' : 'cancelPending')}
      </p>
    )
  }
  return (
    <div class="trouble refused" role="alert">
      <p>{status === 'rejected' ? t(kind === 'move' ? 'moveRejected' : 'cancelRejected', { why: reason(why) }) : t('changeAttention')}</p>
      <div class="stack"><Contacts branch={branchOf(b.branch)} /></div>
    </div>
  )
}

function Facts({ booking: b }: { booking: Booking }) {
  const branch = branchOf(b.branch)
  const number = branch?.phones[0]
  return (
    <dl class={'summary' + (b.status === 'cancelled' || b.status === 'rejected' ? ' over' : '')}>
      {b.appointments.map((a, i) => (
        <Fragment key={i}>
          <div class="summary-when">
            <dt class="visually-hidden">{t('when')}</dt>
            <dd>
              <span class="big" data-testid="visit-time" data-time={a.time}>{clock(a.time, b.zone)}</span>
              <span>
                {capital(longDay(dayOf(a.time, b.zone)))}
                {a.duration_s ? <span class="soft block">{duration(a.duration_s)}</span> : null}
              </span>
            </dd>
          </div>
          <div>
            <dt>{t('what')}</dt>
            <dd>
              {a.services.map((s) => (
                <span key={s.id} class="pair">
                  <span>{s.title ?? '…'}</span>
                  <span>{s.price && price(s.price)}</span>
                </span>
              ))}
              {a.services.length > 1 && total(a.services.map((s) => s.price)) && (
                <span class="pair sum">
                  <span>{t('sum')}</span>
                  <span>{price(total(a.services.map((s) => s.price))!)}</span>
                </span>
              )}
            </dd>
          </div>
          <div>
            <dt>{t('who')}</dt>
            <dd>
              {a.staff.id === 0 ? t('anyStaff') : (a.staff.name ?? '…')}
              {a.staff.position && <span class="soft block">{a.staff.position}</span>}
            </dd>
          </div>
        </Fragment>
      ))}
      {branch && (
        <div>
          <dt>{t('where')}</dt>
          <dd>
            {branch.title}
            <span class="soft block">{[branch.city, branch.address].filter(Boolean).join(', ')}</span>
            {number && <a class="text-link" href={'tel:' + number.replace(/[^\d+]/g, '')}>{phone(number)}</a>}
          </dd>
        </div>
      )}
      {b.comment && (
        <div>
          <dt>{t('comment')}</dt>
          <dd>{b.comment}</dd>
        </div>
      )}
    </dl>
  )
}

type ActionProps = { booking: Booking; onChanged: (b: Booking) => void; onRead: () => void }

function Actions({ booking: b, onChanged, onRead }: ActionProps) {
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  useToTrouble(failure)
  const live = b.status === 'confirmed' && !isPast(b) && b.change?.status !== 'pending'
  const cancel = async () => {
    setBusy(true)
    const got = await cancelBooking(b.id)
    setBusy(false)
    setAsking(false)
    forgetAnswers('times/')
    if (got.ok) {
      setFailure(undefined)
      if (fresh.value?.id === b.id) fresh.value = undefined
      return onChanged(got.data)
    }
    setFailure(got.failure)
    if (got.failure.kind === 'refused') onRead()
  }
  const first = b.appointments[0]
  const until = b.cancel_until ?? b.move_until
  return (
    <>
      {failure && <Trouble failure={failure} retry={failure.kind === 'refused' ? undefined : () => void cancel()} branch={branchOf(b.branch)} busy={busy} />}
      <div class="actions">
        {live && <CalendarButton booking={b} />}
        {live && b.can_move && (
          <button class="button quiet" data-testid="move" onClick={() => go('move', b.id)}>
            <Icon name="move" />
            {t('move')}
          </button>
        )}
        {live && b.can_cancel && (
          <button class="button quiet danger" data-testid="cancel" onClick={() => setAsking(true)}>
            <Icon name="close" />
            {t('cancel')}
          </button>
        )}
      </div>
      {live && until && (b.can_move || b.can_cancel) && <p class="soft center">{t('until', { when: dayAndTime(until, b.zone) })}</p>}
      {live && !b.can_move && !b.can_cancel && (
        <div class="stack">
          <p class="soft center">{t('onlySalon')}</p>
          <Contacts branch={branchOf(b.branch)} />
        </div>
      )}
      {(b.status === 'cancelled' || isPast(b)) && first && first.services.length > 0 ? (
        <button class="button wide" data-testid="again" onClick={() => anotherTime(b)}>
          {t('again')}
        </button>
      ) : (
        b.status !== 'rejected' && (
          <button class="button text wide" data-testid="book-more" onClick={() => (startOver(), go('branches'))}>
            {t('bookMore')}
          </button>
        )
      )}
      <Dialog open={asking} title={t('cancelAsk')} onClose={() => setAsking(false)} testid="cancel-dialog">
        {first && <p>{capital(longDay(dayOf(first.time, b.zone)))}, {clock(first.time, b.zone)}</p>}
        <div class="stack">
          <button class="button danger filled" data-testid="confirm-cancel" disabled={busy} onClick={() => void cancel()}>
            {busy && <span class="spinner small" />}
            {t('cancelYes')}
          </button>
          <button class="button quiet" data-testid="keep-booking" onClick={() => setAsking(false)}>
            {t('cancelNo')}
          </button>
        </div>
      </Dialog>
    </>
  )
}

function CalendarButton({ booking: b }: { booking: Booking }) {
  const [failed, setFailed] = useState(false)
  const download = async () => {
    const got = await readCalendar(b.id)
    setFailed(!got.ok)
    if (!got.ok) return
    const url = URL.createObjectURL(got.data)
    const a = document.createElement('a')
    a.href = url
    a.download = 'zapis.ics'
    a.click()
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
  }
  return (
    <>
      <button class="button quiet" data-testid="calendar" onClick={() => void download()}>
        <Icon name="calendar" />
        {t('toCalendar')}
      </button>
      {failed && <p class="error" role="alert">{t('calendarFailed')}</p>}
    </>
  )
}

export function MoveVisit({ id }: { id: string }) {
  const seen = useBooking(id)
  const b = seen.booking
  const [date, setDate] = useState<string>()
  const [slot, setSlot] = useState<Slot>()
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  useToTrouble(failure)
  // A surrounding demo takes "this time" from here as from a new booking.
  const first = b?.appointments[0]
  const services = first?.services.map((s) => s.id).join(',')
  useEffect(() => {
    if (b && first) choose({ branch: b.branch, services: first.services.map((s) => s.id), staff: first.staff.id, slot, date })
    return startOver
  }, [services, slot, date])

  if (!b || !first) {
    if (!seen.failure) return <Skeleton rows={4} />
    return seen.failure.kind === 'refused' ? <NotHere /> : <Trouble failure={seen.failure} retry={seen.read} />
  }
  const ask = { branch: b.branch, services: first.services.map((s) => s.id), staff: first.staff.id }
  const move = async () => {
    if (!slot) return
    setBusy(true)
    const got = await moveBooking(id, slot.start)
    setBusy(false)
    forgetAnswers('times/')
    if (got.ok) {
      fresh.value = { id, booking: got.data, moved: true }
      return replace('booking', id)
    }
    setFailure(got.failure)
    setSlot(undefined)
  }
  const taken = failure?.code === 'slot_taken' || failure?.code === 'no_staff_free'
  const others = failure?.problem?.alternatives?.slots ?? []
  return (
    <>
      <h1 tabIndex={-1}>{t('moveTitle')}</h1>
      <p class="note">
        <Icon name="calendar" size={18} />
        {t('moveNow', { when: dayAndTime(first.time, b.zone) })}
      </p>
      {taken && (
        <section class="trouble taken" role="alert" data-testid="taken">
          <div class="trouble-head">
            <Icon name="clock" size={28} />
            <h2>{t('takenTitle')}</h2>
          </div>
          <div data-testid="alternatives">
            {others.length > 0 ? <Choices slots={others.slice(0, 9)} zone={b.zone} onSlot={setSlot} /> : <Nearest ask={ask} zone={b.zone} onSlot={setSlot} />}
          </div>
        </section>
      )}
      {failure && !taken && <Trouble failure={failure} branch={branchOf(b.branch)} retry={() => setFailure(undefined)} />}
      <Times ask={ask} date={date} prefer={dayOf(first.time, b.zone)} onDate={setDate} onSlot={setSlot} />
      <Dialog open={slot !== undefined} title={t('moveAsk')} onClose={() => setSlot(undefined)} testid="move-dialog">
        {slot && (
          <dl class="summary plain">
            <div>
              <dt>{t('from')}</dt>
              <dd><s>{dayAndTime(first.time, b.zone)}</s></dd>
            </div>
            <div>
              <dt>{t('to')}</dt>
              <dd><b>{dayAndTime(slot.time, b.zone)}</b></dd>
            </div>
          </dl>
        )}
        <div class="stack">
          <button class="button" data-testid="confirm-move" disabled={busy} onClick={() => void move()}>
            {busy && <span class="spinner small" />}
            {t('moveYes')}
          </button>
          <button class="button quiet" onClick={() => setSlot(undefined)}>{t('cancelNo')}</button>
        </div>
      </Dialog>
    </>
  )
}
