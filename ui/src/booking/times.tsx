// Day and time: the calendar of free days and the free starts of the chosen day. Booking and moving share it.

import { useEffect, useRef, useState } from 'preact/hooks'
import { client, outcome, type Slot } from '../shared/api'
import {
  addDays, capital, clock, dayNumber, dayOf, hourOf, isWeekend, longDay, monthShort, monthTitle, tinyDay, weekday, weekdayIndex, zoneDiffers,
} from '../shared/format'
import { locale } from '../shared/i18n'
import { Icon } from '../shared/icons'
import { branchOf } from './choice'
import { Contacts, Stale, Trouble } from './parts'
import { useRemote } from './remote'
import { t } from './texts'

export type Ask = { branch: number; services: number[]; staff: number }

const keyOf = (ask: Ask) => `${ask.branch}/${ask.services.join(',')}/${ask.staff}`
const query = (ask: Ask) => ({ services: ask.services, staff: ask.staff || undefined })
// Lists of ids go by comma, as the API describes them.
const byComma = { array: { style: 'form' as const, explode: false } }

type Props = { ask: Ask; date?: string; prefer?: string; chosen?: string; onDate: (date: string) => void; onSlot: (slot: Slot) => void; onStaff?: () => void }

export function Times({ ask, date, prefer, chosen, onDate, onSlot, onStaff }: Props) {
  const branch = branchOf(ask.branch)
  const days = useRemote(`times/days/${keyOf(ask)}`, () =>
    outcome(client.GET('/v1/branches/{branch}/dates', { params: { path: { branch: ask.branch }, query: query(ask) }, querySerializer: byComma })),
  )
  const zone = days.data?.zone ?? branch?.zone ?? 'UTC'
  const dates = days.data?.dates
  const first = dates?.[0]
  useEffect(() => {
    if (!date && first) onDate(prefer && dates.includes(prefer) ? prefer : first)
  }, [date, first])

  if (days.failure) return <Trouble failure={days.failure} retry={days.retry} busy={days.busy} branch={branch} />
  if (!dates) return <TimesSkeleton />
  if (dates.length === 0) {
    return (
      <section class="empty" data-testid="empty-day">
        <Icon name="calendar" size={40} />
        <p>{t('emptyAll')}</p>
        <div class="stack">
          <Contacts branch={branch} />
          {onStaff && ask.staff !== 0 && (
            <button class="button quiet" onClick={onStaff}>
              {t('otherStaff')}
            </button>
          )}
        </div>
      </section>
    )
  }
  return (
    <>
      <Days dates={dates} zone={zone} date={date} onDate={onDate} />
      {zoneDiffers(zone) && (
        <p class="note">
          <Icon name="clock" size={18} />
          {t('zoneNote', { city: branch?.city ?? branch?.title ?? zone, time: clock(new Date(), zone) })}
        </p>
      )}
      <Stale answer={days.data} zone={zone} />
      {date ? <DayTimes key={keyOf(ask)} ask={ask} date={date} zone={zone} chosen={chosen} onDate={onDate} onSlot={onSlot} /> : <SlotsSkeleton />}
    </>
  )
}

const TimesSkeleton = () => (
  <div role="status" aria-label={t('loading')}>
    <div class="days-head">
      <div class="skeleton line" />
    </div>
    <div class="strip">
      {Array.from({ length: 8 }, (_, i) => (
        <div key={i} class="skeleton day" />
      ))}
    </div>
    <SlotsSkeleton />
  </div>
)

const SlotsSkeleton = () => (
  <div class="slots-group" role="status" aria-label={t('loading')}>
    <div class="skeleton line short" />
    <div class="slots">
      {Array.from({ length: 12 }, (_, i) => (
        <div key={i} class="skeleton slot" />
      ))}
    </div>
  </div>
)

type DaysProps = { dates: string[]; zone: string; date?: string; onDate: (date: string) => void }

