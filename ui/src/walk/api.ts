// The door that this page stands behind: /setup/ or /invite/. The cookie says who we are; no token is ever kept here.

export type Words = { ru: string; en: string }
export type Branch = { id: number; title: string; city?: string; address?: string; chain_title?: string }
export type Input = { name: string; label: Words; hint: Words; hidden: boolean; way: string }
export type Step = { id: string; title: Words; why: Words; help: Words[]; links: { title: Words; url: string }[]; inputs: Input[]; checks: Words[]; optional: boolean }
export type Texts = { door: 'setup' | 'invite'; steps: Step[] }
export type State = {
  door: 'setup' | 'invite'
  next: string
  from?: string
  for?: string
  expires: string
  has_key: boolean
  key_known: boolean
  has_user: boolean
  user?: string
  branches: Branch[]
  notes: Words[]
  public_url?: string
}
export type HookPlans = { plans: { branch: Branch; changes: { what: Words; old: string; new: string }[]; others: number; wakes: boolean }[]; seen: string; changed: boolean }
export type Rights = { branches: { branch: Branch; enough: boolean; has: Words[]; lacks: { title: Words; lost: Words; needed: boolean }[] }[] }
export type Plan = { path: string; diff: string; new: boolean; backup: string; beaten: string[]; ignore: string[] }
export type Checklist = { items: { title: Words; status: string; branch?: number; found: Words; next: Words }[]; exit_code: number }

/** A refusal in the words of the server, or the network's silence. */
export class Trouble extends Error {
  constructor(
    readonly code: string,
    readonly found: Words,
    readonly next: Words,
    readonly choices: Branch[] = [],
  ) {
    super(code)
  }
}

const silent = new Trouble(
  'silent',
  { ru: 'Сервер не отвечает.', en: 'The server does not answer.' },
  { ru: 'Проверьте, что он запущен, и повторите.', en: 'Check that it is running, and try again.' },
)

/** The longest step asks YCLIENTS several times, each in its turn. Milliseconds. */
const patience = 180_000

export async function ask<T>(path: string, body?: unknown): Promise<T> {
  let res: Response
  try {
    res = await fetch('./api/' + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    })
  } catch {
    throw silent
  }
  const answer = (await res.json().catch(() => undefined)) as (T & Partial<Trouble>) | undefined
  if (!res.ok || answer === undefined) {
    if (answer?.found && answer.next) throw new Trouble(String(answer.code), answer.found, answer.next, answer.choices)
    throw silent
  }
  return answer
}
