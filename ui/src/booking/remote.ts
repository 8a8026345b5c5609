// Reading with memory: what was read before is shown at once and asked for again behind it.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Failure, Outcome } from '../shared/api'
import { lang } from '../shared/i18n'

type Kept = { data: unknown; at: number }
const memory = new Map<string, Kept>()

/** Answers younger than this are not asked for again when a screen comes back. Milliseconds. */
const young = 10_000

/** Waits before asking again for what the salon's system could not say; each is twice the one before. Milliseconds. */
const firstAgain = 8_000
const lastAgain = 60_000

export type Remote<T> = {
  data?: T
  failure?: Failure
  /** Asking now; with data, that is the older answer. */
  busy: boolean
  retry: () => void
}

/**
 * Reads what key names. An older answer of the same key is shown while asking. When asking fails the failure
 * comes back, with the older answer beside it: the caller decides whether that may still be shown.
 */
export function useRemote<T>(key: string | undefined, read: () => Promise<Outcome<T>>): Remote<T> {
  const [, draw] = useState(0)
  const [round, setRound] = useState(0)
  const tries = useRef(0)
  const state = useRef<{ key?: string; failure?: Failure; busy: boolean }>({ busy: false })

  useEffect(() => {
    if (key === undefined) return
    const kept = memory.get(key)
    if (kept && round === 0 && Date.now() - kept.at < young) {
      state.current = { key, busy: false }
      return draw((n) => n + 1)
    }
    let live = true
    // A failure stays in view while the same is asked again: nothing flickers, the button shows that it works.
    const same = state.current.key === key
    const failure = same ? state.current.failure : undefined
    if (!same) tries.current = 0
    state.current = { key, busy: true, failure }
    draw((n) => n + 1)
    void read().then((got) => {
      if (got.ok) memory.set(key, { data: got.data, at: Date.now() })
      if (got.ok) tries.current = 0
      if (!live) return
      state.current = { key, busy: false, failure: got.ok ? undefined : got.failure }
      draw((n) => n + 1)
    })
    return () => {
      live = false
    }
  }, [key, round])

  // A failure is worded by the server: after a switch of the language it is asked for again.
  const language = lang.value
  useEffect(() => {
    if (state.current.failure) setRound((n) => n + 1)
  }, [language])

  // The salon's system comes back by itself, so the page looks again: rarely, and only while it is looked at.
  const salon = !state.current.busy && state.current.failure?.kind === 'salon' ? state.current.failure : undefined
  useEffect(() => {
    if (!salon || salon.problem?.may_retry === false) return
    const wait = Math.max((salon.problem?.retry_after_s ?? 0) * 1000, Math.min(firstAgain * 2 ** tries.current, lastAgain))
    const again = () => {
      if (document.visibilityState !== 'visible') return
      document.removeEventListener('visibilitychange', again)
      tries.current++
      setRound((n) => n + 1)
    }
    const timer = setTimeout(() => {
      document.addEventListener('visibilitychange', again)
      again()
    }, wait)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', again)
    }
  }, [salon])

  // A phone that finds its network again does not wait for a tap.
  const network = state.current.failure?.kind === 'network'
  useEffect(() => {
    if (!network) return
    const again = () => setRound((n) => n + 1)
    window.addEventListener('online', again)
    return () => window.removeEventListener('online', again)
  }, [network])

  const mine = state.current.key === key
  return {
    data: key === undefined ? undefined : (memory.get(key)?.data as T | undefined),
    failure: mine ? state.current.failure : undefined,
    busy: key !== undefined && (!mine || state.current.busy),
    retry: () => setRound((n) => n + 1),
  }
}

/** Forgets answers that are surely old: after a booking, the free times. */
export function forgetAnswers(prefix: string): void {
  for (const key of memory.keys()) if (key.startsWith(prefix)) memory.delete(key)
}
