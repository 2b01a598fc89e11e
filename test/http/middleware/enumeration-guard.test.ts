import { describe, expect, test } from 'vitest'
import { createEnumerationGuard } from '../../../src/http/middleware/enumeration-guard.ts'
import type { Emit } from '../../../src/telemetry/emit.ts'
import { HOOK, openApi } from '../support/api.ts'

const START = Date.parse('2026-11-24T16:20:00.000Z')

const openGuard = () => {
  const clock = { now: START }
  const warned: Record<string, unknown>[] = []
  const emit: Emit<'partner.suspected'> = (event, fields) => void warned.push({ event, ...fields })
  const guard = createEnumerationGuard({ now: () => clock.now, emit })
  return {
    clock,
    warned,
    ...guard,
    /** Has registered serials that upstream does not know, and others that it knows. */
    guess: (partnerId: string, unknown: number, known = 0) => {
      for (let n = 0; n < unknown; n++) guard.recordLookup(partnerId, true)
      for (let n = 0; n < known; n++) guard.recordLookup(partnerId, false)
    },
  }
}

describe('M4: a partner that enumerates serials', () => {
  test('which are mostly unknown upstream is reported once, without a serial, and slowed down for ten minutes', () => {
    const { guess, warned, slowedForMs, clock } = openGuard()
    guess('partner_1', 60)
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

  test('is not one of whose serials upstream knows one in five', () => {
    const { guess, warned } = openGuard()
    for (let n = 0; n < 1_000; n++) guess('partner_1', 4, 1)
    expect(warned).toEqual([])
  })

  test('which are other partners’ is reported once, and not slowed down: another may have claimed them', () => {
    const { recordConflict, warned, slowedForMs } = openGuard()
    for (let n = 0; n < 60; n++) recordConflict('partner_1')
    expect(warned).toEqual([])
    for (let n = 0; n < 100; n++) recordConflict('partner_1')
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_taken', slowedUntil: null }
    expect(warned).toEqual([line])
    expect(slowedForMs('partner_1')).toBe(0)
  })
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
      for (let n = 0; n < 61; n++) enumerationGuard.recordLookup(partnerId, true)
    }
    return { ...opened, events, walk, slow }
  }

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
    const registrations = Array.from({ length: 100 }, (_, n) => ({ idcardid: `${FIRST + 97 * n}`, callbackUrl: HOOK }))
    const claim = (key: string) => opened.call('POST', '/v1/registrations/batch', { key, body: { registrations } })
    await claim(opened.other.key)
    const { json } = await claim(opened.partner.key)
    expect(json.results.map(({ status }: { status: number }) => status)).toEqual(Array(100).fill(409))
    expect(opened.events).toEqual(['partner.suspected'])
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
})
