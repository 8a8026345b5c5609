// The salon's side of the demo: what the sandbox knows, read again whenever its events say that it changed.

import { computed, effect, signal } from '@preact/signals'
import { addDays, dayOf } from '../shared/format'

export type Company = { id: number; title: string; city: string; timezone: string }
export type DayRecord = {
  id: number
  from: string
  to: string
  client: string
  services: string[] | null
  online: boolean
  api_id: string
  deleted: boolean
}
export type Master = {
  id: number
  name: string
  specialization: string
  avatar: string
  fake: boolean
  works: { from: string; to: string }[]
  records: DayRecord[]
}
export type Day = { company_id: number; title: string; timezone: string; now: string; date: string; staff: Master[] }
export type Faults = { off: boolean; lose_next: number }
export type Message = { id: number; at: string; phone: string; text: string; code: string; company_id: number }
export type Entry = {
  seq: number
  at: string
  method: string
  operation_id: string
  path: string
  company_id: number
  status: number
  applied: boolean
  record_ids: number[] | null
  api_id: string
  note: string
}
export type PhoneChoice = { branch?: number; services: number[]; staff?: number; date?: string; start?: string; time?: string; duration?: number }

export const companies = signal<Company[]>([])
export const companyId = signal(0)
export const date = signal('')
export const day = signal<Day | undefined>(undefined)
export const faults = signal<Faults>({ off: false, lose_next: 0 })
export const message = signal<Message | undefined>(undefined)
export const entries = signal<Entry[]>([])
export const reachable = signal(true)
export const phone = signal<PhoneChoice>({ services: [] })
/** Records that appeared or moved while somebody was looking: they drop in. */
export const arrived = signal<ReadonlySet<number>>(new Set())
/** The api_id of the booking whose answer was lost. */
export const lostKey = signal('')
export const tick = signal(Date.now())

export const company = computed(() => companies.value.find((c) => c.id === companyId.value))
/** What the phone has chosen, when all of it is chosen. */
export const wish = computed(() => {
  const { branch, time, staff } = phone.value
  return branch !== undefined && time !== undefined ? { branch, time, staff: staff ?? 0, duration: phone.value.duration } : undefined
})
/** How many records the lost booking has in the salon's book. */
export const lostCount = computed(() => {
  const made = entries.value.filter((e) => lostKey.value !== '' && e.api_id === lostKey.value && e.applied && e.operation_id === 'createBooking')
  return new Set(made.flatMap((e) => e.record_ids ?? [])).size
})

const base = '/_sandbox/'

async function read<T>(path: string): Promise<T | undefined> {
  try {
    const res = await fetch(base + path, { headers: { Accept: 'application/json' } })
    reachable.value = true
    return res.ok ? ((await res.json()) as T) : undefined
  } catch {
    reachable.value = false
    return undefined
  }
}

async function write(method: string, path: string, body: unknown): Promise<number> {
  try {
    const res = await fetch(base + path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    return res.status
  } catch {
    reachable.value = false
    return 0
  }
}

async function readDay(): Promise<void> {
  const [id, d] = [companyId.value, date.value]
  if (!id || !d) return
  const got = await read<Day>(`day?company_id=${id}&date=${d}`)
  if (got && id === companyId.value && d === date.value) day.value = got
}

async function readFaults(): Promise<void> {
  const got = await read<Faults>('faults')
  if (got) faults.value = got
}

/** Calls kept for the eye; the count of a lost booking needs no more than those since. */
const kept = 300

let forgetLost: ReturnType<typeof setTimeout> | undefined

async function readCalls(): Promise<void> {
  const last = entries.value[entries.value.length - 1]?.seq ?? 0
  const got = await read<Entry[]>('ledger?since=' + last)
  if (!got || got.length === 0) return
  // Two readings may overlap: only what is truly newer is added.
  const newest = entries.value[entries.value.length - 1]?.seq ?? 0
  entries.value = [...entries.value, ...got.filter((e) => e.seq > newest)].slice(-kept)
  const lost = got.findLast((e) => e.status === 0 && e.applied && e.operation_id === 'createBooking' && e.api_id)
  // What was lost before this page was opened is nobody's news.
  if (lost && last > 0) {
    lostKey.value = lost.api_id
    clearTimeout(forgetLost)
    forgetLost = setTimeout(() => (lostKey.value = ''), 60_000)
  }
}

/** Runs a reading at most every 120 ms, and once more after the last wish. */
function gathered(run: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      void run()
    }, 120)
  }
}

