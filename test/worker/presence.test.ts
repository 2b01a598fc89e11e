import { expect, test } from 'vitest'
import { HEARTBEAT_MS, type NewNode, type ServiceNode } from '../../src/store/operators/nodes.ts'
import { createPresence } from '../../src/worker/presence.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

const { name, ...NODE }: Omit<NewNode, 'clockAheadMs' | 'answers'> = {
  ...{ id: 'node_1', name: 'a:1', version: '1', settings: 's', roles: ['api'] },
}
const ROW: ServiceNode = {
  ...{ ...NODE, name, clockAheadMs: null, answers: null, key: 'k', startedAt: 1, seenAt: 1, steadyAt: 1, lostAt: null },
}

/** Every beat waits until it is answered. */
const open = () => {
  const clock = createFixedClock()
  const calls: string[] = []
  const pending: PromiseWithResolvers<ServiceNode[]>[] = []
  const store = {
    now: () => 1,
    beatNode: () => {
      calls.push('beat')
      const one = Promise.withResolvers<ServiceNode[]>()
      pending.push(one)
      return one.promise
    },
    removeNode: async () => void calls.push('remove'),
  }
  return {
    clock,
    calls,
    pending,
    presence: createPresence(store, NODE, { clockAheadMs: () => null, answers: () => null }, clock),
  }
}

test('a beat that fails leaves what the last one saw, and the next one tries again', async () => {
  const { clock, calls, pending, presence } = open()
  const begun = presence.begin(name)
  pending[0]?.resolve([ROW, ROW, ROW, ROW])
  await begun
  await clock.advance(HEARTBEAT_MS)
  pending[1]?.reject(new Error('the database cannot be written'))
  await clock.advance(HEARTBEAT_MS)
  expect(presence.rateShare()).toBe(0.5)
  expect(calls).toEqual(['beat', 'beat', 'beat'])
})

test('no beat brings back who leaves', async () => {
  const { clock, calls, pending, presence } = open()
  void presence.begin(name)
  const ending = presence.end()
  await clock.advance(HEARTBEAT_MS)
  expect(calls).toEqual(['beat'])
  pending[0]?.resolve([ROW])
  await ending
  await clock.advance(HEARTBEAT_MS)
  expect(calls).toEqual(['beat', 'remove'])
})
