// My bookings and my account.

import { useEffect, useState } from 'preact/hooks'
import { client, outcome, type Booking, type Failure } from '../shared/api'
import { capital, clock, dayNumber, dayOf, longDay, monthShort } from '../shared/format'
import { Icon } from '../shared/icons'
import { load, save } from '../shared/storage'
import { branchOf, branches, choice, choose } from './choice'
import { CodeEntry, useCode } from './code'
import { fresh } from './confirm'
import { kept, readBooking } from './kept'
import { Field, phoneLooksWhole, Skeleton, Trouble } from './parts'
import { back, go } from './route'
import { profile, rename, signedIn, signIn, signOut, starting, withSession } from './session'
import { t } from './texts'
import { Badge, CopyNote, isPast } from './visit'

type Copy = { upcoming: Booking[]; past: Booking[]; savedAt: number }
type Mine = { own?: Copy; failure?: Failure; busy: boolean; read: () => void }

/** The signed-in person's bookings, with the copy of last time while they cannot be asked. */
function useMine(): Mine {
  const [own, setOwn] = useState<Copy | undefined>(() => load<Copy>('local', 'mine'))
  const [failure, setFailure] = useState<Failure>()
  const [busy, setBusy] = useState(true)
  const [round, setRound] = useState(0)
  const who = signedIn.value
  useEffect(() => {
    if (starting.value) return
    if (!who) return setBusy(false)
    let live = true
    setBusy(true)
    const ask = (when: 'upcoming' | 'past') => withSession(() => outcome(client.GET('/v1/me/bookings', { params: { query: { when } } })))
    void Promise.all([ask('upcoming'), ask('past')]).then(([upcoming, past]) => {
      if (!live) return
      setBusy(false)
      if (upcoming.ok && past.ok) {
        const copy = { upcoming: upcoming.data.bookings, past: past.data.bookings, savedAt: Date.now() }
        save('local', 'mine', copy)
        setOwn(copy)
        setFailure(undefined)
      } else {
        setFailure(!upcoming.ok ? upcoming.failure : !past.ok ? past.failure : undefined)
      }
    })
    return () => {
      live = false
    }
  }, [who, starting.value, round])
  const remembered = who || load<boolean>('local', 'session') === true
  return { own: remembered ? own : undefined, failure, busy, read: () => setRound((n) => n + 1) }
}

/** Refreshes the guest's bookings once; those that cannot be asked keep their copy. */
function useKept(round: number): Failure | undefined {
  const [failure, setFailure] = useState<Failure>()
  useEffect(() => {
    if (starting.value) return
    let live = true
    void (async () => {
      for (const k of kept.value) {
        if (!live) return
        // What is over does not change any more.
        if (k.copy.status === 'cancelled' || k.copy.status === 'rejected' || isPast(k.copy)) continue
        const got = await readBooking(k.id)
        if (!live) return
        setFailure(got.ok || got.failure.kind === 'refused' ? undefined : got.failure)
        if (!got.ok && got.failure.kind !== 'refused') return
      }
    })()
    return () => {
      live = false
    }
  }, [starting.value, round])
  return failure
}

const startOf = (b: Booking) => Date.parse(b.appointments[0]?.time ?? '') || 0
const over = (b: Booking) => b.status === 'cancelled' || b.status === 'rejected' || isPast(b)

export function MyBookings() {
  const [tab, setTab] = useState<'upcoming' | 'past'>('upcoming')
  const [round, setRound] = useState(0)
  const mine = useMine()
  const keptFailure = useKept(round)
  const own = [...(mine.own?.upcoming ?? []), ...(mine.own?.past ?? [])]
  const ids = new Set(own.map((b) => b.id))
  const all = [...own, ...kept.value.filter((k) => !ids.has(k.id)).map((k) => k.copy)]
  const shown = all
    .filter((b) => over(b) === (tab === 'past'))
    .sort((a, b) => (tab === 'past' ? startOf(b) - startOf(a) : startOf(a) - startOf(b)))
  const failure = mine.failure ?? keptFailure
  const retry = () => {
    mine.read()
    setRound((n) => n + 1)
  }
  const savedAt = Math.min(mine.failure && mine.own ? mine.own.savedAt : Infinity, ...kept.value.map((k) => k.savedAt))
  return (
    <>
      <h1 tabIndex={-1}>{t('mine')}</h1>
      <div class="segments" role="group" aria-label={t('mine')}>
        {(['upcoming', 'past'] as const).map((k) => (
          <button key={k} aria-pressed={tab === k} data-testid={'tab-' + k} onClick={() => setTab(k)}>
            {t(k)}
          </button>
        ))}
      </div>
      {failure && all.length > 0 && <CopyNote failure={failure} savedAt={Number.isFinite(savedAt) ? savedAt : undefined} onRetry={retry} />}
      {failure && all.length === 0 ? (
        <Trouble failure={failure} retry={retry} />
      ) : mine.busy && all.length === 0 ? (
        <Skeleton rows={3} class="card" />
      ) : shown.length === 0 ? (
        <section class="empty">
          <Icon name="calendar" size={40} />
          <p>{t(tab === 'past' ? 'noPast' : 'noUpcoming')}</p>
          {tab === 'upcoming' && (
            <button class="button" data-testid="book-more" onClick={() => go('branches')}>
              {t('book')}
            </button>
          )}
        </section>
      ) : (
        <ul class="cards">
          {shown.map((b) => (
            <li key={b.id}>
              <VisitCard booking={b} />
            </li>
          ))}
        </ul>
      )}
      {!signedIn.value && !starting.value ? (
        <section class="panel">
          <p>{t('signInHint')}</p>
          <button class="button quiet" data-testid="to-sign-in" onClick={() => go('account')}>
            <Icon name="person" />
            {t('signIn')}
          </button>
        </section>
      ) : (
        <button class="button text wide" data-testid="account" onClick={() => go('account')}>
          <Icon name="person" />
          {t('account')}
        </button>
      )}
    </>
  )
}

