// Who is signed in. The access token lives in memory only; the refresh token is a cookie that scripts
// cannot read. A flag in localStorage says whether asking for a refresh at start makes sense at all.

import { signal } from '@preact/signals'
import { client, outcome, setAccess, type Failure, type Outcome, type Profile, type Tokens } from '../shared/api'
import { load, save } from '../shared/storage'

export const profile = signal<Profile | undefined>(undefined)
export const signedIn = signal(false)
/** True until the first silent refresh has ended; screens that depend on it wait. */
export const starting = signal(load<boolean>('local', 'session') === true)

let expires = 0
// On plain http in a local network browsers send no Sec-Fetch-Site, and the server answers with the token.
let refreshToken: string | undefined

function accept(tokens: Tokens): void {
  setAccess(tokens.access_token)
  expires = Date.parse(tokens.access_expires)
  refreshToken = tokens.refresh_token
  signedIn.value = true
  save('local', 'session', true)
}

export function forget(): void {
  setAccess(undefined)
  expires = 0
  refreshToken = undefined
  signedIn.value = false
  profile.value = undefined
  save('local', 'session', undefined)
  save('local', 'mine', undefined)
}

let running: Promise<Failure | undefined> | undefined

/** Gets a fresh access token; one at a time. Resolves to the failure, if any. */
function refresh(): Promise<Failure | undefined> {
  running ??= (async () => {
    const got = await outcome(client.POST('/v1/auth/refresh', { body: refreshToken ? { refresh_token: refreshToken } : {} }))
    running = undefined
    if (got.ok) {
      accept(got.data)
      return undefined
    }
    if (got.failure.kind === 'refused' && got.failure.code !== 'too_many_requests') forget()
    return got.failure
  })()
  return running
}

/** Runs a call with a live access token; a token that died in between is renewed once. */
export async function withSession<T>(call: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  if (signedIn.value && Date.now() > expires - 20_000) {
    const failure = await refresh()
    if (failure) return { ok: false, failure }
  }
  const got = await call()
  if (got.ok || got.failure.code !== 'session_invalid') return got
  const failure = await refresh()
  return failure ? { ok: false, failure } : call()
}

/** At start: pick up the session of last time, silently. */
export async function resume(): Promise<void> {
  if (starting.value) {
    const failure = await refresh()
    // Without a network the session is not lost, only out of reach for now.
    if (failure && load<boolean>('local', 'session')) window.addEventListener('online', () => void resumeLater(), { once: true })
    if (!failure) void readProfile()
  }
  starting.value = false
}

export async function resumeLater(): Promise<void> {
  if (signedIn.value || !load<boolean>('local', 'session')) return
  if (!(await refresh())) await readProfile()
}

export async function readProfile(): Promise<void> {
  const got = await withSession(() => outcome(client.GET('/v1/me')))
  if (got.ok) profile.value = got.data
}

export async function rename(name: string): Promise<Outcome<Profile>> {
  const got = await withSession(() => outcome(client.PATCH('/v1/me', { body: { name } })))
  if (got.ok) profile.value = got.data
  return got
}

export function sendCode(branch: number, phone: string): Promise<Outcome<unknown>> {
  return outcome(client.POST('/v1/auth/codes', { body: { branch, phone } }))
}

export async function signIn(branch: number, phone: string, code: string): Promise<Outcome<Tokens>> {
  const got = await outcome(client.POST('/v1/auth/sessions', { body: { branch, phone, code } }))
  if (got.ok) {
    accept(got.data)
    await readProfile()
  }
  return got
}

/** Signs out here at once, and at the server if it can be reached. */
export async function signOut(): Promise<void> {
  if (signedIn.value) await withSession(() => outcome(client.DELETE('/v1/auth/sessions/current')))
  forget()
}
