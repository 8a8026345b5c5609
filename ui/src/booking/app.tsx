// The frame around the screens: header, progress, and which screen may be shown.

import { useEffect, useRef } from 'preact/hooks'
import { signal } from '@preact/signals'
import { client, outcome, type App as AppState } from '../shared/api'
import { switchLang } from '../shared/i18n'
import { Icon } from '../shared/icons'
import { openAttempt } from './attempt'
import { branches, branchesBusy, branchOf, choice, choose } from './choice'
import { Confirm, fresh } from './confirm'
import { Account, MyBookings } from './mine'
import { Skeleton, Trouble } from './parts'
import { Branches, Masters, Services } from './pick'
import { branchesTrouble, readBranches } from './choice'
import { back, go, replace, route, type Screen } from './route'
import { t } from './texts'
import { Times } from './times'
import { MoveVisit, Visit } from './visit'

const steps: Screen[] = ['branches', 'services', 'staff', 'time', 'confirm']
const app = signal<AppState | undefined>(undefined)

export async function readApp(): Promise<void> {
  const got = await outcome(client.GET('/v1/app'))
  if (got.ok) app.value = got.data
}

/** The screen that what is chosen so far allows: nobody lands in the middle of a booking that is not there. */
function allowed(screen: Screen): Screen {
  const c = choice.value
  const at = steps.indexOf(screen)
  if (at < 1) return screen
  if (c.branch === undefined) return 'branches'
  if (at > 1 && c.services.length === 0) return 'services'
  if (at > 2 && c.staff === undefined) return 'staff'
  if (at > 3 && !c.slot && !openAttempt()) return 'time'
  return screen
}

export function App() {
  const { screen, id } = route.value
  const may = allowed(screen)
  const single = branches.value.length === 1
  useEffect(() => {
    if (may !== screen) replace(may)
  }, [may, screen])
  // A salon without branches to choose from begins with its services.
  useEffect(() => {
    if (screen !== 'branches' || !single || branchesBusy.value) return
    choose({ branch: branches.value[0]!.id })
    replace('services')
  }, [screen, single, branchesBusy.value])
  // A chosen branch that is no longer there is no choice.
  const lost = choice.value.branch !== undefined && !branchesBusy.value && branches.value.length > 0 && !branchOf(choice.value.branch)
  useEffect(() => {
    if (lost) choose({ branch: undefined, services: [], staff: undefined, slot: undefined })
  }, [lost])

  const main = useRef<HTMLElement>(null)
  const shown = may + '/' + id
  useEffect(() => {
    window.scrollTo(0, 0)
    const head = main.current?.querySelector<HTMLElement>('h1')
    head?.focus({ preventScroll: true })
    document.title = (head?.textContent ? head.textContent + ' · ' : '') + t('title')
  }, [shown])
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => (e.preventDefault(), main.current?.querySelector<HTMLElement>('h1')?.focus())}>
        {t('skip')}
      </a>
      <Header screen={may} />
      <main id="main" ref={main} data-testid="screen" data-screen={may}>
        <Notice />
        <ScreenOf key={shown} screen={may} id={id} />
      </main>
    </>
  )
}

function ScreenOf({ screen, id }: { screen: Screen; id: string }) {
  // Zone and phone of the branch are needed everywhere but in the list itself.
  const needsBranch = screen === 'services' || screen === 'staff' || screen === 'time' || screen === 'confirm'
  if (needsBranch && !branchOf(choice.value.branch)) {
    if (branchesTrouble.value) return <Trouble failure={branchesTrouble.value} retry={() => void readBranches()} />
    return <Skeleton rows={5} />
  }
  switch (screen) {
    case 'branches':
      return <Branches />
    case 'services':
      return <Services />
    case 'staff':
      return <Masters />
    case 'time':
      return <ChooseTime />
    case 'confirm':
      return <Confirm />
    case 'booking':
      return <Visit id={id} />
    case 'move':
      return <MoveVisit id={id} />
    case 'mine':
      return <MyBookings />
    case 'account':
      return <Account />
  }
}

function ChooseTime() {
  const c = choice.value
  return (
    <>
      <h1 tabIndex={-1}>{t('time')}</h1>
      <Times
        ask={{ branch: c.branch!, services: c.services, staff: c.staff ?? 0 }}
        date={c.date}
        chosen={c.slot?.start}
        onDate={(date) => choose({ date, slot: undefined })}
        onSlot={(slot) => {
          choose({ slot })
          go('confirm')
        }}
        onStaff={() => go('staff')}
      />
    </>
  )
}

/** What the operator has to say, or that the page may only be looked at. */
function Notice() {
  const a = app.value
  if (!a || (a.status === 'ok' && !a.notice)) return null
  const words = { ok: '', readonly: t('appReadonly'), pilot: t('appPilot'), not_configured: t('appClosed'), disabled: t('appClosed') }[a.status]
  return (
    <p class="note strong" role="status" data-testid="notice" data-app={a.status}>
      <Icon name="warn" size={20} />
      <span>{a.notice ?? words}</span>
    </p>
  )
}

function Header({ screen }: { screen: Screen }) {
  const at = steps.indexOf(screen)
  const first = branches.value.length === 1 ? 1 : 0
  const canBack = at > first || at < 0
  // A finished booking is not left backwards into its own confirmation.
  const goBack = () => {
    if (screen === 'booking') return fresh.value ? (fresh.value = undefined, go('mine')) : back('mine')
    if (at > 0) return back(steps[at - 1]!)
    back(screen === 'move' ? 'mine' : 'branches')
  }
  const branch = branchOf(choice.value.branch)
  const count = steps.length - first
  return (
    <header class="top">
      <div class="top-row">
        {canBack ? (
          <button class="icon-button" data-testid="back" aria-label={t('back')} onClick={goBack}>
            <Icon name="back" />
          </button>
        ) : (
          <span class="brand" aria-hidden="true"><Icon name="scissors" /></span>
        )}
        <span class="top-title">{at > 0 && branch ? branch.title : t('title')}</span>
        <button class="icon-button lang" data-testid="lang" aria-label={t('switchLang')} onClick={switchLang}>
          {t('langShort')}
        </button>
        {screen !== 'mine' && (
          <button class="icon-button" data-testid="my-bookings" aria-label={t('mine')} onClick={() => go('mine')}>
            <Icon name="list" />
          </button>
        )}
      </div>
      {at >= 0 && (
        <div class="progress" role="img" aria-label={t('step', { n: at + 1 - first, of: count })}>
          {steps.slice(first).map((s, i) => (
            <span key={s} class={i <= at - first ? 'done' : ''} />
          ))}
        </div>
      )}
    </header>
  )
}

