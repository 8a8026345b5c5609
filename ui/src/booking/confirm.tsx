// The last screen before the booking: what was chosen, who comes, and every way it can end.

import { useEffect, useState } from 'preact/hooks'
import { client, outcome, type Booking, type Branch, type Failure, type NewBooking, type Outcome, type Slots } from '../shared/api'
import { capital, clock, dayOf, duration, longDay, price, total } from '../shared/format'
import { signal } from '@preact/signals'
import { Icon } from '../shared/icons'
import { book, openAttempt } from './attempt'
import { branchOf, choice, choose, readBranches } from './choice'
import { CodeEntry, useCode } from './code'
import { keep } from './kept'
import { Dialog, Field, phoneLooksWhole, Skeleton, Trouble, useToTrouble } from './parts'
import { useServices } from './pick'
import { forgetAnswers, useRemote } from './remote'
import { go, replace } from './route'
import { profile, rename, signedIn, signIn } from './session'
import { t } from './texts'
import { Choices, Nearest } from './times'

/** The booking just made: its screen greets instead of only showing. */
export const fresh = signal<{ id: string; booking: Booking; earlier?: boolean; moved?: boolean } | undefined>(undefined)

type Errors = Partial<Record<'name' | 'phone' | 'code' | 'comment' | 'consent', string>>

/** Refusals after which another time is the way on. */
const timeGone = new Set(['slot_taken', 'no_staff_free', 'slots_overlap', 'start_past', 'start_invalid'])

