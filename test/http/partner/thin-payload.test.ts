import { expect, test } from 'vitest'
import { type Json, openApiForEach } from '../support/api.ts'

const api = openApiForEach()

const bodyOf = async (key: string): Promise<Json> =>
  JSON.parse((await api.call('GET', '/v1/events', { key })).json.data[0].body)
const setPayload = (payload: 'thin' | 'full') => api.store.changePartner(api.partner.id, { payload })

test('a thin payload is set per partner, and is fixed when the verdict comes', async () => {
  await api.register()
  await setPayload('thin')
  await api.register({ idcardid: 'theirs' }, api.other.key)
  await api.succeed()
  api.clock.now += 1_000
  await api.succeed()
  expect((await bodyOf(api.partner.key)).data).not.toHaveProperty('similarity')
  expect((await bodyOf(api.other.key)).data).toHaveProperty('similarity')
  await setPayload('full')
  expect((await bodyOf(api.partner.key)).data).not.toHaveProperty('similarity')
})
