// Money, lengths and times as people read them. Times are always those of the branch, never the phone's.

import { lang, locale } from './i18n'
import type { Money, Price } from './api'

const narrow = '\u202f'

function money(m: Money): string {
  const whole = m.amount % 100 === 0
  return new Intl.NumberFormat(locale.value, {
    style: 'currency',
    currency: m.currency,
    minimumFractionDigits: whole ? 0 : 2,
    maximumFractionDigits: whole ? 0 : 2,
    currencyDisplay: 'narrowSymbol',
  }).format(m.amount / 100)
}

/** A price in words: one number, a range, "from", or free. */
export function price(p: Price): string {
  if (!p.max) return (lang.value === 'en' ? 'from ' : 'от ') + money(p.min)
  if (p.max.amount === p.min.amount) {
    return p.min.amount === 0 ? (lang.value === 'en' ? 'free' : 'бесплатно') : money(p.min)
  }
  return money(p.min).replace(/\s?[^\d\s.,]+$/u, '') + '\u2013' + money(p.max)
}

/** The sum of prices, or nothing when one of them is not known. */
export function total(prices: (Price | undefined)[]): Price | undefined {
  const known = prices.filter((p): p is Price => p !== undefined)
  const currency = known[0]?.min.currency
  if (!currency || known.length < prices.length || known.some((p) => p.min.currency !== currency)) return undefined
  const add = (pick: (p: Price) => number) => ({ amount: known.reduce((sum, p) => sum + pick(p), 0), currency })
  const open = known.some((p) => !p.max)
  return { min: add((p) => p.min.amount), max: open ? undefined : add((p) => p.max!.amount) }
}

/** 5400 → «1 ч 30 мин». */
export function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  const [h, m] = lang.value === 'en' ? ['h', 'min'] : ['ч', 'мин']
  const parts = []
  if (minutes >= 60) parts.push(`${Math.floor(minutes / 60)}\u00a0${h}`)
  if (minutes % 60 || minutes < 60) parts.push(`${minutes % 60}\u00a0${m}`)
  return parts.join(narrow + ' ')
}

function format(time: string | Date, zone: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale.value, { timeZone: zone, ...options }).format(new Date(time))
}

export const clock = (time: string | Date, zone: string) =>
  format(time, zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

/** The day of a moment in a zone, yyyy-mm-dd. */
export function dayOf(time: string | Date, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    new Date(time),
  )
}

export const hourOf = (time: string, zone: string) =>
  Number(new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', hourCycle: 'h23' }).format(new Date(time)))

// A calendar day has no zone: it is shown as noon UTC, read in UTC.
const noon = (date: string) => new Date(date + 'T12:00:00Z')

export const weekday = (date: string) => format(noon(date), 'UTC', { weekday: 'short' })
export const dayNumber = (date: string) => String(noon(date).getUTCDate())
export const monthTitle = (date: string) => capital(format(noon(date), 'UTC', { month: 'long', year: 'numeric' }).replace(/\s?г\.$/, ''))
export const monthShort = (date: string) => format(noon(date), 'UTC', { month: 'short' }).replace('.', '')
export const longDay = (date: string) => format(noon(date), 'UTC', { weekday: 'long', day: 'numeric', month: 'long' })
export const shortDay = (date: string) => format(noon(date), 'UTC', { weekday: 'short', day: 'numeric', month: 'long' })

export const tinyDay = (date: string) => format(noon(date), 'UTC', { weekday: 'short', day: 'numeric', month: 'short' }).replace('.', '')

export function addDays(date: string, n: number): string {
  const d = noon(date)
  d.setUTCDate(d.getUTCDate() + n)
  return d.toISOString().slice(0, 10)
}

/** 0 is Monday. */
export const weekdayIndex = (date: string) => (noon(date).getUTCDay() + 6) % 7

export const isWeekend = (date: string) => weekdayIndex(date) > 4

/** Whether the wall clock of a zone differs from this phone's at a moment. */
export function zoneDiffers(zone: string, at: string | Date = new Date()): boolean {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  return clock(at, zone) !== clock(at, here) || dayOf(at, zone) !== dayOf(at, here)
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Whether a text begins with a command or a setting, which is typed as it stands: no capital letter for it. */
export const isTyped = (text: string) => /^(zapis|chmod|chown|git|sudo)\s|^[A-Z_]+=/.test(text)

/** +79000000101 → +7 900 000-01-01, unbreakable; anything else as it is. */
export function phone(text: string): string {
  const digits = text.replace(/\D/g, '')
  const m = /^7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(digits)
  return m ? `+7\u00a0${m[1]}\u00a0${m[2]}\u2011${m[3]}\u2011${m[4]}` : text
}

export const tel = (text: string) => 'tel:' + text.replace(/[^\d+]/g, '')