export function Confirm() {
  const c = choice.value
  const branch = branchOf(c.branch)
  const [busy, setBusy] = useState(false)
  const [resuming, setResuming] = useState(false)
  const [errors, setErrors] = useState<Errors>({})
  const [failure, setFailure] = useState<Failure>()
  const [agreed, setAgreed] = useState(false)
  const [codeAsked, setCodeAsked] = useState(false)
  const code = useCode()
  const consent = useConsent(branch)
  useToTrouble(failure)

  useEffect(() => {
    if (!c.name && profile.value?.name) choose({ name: profile.value.name })
  }, [profile.value])

  // The page was closed, or lost its network, in the middle of a booking: find out before anything else.
  useEffect(() => {
    const open = openAttempt()
    if (!open) return
    setBusy(true)
    setResuming(true)
    void book(open).then((got) => finish(got, open))
  }, [])

  if (!branch || !c.slot) return <Skeleton rows={4} />
  const zone = branch.zone
  const guest = !signedIn.value && c.guest
  const bySms = !signedIn.value && !c.guest

  function finish(got: Outcome<Booking> & { earlier?: boolean }, body: NewBooking): void {
    setBusy(false)
    setResuming(false)
    forgetAnswers('times/')
    if (got.ok) {
      keep(got.data)
      fresh.value = { id: got.data.id, booking: got.data, earlier: got.earlier }
      return replace('booking', got.data.id)
    }
    const f = got.failure
    if (f.code === 'code_required') {
      setCodeAsked(true)
      const to = body.client.phone ?? c.phone
      if (code.sentTo || !to) return
      return void code.send(body.branch, to).then((sent) => sent && document.getElementById('code')?.focus())
    }
    if (f.code === 'code_wrong') return setErrors({ code: f.problem?.message })
    if (f.code === 'phone_invalid') return setErrors({ phone: f.problem?.message })
    if (f.code === 'name_required') return setErrors({ name: f.problem?.message })
    if (f.code === 'consent_required' || f.code === 'consent_outdated') {
      setAgreed(false)
      void readBranches()
      forgetAnswers('consent/')
      consent.retry()
      return setErrors({ consent: f.problem?.message })
    }
    setFailure(f)
  }

  const mend = (field: keyof Errors) => setErrors((e) => ({ ...e, [field]: undefined }))

  function check(): Errors {
    const wrong: Errors = {}
    if (!c.name.trim()) wrong.name = t('missName')
    if ((guest || bySms) && !phoneLooksWhole(c.phone)) wrong.phone = t('missPhone')
    if (bySms && !code.sentTo) wrong.code = t('missCodeFirst')
    else if ((bySms || codeAsked) && !code.value.trim()) wrong.code = t('missCode')
    if (branch!.rules.comment_required && !c.comment.trim()) wrong.comment = t('missComment')
    if (consent.required && !agreed) wrong.consent = t('missConsent')
    return wrong
  }

  async function submit(): Promise<void> {
    if (busy || !c.slot || !branch) return
    const wrong = check()
    setErrors(wrong)
    setFailure(undefined)
    const first = Object.keys(wrong)[0]
    if (first) return document.getElementById(first)?.focus()
    setBusy(true)
    if (bySms) {
      const got = await signIn(branch.id, c.phone.trim(), code.value.trim())
      if (!got.ok) {
        setBusy(false)
        if (got.failure.code === 'code_wrong') return setErrors({ code: got.failure.problem?.message })
        return setFailure(got.failure)
      }
      code.forget()
      if (!profile.value?.name) void rename(c.name.trim())
    }
    const body: NewBooking = {
      branch: branch.id,
      appointments: [{ services: c.services, staff: c.staff ?? 0, start: c.slot.start }],
      client: { name: c.name.trim(), phone: guest ? c.phone.trim() : undefined },
      comment: c.comment.trim() || undefined,
      consent: agreed && consent.version ? { version: consent.version } : undefined,
      code: !bySms && code.value.trim() ? code.value.trim() : undefined,
    }
    finish(await book(body), body)
  }

  if (resuming) {
    return (
      <section class="outcome" role="status">
        <span class="spinner" />
        <h1 tabIndex={-1}>{t('resuming')}</h1>
      </section>
    )
  }
  const gone = failure !== undefined && timeGone.has(failure.code)
  return (
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        void submit()
      }}
    >
      <h1 tabIndex={-1}>{t('confirm')}</h1>
      {gone && <Taken failure={failure!} zone={zone} onPick={() => setFailure(undefined)} />}
      <Summary branch={branch} gone={gone} />
      {!signedIn.value && branch.login.includes('sms') && branch.login.includes('guest') && (
        <Ways
          guest={c.guest}
          onChange={(g) => {
            choose({ guest: g })
            setErrors({})
            setCodeAsked(false)
            code.forget()
          }}
        />
      )}
      <div class="fields">
        <Field id="name" label={t('name')} value={c.name} autocomplete="name" maxLength={100} error={errors.name} onInput={(name) => (choose({ name }), mend('name'))} />
        {signedIn.value ? (
          <p class="note">
            <Icon name="person" size={18} />
            {t('signedAs', { phone: profile.value?.phone ?? '' })}
          </p>
        ) : null}
        {(!signedIn.value || (codeAsked && !c.phone)) && (
          <Field
            id="phone"
            label={t('phone')}
            value={c.phone}
            type="tel"
            inputMode="tel"
            autocomplete="tel"
            placeholder="+7 900 000-00-00"
            maxLength={40}
            error={errors.phone}
            onInput={(phone) => {
              choose({ phone })
              mend('phone')
              if (code.sentTo) code.forget()
              setCodeAsked(false)
            }}
          />
        )}
        {(bySms || codeAsked) && (
          <CodeEntry
            code={code}
            error={errors.code}
            why={codeAsked && !bySms ? 'codeNeeded' : 'codeSent'}
            onSend={() => {
              if (!phoneLooksWhole(c.phone)) return setErrors({ phone: t('missPhone') })
              setErrors({})
              void code.send(branch.id, c.phone.trim()).then((sent) => sent && document.getElementById('code')?.focus())
            }}
          />
        )}
        <Comment required={branch.rules.comment_required === true} error={errors.comment} onInput={() => mend('comment')} />
        {consent.required && <ConsentBox consent={consent} agreed={agreed} error={errors.consent} onChange={(yes) => (setAgreed(yes), mend('consent'))} />}
      </div>
      {failure && !gone && <Trouble failure={failure} retry={() => void submit()} booking branch={branch} busy={busy} />}
      <div class="bar">
        <button type="submit" class="button wide" data-testid="book" disabled={busy || gone} aria-busy={busy}>
          {busy && <span class="spinner small" />}
          {t(busy ? 'booking' : codeAsked ? 'bookConfirm' : 'book')}
        </button>
      </div>
    </form>
  )
}

