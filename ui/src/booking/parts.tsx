// Parts that several screens are made of.

import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Branch, Failure } from '../shared/api'
import { clock, phone, tel } from '../shared/format'
import { Icon, type IconName } from '../shared/icons'
import { branchOf, branches, choice } from './choice'
import { t } from './texts'

export function Skeleton({ rows, class: cls = 'row' }: { rows: number; class?: string }) {
  return (
    <div class="skeletons" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class={'skeleton ' + cls} />
      ))}
    </div>
  )
}

/** Ways to reach the salon past this page: its phone and its own site. */
export function Contacts({ failure, branch, quiet }: { failure?: Failure; branch?: Branch; quiet?: boolean }) {
  const known = branch ?? branchOf(choice.value.branch) ?? (branches.value.length === 1 ? branches.value[0] : undefined)
  const number = failure?.problem?.phone ?? known?.phones[0]
  const widget = failure?.problem?.widget_url ?? known?.widget_url
  return (
    <>
      {number && (
        <a class={'button' + (quiet ? ' quiet' : '')} data-testid="call-salon" href={tel(number)}>
          <Icon name="phone" />
          {t('call', { phone: phone(number) })}
        </a>
      )}
      {widget && /^https?:/.test(widget) && (
        <a class="button quiet" data-testid="widget-link" href={widget} target="_blank" rel="noopener noreferrer">
          <Icon name="link" />
          {t('widget')}
        </a>
      )}
    </>
  )
}

type TroubleProps = { failure: Failure; retry?: () => void; booking?: boolean; branch?: Branch; busy?: boolean; children?: ComponentChildren }

/** A failure in plain words. The three kinds look and read differently, and none like "nothing free". */
export function Trouble({ failure, retry, booking, branch, busy, children }: TroubleProps) {
  const icon: IconName = failure.kind === 'network' ? 'offline' : failure.kind === 'salon' ? 'phone' : 'warn'
  const own = failure.problem?.message
  const title = t(failure.kind === 'network' ? 'networkTitle' : failure.kind === 'salon' ? 'salonTitle' : 'refusedTitle')
  const text =
    failure.kind === 'network'
      ? t(booking ? 'networkBooking' : 'networkText')
      : failure.kind === 'salon'
        ? t(booking ? 'salonBooking' : 'salonText')
        : (own ?? t('refusedText'))
  const closed = failure.kind === 'salon' && ['not_configured', 'disabled', 'readonly'].includes(failure.code)
  return (
    <section class={'trouble ' + failure.kind} role="alert" data-testid="trouble" data-kind={failure.kind} data-code={failure.code}>
      <div class="trouble-head">
        <Icon name={icon} size={28} />
        <h2>{closed ? t('refusedTitle') : title}</h2>
      </div>
      <p>{closed && own ? own : text}</p>
      {children}
      <div class="stack">
        {failure.kind !== 'network' && (failure.kind === 'salon' || needsSalon.has(failure.code)) && <Contacts failure={failure} branch={branch} />}
        {retry && (
          <button class="button quiet" data-testid="retry" disabled={busy} aria-busy={busy} onClick={retry}>
            {busy && <span class="spinner small" />}
            {t('retry')}
          </button>
        )}
      </div>
    </section>
  )
}

/** Brings a failure into view when it appears: it may stand above or below what was tapped. */
export function useToTrouble(failure: Failure | undefined): void {
  useEffect(() => {
    if (failure) document.querySelector('.trouble')?.scrollIntoView({ block: 'start', behavior: 'smooth' })
  }, [failure])
}

/** Refusals that only the salon itself can lift. */
const needsSalon = new Set([
  'client_blocked', 'pilot_only', 'prepayment_required', 'booking_refused', 'services_unavailable',
  'move_forbidden', 'move_too_late', 'move_other_identity', 'cancel_forbidden', 'cancel_too_late', 'http_404',
])

/** Says that what is shown is older than promised. */
export function Stale({ answer, zone }: { answer?: { stale?: boolean; as_of: string }; zone: string }) {
  if (!answer?.stale) return null
  return (
    <p class="note" role="status">
      <Icon name="clock" size={18} />
      {t('stale', { time: clock(answer.as_of, zone) })}
    </p>
  )
}

/** The address of a picture, if the content policy lets it be shown: ours, or over https. */
export function picture(address: string | undefined): string | undefined {
  if (!address) return undefined
  try {
    const url = new URL(address, location.href)
    return url.protocol === 'https:' || url.origin === location.origin ? url.href : undefined
  } catch {
    return undefined
  }
}

/** A face, or the initials when there is none or it does not load. */
export function Face({ name, photo, id }: { name?: string; photo?: string; id: number }) {
  const address = picture(photo)
  const [broken, setBroken] = useState(false)
  if (id === 0) {
    return (
      <span class="face any" aria-hidden="true">
        <Icon name="people" size={26} />
      </span>
    )
  }
  if (address && !broken) return <img class="face" src={address} alt="" width="52" height="52" loading="lazy" onError={() => setBroken(true)} />
  const initials = (name ?? '').split(/\s+/).slice(0, 2).map((w) => w.charAt(0)).join('')
  return (
    <span class={'face hue' + (id % 6)} aria-hidden="true">
      {initials || <Icon name="person" />}
    </span>
  )
}

type DialogProps = { open: boolean; title: string; onClose: () => void; children: ComponentChildren; testid?: string }

/** A modal sheet from below; the browser keeps the focus inside and Escape closes it. */
export function Dialog({ open, title, onClose, children, testid }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const d = ref.current
    if (!d) return
    if (open && !d.open) d.showModal()
    if (!open && d.open) d.close()
  }, [open])
  return (
    <dialog
      ref={ref}
      aria-label={title}
      data-testid={testid}
      onClose={onClose}
      onClick={(e) => {
        if (e.target === e.currentTarget) onClose()
      }}
    >
      {open && (
        <div class="sheet">
          <div class="sheet-head">
            <h2>{title}</h2>
            <button class="icon-button" aria-label={t('close')} onClick={onClose}>
              <Icon name="close" />
            </button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  )
}

type FieldProps = {
  id: string
  label: string
  value: string
  onInput: (value: string) => void
  error?: string
  type?: 'text' | 'tel'
  inputMode?: 'text' | 'tel' | 'numeric'
  autocomplete?: 'name' | 'tel' | 'one-time-code'
  placeholder?: string
  maxLength?: number
  onBlur?: () => void
}

export function Field({ id, label, value, onInput, error, ...rest }: FieldProps) {
  const box = useRef<HTMLDivElement>(null)
  // The words stand under the field, where the bar at the bottom would hide them.
  useEffect(() => {
    if (error && box.current === document.querySelector('.field.wrong')) box.current?.scrollIntoView({ block: 'nearest' })
  }, [error])
  return (
    <div ref={box} class={'field' + (error ? ' wrong' : '')}>
      <label for={id}>{label}</label>
      <input
        id={id}
        data-testid={id}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? id + '-error' : undefined}
        onInput={(e) => onInput(e.currentTarget.value)}
        {...(rest as object)}
      />
      {error && (
        <p class="error" id={id + '-error'} role="alert">
          <Icon name="warn" size={16} />
          {error}
        </p>
      )}
    </div>
  )
}

/** Enough digits to be a phone; the server decides what it is. */
export const phoneLooksWhole = (text: string) => text.replace(/\D/g, '').length >= 10
