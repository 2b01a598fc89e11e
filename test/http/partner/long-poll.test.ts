import { expect, test, vi } from 'vitest'
import { openApi, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

/** Starts to wait, and tells once it is past its first look at the database. */
const startWaiting = async (id: string, wait: string, { store, call }: Pick<typeof api, 'store' | 'call'> = api) => {
  const looked = vi.spyOn(store, 'findRegistration')
  const before = looked.mock.calls.length
  const answer = call('GET', `/v1/registrations/${id}?wait=${wait}`)
  await vi.waitFor(() => expect(looked.mock.calls.length).toBeGreaterThan(before), { interval: 1, timeout: 15_000 })
  await looked.mock.results.at(-1)?.value
  return { answer, looked }
}

test('answers as soon as there is a verdict, which the hint tells', async () => {
  // No time goes by, so that the database is not read once more.
  const sleep = (_: number, signal?: AbortSignal) =>
    new Promise<void>((_, reject) => void signal?.addEventListener('abort', () => reject(signal.reason)))
  await using still = await openApi({ sleep })
  const { id } = await still.register()
  const { answer } = await startWaiting(id, '60s', still)
  await still.succeed()
  const { status, json } = await answer
  expect([status, json.id, json.status]).toEqual([200, id, 'succeeded'])
})

test('answers within two seconds though no hint tells of the verdict', async () => {
  const { id } = await api.register()
  const { answer } = await startWaiting(id, '60s')
  api.store.hints.removeAllListeners('resolved')
  const start = performance.now()
  await api.succeed()
  expect((await answer).json.status).toBe('succeeded')
  expect(performance.now() - start).toBeLessThan(2_000)
})

test.each(['0s', '0ms', '30ms'])('answers with the pending registration after %s', async wait => {
  const { id } = await api.register()
  const { status, json } = await api.call('GET', `/v1/registrations/${id}?wait=${wait}`)
  expect([status, json.status]).toEqual([200, 'pending'])
})

test('a verdict between the call and its first look at the database is not missed', async () => {
  const { id } = await api.register()
  const find = api.store.findRegistration
  vi.spyOn(api.store, 'findRegistration').mockImplementationOnce(async (...target) => {
    const pending = await find(...target)
    await api.succeed()
    return pending
  })
  expect((await api.call('GET', `/v1/registrations/${id}?wait=60s`)).json.status).toBe('succeeded')
})

test('64 waiting calls of a partner each read the database once before and once after', async () => {
  const { id } = await api.register()
  const looked = vi.spyOn(api.store, 'findRegistration')
  const answers = Array.from({ length: 64 }, () => api.call('GET', `/v1/registrations/${id}?wait=60s`))
  await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(64), { interval: 1, timeout: 15_000 })
  await Promise.all(looked.mock.results.map(({ value }) => value))
  await api.succeed()
  const statuses = new Set((await Promise.all(answers)).map(({ json }) => json.status))
  expect([...statuses]).toEqual(['succeeded'])
  expect(looked).toHaveBeenCalledTimes(128)
})

test('the 65th waiting call of a partner is answered at once, and those of another partner still wait', async () => {
  const { id } = await api.register()
  const foreign = await api.register({ idcardid: 'other' }, api.other.key)
  const looked = vi.spyOn(api.store, 'findRegistration')
  const call = (target: string, key = api.partner.key) =>
    api.call('GET', `/v1/registrations/${target}?wait=60s`, { key })
  const waiting = Array.from({ length: 64 }, () => call(id))
  await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(64), { interval: 1, timeout: 15_000 })
  const one = await call(id)
  expect([one.status, one.json.status]).toEqual([200, 'pending'])
  const other = call(foreign.id, api.other.key)
  await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(67), { interval: 1, timeout: 15_000 })
  await api.succeed()
  api.clock.now += 1_000
  await api.succeed()
  for (const { json } of await Promise.all([...waiting, other])) expect(json.status).toBe('succeeded')
})

test('a caller that leaves is not waited for any longer', async () => {
  const { id } = await api.register()
  const leaving = new AbortController()
  const looked = vi.spyOn(api.store, 'findRegistration')
  const headers = { authorization: `Bearer ${api.partner.key}` }
  const answer = api.app.request(`/v1/registrations/${id}?wait=60s`, { headers, signal: leaving.signal })
  await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(1), { interval: 1, timeout: 15_000 })
  leaving.abort()
  expect((await answer).status).toBe(200)
  await api.succeed()
  expect(looked).toHaveBeenCalledTimes(2)
})

test('when the service stops, all waiting calls are answered', async () => {
  const stopping = new AbortController()
  await using stopped = await openApi({ stopping: stopping.signal })
  const { id } = await stopped.register()
  const answer = stopped.call('GET', `/v1/registrations/${id}?wait=60s`)
  stopping.abort()
  expect((await answer).json.status).toBe('pending')
})