function Taken({ failure, zone, onPick }: { failure: Failure; zone: string; onPick: () => void }) {
  const c = choice.value
  const slots: Slots['slots'] = failure.problem?.alternatives?.slots ?? []
  const pick = (slot: Slots['slots'][number]) => {
    choose({ slot, date: dayOf(slot.time, zone) })
    onPick()
  }
  return (
    <section class="trouble taken" role="alert" data-testid="taken" data-code={failure.code}>
      <div class="trouble-head">
        <Icon name="clock" size={28} />
        <h2>{failure.code === 'slot_taken' ? t('takenTitle') : (failure.problem?.message ?? t('takenTitle'))}</h2>
      </div>
      <div data-testid="alternatives">
        {slots.length > 0 ? (
          <>
            <p>{t('takenText')}</p>
            <Choices slots={slots.slice(0, 9)} zone={zone} onSlot={pick} />
          </>
        ) : (
          <>
            <p>{t(failure.problem?.alternatives ? 'takenNone' : 'takenText')}</p>
            <Nearest ask={{ branch: c.branch!, services: c.services, staff: c.staff ?? 0 }} zone={zone} onSlot={pick} />
          </>
        )}
      </div>
      <button type="button" class="button quiet" data-testid="other-time" onClick={() => go('time')}>
        {t('otherTime')}
      </button>
    </section>
  )
}

