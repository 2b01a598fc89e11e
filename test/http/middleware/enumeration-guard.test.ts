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
    walk: (partnerId: string, steps: number) => {
      for (let n = 0; n < steps; n++) enumerationGuard.recordSerials(partnerId, [String(serial++)])
    },
    /** Has registered serials that upstream mostly does not know. */
    guess: async (partnerId: string, times = 60) => {
      for (let n = 0; n < times; n++) enumerationGuard.recordLookup(partnerId, n % 10 !== 9)
      await enumerationGuard.flush()
    },
  }
}

describe('M4: a partner that enumerates serials', () => {
  test('is reported once, without a serial, and not slowed down where they may be its own', async () => {
    const { walk, warned, slowedForMs } = await openGuard()
    walk('partner_1', 30)
    expect(warned).toEqual([])
    walk('partner_1', 1)
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_in_sequence', slowedUntil: null }
    expect(warned).toEqual([line])
    walk('partner_1', 300)
    expect(warned).toHaveLength(1)
    expect(slowedForMs('partner_1')).toBe(0)
  })

  test('whose serials are mostly unknown upstream is reported once, without a serial, and slowed down for ten minutes', async () => {
    const { guess, warned, slowedForMs, clock } = await openGuard()
    await guess('partner_1', 59)
    expect([warned, slowedForMs('partner_1')]).toEqual([[], 0])
    await guess('partner_1', 1)
    const slowedUntil = '2026-11-24T16:30:00.000Z'
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_unknown', slowedUntil }
    expect(warned).toEqual([line])
    expect(slowedForMs('partner_1')).toBe(600_000)
    clock.now += 599_999
    expect(slowedForMs('partner_1')).toBe(1)
    clock.now += 1
    expect(slowedForMs('partner_1')).toBe(0)
  })

  test('is reported a second time where it was only suspected, and then names unknown ones', async () => {
    const { walk, guess, warned, slowedForMs } = await openGuard()
    walk('partner_1', 31)
    await guess('partner_1')
    expect(warned.map(({ sign }) => sign)).toEqual(['serials_in_sequence', 'serials_unknown'])
    expect(slowedForMs('partner_1')).toBe(600_000)
  })

  test('stays slowed down while it continues, without another report', async () => {
    const { guess, warned, slowedForMs, clock } = await openGuard()
    await guess('partner_1')
    for (let n = 0; n < 20; n++) {
      clock.now += 300_000
      await guess('partner_1')
      expect(slowedForMs('partner_1')).toBe(600_000)
    }
    expect(warned).toHaveLength(1)
  })

  test('is reported again when it starts again later', async () => {
    const { guess, warned, clock } = await openGuard()
    await guess('partner_1')
    clock.now += 600_000
    await guess('partner_1')
    expect(warned).toHaveLength(2)
  })

  test('slows down nobody else, not even a partner that has named fewer', async () => {
    const { guess, warned, slowedForMs } = await openGuard()
    await guess('partner_2', 59)
    await guess('partner_1')
    expect(warned).toHaveLength(1)
    expect([slowedForMs('partner_2'), slowedForMs('partner_3')]).toEqual([0, 0])
  })
})

describe('M4: what a node has seen', () => {
  const NODE = { store: createMemoryStore({ now: () => START, defaultRate: 5 }), emit: () => {} }

  test('was lost where the database was away when it was told', async () => {
    const { store, guess, slowedForMs, flush } = await openGuard()
    const noteSerials = vi.spyOn(store, 'noteSerials').mockRejectedValue(new Error('away'))
    await guess('partner_1')
    await guess('partner_2')
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

  test('counts with what others have', async () => {
    const [one, two] = [createEnumerationGuard(NODE), createEnumerationGuard(NODE)]
    const name = async (guard: typeof one, serials: number) => {
      for (let n = 0; n < serials; n++) guard.recordLookup('partner_1', true)
      await guard.flush()
    }
    await name(one, 30)
    await name(two, 29)
    expect(two.slowedForMs('partner_1')).toBe(0)
    await name(two, 1)
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
    const enumerationGuard = createEnumerationGuard({ store: counting, emit })
    const opened = await openApi({ enumerationGuard })
    clock.now = opened.clock.now
    const walk = (count: number, from = FIRST, key = opened.partner.key) =>
      Array.from({ length: count }, (_, n) => n).reduce<Promise<number[]>>(async (before, n) => {
        const seen = await before
        const body = { idcardid: String(from + n), callbackUrl: HOOK }
        return [...seen, (await opened.call('POST', '/v1/registrations', { key, body })).status]
      }, Promise.resolve([]))
    /** All that the partner has registered is unknown upstream. */
    const slow = async (partnerId: string) => {
      for (let n = 0; n < 60; n++) enumerationGuard.recordLookup(partnerId, true)
      await enumerationGuard.flush()
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
    await opened.slow(opened.partner.id)
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
    await opened.slow(opened.partner.id)
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
