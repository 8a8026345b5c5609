// The page of the sandbox: it reads the control API and shows it. No text of the API is ever taken for HTML.
const words = {
  ru: {
    title: 'Песочница YCLIENTS', lang: 'English', day: 'День салона', calls: 'Запросы', inbox: 'СМС и почта', hooks: 'Вебхуки', clock: 'Часы', faults: 'Сбои',
    switches: 'Переключатели', state: 'Снимки и сброс', branch: 'Филиал', date: 'День', none: 'Пока ничего нет.', free: 'не работает', online: 'из приложения',
    at: 'Время', call: 'Запрос', operation: 'Операция', status: 'Ответ', applied: 'Сделано', remark: 'Замечания', cut: 'обрыв', all: 'все', only: 'только с замечаниями',
    phone: 'Кому', text: 'Текст', code: 'Код', runs: 'идут', stands: 'стоят', now: 'Сейчас', set: 'Поставить', stop: 'Остановить', run: 'Пустить', ahead: 'Вперёд',
    hour: 'час', dayUnit: 'день', week: 'неделя', quick: 'Быстрые', off: 'YCLIENTS не отвечает', lose: 'Потерять ответ на следующую запись', refuse: 'Отказать следующему за частоту',
    html: 'Страница прокси вместо ответа', error: 'Ошибка 500 следующему', rules: 'Сбои по операциям', kind: 'Что', count: 'Сколько раз (0: всегда)', chance: 'Вероятность',
    seconds: 'Секунд', add: 'Добавить', remove: 'Убрать', clear: 'Убрать все', save: 'Сохранить', saved: 'Сохранено.', reset: 'Начать с чистого листа', resetAsk: 'Всё, что было сделано, пропадёт. Начать заново?',
    snapshot: 'Снять', restore: 'Вернуть', name: 'Название', yes: 'да', no: 'нет', failed: 'Не вышло', sure: 'Вернуть снимок? Нынешнее состояние пропадёт.', event: 'Событие', target: 'Куда', tries: 'Попытки',
    fidelity: 'Что умеет песочница', unknown: 'нет такой операции',
  },
  en: {
    title: 'YCLIENTS sandbox', lang: 'Русский', day: "The salon's day", calls: 'Requests', inbox: 'SMS and mail', hooks: 'Webhooks', clock: 'Clock', faults: 'Faults',
    switches: 'Switches', state: 'Snapshots and reset', branch: 'Branch', date: 'Day', none: 'Nothing yet.', free: 'day off', online: 'from the app',
    at: 'Time', call: 'Request', operation: 'Operation', status: 'Answer', applied: 'Done', remark: 'Remarks', cut: 'cut', all: 'all', only: 'with remarks only',
    phone: 'To', text: 'Text', code: 'Code', runs: 'runs', stands: 'stands', now: 'Now', set: 'Set', stop: 'Stop', run: 'Run', ahead: 'Forward',
    hour: 'hour', dayUnit: 'day', week: 'week', quick: 'Quick ones', off: 'YCLIENTS does not answer', lose: "Lose the next booking's answer", refuse: 'Refuse the next one for its rate',
    html: "A proxy's page for an answer", error: 'Error 500 for the next', rules: 'Faults by operation', kind: 'What', count: 'How often (0: always)', chance: 'Probability',
    seconds: 'Seconds', add: 'Add', remove: 'Remove', clear: 'Remove all', save: 'Save', saved: 'Saved.', reset: 'Start afresh', resetAsk: 'All that was done will be gone. Start afresh?',
    snapshot: 'Take', restore: 'Restore', name: 'Name', yes: 'yes', no: 'no', failed: 'That failed', sure: 'Restore the snapshot? The present state will be gone.', event: 'Event', target: 'To', tries: 'Tries',
    fidelity: 'What the sandbox can do', unknown: 'no such operation',
  },
}

let lang = (localStorage.getItem('zapis-sandbox-lang') || navigator.language).startsWith('ru') ? 'ru' : 'en'
const locale = () => (lang === 'ru' ? 'ru' : 'en-GB') // 24 hours
const t = key => words[lang][key]
const $ = id => document.getElementById(id)

