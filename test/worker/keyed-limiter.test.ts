import { describe, expect, test } from 'vitest'
import { createPlaces } from '../../src/worker/keyed-limiter.ts'

const open = (size: number) => {
  const clock = { now: 0 }
  const places = createPlaces<{ partnerId: string; registrationId: string }>({
    size,
    waitMs: 1_000,
    now: () => clock.now,
    isFor: (comer, registrationId) => comer.registrationId === registrationId,
  })
  const told: string[] = []
  let count = 0
  const enter = (partnerId: string, host = 'a.example') => {
    const registrationId = `${partnerId}${++count}`
    const admission = places.enter(host, { partnerId, registrationId })
    if (admission === 'entered') told.push(`${registrationId} entered`)
    else void admission.then(how => told.push(`${registrationId} ${how}`))
  }
  return { places, clock, told, enter }
}
const turn = () => new Promise(resolve => setImmediate(resolve))

describe('places at a host', () => {
  test('are for all partners together, and go to whoever came first', async () => {
    const { places, told, enter } = open(2)
    for (const partner of ['a', 'a', 'a', 'b', 'a']) enter(partner)
    expect(told).toEqual(['a1 entered', 'a2 entered'])
    expect([...places.counts]).toEqual([['a.example', 5]])
    for (const expected of ['a3', 'b4', 'a5']) {
      places.leave('a.example')
      await turn()
      expect(told.at(-1)).toBe(`${expected} entered`)
    }
    for (let left = 2; left > 0; left--) places.leave('a.example')
    expect(places.counts.size).toBe(0)
  })

  test('of one host are nothing to another', () => {
    const { told, enter } = open(1)
    enter('a', 'a.example')
    enter('a', 'b.example')
    expect(told).toEqual(['a1 entered', 'a2 entered'])
  })

  test('are waited for as long as is allowed', async () => {
    const { places, clock, told, enter } = open(1)
    for (const partner of ['a', 'b']) enter(partner)
    clock.now = 999
    enter('c')
    clock.now = 1_000
    await expect.poll(() => told).toEqual(['a1 entered', 'b2 busy'])
    expect([...places.counts]).toEqual([['a.example', 2]])
    places.leave('a.example')
    await turn()
    expect(told.at(-1)).toBe('c3 entered')
  })

  test('are not given to what has been withdrawn', async () => {
    const { places, told, enter } = open(1)
    for (const partner of ['a', 'b', 'c', 'b', 'd']) enter(partner)
    places.withdraw({ partnerId: 'b', registrationId: null })
    places.withdraw({ partnerId: 'c', registrationId: 'c3' })
    places.withdraw({ partnerId: 'a', registrationId: 'a1' })
    await turn()
    expect(told).toEqual(['a1 entered', 'b2 withdrawn', 'b4 withdrawn', 'c3 withdrawn'])
    expect([...places.counts]).toEqual([['a.example', 2]])
    places.leave('a.example')
    await turn()
    expect(told.at(-1)).toBe('d5 entered')
  })

  test('are waited for by nobody any more where they have been cleared', async () => {
    const { places, told, enter } = open(1)
    for (const partner of ['a', 'b']) enter(partner)
    for (const partner of ['c', 'd']) enter(partner, 'b.example')
    places.clear('a.example')
    await turn()
    expect(told).toEqual(['a1 entered', 'c3 entered', 'b2 withdrawn'])
    expect([...places.counts]).toEqual([
      ['a.example', 1],
      ['b.example', 2],
    ])
  })
})
