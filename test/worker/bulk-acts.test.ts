import { expect, test } from 'vitest'
import type { BulkStep, Cancellation } from '../../src/store/store.ts'
import { createBulkActs } from '../../src/worker/bulk-acts.ts'

const open = (steps: BulkStep[]) => {
  const told: [name: string, fields: object][] = []
  const pauses: number[] = []
  const sizes: number[] = []
  const bulkActs = createBulkActs({
    store: {
      now: () => 60_000,
      continueBulkActs: async size => {
        sizes.push(size)
        return steps.shift() ?? { count: 0, cancelled: [] }
      },
    },
    clock: { sleep: async ms => void pauses.push(ms) },
    emit: (...[name, fields]) => void told.push([name, fields ?? {}]),
  })
  return { bulkActs, told, pauses, sizes }
}

test('goes on until nothing is left, in small batches with a pause after each', async () => {
  const { bulkActs, told, pauses, sizes } = open([
    { count: 50, cancelled: [] },
    { count: 7, cancelled: [] },
  ])
  bulkActs.ring()
  await bulkActs.stop()
  bulkActs.ring()
  expect(sizes.every(size => size === 50)).toBe(true)
  expect(pauses.every(ms => ms === 250)).toBe(true)
  expect(told.every(([name]) => name === 'bulk.done')).toBe(true)
})

test('tells of each registration that it has cancelled, as a cancel by its partner is told', async () => {
  const cancellation = (id: string, more: Partial<Cancellation>): Cancellation => ({
    registration: { id, partnerId: 'partner_1', createdAt: 0 } as Cancellation['registration'],
    isNew: true,
    stopsMessage: false,
    ...more,
  })
  const cancelled = [cancellation('reg_1', { stopsMessage: true }), cancellation('reg_2', { isNew: false })]
  const { bulkActs, told } = open([{ count: 2, cancelled }])
  bulkActs.ring()
  await new Promise(resolve => setImmediate(resolve))
  await bulkActs.stop()
  const of = { registrationId: 'reg_1', partnerId: 'partner_1' }
  expect(told).toEqual([
    ['registration.ended', { ...of, end: 'cancelled', reason: null, ageMs: 60_000 }],
    ['message.cancelled', { ...of, messageId: 'msg_1' }],
    ['bulk.done', { count: 2 }],
  ])
})
