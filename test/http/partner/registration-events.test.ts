import { describe, expect, test } from 'vitest'
import { createEmit, type EventName, type TelemetryEvent } from '../../../src/telemetry/emit.ts'
import { HOOK, openApi } from '../support/api.ts'

/** The API, and what its registrations tell listeners. */
const openTold = async (overrides: Parameters<typeof openApi>[0] = {}) => {
  const told: TelemetryEvent[] = []
  const api = await openApi({ ...overrides, emit: createEmit([event => void told.push(event)]) })
  const fieldsOf = (name: EventName) => told.flatMap(event => (event.name === name ? [event.fields] : []))
  const answers = () => told.flatMap(event => (event.name === 'registration.answered' ? [event.fields.answer] : []))
  return { ...api, fieldsOf, answers }
}

describe('listeners are told', () => {
  test('what each registration was answered, with its id where there is one', async () => {
    await using api = await openTold()
    const { id } = await api.register({ idcardid: '42' })
    expect((await api.register({ idcardid: '42' })).id).toBe(id)
    await api.call('POST', '/v1/registrations', { key: api.other.key, body: { idcardid: '42', callbackUrl: HOOK } })
    await api.call('POST', '/v1/registrations', { body: { idcardid: '0', callbackUrl: HOOK } })
    await api.call('POST', '/v1/registrations', { body: { idcardid: '43', callbackUrl: HOOK, account: 'nobody' } })
    const partnerId = api.partner.id
    expect(api.fieldsOf('registration.answered')).toEqual([
      { partnerId, registrationId: id, answer: 'created' },
      { partnerId, registrationId: id, answer: 'same' },
      { partnerId: api.other.id, registrationId: null, answer: 'conflict' },
      { partnerId, registrationId: null, answer: 'refused' },
      { partnerId, registrationId: null, answer: 'refused' },
    ])
  })

  test('what a cancelling ends, once', async () => {
    await using api = await openTold()
    const { id } = await api.register()
    await api.succeed()
    api.clock.now += 1_000
    for (let n = 0; n < 2; n++)
      expect((await api.call('DELETE', `/v1/registrations/${id}?erase=true`)).status).toBe(204)
    const partnerId = api.partner.id
    expect(api.fieldsOf('registration.ended')).toMatchObject([
      { registrationId: id, partnerId, end: 'cancelled', reason: null },
    ])
    const messageId = id.replace('reg_', 'msg_')
    expect(api.fieldsOf('message.cancelled')).toEqual([{ messageId, registrationId: id, partnerId }])
  })
})
