// A booking against the sandbox, and what goes wrong on the way. Node alone.
//
//     node docs/sandbox/booking.mjs
import assert from 'node:assert/strict'

const base = process.env.YCLIENTS_BASE_URL ?? 'http://127.0.0.1:8585'
const token = process.env.YCLIENTS_API_TOKEN ?? 'partner-token-example'
const company = 4564, service = 564001, phone = '79000000042'

async function call(method, path, body, headers = {}) {
  if (body !== undefined) headers = { ...headers, 'Content-Type': 'application/json' }
  const res = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  return { status: res.status, body: await res.json() }
}

// Your client. Here it is three headers; point your real one at base.
const yclients = (method, path, body) => call(method, `/api/v1${path}`, body, {
  Accept: 'application/vnd.yclients.v2+json', Authorization: `Bearer ${token}`,
})

async function sandbox(method, path, body) {
  const answer = await call(method, `/_sandbox/${path}`, body)
  assert.ok(answer.status < 300, JSON.stringify(answer))
  return answer.body
}

// A test begins with a clean salon. Strict mode refuses what the real API would ignore in silence.
await sandbox('POST', 'reset')
await sandbox('PUT', 'switches', { strict: true })
const begin = (await sandbox('GET', 'ledger')).at(-1)?.seq ?? 0

// A free time for a concrete service.
const query = new URLSearchParams({ 'service_ids[]': service })
const dates = await yclients('GET', `/book_dates/${company}?${query}`)
const day = dates.body.data.booking_dates.at(-1)
const times = await yclients('GET', `/book_times/${company}/0/${day}?${query}`)
const at = times.body.data[0].datetime

// A client signs in: the SMS is in the inbox of the sandbox, not on a telephone.
await yclients('POST', `/book_code/${company}`, { phone })
const { code } = (await sandbox('GET', 'sms')).find(m => m.phone.replace('+', '') === phone)
assert.equal((await yclients('POST', '/user/auth', { phone, code })).status, 201)

// The answer to the booking is lost: it was made, and your program cannot know.
const booking = {
  phone, fullname: 'Ольга', email: '', api_id: 'order-1',
  appointments: [{ id: 1, services: [service], staff_id: 0, datetime: at }],
}
await sandbox('PUT', 'faults', { lose_next: 1 })
await assert.rejects(yclients('POST', `/book_record/${company}`, booking))

// The ledger knows what was truly done, and what the contract has to say about each request.
const calls = await sandbox('GET', `ledger?since=${begin}`)
assert.equal(calls.filter(e => e.api_id === 'order-1' && e.applied).length, 1)
assert.deepEqual(calls.flatMap(e => e.verdict.map(v => v.en)), [])

// A mistake that the real API swallows.
const wrong = await yclients('GET', `/book_dates/${company}?service_id=${service}`)
assert.equal(wrong.status, 400)
assert.match(wrong.body.meta.message, /unknown query parameter service_id/)
console.log('ok')