function VisitCard({ booking: b }: { booking: Booking }) {
  const a = b.appointments[0]
  if (!a) return null
  const day = dayOf(a.time, b.zone)
  const open = () => {
    fresh.value = undefined
    go('booking', b.id)
  }
  return (
    <button class="card tap visit" data-testid={'booking-' + b.id} onClick={open}>
      <span class="date-tile" aria-hidden="true">
        <b>{dayNumber(day)}</b>
        {monthShort(day)}
      </span>
      <span class="card-body">
        <span class="card-title">
          <span class="visually-hidden">{capital(longDay(day))}, </span>
          {clock(a.time, b.zone)} · {a.services.map((s) => s.title ?? '…').join(', ')}
        </span>
        <span class="line soft">{[a.staff.id ? a.staff.name : t('anyStaff'), branchOf(b.branch)?.title].filter(Boolean).join(' · ')}</span>
        <span class="line">
          <Badge booking={b} />
        </span>
      </span>
      <Icon name="next" class="go" />
    </button>
  )
}

export function Account() {
  if (starting.value) return <Skeleton rows={3} />
  return signedIn.value ? <Profile /> : <SignIn />
}

function SignIn() {
  const code = useCode()
  const [wrong, setWrong] = useState<{ phone?: string; code?: string }>({})
  const [failure, setFailure] = useState<Failure>()
  const [busy, setBusy] = useState(false)
  const branch = branchOf(choice.value.branch) ?? branches.value.find((b) => b.login.includes('sms')) ?? branches.value[0]
  const phone = choice.value.phone
  const send = () => {
    if (!phoneLooksWhole(phone)) return setWrong({ phone: t('missPhone') })
    setWrong({})
    if (branch) void code.send(branch.id, phone.trim()).then((sent) => sent && document.getElementById('code')?.focus())
  }
  const submit = async () => {
    if (!code.sentTo) return send()
    if (!code.value || !branch) return setWrong({ code: t('missCode') })
    setBusy(true)
    setFailure(undefined)
    const got = await signIn(branch.id, phone.trim(), code.value)
    setBusy(false)
    if (got.ok) return back('mine')
    if (got.failure.code === 'code_wrong') return setWrong({ code: got.failure.problem?.message })
    setFailure(got.failure)
  }
  return (
    <form noValidate onSubmit={(e) => (e.preventDefault(), void submit())}>
      <h1 tabIndex={-1}>{t('signInTitle')}</h1>
      <p class="soft">{t('smsWhy')}</p>
      <div class="fields">
        <Field
          id="phone"
          label={t('phone')}
          value={phone}
          type="tel"
          inputMode="tel"
          autocomplete="tel"
          placeholder="+7 900 000-00-00"
          maxLength={40}
          error={wrong.phone}
          onInput={(v) => {
            choose({ phone: v })
            if (code.sentTo) code.forget()
          }}
        />
        <CodeEntry code={code} error={wrong.code} onSend={send} />
      </div>
      {failure && <Trouble failure={failure} retry={() => void submit()} branch={branch} busy={busy} />}
      {code.sentTo && (
        <div class="bar">
          <button type="submit" class="button wide" data-testid="sign-in" disabled={busy}>
            {busy && <span class="spinner small" />}
            {t('signIn')}
          </button>
        </div>
      )}
    </form>
  )
}

function Profile() {
  const [name, setName] = useState(profile.value?.name ?? '')
  const [saved, setSaved] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  useEffect(() => {
    if (profile.value?.name) setName((n) => n || profile.value!.name!)
  }, [profile.value])
  const submit = async () => {
    if (!name.trim()) return
    const got = await rename(name.trim())
    setSaved(got.ok)
    setFailure(got.ok ? undefined : got.failure)
    if (got.ok) choose({ name: name.trim() })
  }
  return (
    <form noValidate onSubmit={(e) => (e.preventDefault(), void submit())}>
      <h1 tabIndex={-1}>{t('account')}</h1>
      <p class="note">
        <Icon name="phone" size={18} />
        <span data-testid="my-phone">{profile.value?.phone ?? '…'}</span>
      </p>
      <div class="fields">
        <Field id="name" label={t('name')} value={name} autocomplete="name" maxLength={100} onInput={(v) => (setName(v), setSaved(false))} />
        <button type="submit" class="button" data-testid="save">
          {saved ? t('saved') : t('save')}
        </button>
      </div>
      {failure && <Trouble failure={failure} />}
      <button type="button" class="button quiet wide" data-testid="sign-out" onClick={() => void signOut().then(() => back('mine'))}>
        {t('signOut')}
      </button>
    </form>
  )
}