const soonDay = gathered(readDay)
const soonCalls = gathered(readCalls)

export function show(id: number, d?: string): void {
  const zone = companies.value.find((c) => c.id === id)?.timezone
  if (!zone) return
  companyId.value = id
  date.value = d ?? dayOf(new Date(), zone)
}

export const otherDay = (n: number) => (date.value = addDays(date.value, n))

effect(() => {
  const [id, d] = [companyId.value, date.value]
  const shown = day.peek()
  if (shown && (shown.company_id !== id || shown.date !== d)) day.value = undefined
  void readDay()
})

type RecordEvent = { company_id: number; record_id: number; date: string; online: boolean }

function listen(): void {
  const source = new EventSource(base + 'events')
  const on = <T>(kind: string, then: (data: T) => void) =>
    source.addEventListener(kind, (e) => then(JSON.parse((e as MessageEvent<string>).data) as T))
  source.onopen = () => {
    reachable.value = true
    soonDay()
    soonCalls()
    void readFaults()
  }
  source.onerror = () => {
    if (source.readyState !== EventSource.OPEN) reachable.value = false
  }
  for (const kind of ['record_created', 'record_moved', 'record_deleted']) {
    on<RecordEvent>(kind, (e) => {
      if (kind !== 'record_deleted') arrived.value = new Set([...arrived.value, e.record_id])
      // The day in which something happens comes into view.
      if (e.company_id !== companyId.value || e.date !== date.value) {
        if (e.date) show(e.company_id, e.date)
      } else soonDay()
      soonCalls()
    })
  }
  on<Message>('sms', (m) => (message.value = m))
  on('call', soonCalls)
  on('fault', () => void readFaults())
}

export async function start(): Promise<void> {
  setInterval(() => (tick.value = Date.now()), 20_000)
  const info = await read<{ companies: Company[] }>('info')
  if (!info) {
    setTimeout(() => void start(), 2000)
    return
  }
  companies.value = info.companies
  if (info.companies[0] && !companyId.value) show(info.companies[0].id)
  listen()
}

export const switchOff = async (off: boolean) => {
  await write('PUT', 'faults', { off })
  await readFaults()
}

export const loseNext = async () => {
  lostKey.value = ''
  await write('PUT', 'faults', { lose_next: faults.value.lose_next > 0 ? 0 : 1 })
  await readFaults()
}

/** A stranger takes the time that the phone has chosen. */
export async function take(): Promise<'done' | 'busy' | 'failed'> {
  const w = wish.value
  if (!w) return 'failed'
  const status = await write('POST', 'take', { company_id: w.branch, staff_id: w.staff, datetime: w.time, services: phone.value.services })
  return status === 201 ? 'done' : status === 409 ? 'busy' : 'failed'
}

/** Follows the phone in the frame: what it has chosen, and so which day is looked at. */
export function follow(frame: () => Window | null | undefined): void {
  window.addEventListener('message', (e: MessageEvent<PhoneChoice & { type?: string }>) => {
    if (e.origin !== location.origin || e.source !== frame() || e.data?.type !== 'zapis:choice') return
    const before = phone.value
    phone.value = e.data
    const { branch, date: d } = e.data
    if (branch === undefined || !companies.value.some((c) => c.id === branch)) return
    if (branch !== before.branch || (d && d !== before.date)) show(branch, d ?? (branch === companyId.value ? date.value : undefined))
  })
}
