import { describe, expect, test, vi } from 'vitest'
import { createEnumerationGuard } from '../../../src/http/middleware/enumeration-guard.ts'
import type { Emit } from '../../../src/telemetry/emit.ts'
import { createMemoryStore } from '../../store/support/memory/store.ts'
import { HOOK, openApi } from '../support/api.ts'

const START = Date.parse('2026-11-24T16:20:00.000Z')

const openGuard = async () => {
  const clock = { now: START }
  const warned: Record<string, unknown>[] = []
  const emit: Emit<'partner.suspected'> = (event, fields) => void warned.push({ event, ...fields })
  const store = createMemoryStore({ now: () => clock.now, defaultRate: 5 })
  const enumerationGuard = createEnumerationGuard({ store, emit })
  let serial = 16236437872836
  return {
    clock,
    warned,
    store,
    ...enumerationGuard,
    /** Names serials in sequence, its own. */
    walk: async (partnerId: string, steps: number) => {
      for (let n = 0; n < steps; n++)
        await enumerationGuard.recordSerials(partnerId, [{ idcardid: String(serial++), isForeign: false }])
    },
    /** Names serials of other partners, far from each other. */
    guess: async (partnerId: string, times: number) => {
      for (let n = 0; n < times; n++) {
        serial += 7_654_321
        const idcardid = n % 2 ? `x-${serial}` : String(serial)
        await enumerationGuard.recordSerials(partnerId, [{ idcardid, isForeign: true }])
      }
    },
  }
}

describe('M4: a partner that enumerates serials', () => {
  test('is reported once, without a serial, and not slowed down where they may be its own', async () => {
    const { walk, warned, slowedForMs } = await openGuard()
    await walk('partner_1', 30)
    expect(warned).toEqual([])
    await walk('partner_1', 1)
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_in_sequence', slowedUntil: null }
    expect(warned).toEqual([line])
    await walk('partner_1', 300)
    expect(warned).toHaveLength(1)
    expect(slowedForMs('partner_1')).toBe(0)
  })

  test('that are other people’s is reported once, without a serial, and slowed down for ten minutes', async () => {
    const { guess, warned, slowedForMs, clock } = await openGuard()
    await guess('partner_1', 4)
    expect([warned, slowedForMs('partner_1')]).toEqual([[], 0])
    await guess('partner_1', 1)
    const slowedUntil = '2026-11-24T16:30:00.000Z'
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_of_others', slowedUntil }
    expect(warned).toEqual([line])
    expect(slowedForMs('partner_1')).toBe(600_000)
    clock.now += 599_999
    expect(slowedForMs('partner_1')).toBe(1)
    clock.now += 1
    expect(slowedForMs('partner_1')).toBe(0)
  })

  test('is reported a second time where it was only suspected, and then hits those of others', async () => {
    const { walk, guess, warned, slowedForMs } = await openGuard()
    await walk('partner_1', 31)
    await guess('partner_1', 5)
    expect(warned.map(({ sign }) => sign)).toEqual(['serials_in_sequence', 'serials_of_others'])
    expect(slowedForMs('partner_1')).toBe(600_000)
  })

  test('stays slowed down while it continues, without another report', async () => {
    const { guess, warned, slowedForMs, clock } = await openGuard()
    await guess('partner_1', 5)
    for (let n = 0; n < 20; n++) {
      clock.now += 300_000
      await guess('partner_1', 4)
      expect(slowedForMs('partner_1')).toBe(600_000)
    }
    expect(warned).toHaveLength(1)
  })

  test('is reported again when it starts again later', async () => {
    const { guess, warned, clock } = await openGuard()
    await guess('partner_1', 5)
    clock.now += 600_000
    await guess('partner_1', 5)
    expect(warned).toHaveLength(2)
  })

  test('slows down nobody else, not even a partner that has hit fewer', async () => {
    const { guess, warned, slowedForMs } = await openGuard()
    for (let n = 0; n < 5; n++) {
      await guess('partner_1', 1)
      if (n < 4) await guess('partner_2', 1)
    }
    expect(warned).toHaveLength(1)
    expect([slowedForMs('partner_2'), slowedForMs('partner_3')]).toEqual([0, 0])
  })
})

