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
      for (let n = 0; n < steps; n++) enumerationGuard.recordSerials(partnerId, [String(serial++)])
    },
    /** Has registered serials that upstream mostly does not know. */
    guess: (partnerId: string, times = 60) => {
      for (let n = 0; n < times; n++) enumerationGuard.recordLookup(partnerId, n % 10 !== 9)
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

  test('whose serials are mostly unknown upstream is reported once, without a serial, and slowed down for ten minutes', () => {
    const { guess, warned, slowedForMs, clock } = openGuard()
    guess('partner_1', 59)
    expect([warned, slowedForMs('partner_1')]).toEqual([[], 0])
    guess('partner_1', 1)
    const slowedUntil = '2026-11-24T16:30:00.000Z'
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_unknown', slowedUntil }
    expect(warned).toEqual([line])
    expect(slowedForMs('partner_1')).toBe(600_000)
    clock.now += 599_999
    expect(slowedForMs('partner_1')).toBe(1)
    clock.now += 1
    expect(slowedForMs('partner_1')).toBe(0)
  })

  test('is reported a second time where it was only suspected, and then names unknown ones', () => {
    const { walk, guess, warned, slowedForMs } = openGuard()
    walk('partner_1', 31)
    guess('partner_1')
    expect(warned.map(({ sign }) => sign)).toEqual(['serials_in_sequence', 'serials_unknown'])
    expect(slowedForMs('partner_1')).toBe(600_000)
  })

  test('stays slowed down while it continues, without another report', () => {
    const { guess, warned, slowedForMs, clock } = openGuard()
    guess('partner_1')
    for (let n = 0; n < 20; n++) {
      clock.now += 300_000
      guess('partner_1')
      expect(slowedForMs('partner_1')).toBe(600_000)
    }
    expect(warned).toHaveLength(1)
  })

  test('is reported again when it starts again later', () => {
    const { guess, warned, clock } = openGuard()
    guess('partner_1')
    clock.now += 600_000
    guess('partner_1')
    expect(warned).toHaveLength(2)
  })

  test('slows down nobody else, not even a partner that has named fewer', () => {
    const { guess, warned, slowedForMs } = openGuard()
    guess('partner_2', 59)
    guess('partner_1')
    expect(warned).toHaveLength(1)
    expect([slowedForMs('partner_2'), slowedForMs('partner_3')]).toEqual([0, 0])
  })
})

test('M4: what is known of very many partners is forgotten', () => {
  const { guess, slowedForMs } = openGuard()
  guess('partner_0')
  for (let n = 1; n < 10_000; n++) guess(`partner_${n}`, 1)
  expect(slowedForMs('partner_0')).toBe(600_000)
  guess('partner_10000')
  expect([slowedForMs('partner_0'), slowedForMs('partner_10000')]).toEqual([0, 600_000])
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
    /** All that the partner has registered is unknown upstream. */
    const slow = (partnerId: string) => {
      for (let n = 0; n < 60; n++) enumerationGuard.recordLookup(partnerId, true)
    }
    return { ...opened, events, walk, slow }
  }

  test('is reported after thirty adjacent serials, and not slowed down if they are its own', async () => {
    await using opened = await openWatched()
    expect(await opened.walk(40)).toEqual(Array(40).fill(201))
    expect(opened.events).toEqual(['partner.suspected'])
  })

  test('is slowed down if upstream does not know the serials, and nobody else is', async () => {
    await using opened = await openWatched()
    opened.slow(opened.partner.id)
    const seen = await opened.walk(10)
    expect(seen).toEqual([201, 201, ...Array(8).fill(429)])
    expect(opened.events).toEqual(['partner.suspected'])
    expect(await opened.walk(3, 1, opened.other.key)).toEqual([201, 201, 201])
  })

  test('was also a partner whose serials another one had claimed before it', async () => {
    await using opened = await openWatched()
    const registrations = Array.from({ length: 40 }, (_, n) => ({ idcardid: `${FIRST + 97 * n}`, callbackUrl: HOOK }))
    const claim = (key: string) => opened.call('POST', '/v1/registrations/batch', { key, body: { registrations } })
    await claim(opened.other.key)
    const { json } = await claim(opened.partner.key)
    expect(json.results.map(({ status }: { status: number }) => status)).toEqual(Array(40).fill(409))
    expect(opened.events).toEqual([])
    expect(await opened.walk(20, 1)).toEqual(Array(20).fill(201))
  })

  test('may register one serial at a time while it is slowed down, and no batches', async () => {
    await using opened = await openWatched()
    const sendBatch = (from: number, count: number) => {
      const registrations = Array.from({ length: count }, (_, n) => ({ idcardid: `${from + n}`, callbackUrl: HOOK }))
      return opened.call('POST', '/v1/registrations/batch', { body: { registrations } })
    }
    opened.slow(opened.partner.id)
    const refused = await sendBatch(FIRST + 40, 2)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '600'])
    expect((await sendBatch(FIRST + 40, 1)).status).toBe(200)
  })

  test('is not a partner that registers the same serials again and again', async () => {
    await using opened = await openWatched()
    await opened.walk(10)
    for (let n = 0; n < 5; n++) expect(await opened.walk(10)).toEqual(Array(10).fill(200))
    expect(opened.events).toEqual([])
  })
})
