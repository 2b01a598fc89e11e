import { describe, expect, test } from 'vitest'
import { createEnumerationGuard } from '../../../src/http/middleware/enumeration-guard.ts'
import type { Emit } from '../../../src/telemetry/emit.ts'
import { HOOK, openApi } from '../support/api.ts'

const START = Date.parse('2026-11-24T16:20:00.000Z')

const openGuard = () => {
  const clock = { now: START }
  const warned: Record<string, unknown>[] = []
  const emit: Emit<'partner.suspected'> = (event, fields) => void warned.push({ event, ...fields })
  const enumerationGuard = createEnumerationGuard({ now: () => clock.now, emit })
  let serial = 16236437872836
  return {
    clock,
    warned,
    ...enumerationGuard,
    /** Names serials in sequence, its own. */
    walk: (partnerId: string, steps: number) => {
      for (let n = 0; n < steps; n++)
        enumerationGuard.recordSerial(partnerId, { idcardid: String(serial++), isForeign: false })
    },
    /** Names serials of other partners, far from each other. */
    guess: (partnerId: string, times: number) => {
      for (let n = 0; n < times; n++) {
        serial += 7_654_321
        enumerationGuard.recordSerial(partnerId, { idcardid: n % 2 ? `x-${serial}` : String(serial), isForeign: true })
      }
    },
  }
}

describe('M4: a partner that enumerates serials', () => {
  test('is reported once, without a serial, and not slowed down where they may be its own', () => {
    const { walk, warned, slowedForMs } = openGuard()
    walk('partner_1', 30)
    expect(warned).toEqual([])
    walk('partner_1', 1)
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_in_sequence', slowedUntil: null }
    expect(warned).toEqual([line])
    walk('partner_1', 300)
    expect(warned).toHaveLength(1)
    expect(slowedForMs('partner_1')).toBe(0)
  })

  test('that are other people’s is reported once, without a serial, and slowed down for ten minutes', () => {
    const { guess, warned, slowedForMs, clock } = openGuard()
    guess('partner_1', 4)
    expect([warned, slowedForMs('partner_1')]).toEqual([[], 0])
    guess('partner_1', 1)
    const slowedUntil = '2026-11-24T16:30:00.000Z'
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_of_others', slowedUntil }
    expect(warned).toEqual([line])
    expect(slowedForMs('partner_1')).toBe(600_000)
    clock.now += 599_999
    expect(slowedForMs('partner_1')).toBe(1)
    clock.now += 1
    expect(slowedForMs('partner_1')).toBe(0)
  })

  test('is reported a second time where it was only suspected, and then hits those of others', () => {
    const { walk, guess, warned, slowedForMs } = openGuard()
    walk('partner_1', 31)
    guess('partner_1', 5)
    expect(warned.map(({ sign }) => sign)).toEqual(['serials_in_sequence', 'serials_of_others'])
    expect(slowedForMs('partner_1')).toBe(600_000)
  })

  test('stays slowed down while it continues, without another report', () => {
    const { guess, warned, slowedForMs, clock } = openGuard()
    guess('partner_1', 5)
    for (let n = 0; n < 20; n++) {
      clock.now += 300_000
      guess('partner_1', 4)
      expect(slowedForMs('partner_1')).toBe(600_000)
    }
    expect(warned).toHaveLength(1)
  })

  test('is reported again when it starts again later', () => {
    const { guess, warned, clock } = openGuard()
    guess('partner_1', 5)
    clock.now += 600_000
    guess('partner_1', 5)
    expect(warned).toHaveLength(2)
  })

  test('slows down nobody else, not even a partner that has hit fewer', () => {
    const { guess, warned, slowedForMs } = openGuard()
    for (let n = 0; n < 5; n++) {
      guess('partner_1', 1)
      if (n < 4) guess('partner_2', 1)
    }
    expect(warned).toHaveLength(1)
    expect([slowedForMs('partner_2'), slowedForMs('partner_3')]).toEqual([0, 0])
  })
})

test('M4: a partner whose serials are mostly unknown upstream is reported and slowed down', () => {
  const { recordLookup, warned, slowedForMs } = openGuard()
  for (let n = 0; n < 60; n++) recordLookup('partner_1', n % 10 !== 0)
  expect(warned).toMatchObject([{ event: 'partner.suspected', sign: 'serials_unknown' }])
  expect(slowedForMs('partner_1')).toBe(600_000)
})

describe('M4: over the API, a partner that enumerates serials', () => {
  const FIRST = 16236437872836
  const openWatched = async () => {
    const events: string[] = []
    const clock = { now: 0 }
    const emit = (event: string) => void events.push(event)
    const enumerationGuard = createEnumerationGuard({ now: () => clock.now, emit })
    const opened = await openApi({ enumerationGuard })
    clock.now = opened.clock.now
    const walk = (count: number, from = FIRST, key = opened.partner.key) =>
      Array.from({ length: count }, (_, n) => n).reduce<Promise<number[]>>(async (before, n) => {
        const seen = await before
        const body = { idcardid: String(from + n), callbackUrl: HOOK }
        return [...seen, (await opened.call('POST', '/v1/registrations', { key, body })).status]
      }, Promise.resolve([]))
    return { ...opened, events, walk }
  }

  test('is reported after thirty adjacent serials, and not slowed down if they are its own', async () => {
    await using opened = await openWatched()
    expect(await opened.walk(40)).toEqual(Array(40).fill(201))
    expect(opened.events).toEqual(['partner.suspected'])
  })

  test('is slowed down if the serials belong to another partner, and nobody else is', async () => {
    await using opened = await openWatched()
    const registrations = Array.from({ length: 40 }, (_, n) => ({ idcardid: String(FIRST + n), callbackUrl: HOOK }))
    await opened.call('POST', '/v1/registrations/batch', { key: opened.other.key, body: { registrations } })
    opened.events.length = 0
    const seen = await opened.walk(40)
    expect(seen).toEqual([...Array(7).fill(409), ...Array(33).fill(429)])
    expect(opened.events).toEqual(['partner.suspected'])
    expect(await opened.walk(3, 1, opened.other.key)).toEqual([201, 201, 201])
  })

  test('may register one serial at a time while it is slowed down, and no batches', async () => {
    await using opened = await openWatched()
    const sendBatch = (from: number, count: number) => {
      const registrations = Array.from({ length: count }, (_, n) => ({ idcardid: `${from + n}`, callbackUrl: HOOK }))
      return opened.call('POST', '/v1/registrations/batch', { body: { registrations } })
    }
    const registrations = Array.from({ length: 40 }, (_, n) => ({ idcardid: `${FIRST + n}`, callbackUrl: HOOK }))
    await opened.call('POST', '/v1/registrations/batch', { key: opened.other.key, body: { registrations } })
    expect((await sendBatch(FIRST, 40)).status).toBe(200)
    const refused = await sendBatch(FIRST + 40, 2)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '600'])
    expect((await sendBatch(FIRST + 40, 1)).status).toBe(200)
  })

  test('was also a partner that tried again and again to register the one serial that another one has', async () => {
    await using opened = await openWatched()
    await opened.walk(1, FIRST, opened.other.key)
    for (let n = 0; n < 10; n++) expect(await opened.walk(1)).toEqual([409])
    expect(opened.events).toEqual([])
  })

  test('is not a partner that registers the same serials again and again', async () => {
    await using opened = await openWatched()
    await opened.walk(10)
    for (let n = 0; n < 5; n++) expect(await opened.walk(10)).toEqual(Array(10).fill(200))
    expect(opened.events).toEqual([])
  })
})
