import { expect, test } from 'vitest'
import { yieldToLoop } from '../../src/core/clock.ts'
import type { BulkStep } from '../../src/store/bulk/states.ts'
import type { Cancellation } from '../../src/store/registrations/registration.ts'
import { createBulkActJob } from '../../src/worker/bulk-acts.ts'

const step = (count: number, more: Partial<BulkStep> = {}): BulkStep => ({
  ...{ count, isIdle: false, isOfPartner: false, cancelled: [] },
  ...more,
})
const open = (steps: BulkStep[]) => {
  const told: [name: string, fields: object][] = []
  const pauses: number[] = []
  const sizes: number[] = []
  const bulkActs = createBulkActJob({
    store: {
      now: () => 60_000,
      continueBulkActs: async size => {
        sizes.push(size)
        return steps.shift() ?? { count: 0, isIdle: true, isOfPartner: false, cancelled: [] }
      },
    },
    clock: { sleep: async ms => void pauses.push(ms), monotonic: () => 0 },
    emit: (...[name, fields]) => void told.push([name, fields ?? {}]),
  })
  return { bulkActs, told, pauses, sizes }
}

test('goes on until nothing is left, in small steps, and waits after each of an operator’s for as long as it was large', async () => {
  const { bulkActs, told, pauses, sizes } = open([
    step(50),
    step(0),
    step(7),
    step(200, { isOfPartner: true }),
    step(20),
  ])
  bulkActs.wakeUp()
  while (told.length === 0) await yieldToLoop()
  expect(sizes).toEqual([50, 50, 50, 50, 50, 50])
  expect(pauses).toEqual([250, 50, 50, 50, 100])
  expect(told).toEqual([['bulk.done', { count: 277 }]])
  await bulkActs.stop()
  bulkActs.wakeUp()
  expect(sizes).toHaveLength(6)
})

test('tells of each registration that it has cancelled, as a cancel by its partner is told', async () => {
  const cancellation = (id: string, more: Partial<Cancellation>): Cancellation => ({
    registration: { id, partnerId: 'partner_1', createdAt: 0 } as Cancellation['registration'],
    isNew: true,
    stopsMessage: false,
    ...more,
  })
  const cancelled = [cancellation('reg_1', { stopsMessage: true }), cancellation('reg_2', { isNew: false })]
  const { bulkActs, told } = open([step(2, { cancelled })])
  bulkActs.wakeUp()
  await yieldToLoop()
  await bulkActs.stop()
  const of = { registrationId: 'reg_1', partnerId: 'partner_1' }
  expect(told).toEqual([
    ['registration.ended', { ...of, end: 'cancelled', reason: null, ageMs: 60_000 }],
    ['message.cancelled', { ...of, messageId: 'msg_1' }],
    ['bulk.done', { count: 2 }],
  ])
})
