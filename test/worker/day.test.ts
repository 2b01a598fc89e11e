import { beforeAll, describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { runDay } from './support/day.ts'
import { DAYS } from './support/days.ts'

/** By kind of check: the longest time from its completion to the poll that found it. Store, poller and clock, without time. */
const slowestOf = async (name: string): Promise<Record<string, number>> => {
  const day = DAYS.find(one => one.name === name)
  if (!day) throw new Error(`there is no day ${name}`)
  const delays = await runDay(day)
  const byKind = Map.groupBy(delays.keys(), index => day.checks[index]?.kind ?? '')
  return Object.fromEntries(
    [...byKind].map(([kind, indices]) => [kind, Math.max(...indices.map(index => delays[index] ?? 0))]),
  )
}

describe('a batch of 1,000', () => {
  let slowest: Record<string, number>
  beforeAll(async () => {
    slowest = await slowestOf('a batch beside singles')
  }, 60_000)

  test('does not keep a registration beside it waiting for 400 s', () => {
    expect(slowest.beside).toBeLessThan(22 * SECOND)
  })
})

test('a batch of one partner keeps no registration of another waiting', { timeout: 60_000 }, async () => {
  expect((await slowestOf('a batch of another partner')).beside).toBeLessThan(22 * SECOND)
})

test('the backlog of an outage keeps no new serial waiting', { timeout: 60_000 }, async () => {
  const { after, during } = await slowestOf('an outage and its backlog')
  expect(after).toBeLessThan(MINUTE)
  // Ten minutes of outage, and the calls for 1,200 serials.
  expect(during).toBeLessThan(11 * MINUTE)
})
