// The salon's day: a column for each master, hours downwards.

import { clock, dayOf } from '../shared/format'
import { Icon } from '../shared/icons'
import { arrived, company, date, day, lostKey, tick, wish, type DayRecord, type Master } from './sandbox'
import { t } from './texts'
import { entries } from './sandbox'

const minutes = (hm: string) => Number(hm.slice(0, 2)) * 60 + Number(hm.slice(3, 5))

type Scale = { from: number; to: number }

/** The hours shown: those worked, and whatever lies outside of them. */
function scale(staff: Master[]): Scale {
  const spans = staff.flatMap((m) => [...m.works, ...m.records])
  const from = Math.min(9 * 60, ...spans.map((s) => minutes(s.from)))
  const to = Math.max(21 * 60, ...spans.map((s) => minutes(s.to)))
  return { from: Math.floor(from / 60) * 60, to: Math.ceil(to / 60) * 60 }
}

const place = (s: Scale, from: number, to: number) => ({
  top: `${(100 * (from - s.from)) / (s.to - s.from)}%`,
  height: `${(100 * (to - from)) / (s.to - s.from)}%`,
})

export function Timeline() {
  const d = day.value
  const zone = company.value?.timezone ?? 'UTC'
  if (!d) return <div class="timeline waiting" aria-busy="true" />
  // A waiting list is not a person: it stands last.
  const staff = [...d.staff].sort((a, b) => Number(a.fake) - Number(b.fake))
  const s = scale(staff)
  const hours: number[] = []
  for (let h = s.from; h < s.to; h += 60) hours.push(h)
  const now = new Date(tick.value)
  const nowAt = dayOf(now, zone) === date.value ? minutes(clock(now, zone)) : -1
  const lost = entries.value.findLast((e) => e.api_id !== '' && e.api_id === lostKey.value && e.record_ids?.length)?.record_ids
  return (
    <div class={'timeline' + (staff.length > 7 ? ' many' : '')} data-testid="timeline" data-company={d.company_id} data-date={d.date}>
      <div class="heads">
        <span class="axis" />
        {staff.map((m) => (
          <div key={m.id} class={'head-cell' + (m.fake ? ' fake' : '')}>
            {m.fake ? <Icon name="list" size={20} /> : <img src={m.avatar} alt="" width="28" height="28" onError={(e) => (e.currentTarget.hidden = true)} />}
            <span>
              <b>{m.name}</b>
              <small>{m.works.length ? m.specialization : t('works')}</small>
            </span>
          </div>
        ))}
      </div>
      <div class="body">
        <div class="axis">
          {hours.map((h) => (
            <span key={h} style={place(s, h, h + 60)}>
              {String(h / 60).padStart(2, '0')}:00
            </span>
          ))}
        </div>
        {staff.map((m) => (
          <div key={m.id} class={'column' + (m.fake ? ' fake' : '')} data-testid={'column-' + m.id}>
            {hours.map((h) => (
              <span key={h} class="hour" style={place(s, h, h + 60)} />
            ))}
            {m.works.map((w) => (
              <span key={w.from} class="works" style={place(s, minutes(w.from), minutes(w.to))} />
            ))}
            <Ghost master={m} scale={s} zone={zone} />
            {m.records.map((r) => (
              <Visit key={r.id} record={r} scale={s} lost={lost?.includes(r.id) === true} />
            ))}
          </div>
        ))}
        {nowAt >= s.from && nowAt <= s.to && <span class="now" style={{ top: place(s, nowAt, nowAt).top }} data-time={clock(now, zone)} />}
      </div>
    </div>
  )
}

/** The time that is being chosen on the phone right now. */
function Ghost({ master: m, scale: s, zone }: { master: Master; scale: Scale; zone: string }) {
  const w = wish.value
  if (!w || w.branch !== day.value?.company_id || dayOf(w.time, zone) !== date.value) return null
  if (w.staff !== 0 ? w.staff !== m.id : m.fake) return null
  const from = minutes(clock(w.time, zone))
  const length = (w.duration ?? 3600) / 60
  return <span class={'ghost' + (w.staff === 0 ? ' any' : '')} title={t('chosen')} style={place(s, from, Math.min(s.to, from + length))} />
}

function Visit({ record: r, scale: s, lost }: { record: DayRecord; scale: Scale; lost: boolean }) {
  const [from, to] = [minutes(r.from), minutes(r.to)]
  const kind = r.deleted ? 'gone' : r.online ? 'online' : 'desk'
  const classes = ['visit', kind, r.api_id ? 'ours' : '', arrived.value.has(r.id) ? 'new' : '', to - from <= 30 ? 'short' : ''].filter(Boolean)
  return (
    <div
      class={classes.join(' ')}
      data-testid={'record-' + r.id}
      data-api-id={r.api_id}
      data-deleted={r.deleted}
      data-from={r.from}
      style={place(s, from, to)}
      title={`${r.from}–${r.to} ${r.client} · ${(r.services ?? []).join(', ')} · ${t(kind)}`}
    >
      <span class="visit-time">
        {r.online && !r.deleted && <Icon name="phone" size={12} />}
        {r.from}
        {lost && <Icon name="bolt" size={12} />}
      </span>{' '}
      <b>{r.client}</b> <span class="visit-what">{(r.services ?? []).join(', ')}</span>
    </div>
  )
}
