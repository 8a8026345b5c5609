// Turns the three figures of every call into tabs. One choice holds for the whole page and is remembered.
// Without this file all three are shown one below the other.
const names = ['curl', 'Dart', 'TypeScript']
const ru = document.documentElement.lang === 'ru'

function remembered() {
  try {
    const name = localStorage.getItem('tab')
    return names.includes(name) ? name : names[0]
  } catch {
    return names[0] // storage may be forbidden
  }
}

function choose(name, focusIn) {
  try {
    localStorage.setItem('tab', name)
  } catch {
    // the choice then holds until the page is left
  }
  for (const tab of document.querySelectorAll('[role=tab]')) {
    const chosen = tab.textContent === name
    tab.setAttribute('aria-selected', String(chosen))
    tab.tabIndex = chosen ? 0 : -1
    document.getElementById(tab.getAttribute('aria-controls')).hidden = !chosen
    if (chosen && focusIn === tab.parentElement) tab.focus()
  }
}

function onKey(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!step || event.target.getAttribute('role') !== 'tab') return
  const at = names.indexOf(event.target.textContent)
  choose(names[(at + step + names.length) % names.length], event.currentTarget)
  event.preventDefault()
}

function copyButton(tabs) {
  const button = document.createElement('button')
  const label = ru ? 'Копировать' : 'Copy'
  button.className = 'copy'
  button.textContent = label
  button.addEventListener('click', async () => {
    const code = tabs.querySelector('figure:not([hidden]) code')
    try {
      await navigator.clipboard.writeText(code.textContent)
      button.textContent = ru ? 'Скопировано' : 'Copied'
    } catch {
      getSelection().selectAllChildren(code) // no clipboard on plain HTTP: at least select it
    }
    setTimeout(() => { button.textContent = label }, 1500)
  })
  return button
}

document.querySelectorAll('.tabs').forEach((tabs, i) => {
  const list = document.createElement('div')
  list.setAttribute('role', 'tablist')
  list.addEventListener('keydown', onKey)
  for (const figure of tabs.querySelectorAll('figure')) {
    const name = figure.dataset.tab
    const tab = document.createElement('button')
    figure.id = `panel-${i}-${name}`
    tab.id = `tab-${i}-${name}`
    tab.setAttribute('role', 'tab')
    tab.setAttribute('aria-controls', figure.id)
    tab.textContent = name
    tab.addEventListener('click', () => choose(name))
    figure.setAttribute('role', 'tabpanel')
    figure.setAttribute('aria-labelledby', tab.id)
    figure.querySelector('figcaption').remove()
    list.append(tab)
  }
  list.append(copyButton(tabs))
  tabs.prepend(list)
})
choose(remembered())