function Days({ dates, zone, date, onDate }: DaysProps) {
  const [month, setMonth] = useState(false)
  const free = new Set(dates)
  const today = dayOf(new Date(), zone)
  const last = dates[dates.length - 1]!
  const shown = date ?? dates[0]!
  return (
    <section aria-label={t('when')}>
      <div class="days-head">
        <h2>{monthTitle(shown)}</h2>
        <button class="text-button" aria-expanded={month} data-testid="month" onClick={() => setMonth(!month)}>
          <Icon name="calendar" size={20} />
          {t(month ? 'showStrip' : 'showMonth')}
        </button>
      </div>
      {month ? (
        <Month free={free} today={today} last={last} date={shown} onDate={onDate} />
      ) : (
        <Strip free={free} today={today} last={last} date={shown} onDate={onDate} />
      )}
    </section>
  )
}

type PickProps = { free: Set<string>; today: string; last: string; date: string; onDate: (date: string) => void }

function Strip({ free, today, last, date, onDate }: PickProps) {
  const list = useRef<HTMLDivElement>(null)
  // The chosen day comes into view without moving the page.
  useEffect(() => {
    const box = list.current
    const day = box?.querySelector<HTMLElement>('[aria-pressed=true]')
    if (box && day) box.scrollTo({ left: day.offsetLeft - box.clientWidth / 2 + day.clientWidth / 2 })
  }, [date])
  const end = last > addDays(today, 13) ? last : addDays(today, 13)
  const all: string[] = []
  for (let d = today; d <= end && all.length < 120; d = addDays(d, 1)) all.push(d)
  return (
    <div class="strip" ref={list}>
      {all.map((d, i) => (
        <button
          key={d}
          class={'day' + (free.has(d) ? ' free' : '') + (isWeekend(d) ? ' weekend' : '')}
          data-testid={'day-' + d}
          aria-pressed={d === date}
          aria-label={t(free.has(d) ? 'dayFree' : 'dayFull', { day: longDay(d) })}
          onClick={() => onDate(d)}
        >
          <span class="day-week">{weekday(d)}</span>
          <span class="day-number">{dayNumber(d)}</span>
          <span class="day-mark">{i === 0 || d.endsWith('-01') ? monthShort(d) : ''}</span>
        </button>
      ))}
    </div>
  )
}

function Month({ free, today, last, date, onDate }: PickProps) {
  const [first, setFirst] = useState(date.slice(0, 8) + '01')
  const nextFirst = addDays(first, 32).slice(0, 8) + '01'
  const days: string[] = []
  for (let d = first; d < nextFirst; d = addDays(d, 1)) days.push(d)
  return (
    <div class="month">
      <div class="month-head">
        <button class="icon-button" aria-label={t('prevMonth')} disabled={first <= today} onClick={() => setFirst(addDays(first, -1).slice(0, 8) + '01')}>
          <Icon name="back" />
        </button>
        <span aria-live="polite">{monthTitle(first)}</span>
        <button class="icon-button" aria-label={t('nextMonth')} disabled={nextFirst > last} onClick={() => setFirst(nextFirst)}>
          <Icon name="next" />
        </button>
      </div>
      <div class="month-grid">
        {/* 2024-01-01 was a Monday. */}
        {Array.from({ length: 7 }, (_, i) => (
          <span key={i} class="month-week" aria-hidden="true">
            {weekday(addDays('2024-01-01', i))}
          </span>
        ))}
        {Array.from({ length: weekdayIndex(first) }, (_, i) => (
          <span key={'gap' + i} />
        ))}
        {days.map((d) => (
          <button
            key={d}
            class={'day small' + (free.has(d) ? ' free' : '')}
            data-testid={'day-' + d}
            disabled={d < today}
            aria-pressed={d === date}
            aria-label={t(free.has(d) ? 'dayFree' : 'dayFull', { day: longDay(d) })}
            onClick={() => onDate(d)}
          >
            <span class="day-number">{dayNumber(d)}</span>
          </button>
        ))}
      </div>
    </div>
  )
}

type DayProps = { ask: Ask; date: string; zone: string; chosen?: string; onDate: (date: string) => void; onSlot: (slot: Slot) => void }

