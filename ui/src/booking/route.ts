// Screens live in the fragment of the address, so that the phone's own "back" works and a reload stays.

import { signal } from '@preact/signals'

export type Screen = 'branches' | 'services' | 'staff' | 'time' | 'confirm' | 'booking' | 'move' | 'mine' | 'account'
export type Route = { screen: Screen; id: string }

const screens: Screen[] = ['branches', 'services', 'staff', 'time', 'confirm', 'booking', 'move', 'mine', 'account']

function read(): Route {
  const [name = '', id = ''] = location.hash.replace(/^#\/?/, '').split('/')
  const screen = screens.find((s) => s === name) ?? 'branches'
  return { screen, id: decodeURIComponent(id) }
}

export const route = signal<Route>(read())
// How many screens this page has put before the present one: without any, "back" would leave the page.
let depth = 0

const address = (screen: Screen, id: string) => '#/' + screen + (id ? '/' + encodeURIComponent(id) : '')

export function go(screen: Screen, id = ''): void {
  depth++
  history.pushState(null, '', address(screen, id))
  route.value = read()
}

export function replace(screen: Screen, id = ''): void {
  history.replaceState(null, '', address(screen, id))
  route.value = read()
}

export function back(otherwise: Screen): void {
  if (depth > 0) history.back()
  else replace(otherwise)
}

window.addEventListener('popstate', () => {
  depth = Math.max(0, depth - 1)
  route.value = read()
})
