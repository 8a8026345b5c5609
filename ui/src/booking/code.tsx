// Sending an SMS code and counting down to the next one.

import { useEffect, useState } from 'preact/hooks'
import type { Failure } from '../shared/api'
import { phone as words } from '../shared/format'
import { offeredCode } from './choice'
import { Field } from './parts'
import { sendCode } from './session'
import { t } from './texts'

/** A new code may be asked for after this long. Seconds. */
const pause = 45

export type Code = {
  value: string
  sentTo: string
  left: number
  busy: boolean
  failure?: Failure
  set: (value: string) => void
  send: (branch: number, phone: string) => Promise<boolean>
  forget: () => void
}

export function useCode(): Code {
  const [value, set] = useState('')
  const [sentTo, setSentTo] = useState('')
  const [left, setLeft] = useState(0)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()

  useEffect(() => {
    if (left <= 0) return
    const tick = setTimeout(() => setLeft(left - 1), 1000)
    return () => clearTimeout(tick)
  }, [left])

  // In the demo a tap on the SMS fills it in.
  const offered = offeredCode.value
  useEffect(() => {
    if (offered && sentTo) set(offered)
    offeredCode.value = ''
  }, [offered])

  const send = async (branch: number, phone: string) => {
    setBusy(true)
    setFailure(undefined)
    const got = await sendCode(branch, phone)
    setBusy(false)
    if (got.ok) {
      set('')
      setSentTo(phone)
      setLeft(pause)
    } else {
      setFailure(got.failure)
      setLeft(got.failure.problem?.retry_after_s ?? 0)
    }
    return got.ok
  }
  const forget = () => {
    set('')
    setSentTo('')
    setFailure(undefined)
  }
  return { value, sentTo, left, busy, failure, set, send, forget }
}

type Props = { code: Code; error?: string; why?: 'codeSent' | 'codeNeeded'; onSend: () => void }

/** The button that asks for a code, and the field for it once it is on its way. */
export function CodeEntry({ code, error, why = 'codeSent', onSend }: Props) {
  return (
    <div class="code" aria-live="polite">
      {code.sentTo && (
        <>
          <p class="soft">{t(why, { phone: words(code.sentTo) })}</p>
          <Field
            id="code"
            label={t('code')}
            value={code.value}
            onInput={(v) => code.set(v.replace(/\D/g, ''))}
            error={error}
            inputMode="numeric"
            autocomplete="one-time-code"
            maxLength={12}
          />
        </>
      )}
      {!code.sentTo && error && <p class="error" role="alert">{error}</p>}
      {code.failure && (
        <p class="error" role="alert" data-testid="code-trouble" data-code={code.failure.code}>
          {code.failure.kind === 'network' ? t('networkText') : (code.failure.problem?.message ?? t('salonText'))}
        </p>
      )}
      <button type="button" class={'button ' + (code.sentTo ? 'text' : 'quiet')} data-testid="send-code" disabled={code.busy || code.left > 0} onClick={onSend}>
        {code.left > 0 ? t('sendAgainIn', { s: code.left }) : t(code.sentTo ? 'sendAgain' : 'sendCode')}
      </button>
    </div>
  )
}