function Summary({ branch, gone }: { branch: Branch; gone: boolean }) {
  const c = choice.value
  const services = useServices(branch.id, c.staff ?? 0)
  const staff = useRemote(`staff/${branch.id}/${c.services.join(',')}`, () =>
    outcome(
      client.GET('/v1/branches/{branch}/staff', {
        params: { path: { branch: branch.id }, query: { services: c.services } },
        querySerializer: { array: { style: 'form', explode: false } },
      }),
    ),
  )
  const slot = c.slot!
  const known = c.services.map((id) => services.data?.services.find((s) => s.id === id))
  // The names are known from the list already; what this master charges may still be on its way.
  const listed = useServices(branch.id)
  const titles = c.services.map((id) => listed.data?.services.find((s) => s.id === id)?.title)
  const sum = total(known.map((s) => s?.price))
  const master = staff.data?.staff.find((m) => m.id === c.staff)
  const seconds = slot.duration_s ?? 0
  const ends = seconds > 0 ? new Date(Date.parse(slot.time) + seconds * 1000) : undefined
  return (
    <dl class={'summary' + (gone ? ' over' : '')} data-testid="summary">
      <div class="summary-when">
        <dt class="visually-hidden">{t('when')}</dt>
        <dd>
          <span class="big">{clock(slot.time, branch.zone)}</span>
          <span>
            {capital(longDay(dayOf(slot.time, branch.zone)))}
            {ends && <span class="soft block">{t('visitEnds', { time: clock(ends, branch.zone) })} · {duration(seconds)}</span>}
          </span>
          <button type="button" class="text-button" onClick={() => go('time')}>
            {t('change')}
          </button>
        </dd>
      </div>
      <div>
        <dt>{t('what')}</dt>
        <dd>
          {known.map((s, i) => (
            <span key={i} class="pair">
              <span>{s?.title ?? titles[i] ?? '…'}</span>
              <span>{s?.price && price(s.price)}</span>
            </span>
          ))}
          {sum && known.length > 1 && (
            <span class="pair sum">
              <span>{t('sum')}</span>
              <span>{price(sum)}</span>
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>{t('who')}</dt>
        <dd>{c.staff ? (master?.name ?? '…') : t('anyStaff')}</dd>
      </div>
      <div>
        <dt>{t('where')}</dt>
        <dd>
          {branch.title}
          <span class="soft block">{[branch.city, branch.address].filter(Boolean).join(', ')}</span>
        </dd>
      </div>
    </dl>
  )
}

function Ways({ guest, onChange }: { guest: boolean; onChange: (guest: boolean) => void }) {
  return (
    <fieldset class="ways">
      <legend class="visually-hidden">{t('howToBook')}</legend>
      <div class="segments">
        <button type="button" data-testid="to-guest" aria-pressed={guest} onClick={() => onChange(true)}>
          {t('asGuest')}
        </button>
        <button type="button" data-testid="to-sms" aria-pressed={!guest} onClick={() => onChange(false)}>
          {t('bySms')}
        </button>
      </div>
      <p class="soft">{t(guest ? 'guestWhy' : 'smsWhy')}</p>
    </fieldset>
  )
}

function Comment({ required, error, onInput }: { required: boolean; error?: string; onInput: () => void }) {
  const [open, setOpen] = useState(required || choice.value.comment !== '')
  if (!open) {
    return (
      <button type="button" class="text-button" data-testid="add-comment" onClick={() => setOpen(true)}>
        <Icon name="edit" size={20} />
        {t('addComment')}
      </button>
    )
  }
  return (
    <div class={'field' + (error ? ' wrong' : '')}>
      <label for="comment">
        {t('comment')} {!required && <span class="soft">({t('optional')})</span>}
      </label>
      <textarea
        id="comment"
        data-testid="comment"
        rows={3}
        maxLength={1000}
        value={choice.value.comment}
        aria-invalid={error ? true : undefined}
        onInput={(e) => (choose({ comment: e.currentTarget.value }), onInput())}
      />
      {error && <p class="error" role="alert">{error}</p>}
    </div>
  )
}

type ConsentState = { required: boolean; version?: string; text?: string; failure?: Failure; busy: boolean; retry: () => void }

function useConsent(branch: Branch | undefined): ConsentState {
  const required = branch?.consent.required === true
  const got = useRemote(required ? `consent/${branch!.id}` : undefined, () =>
    outcome(client.GET('/v1/branches/{branch}/consent', { params: { path: { branch: branch!.id } } })),
  )
  return { required, version: got.data?.version ?? branch?.consent.version, text: got.data?.text, failure: got.failure, busy: got.busy, retry: got.retry }
}

type ConsentProps = { consent: ConsentState; agreed: boolean; error?: string; onChange: (agreed: boolean) => void }

function ConsentBox({ consent, agreed, error, onChange }: ConsentProps) {
  const [reading, setReading] = useState(false)
  return (
    <div class={'consent' + (error ? ' wrong' : '')}>
      <label class="checkbox">
        <input
          id="consent"
          type="checkbox"
          data-testid="consent"
          checked={agreed}
          aria-invalid={error ? true : undefined}
          onChange={(e) => onChange(e.currentTarget.checked)}
        />
        <span>{t('consent')}</span>
      </label>
      <button type="button" class="text-button" data-testid="consent-text" onClick={() => setReading(true)}>
        {t('consentRead')}
      </button>
      {error && <p class="error" role="alert">{error}</p>}
      <Dialog open={reading} title={t('consentTitle')} onClose={() => setReading(false)}>
        {consent.failure ? <Trouble failure={consent.failure} retry={consent.retry} busy={consent.busy} /> : <p class="long-text">{consent.text ?? t('loading')}</p>}
        <button
          type="button"
          class="button"
          onClick={() => {
            onChange(true)
            setReading(false)
          }}
        >
          {t('consentAgree')}
        </button>
      </Dialog>
    </div>
  )
}

