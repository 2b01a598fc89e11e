import { describe, expect, test } from 'vitest'
import { type Delivery, findInconsistencies } from '../../src/simulator/delivery.ts'

const bodyOf = (registrationId: string, more = ''): string =>
  JSON.stringify({ type: 'idface.succeeded', data: { registrationId, more } })

const delivery = (changes: Partial<Delivery>): Delivery => ({
  path: '/hook',
  id: 'msg_1',
  attempt: 1,
  type: 'idface.succeeded',
  body: bodyOf('reg_1'),
  headers: {},
  verified: true,
  at: 0,
  status: 500,
  ...changes,
})

const kindsIn = (...deliveries: Delivery[]) => findInconsistencies(deliveries).map(({ kind }) => kind)

describe('findInconsistencies', () => {
  test('finds none in retries with one id and one body', () => {
    expect(
      kindsIn(delivery({}), delivery({ attempt: 2, status: null }), delivery({ attempt: 3, status: 200 })),
    ).toEqual([])
  })

  test('finds none in different registrations, paths and types', () => {
    const others = [{ body: bodyOf('reg_2') }, { path: '/b' }, { type: 'idface.failed' }]
    const messages = others.map((changes, at) => delivery({ ...changes, id: `msg_${at + 2}`, status: 200 }))
    expect(kindsIn(delivery({ status: 200 }), ...messages)).toEqual([])
  })

  test('finds a body that changed under its id', () => {
    const changed = delivery({ body: bodyOf('reg_1', 'x') })
    expect(findInconsistencies([delivery({}), changed])).toEqual([{ kind: 'body_changed', delivery: changed }])
  })

  test('finds an id that changed for its registration', () => {
    expect(kindsIn(delivery({}), delivery({ id: 'msg_2' }))).toEqual(['id_changed'])
  })

  test('finds a request after a success, but not after a failure', () => {
    expect(kindsIn(delivery({ status: 204 }), delivery({}))).toEqual(['sent_after_success'])
    expect(kindsIn(delivery({ status: 401 }), delivery({ status: 302 }), delivery({ status: null }))).toEqual([])
  })

  test('finds what was not verified', () => {
    expect(kindsIn(delivery({ verified: 'no matching signature' }))).toEqual(['unverified'])
  })

  test('judges bodies that are no JSON', () => {
    expect(kindsIn(delivery({ body: '<', type: null }), delivery({ body: '>', type: null }))).toEqual(['body_changed'])
  })
})