test('M4: a partner whose serials are mostly unknown upstream is reported and slowed down', async () => {
  const { recordLookup, flush, warned, slowedForMs } = await openGuard()
  for (let n = 0; n < 60; n++) recordLookup('partner_1', n % 10 !== 0)
  await flush()
  expect(warned).toMatchObject([{ event: 'partner.suspected', sign: 'serials_unknown' }])
  expect(slowedForMs('partner_1')).toBe(600_000)
})

describe('M4: what a node has seen', () => {
  const NODE = { store: createMemoryStore({ now: () => START, defaultRate: 5 }), emit: () => {} }

  test('was lost where the database was away when it was told', async () => {
    const { store, guess, slowedForMs, recordLookup, flush } = await openGuard()
    const noteSerials = vi.spyOn(store, 'noteSerials').mockRejectedValue(new Error('away'))
    await guess('partner_1', 5)
    for (let n = 0; n < 60; n++) recordLookup('partner_2', true)
    await flush()
    expect([slowedForMs('partner_1'), slowedForMs('partner_2')]).toEqual([0, 0])
    noteSerials.mockRestore()
    await flush()
    expect([slowedForMs('partner_1'), slowedForMs('partner_2')]).toEqual([600_000, 600_000])
  })

  test('of serials that are known is not told before a window of them, or with the first that is not', async () => {
    const { store, recordLookup, flush } = await openGuard()
    const noteSerials = vi.spyOn(store, 'noteSerials')
    const toldOf = async () => {
      await flush()
      return noteSerials.mock.calls.splice(0).map(([seen]) => seen.map(({ lookups }) => lookups.length))
    }
    for (let n = 0; n < 59; n++) recordLookup('partner_1', false)
    expect(await toldOf()).toEqual([])
    recordLookup('partner_1', false)
    expect(await toldOf()).toEqual([[60]])
    for (const isNotFound of [false, false, true]) recordLookup('partner_1', isNotFound)
    expect(await toldOf()).toEqual([[3]])
    expect(await toldOf()).toEqual([])
  })

  test('could be hidden behind the same serial in other words', async () => {
    const { recordSerials, slowedForMs } = await openGuard()
    const named = ['1', '2', '3', '4', '5', '05', '005', '5-a', '5-b', '5-c']
    await recordSerials(
      'partner_1',
      named.map(idcardid => ({ idcardid, isForeign: true })),
    )
    expect(slowedForMs('partner_1')).toBe(600_000)
  })

  test('counts with what others have', async () => {
    const [one, two] = [createEnumerationGuard(NODE), createEnumerationGuard(NODE)]
    const name = (idcardid: string) => [{ idcardid, isForeign: true }]
    for (const serial of ['1', '2', '3']) await one.recordSerials('partner_1', name(serial))
    for (const serial of ['3', '4']) await two.recordSerials('partner_1', name(serial))
    expect(two.slowedForMs('partner_1')).toBe(0)
    await two.recordSerials('partner_1', name('5'))
    expect(two.slowedForMs('partner_1')).toBe(600_000)
    // The other hears of it by the partner's key.
    expect(one.slowedForMs('partner_1')).toBe(0)
    one.learn('partner_1', START + 600_000)
    expect(one.slowedForMs('partner_1')).toBe(600_000)
  })

  test('of very many partners is forgotten', async () => {
    const { learn, slowedForMs } = await openGuard()
    for (let n = 0; n <= 10_000; n++) learn(`partner_${n}`, START + 1_000)
    expect([slowedForMs('partner_1'), slowedForMs('partner_10000')]).toEqual([0, 1_000])
  })
})

describe('M4: over the API, a partner that enumerates serials', () => {
  const FIRST = 16236437872836
  const openWatched = async () => {
    const events: string[] = []
    const clock = { now: 0 }
    const emit = (event: string) => void events.push(event)
    const counting = createMemoryStore({ now: () => clock.now, defaultRate: 5 })
    const opened = await openApi({ enumerationGuard: createEnumerationGuard({ store: counting, emit }) })
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