function DayTimes({ ask, date, zone, chosen, onDate, onSlot }: DayProps) {
  const got = useRemote(`times/slots/${keyOf(ask)}/${date}`, () =>
    outcome(
      client.GET('/v1/branches/{branch}/slots', {
        params: { path: { branch: ask.branch }, query: { ...query(ask), date } },
        querySerializer: byComma,
      }),
    ),
  )
  // Free times that could not be asked for again are not shown: the customer would choose what may be gone.
  if (got.failure) return <Trouble failure={got.failure} retry={got.retry} busy={got.busy} branch={branchOf(ask.branch)} />
  if (!got.data) return <SlotsSkeleton />
  if (got.data.slots.length === 0) return got.busy ? <SlotsSkeleton /> : <EmptyDay ask={ask} date={date} zone={zone} onDate={onDate} onSlot={onSlot} />
  return (
    <div data-testid="slots" data-date={date}>
      <Stale answer={got.data} zone={zone} />
      <p class="day-title">{capital(longDay(date))}</p>
      <SlotGroups slots={got.data.slots} zone={zone} chosen={chosen} onSlot={onSlot} />
    </div>
  )
}

function SlotGroups({ slots, zone, chosen, onSlot }: { slots: Slot[]; zone: string; chosen?: string; onSlot: (slot: Slot) => void }) {
  const groups = [
    { name: t('morning'), has: (h: number) => h < 12 },
    { name: t('daytime'), has: (h: number) => h >= 12 && h < 17 },
    { name: t('evening'), has: (h: number) => h >= 17 },
  ]
  return (
    <>
      {groups.map(({ name, has }) => {
        const some = slots.filter((s) => has(hourOf(s.time, zone)))
        if (some.length === 0) return null
        return (
          <section class="slots-group" key={name} aria-label={name}>
            <h3>{name}</h3>
            <div class="slots">
              {some.map((s) => (
                <SlotButton key={s.start} slot={s} zone={zone} chosen={s.start === chosen} onSlot={onSlot} />
              ))}
            </div>
          </section>
        )
      })}
    </>
  )
}

function SlotButton({ slot, zone, chosen, withDay, onSlot }: { slot: Slot; zone: string; chosen?: boolean; withDay?: boolean; onSlot: (slot: Slot) => void }) {
  const day = dayOf(slot.time, zone)
  return (
    <button
      class={'slot' + (withDay ? ' wide' : '')}
      data-testid="slot"
      data-start={slot.start}
      data-time={slot.time}
      aria-pressed={chosen}
      aria-label={`${longDay(day)}, ${clock(slot.time, zone)}`}
      onClick={() => onSlot(slot)}
    >
      {withDay && <span class="slot-day">{tinyDay(day)}</span>}
      {clock(slot.time, zone)}
    </button>
  )
}

function EmptyDay({ ask, date, zone, onDate, onSlot }: Omit<DayProps, 'chosen'>) {
  return (
    <section class="empty" data-testid="empty-day" data-date={date}>
      <Icon name="calendar" size={40} />
      <h2>{t('emptyDay')}</h2>
      <p class="soft">{capital(longDay(date))}</p>
      <Nearest ask={ask} zone={zone} onSlot={onSlot} onDate={onDate} />
    </section>
  )
}

/** The soonest free starts, to tap at once. */
export function Nearest({ ask, zone, onSlot, onDate }: { ask: Ask; zone: string; onSlot: (slot: Slot) => void; onDate?: (date: string) => void }) {
  const got = useRemote(`times/nearest/${keyOf(ask)}`, () =>
    outcome(
      client.GET('/v1/branches/{branch}/nearest-slots', { params: { path: { branch: ask.branch }, query: query(ask) }, querySerializer: byComma }),
    ),
  )
  if (got.failure) return <Trouble failure={got.failure} retry={got.retry} busy={got.busy} branch={branchOf(ask.branch)} />
  if (!got.data) return <SlotsSkeleton />
  if (got.data.slots.length === 0) return <p>{t('emptyAll')}</p>
  return (
    <div data-testid="nearest">
      <h3>{t('nearest')}</h3>
      <Choices
        slots={got.data.slots.slice(0, 6)}
        zone={zone}
        onSlot={(s) => {
          onDate?.(dayOf(s.time, zone))
          onSlot(s)
        }}
      />
    </div>
  )
}

/** A few starts of any days. */
export function Choices({ slots, zone, onSlot }: { slots: Slot[]; zone: string; onSlot: (slot: Slot) => void }) {
  return (
    <div class="slots" lang={locale.value}>
      {slots.map((s) => (
        <SlotButton key={s.start} slot={s} zone={zone} withDay onSlot={onSlot} />
      ))}
    </div>
  )
}
