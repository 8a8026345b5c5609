// The first three screens: branch, services, master.

import { useState } from 'preact/hooks'
import { client, outcome, type Branch, type Service, type Staff } from '../shared/api'
import { addDays, clock, dayOf, duration, price, shortDay, total, zoneDiffers } from '../shared/format'
import { locale } from '../shared/i18n'
import { Icon } from '../shared/icons'
import { branchOf, branches, branchesBusy, branchesTrouble, choice, choose, readBranches } from './choice'
import { Face, picture, Skeleton, Stale, Trouble } from './parts'
import { useRemote } from './remote'
import { go } from './route'
import { t } from './texts'

export function Branches() {
  const list = branches.value
  const none = list.length === 0
  return (
    <>
      <h1 tabIndex={-1}>{t('branches')}</h1>
      {none && branchesTrouble.value && <Trouble failure={branchesTrouble.value} retry={() => void readBranches()} />}
      {none && !branchesTrouble.value && (branchesBusy.value ? <Skeleton rows={3} class="card" /> : <p class="empty">{t('noBranches')}</p>)}
      <ul class="cards">
        {list.map((b) => (
          <li key={b.id}>
            <BranchCard branch={b} />
          </li>
        ))}
      </ul>
    </>
  )
}

function BranchCard({ branch: b }: { branch: Branch }) {
  const pick = () => {
    if (choice.value.branch !== b.id) choose({ branch: b.id, services: [], staff: undefined, date: undefined, slot: undefined })
    go('services')
  }
  const photo = picture(b.photos[0] ?? b.logo)
  return (
    <button class="card tap" data-testid={'branch-' + b.id} onClick={pick}>
      {photo && <img class="card-photo" src={photo} alt="" loading="lazy" />}
      <span class="card-body">
        <span class="card-title">{b.title}</span>
        {(b.city || b.address) && (
          <span class="line">
            <Icon name="pin" size={18} />
            <span>{[b.city, b.address].filter(Boolean).join(', ')}</span>
          </span>
        )}
        {(b.hours || zoneDiffers(b.zone)) && (
          <span class="line soft">
            <Icon name="clock" size={18} />
            <span>{[b.hours, zoneDiffers(b.zone) && t('branchNow', { time: clock(new Date(), b.zone) })].filter(Boolean).join(' · ')}</span>
          </span>
        )}
      </span>
      <Icon name="next" class="go" />
    </button>
  )
}

export function useServices(branch: number | undefined, staff = 0) {
  return useRemote(branch === undefined ? undefined : `services/${branch}/${staff}`, () =>
    outcome(
      client.GET('/v1/branches/{branch}/services', { params: { path: { branch: branch! }, query: { staff: staff || undefined } } }),
    ),
  )
}

const fold = (text: string) => text.toLocaleLowerCase('ru').replaceAll('ё', 'е')

