import { describe, expect, test } from 'vitest'
import { createEnumerationGuard } from '../../../src/http/middleware/enumeration-guard.ts'
import type { Emit } from '../../../src/telemetry/emit.ts'

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
    walk: (partnerId: string, steps: number) => {
      for (let n = 0; n < steps; n++)
        enumerationGuard.recordSerial(partnerId, { idcardid: String(serial++), isForeign: true })
    },
  }
}

describe('M4: a partner who walks serials', () => {
  test('is told to the operator once, without a serial, and slow for ten minutes', () => {
    const { walk, warned, slowedForMs, clock } = openGuard()
    walk('partner_1', 30)
    expect([warned, slowedForMs('partner_1')]).toEqual([[], 0])
    walk('partner_1', 1)
    const slowedUntil = '2026-11-24T16:30:00.000Z'
    const line = { event: 'partner.suspected', partnerId: 'partner_1', sign: 'serials_in_sequence', slowedUntil }
    expect(warned).toEqual([line])
    expect(slowedForMs('partner_1')).toBe(600_000)
    clock.now += 599_999
    expect(slowedForMs('partner_1')).toBe(1)
    clock.now += 1
    expect(slowedForMs('partner_1')).toBe(0)
  })

  test('stays slow while it goes on, without another line', () => {
    const { walk, warned, slowedForMs, clock } = openGuard()
    walk('partner_1', 31)
    for (let n = 0; n < 20; n++) {
      clock.now += 300_000
      walk('partner_1', 30)
      expect(slowedForMs('partner_1')).toBe(600_000)
    }
    expect(warned).toHaveLength(1)
  })

  test('is told again when it begins anew', () => {
    const { walk, warned, clock } = openGuard()
    walk('partner_1', 31)
    clock.now += 600_000
    walk('partner_1', 31)
    expect(warned).toHaveLength(2)
  })

  test('slows nobody else, not even one whose serials lie between', () => {
    const { walk, warned, slowedForMs } = openGuard()
    for (let n = 0; n < 31; n++) {
      walk('partner_1', 1)
      if (n < 20) walk('partner_2', 1)
    }
    expect(warned).toHaveLength(1)
    expect([slowedForMs('partner_2'), slowedForMs('partner_3')]).toEqual([0, 0])
  })
})

test('M4: a partner most of whose serials upstream does not know is told and slow', () => {
  const { recordLookup, warned, slowedForMs } = openGuard()
  for (let n = 0; n < 60; n++) recordLookup('partner_1', n % 10 !== 0)
  expect(warned).toMatchObject([{ event: 'partner.suspected', sign: 'serials_unknown' }])
  expect(slowedForMs('partner_1')).toBe(600_000)
})
