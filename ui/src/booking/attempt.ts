// Making a booking exactly once. One intention has one idempotency key, kept over retries and reloads until
// its outcome is known; another intention is not sent before the last one is decided.

import { client, outcome, uuid, type Booking, type NewBooking, type Outcome } from '../shared/api'
import { load, save } from '../shared/storage'
import { withSession } from './session'

type Attempt = {
  key: string
  body: NewBooking
  /** The body went out and no final answer came back: there may be a booking. */
  open: boolean
  at: number
}

/** The server keeps keys for a day. Milliseconds. */
const keyLife = 24 * 3600 * 1000

const print = (body: NewBooking) => JSON.stringify({ ...body, code: undefined })

function current(): Attempt | undefined {
  const a = load<Attempt>('session', 'attempt')
  return a && Date.now() - a.at < keyLife ? a : undefined
}

/** The booking that was under way when the page was closed, if any. */
export const openAttempt = (): NewBooking | undefined => {
  const a = current()
  return a?.open ? a.body : undefined
}

/** Refusals after which the same intention goes on with the same key. */
const goesOn = new Set(['code_required', 'code_wrong', 'code_tries_exceeded', 'session_invalid', 'too_many_requests', 'idempotency_key_running'])

async function send(attempt: Attempt): Promise<Outcome<Booking>> {
  save('session', 'attempt', { ...attempt, open: true })
  for (let tries = 0; ; tries++) {
    const got = await withSession(() =>
      outcome(client.POST('/v1/bookings', { params: { header: { 'Idempotency-Key': attempt.key } }, body: attempt.body })),
    )
    if (!got.ok && got.failure.code === 'idempotency_key_running' && tries < 6) {
      await new Promise((done) => setTimeout(done, 1500))
      continue
    }
    if (got.ok) save('session', 'attempt', undefined)
    else if (got.failure.kind === 'refused') {
      const keep = goesOn.has(got.failure.code)
      const open = got.failure.code === 'idempotency_key_running'
      // The code is not kept: it is good for minutes, and nobody needs it later.
      save('session', 'attempt', keep ? { ...attempt, body: { ...attempt.body, code: undefined }, open } : undefined)
    }
    return got
  }
}

/** Books. earlier is true when an older intention turned out to be the booking. */
export async function book(body: NewBooking): Promise<Outcome<Booking> & { earlier?: boolean }> {
  const last = current()
  if (last && print(last.body) === print(body)) return send({ ...last, body })
  if (last?.open) {
    const got = await send(last)
    if (got.ok) return { ...got, earlier: true }
    if (got.failure.kind !== 'refused' || got.failure.code === 'idempotency_key_running') return got
  }
  return send({ key: uuid(), body, open: false, at: Date.now() })
}
