// The mobile API as this page calls it. Every call ends in an Outcome: the answer, or a Failure that says
// which of three troubles it is. The phone without a network, the salon's system that cannot be asked, and
// a refusal are different things to a person, and none of them is "no free time".

import createClient, { type Middleware } from 'openapi-fetch'
import type { components, paths } from './schema'
import { lang } from './i18n'

type Schemas = components['schemas']
export type App = Schemas['App']
export type Booking = Schemas['Booking']
export type Branch = Schemas['Branch']
export type Catalogue = Schemas['Catalogue']
export type ConsentText = Schemas['ConsentText']
export type Money = Schemas['Money']
export type NewBooking = Schemas['NewBooking']
export type Price = Schemas['Price']
export type Problem = Schemas['Problem']
export type Profile = Schemas['Profile']
export type Service = Schemas['Service']
export type Slot = Schemas['Slot']
export type Slots = Schemas['Slots']
export type Staff = Schemas['Staff']
export type Tokens = Schemas['Tokens']

export type Failure = {
  /** network: this phone could not reach us. salon: the salon's system cannot be asked. refused: the answer is no. */
  kind: 'network' | 'salon' | 'refused'
  code: string
  problem?: Problem
}
export type Outcome<T> = { ok: true; data: T; status: number } | { ok: false; failure: Failure }

/** Reads may take this long; writes wait for the salon's system longer. Milliseconds. */
const readLimit = 20_000
const writeLimit = 45_000

let access: string | undefined
export function setAccess(token: string | undefined): void {
  access = token
}

const headers: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', lang.value)
    if (access && !request.headers.has('Zapis-Booking-Secret') && !request.url.includes('/v1/auth/refresh')) {
      request.headers.set('Authorization', 'Bearer ' + access)
    }
    return request
  },
}

export const client = createClient<paths>({
  baseUrl: '/',
  credentials: 'same-origin',
  fetch: (request: Request) =>
    window.fetch(
      new Request(request, { signal: AbortSignal.timeout(request.method === 'GET' ? readLimit : writeLimit) }),
    ),
})
client.use(headers)

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** Turns what openapi-fetch gives, or throws, into an Outcome. */
export async function outcome<T>(call: Promise<Answer<T>>): Promise<Outcome<T>> {
  try {
    const { data, error, response } = await call
    if (response.ok) return { ok: true, data: data as T, status: response.status }
    return { ok: false, failure: failure(error, response.status) }
  } catch (e) {
    // fetch throws a TypeError or a timeout when nobody answered; a SyntaxError is an answer that is not ours.
    const ours = e instanceof SyntaxError ? 'unreadable' : 'network'
    return { ok: false, failure: { kind: ours === 'network' ? 'network' : 'salon', code: ours } }
  }
}

function failure(body: unknown, status: number): Failure {
  const problem = body as Problem | undefined
  if (problem && typeof problem === 'object' && typeof problem.code === 'string') {
    return { kind: status >= 500 ? 'salon' : 'refused', code: problem.code, problem }
  }
  return { kind: status >= 500 ? 'salon' : 'refused', code: 'http_' + status }
}

/** A random UUID, also where crypto.randomUUID is missing: on plain http in a local network. */
export function uuid(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
