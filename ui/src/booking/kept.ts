// Bookings this phone keeps: a guest's, with the secret that opens them, and copies to show without a network.

import { signal } from '@preact/signals'
import { client, outcome, type Booking, type Outcome } from '../shared/api'
import { load, save } from '../shared/storage'
import { withSession } from './session'

export type Kept = { id: string; secret: string; copy: Booking; savedAt: number }

const most = 40

export const kept = signal<Kept[]>(load<Kept[]>('local', 'bookings') ?? [])
window.addEventListener('storage', (e) => {
  if (e.key === 'zapis.bookings') kept.value = load<Kept[]>('local', 'bookings') ?? []
})

export const keptOf = (id: string): Kept | undefined => kept.value.find((k) => k.id === id)

/** Keeps a guest's booking, or refreshes the copy of one that is kept. */
export function keep(booking: Booking): void {
  const secret = booking.secret ?? keptOf(booking.id)?.secret
  if (!secret) return
  const { secret: _, ...copy } = booking
  const others = kept.value.filter((k) => k.id !== booking.id)
  kept.value = [{ id: booking.id, secret, copy, savedAt: Date.now() }, ...others].slice(0, most)
  save('local', 'bookings', kept.value)
}

const opening = (id: string) => {
  const secret = keptOf(id)?.secret
  return { path: { id }, header: secret ? { 'Zapis-Booking-Secret': secret } : {} }
}

async function keeping(call: () => Promise<Outcome<Booking>>): Promise<Outcome<Booking>> {
  const got = await withSession(call)
  if (got.ok) keep(got.data)
  return got
}

export const readBooking = (id: string) =>
  keeping(() => outcome(client.GET('/v1/bookings/{id}', { params: opening(id) })))

export const moveBooking = (id: string, start: string) =>
  keeping(() => outcome(client.PATCH('/v1/bookings/{id}', { params: opening(id), body: { start } })))

export const cancelBooking = (id: string) =>
  keeping(() => outcome(client.DELETE('/v1/bookings/{id}', { params: opening(id) })))

export const readCalendar = (id: string): Promise<Outcome<Blob>> =>
  withSession(() => outcome<Blob>(client.GET('/v1/bookings/{id}/calendar.ics', { params: opening(id), parseAs: 'blob' }) as never))
