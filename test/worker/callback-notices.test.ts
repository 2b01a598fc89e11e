import { expect, test, vi } from 'vitest'
import { yieldToLoop } from '../../src/core/clock.ts'
import { SECOND } from '../../src/core/duration.ts'
import type { ClaimedContact } from '../../src/store/partners/contacts.ts'
import { createCallbackNoticeJob } from '../../src/worker/callback-notices.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

/** The notices of `waiting` are sent in this order; the first takes until `answer`. */
const open = (waiting: string[]) => {
  const told: string[] = []
  const emit = vi.fn()
  const clock = createFixedClock()
  let looks = 0
  const { promise, resolve: answer } = Promise.withResolvers<void>()
  const job = createCallbackNoticeJob({
    store: {
      claimContacts: async limit => {
        looks++
        return waiting.splice(0, limit).map(partnerId => ({ partnerId }) as unknown as ClaimedContact)
      },
    },
    notifyContact: async ({ partnerId }) => {
      told.push(partnerId)
      if (partnerId === 'slow') await promise
      if (partnerId === 'broken') throw new Error('no secret')
    },
    clock,
    emit,
  })
  return { job, told, emit, answer, waiting, clock, looks: () => looks }
}

test('a contact that does not answer keeps no other one waiting, and a stop waits for it', async () => {
  const { job, told, waiting, answer, clock } = open(['slow', 'one'])
  job.wakeUp()
  await yieldToLoop()
  waiting.push('two')
  await clock.advance(10 * SECOND)
  job.wakeUp()
  await yieldToLoop()
  expect(told).toEqual(['slow', 'one', 'two'])
  let isStopped = false
  const stopping = job.stop().then(() => {
    isStopped = true
  })
  await yieldToLoop()
  expect(isStopped).toBe(false)
  answer()
  await stopping
  expect(isStopped).toBe(true)
})

test('of very many a few are told at a time, and the others as soon as there is room', async () => {
  const names = Array.from({ length: 50 }, (_, n) => `p${n}`)
  const { job, told } = open([...Array(19).fill('slow'), ...names])
  job.wakeUp()
  for (let n = 0; n < 60; n++) await yieldToLoop()
  expect(told.slice(19)).toEqual(names)
})

test('when one of as many as are told at a time ends, the next is told at once', async () => {
  const { job, told, answer } = open([...Array(20).fill('slow'), 'next'])
  job.wakeUp()
  await yieldToLoop()
  // Of a URL that has changed meanwhile.
  job.wakeUp()
  await yieldToLoop()
  answer()
  for (let n = 0; n < 10; n++) await yieldToLoop()
  expect(told.at(-1)).toBe('next')
})

test('one that cannot be told is in the log', async () => {
  const { job, told, emit } = open(['broken', 'one'])
  job.wakeUp()
  await yieldToLoop()
  expect(told).toEqual(['broken', 'one'])
  expect(emit).toHaveBeenCalledWith('callback_notice.failed', { error: expect.any(Error) })
  await job.stop()
})

test('while URLs change many times a second, one look in ten seconds finds that there is nothing to tell', async () => {
  const { job, looks, clock } = open([])
  for (let n = 0; n < 200; n++) {
    job.wakeUp()
    await clock.advance(SECOND / 10)
  }
  expect(looks()).toBe(2)
})