// el makes an element: attributes, listeners under on…, and children that are elements or text.
function el(tag, attrs = {}, ...children) {
  const node = document.createElement(tag)
  for (const [k, v] of Object.entries(attrs)) {
    if (k.startsWith('on')) node.addEventListener(k.slice(2), v)
    else if (v === true) node.setAttribute(k, '')
    else if (v !== false && v != null) node.setAttribute(k, v)
  }
  node.append(...children.flat().filter(c => c != null && c !== false))
  return node
}

async function api(path, method = 'GET', body) {
  const res = await fetch('/_sandbox/' + path, { method, headers: body ? { 'Content-Type': 'application/json' } : {}, body: body && JSON.stringify(body) })
  const answer = await res.json().catch(() => ({}))
  if (!res.ok) throw new Error(answer.error || `${res.status}`)
  return answer
}

function tell(text, bad) {
  $('note').textContent = text
  $('note').className = bad ? 'bad' : ''
}

// act does something for a button and shows the tab anew.
const act = (what, then) => async event => {
  event?.preventDefault()
  try {
    await what(event)
    tell(then ?? '')
    await show()
  } catch (err) {
    tell(`${t('failed')}: ${err.message}`, true)
  }
}

const time = at => new Date(at).toLocaleTimeString(locale())
const table = (heads, rows, kind) => rows.length
  ? el('div', { class: 'scroll' }, el('table', { class: kind }, el('thead', {}, el('tr', {}, heads.map(h => el('th', { scope: 'col' }, h)))), el('tbody', {}, rows)))
  : el('p', { class: 'muted' }, t('none'))

const chosen = { branch: 0, date: '', remarks: false }