export function Services() {
  const { branch, services: picked } = choice.value
  const got = useServices(branch)
  const [query, setQuery] = useState('')
  const [category, setCategory] = useState(0)
  const b = branchOf(branch)
  const all = got.data?.services ?? []
  const groups = [...(got.data?.categories ?? []), { id: 0, title: t('other') }]
    .map((c) => ({ ...c, services: all.filter((s) => (s.category ?? 0) === c.id) }))
    .filter((g) => g.services.length > 0)
  const words = fold(query.trim())
  const shown = groups
    .filter((g) => words || category === 0 || g.id === category)
    .map((g) => ({ ...g, services: words ? g.services.filter((s) => fold(s.title).includes(words)) : g.services }))
    .filter((g) => g.services.length > 0)
  const toggle = (id: number) => {
    const services = picked.includes(id) ? picked.filter((s) => s !== id) : [...picked, id]
    choose({ services, staff: undefined, date: undefined, slot: undefined })
  }
  const trouble = got.failure && !got.data
  return (
    <>
      <h1 tabIndex={-1}>{t('services')}</h1>
      {trouble ? (
        <Trouble failure={got.failure!} retry={got.retry} busy={got.busy} branch={b} />
      ) : (
        <>
          <div class="search">
            <Icon name="search" />
            <input
              type="search"
              data-testid="search"
              value={query}
              placeholder={t('search')}
              aria-label={t('search')}
              onInput={(e) => setQuery(e.currentTarget.value)}
            />
            {query && (
              <button class="icon-button" aria-label={t('clearSearch')} onClick={() => setQuery('')}>
                <Icon name="close" size={18} />
              </button>
            )}
          </div>
          <div class="chips" role="group" aria-label={t('what')}>
            {groups.length > 1 &&
              [{ id: 0, title: t('allCategories') }, ...groups.filter((g) => g.id !== 0)].map((c) => (
                <button key={c.id} class="chip" aria-pressed={!words && category === c.id} onClick={() => (setQuery(''), setCategory(c.id))}>
                  {c.title}
                </button>
              ))}
          </div>
          {!got.data && <Skeleton rows={7} />}
          <Stale answer={got.data} zone={b?.zone ?? 'UTC'} />
          {got.data && all.length === 0 && <p class="empty">{t('noServices')}</p>}
          {words && shown.length === 0 && <p class="empty">{t('noneFound', { query: query.trim() })}</p>}
          {shown.map((g) => (
            <section key={g.id} class="group">
              <h2>{g.title}</h2>
              <ul class="rows">
                {g.services.map((s) => (
                  <li key={s.id}>
                    <ServiceRow service={s} picked={picked.includes(s.id)} onToggle={() => toggle(s.id)} />
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </>
      )}
      {!trouble && <Picked services={all.filter((s) => picked.includes(s.id))} />}
    </>
  )
}

function ServiceRow({ service: s, picked, onToggle }: { service: Service; picked: boolean; onToggle: () => void }) {
  return (
    <button class="row tap service" role="checkbox" aria-checked={picked} data-testid={'service-' + s.id} onClick={onToggle}>
      <span class="row-body">
        <span class="row-title">{s.title}</span>
        {s.description && <span class="row-text soft">{s.description}</span>}
        <span class="row-facts">
          {s.price && <b>{price(s.price)}</b>}
          <span class="soft">{s.duration_s ? duration(s.duration_s) : t('durationByStaff')}</span>
        </span>
        {s.prepaid === 'required' && <span class="row-text soft">{t('prepaid')}</span>}
      </span>
      <span class="tick" aria-hidden="true">
        <Icon name="check" size={18} />
      </span>
    </button>
  )
}

/** What is chosen, and the way on. It is always there, so that nothing jumps when it gets its words. */
function Picked({ services }: { services: Service[] }) {
  const sum = total(services.map((s) => s.price))
  const seconds = services.reduce((n, s) => n + (s.duration_s ?? 0), 0)
  const facts = [t('picked', { n: services.length }), sum && price(sum), seconds > 0 && duration(seconds)].filter(Boolean)
  return (
    <div class="bar">
      <p class="bar-facts" aria-live="polite">
        {services.length > 0 ? facts.join(' · ') : t('pickService')}
      </p>
      <button class="button" data-testid="next" disabled={services.length === 0} onClick={() => go('staff')}>
        {t('next')}
      </button>
    </div>
  )
}

export function Masters() {
  const { branch, services } = choice.value
  const b = branchOf(branch)
  const got = useRemote(`staff/${branch}/${services.join(',')}`, () =>
    outcome(
      client.GET('/v1/branches/{branch}/staff', {
        params: { path: { branch: branch! }, query: { services } },
        querySerializer: { array: { style: 'form', explode: false } },
      }),
    ),
  )
  const list = got.data?.staff ?? []
  const pick = (id: number) => {
    if (choice.value.staff !== id) choose({ staff: id, date: undefined, slot: undefined })
    go('time')
  }
  return (
    <>
      <h1 tabIndex={-1}>{t('staff')}</h1>
      {got.failure && !got.data ? (
        <Trouble failure={got.failure} retry={got.retry} busy={got.busy} branch={b} />
      ) : !got.data ? (
        <Skeleton rows={5} class="person" />
      ) : list.length === 0 ? (
        <section class="empty">
          <Icon name="people" size={40} />
          <p>{t('noStaff')}</p>
          <button class="button quiet" onClick={() => go('services')}>
            {t('changeServices')}
          </button>
        </section>
      ) : (
        <>
          <Stale answer={got.data} zone={b?.zone ?? 'UTC'} />
          <ul class="cards">
            {list.map((m) => (
              <li key={m.id}>
                <StaffCard master={m} zone={b?.zone ?? 'UTC'} chosen={choice.value.staff === m.id} onPick={() => pick(m.id)} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

/** Today and tomorrow in words, later days as dates. */
function nearDay(date: string, zone: string): string {
  const today = dayOf(new Date(), zone)
  return date === today ? t('today') : date === addDays(today, 1) ? t('tomorrow') : shortDay(date)
}

function StaffCard({ master: m, zone, chosen, onPick }: { master: Staff; zone: string; chosen: boolean; onPick: () => void }) {
  const rating = m.rating?.toLocaleString(locale.value, { minimumFractionDigits: 1, maximumFractionDigits: 2 })
  return (
    <button class="card tap person" data-testid={'staff-' + m.id} aria-pressed={chosen} onClick={onPick}>
      <Face id={m.id} name={m.name} photo={m.avatar} />
      <span class="card-body">
        <span class="card-title">{m.id === 0 ? t('anyStaff') : m.name}</span>
        <span class="line soft">{m.id === 0 ? t('anyStaffWhy') : m.position}</span>
        {(rating || m.next_day) && (
          <span class="line">
            {rating && (
              <span class="rating" aria-label={t('rating', { rating })} role="img">
                <Icon name="star" size={16} class="filled" />
                {rating}
              </span>
            )}
            {m.votes !== undefined && m.votes > 0 && <span class="soft">{t('votes', { n: m.votes })}</span>}
            {m.next_day && <span class="soft">{t('nextDay', { day: nearDay(m.next_day, zone) })}</span>}
          </span>
        )}
      </span>
      <Icon name="next" class="go" />
    </button>
  )
}
