// Languages: one signal, one table of texts per page, plural forms by Intl.PluralRules.

import { computed, effect, signal } from '@preact/signals'
import { load, save } from './storage'

export type Lang = 'ru' | 'en'
export type Plural = { one: string; few?: string; many?: string; other: string }
export type Entry = { ru: string | Plural; en: string | Plural }
export type Table = Record<string, Entry>
export type Values = Record<string, string | number>

const known = load<Lang>('local', 'lang')
const asked = new URLSearchParams(location.search).get('lang')
const first: Lang = asked === 'en' || asked === 'ru' ? asked : known === 'en' ? 'en' : 'ru'

export const lang = signal<Lang>(first)
if (asked === first) save('local', 'lang', first)
export const locale = computed(() => (lang.value === 'en' ? 'en-GB' : 'ru-RU'))

const rules = computed(() => new Intl.PluralRules(locale.value))

effect(() => {
  document.documentElement.lang = lang.value
})

// Another page of this site (the phone inside the demo) follows the switch.
window.addEventListener('storage', (e) => {
  if (e.key === 'zapis.lang') lang.value = load<Lang>('local', 'lang') === 'en' ? 'en' : 'ru'
})

export function switchLang(): void {
  lang.value = lang.value === 'ru' ? 'en' : 'ru'
  save('local', 'lang', lang.value)
}

/** Makes the t of a table. A plural entry chooses its form by the value n. */
export function texts<T extends Table>(table: T) {
  return (key: keyof T, values: Values = {}): string => {
    const entry = table[key]![lang.value]
    const n = Number(values.n ?? 0)
    const text = typeof entry === 'string' ? entry : (entry[rules.value.select(n) as keyof Plural] ?? entry.other)
    return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
  }
}