const tabs = {
  async day() {
    const info = await api('info')
    chosen.branch ||= info.companies[0].id
    const day = await api(`day?company_id=${chosen.branch}&date=${chosen.date}`)
    const pick = el('form', {},
      el('label', {}, t('branch'), el('select', { onchange: act(e => { chosen.branch = +e.target.value }) },
        info.companies.map(c => el('option', { value: c.id, selected: c.id === chosen.branch }, `${c.title} (${c.id})`)))),
      el('label', {}, t('date'), el('input', { type: 'date', value: day.date, onchange: act(e => { chosen.date = e.target.value }) })))
    return [pick, el('div', { class: 'masters' }, day.staff.map(m => el('section', { class: 'master' },
      el('h3', {}, m.name), el('p', { class: 'muted' }, m.works.map(w => `${w.from}–${w.to}`).join(', ') || t('free')),
      m.records.map(r => el('div', { class: `record${r.deleted ? ' deleted' : ''}${r.online ? ' own' : ''}` },
        el('strong', {}, `${r.from}–${r.to}`), ` ${r.client}`, el('br'), r.services.join(', '), r.online ? el('span', { class: 'good' }, ` · ${t('online')}`) : '')))))]
  },
  async calls() {
    const list = (await api('ledger')).slice(-300).reverse().filter(e => !chosen.remarks || e.verdict?.length)
    return [
      el('form', {}, el('label', {}, el('input', { type: 'checkbox', checked: chosen.remarks, onchange: act(e => { chosen.remarks = e.target.checked }) }), t('only')),
        el('a', { href: '/_sandbox/ledger' }, 'JSON'), el('a', { href: '/_sandbox/fidelity' }, t('fidelity'))),
      table([t('at'), t('call'), t('operation'), t('status'), t('applied'), t('remark')], list.map(e => el('tr', {},
        el('td', {}, time(e.at)), el('td', {}, el('code', {}, `${e.method} ${e.path}`)), el('td', {}, e.operation_id || t('unknown')),
        el('td', { class: `num ${e.status >= 400 || !e.status ? 'bad' : ''}` }, e.status || t('cut')), el('td', {}, e.applied ? t('yes') : ''),
        el('td', {}, e.note, (e.verdict ?? []).map(v => el('div', { class: v.kind === 'deprecated' ? 'muted' : 'bad' }, v[lang]))))), 'calls'),
    ]
  },
  async inbox() {
    const [sms, mail] = await Promise.all([api('sms'), api('mail').catch(() => [])])
    return [
      el('h2', {}, 'SMS'), table([t('at'), t('phone'), t('code'), t('text')], sms.map(m => el('tr', {}, el('td', {}, time(m.at)), el('td', {}, m.phone), el('td', {}, el('strong', {}, m.code)), el('td', {}, m.text)))),
      el('h2', {}, 'E-mail'), table([t('at'), t('phone'), t('text')], mail.map(m => el('tr', {}, el('td', {}, time(m.at)), el('td', {}, m.to ?? m.email ?? ''), el('td', {}, m.subject ? `${m.subject}: ` : '', m.text ?? '')))),
    ]
  },
  async hooks() {
    const list = (await api('webhooks')).slice(-200).reverse()
    return table([t('event'), t('target'), t('status'), t('tries')], list.map(w => el('tr', {},
      el('td', {}, `${w.resource ?? ''} ${w.status ?? w.event ?? ''}`), el('td', {}, el('code', {}, w.url ?? '')), el('td', {}, w.state ?? ''),
      el('td', {}, (w.attempts ?? []).map(a => el('div', {}, `${time(a.at)} ${a.status || a.error || ''}`))))))
  },
  async clock() {
    const c = await api('clock')
    const put = (body, then) => act(() => api('clock', 'PUT', body), then)
    const field = el('input', { type: 'datetime-local', step: 1, required: true, 'aria-label': t('now'), value: new Date(new Date(c.now) - new Date(c.now).getTimezoneOffset() * 60000).toISOString().slice(0, 19) })
    return [
      el('p', {}, `${t('now')}: ${new Date(c.now).toLocaleString(locale())} (${c.stands ? t('stands') : t('runs')})`),
      el('form', { onsubmit: act(() => api('clock', 'PUT', { now: new Date(field.value).toISOString() })) }, field, el('button', { class: 'main' }, t('set'))),
      el('div', { class: 'row' }, el('button', { type: 'button', onclick: put({ stands: !c.stands }) }, c.stands ? t('run') : t('stop')), `${t('ahead')}:`,
        [[3600, 'hour'], [86400, 'dayUnit'], [604800, 'week']].map(([s, name]) => el('button', { type: 'button', onclick: put({ advance_seconds: s }) }, t(name)))),
    ]
  },
  async faults() {
    const [f, rules, fidelity] = await Promise.all([api('faults'), api('faults/rules'), api('fidelity')])
    const ops = (fidelity.operations ?? fidelity).map(o => o.operation_id ?? o.id)
    const left = n => (n ? ` (${n})` : '')
    const quick = (label, change) => el('button', { type: 'button', onclick: act(() => api('faults', 'PUT', { ...f, ...change })) }, label)
    const send = e => {
      const d = new FormData(e.target)
      return api('faults/rules', 'POST', { kind: d.get('kind'), operation: d.get('operation').trim(), count: +d.get('count'), probability: +d.get('probability'), seconds: +d.get('seconds') })
    }
    return [
      el('h2', {}, t('quick')),
      el('div', { class: 'row' }, el('button', { type: 'button', 'aria-pressed': String(f.off), class: f.off ? 'main' : '', onclick: act(() => api('faults', 'PUT', { ...f, off: !f.off })) }, t('off')),
        quick(`${t('lose')}${left(f.lose_next)}`, { lose_next: f.lose_next + 1 }), quick(`${t('refuse')}${left(f.refuse_next)}`, { refuse_next: f.refuse_next + 1 }),
        quick(`${t('html')}${left(f.html_next)}`, { html_next: f.html_next + 1 }), quick(`${t('error')}${left(f.error_next)}`, { error_next: f.error_next + 1 })),
      el('h2', {}, t('rules')),
      el('form', { onsubmit: act(send) },
        el('label', {}, t('kind'), el('select', { name: 'kind' }, rules.kinds.map(k => el('option', {}, k)))),
        el('label', {}, t('operation'), el('input', { name: 'operation', list: 'ops', placeholder: t('all') }), el('datalist', { id: 'ops' }, ops.map(o => el('option', { value: o })))),
        el('label', {}, t('count'), el('input', { name: 'count', type: 'number', min: 0, value: 1 })), el('label', {}, t('chance'), el('input', { name: 'probability', type: 'number', min: 0, max: 1, step: 0.01, value: 1 })),
        el('label', {}, t('seconds'), el('input', { name: 'seconds', type: 'number', step: 0.1, value: 0 })), el('button', { class: 'main' }, t('add'))),
      table([t('kind'), t('operation'), t('count'), t('chance'), ''], (rules.rules ?? []).map(r => el('tr', {}, el('td', {}, r.kind), el('td', {}, r.operation || t('all')), el('td', {}, r.count), el('td', {}, r.probability || 1),
        el('td', {}, el('button', { type: 'button', onclick: act(() => api(`faults/rules/${r.id}`, 'DELETE')) }, t('remove')))))),
      el('button', { type: 'button', onclick: act(() => api('faults/rules', 'DELETE')) }, t('clear')),
    ]
  },
  async switches() {
    const now = await api('switches')
    const save = e => {
      const d = new FormData(e.target)
      const next = { ...now }
      for (const [k, v] of Object.entries(now)) next[k] = typeof v === 'boolean' ? d.has(k) : typeof v === 'number' ? +d.get(k) : d.get(k)
      return api('switches', 'PUT', next)
    }
    return el('form', { onsubmit: act(save, t('saved')) }, table(['', ''], Object.entries(now).filter(([, v]) => typeof v !== 'object').map(([k, v]) => el('tr', {},
      el('td', {}, el('label', { for: k }, el('code', {}, k))),
      el('td', {}, typeof v === 'boolean' ? el('input', { id: k, name: k, type: 'checkbox', checked: v }) : el('input', { id: k, name: k, type: typeof v === 'number' ? 'number' : 'text', value: v }))))), el('button', { class: 'main' }, t('save')))
  },
  async state() {
    const list = await api('snapshots')
    const field = el('input', { required: true, maxlength: 60, placeholder: t('name'), 'aria-label': t('name') })
    return [
      el('form', { onsubmit: act(() => api('snapshots', 'POST', { name: field.value })) }, field, el('button', { class: 'main' }, t('snapshot'))),
      table([t('name'), t('at'), ''], list.map(s => el('tr', {}, el('td', {}, s.name), el('td', {}, new Date(s.at).toLocaleString(locale())),
        el('td', {}, el('button', { type: 'button', onclick: act(() => confirm(t('sure')) ? api('restore', 'POST', { name: s.name }) : undefined) }, t('restore')))))),
      el('h2', {}, t('reset')), el('button', { type: 'button', onclick: act(() => confirm(t('resetAsk')) ? api('reset', 'POST') : undefined) }, t('reset')),
    ]
  },
}

