// Storage of the browser that never throws: in a private window, or when it is full, the page works
// without memory instead of not at all.

type Area = 'local' | 'session'

function area(kind: Area): Storage | undefined {
  try {
    return kind === 'local' ? window.localStorage : window.sessionStorage
  } catch {
    return undefined
  }
}

export function load<T>(kind: Area, key: string): T | undefined {
  try {
    const text = area(kind)?.getItem('zapis.' + key)
    return text == null ? undefined : (JSON.parse(text) as T)
  } catch {
    return undefined
  }
}

export function save(kind: Area, key: string, value: unknown): void {
  try {
    if (value === undefined) area(kind)?.removeItem('zapis.' + key)
    else area(kind)?.setItem('zapis.' + key, JSON.stringify(value))
  } catch {
    // Nothing is lost but the memory over a reload.
  }
}
