import { expect, test } from 'vitest'
import { openApiForEach } from '../support/api.ts'

const api = openApiForEach()
const call = (method: string, path = '') => api.admin(method, `/deliveries${path}`)
/** Sends what may be sent, to a receiver that takes it. */
const stateAfterSending = async (id: string) => {
  await api.receiveWith(200)
  return (await api.call('GET', `/v1/registrations/${id}`)).json.delivery.state
}

test('holds all webhooks since the first call, and resumes them', async () => {
  const since = new Date(api.clock.now).toISOString()
  expect((await call('GET')).json).toEqual({ heldSince: null })
  expect((await call('POST', '/hold')).json).toEqual({ heldSince: since })
  const { id } = await api.register()
  await api.succeed()
  api.clock.now += 60_000
  expect((await call('POST', '/hold')).json).toEqual({ heldSince: since })
  expect((await call('GET')).json).toEqual({ heldSince: since })
  expect(await stateAfterSending(id)).toBe('pending')
  expect((await call('POST', '/resume')).json).toEqual({ heldSince: null })
  expect(await stateAfterSending(id)).toBe('delivered')
})