let current = tabs[location.hash.slice(1)] ? location.hash.slice(1) : 'day'
let turn = 0

async function show() {
  const mine = ++turn
  const [content, clock] = await Promise.all([tabs[current](), api('clock')])
  if (mine !== turn) return
  $('main').replaceChildren(...[content].flat())
  $('main').dataset.tab = current
  $('clock').textContent = `${new Date(clock.now).toLocaleString(locale())} (${clock.stands ? t('stands') : t('runs')})`
}

function frame() {
  document.documentElement.lang = lang
  document.title = t('title')
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t)
  $('lang').textContent = t('lang')
  $('tabs').replaceChildren(...Object.keys(tabs).map(name => el('button', {
    role: 'tab', id: `tab-${name}`, type: 'button', 'aria-selected': String(name === current), 'aria-controls': 'main',
    onclick: () => { current = name; location.hash = name; frame(); $(`tab-${name}`).focus() },
  }, t(name))))
  $('main').setAttribute('aria-labelledby', `tab-${current}`)
  act(() => {})()
}

$('lang').addEventListener('click', () => {
  lang = lang === 'ru' ? 'en' : 'ru'
  localStorage.setItem('zapis-sandbox-lang', lang)
  frame()
})

// What happens shows at once, unless something is being typed.
let soon = 0
const events = new EventSource('/_sandbox/events')
for (const kind of ['record_created', 'record_moved', 'record_deleted', 'sms', 'mail', 'call', 'fault', 'webhook', 'reset']) {
  events.addEventListener(kind, () => {
    const typing = $('main').contains(document.activeElement) && ['INPUT', 'SELECT'].includes(document.activeElement.tagName)
    if (typing || ['switches', 'state', 'clock'].includes(current)) return
    clearTimeout(soon)
    soon = setTimeout(() => show().catch(err => tell(`${t('failed')}: ${err.message}`, true)), 250)
  })
}
frame()
