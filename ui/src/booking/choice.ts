// What the customer has chosen so far. It survives a reload, and a surrounding demo is told of it.

import { effect, signal } from '@preact/signals'
import { client, outcome, type Branch, type Failure, type Slot } from '../shared/api'
import { dayOf } from '../shared/format'
import { load, save } from '../shared/storage'
import { route } from './route'

export type Choice = {
  branch?: number
  services: number[]
  staff?: number
  date?: string
  slot?: Slot
  guest: boolean
  name: string
  phone: string
  comment: string
}

const nothing: Choice = { services: [], guest: true, name: '', phone: '', comment: '' }

export const choice = signal<Choice>({ ...nothing, ...load<Choice>('session', 'choice') })
effect(() => save('session', 'choice', choice.value))

export function choose(change: Partial<Choice>): void {
  choice.value = { ...choice.value, ...change }
}

/** After a booking: the visit is forgotten, the person and the salon are not. */
export function startOver(): void {
  choose({ services: [], staff: undefined, date: undefined, slot: undefined, comment: '' })
}

/** The branches, kept over visits: their phones must be at hand exactly when nothing can be asked. */
export const branches = signal<Branch[]>(load<Branch[]>('local', 'branches') ?? [])
export const branchesTrouble = signal<Failure | undefined>(undefined)
export const branchesBusy = signal(true)

export async function readBranches(): Promise<void> {
  branchesBusy.value = true
  const got = await outcome(client.GET('/v1/branches'))
  branchesBusy.value = false
  branchesTrouble.value = got.ok ? undefined : got.failure
  if (got.ok) {
    branches.value = got.data.branches
    save('local', 'branches', got.data.branches)
  }
}

export const branchOf = (id: number | undefined): Branch | undefined => branches.value.find((b) => b.id === id)

// The demo shows this page in a frame and follows what is chosen here. Nobody else is told anything.
const framed = window.parent !== window

export function tell(message: Record<string, unknown>): void {
  if (framed) window.parent.postMessage(message, location.origin)
}

effect(() => {
  const { branch, services, staff, date, slot } = choice.value
  const zone = branchOf(branch)?.zone
  const day = slot && zone ? dayOf(slot.time, zone) : date
  tell({ type: 'zapis:choice', branch, services, staff, date: day, start: slot?.start, time: slot?.time, duration: slot?.duration_s })
})
effect(() => tell({ type: 'zapis:screen', name: route.value.screen }))

/** The demo fills in the code when its SMS is tapped. */
export const offeredCode = signal('')
window.addEventListener('message', (e: MessageEvent<{ type?: string; code?: string }>) => {
  if (!framed || e.source !== window.parent || e.origin !== location.origin) return
  if (e.data?.type === 'zapis:code' && typeof e.data.code === 'string') offeredCode.value = e.data.code
})
