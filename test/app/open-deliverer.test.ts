import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { system } from '../../src/app/clock-and-ids.ts'
import { openDeliverer } from '../../src/app/open-deliverer.ts'
import type { SendResult } from '../../src/callback/sender.ts'
import { readConfig } from '../../src/config/read-config.ts'
import type { StoreHints } from '../../src/store/hints.ts'
import type { ClaimedMessage, MessageSettlement } from '../../src/store/messages/message.ts'
import type { Store } from '../../src/store/store.ts'
import { serviceEnvironment } from '../support/service.ts'
import { messageOf, OK } from '../worker/support/deliverer-scene.ts'

/** As an attempt may end whose connection we close. */
const BROKEN_OFF: SendResult = { kind: 'failed', error: 'reset', detail: 'closed', durationMs: 1 }

/** A deliverer with one slot for a host, and a store that hands out these messages once. */
const open = (messages: ClaimedMessage[]) => {
  const env = serviceEnvironment({ folder: '/nowhere', upstreamUrl: 'http://127.0.0.1:1' })
  const read = readConfig({ ...env, CALLBACK_CONCURRENCY_PER_HOST: '1' }, 'upstream')
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message.en).join('\n'))
  const hints = new EventEmitter<StoreHints>()
  const sends: ((result: SendResult) => void)[] = []
  const settled: MessageSettlement[] = []
  const claimMessages = vi.fn(async () => ({ messages: messages.splice(0), secrets: new Map(), nextAt: null }))
  const continueBulkActs = vi.fn(async (_limit: number) => ({
    count: 0,
    isIdle: true,
    isOfPartner: false,
    cancelled: [],
  }))
  const deliverer = openDeliverer({
    ...system,
    config: read.config,
    store: {
      now: Date.now,
      hints,
      claimMessages,
      settleMessages: async settlements => {
        settled.push(...settlements)
        return settlements.map(() => null)
      },
      continueBulkActs,
      prune: async () => ({ erased: 0, next: null }),
      liveSecrets: async () => [],
      claimContacts: async () => [],
    } satisfies Partial<Store> as Partial<Store> as Store,
    sender: {
      send: () => new Promise(resolve => sends.push(resolve)),
      close: () => {
        for (const end of sends) end(BROKEN_OFF)
      },
    },
    emit: () => {},
  })
  return {
    deliverer,
    hints,
    sends,
    settled,
    claimMessages,
    continueBulkActs,
    [Symbol.asyncDispose]: () => deliverer.stop(),
  }
}

test('claims at its start, and whenever messages are due', async () => {
  const messages: ClaimedMessage[] = []
  await using scene = open(messages)
  const { hints, sends, claimMessages } = scene
  await expect.poll(() => claimMessages.mock.calls.length).toBeGreaterThan(0)
  messages.push(messageOf(1))
  hints.emit('messagesDue')
  await expect.poll(() => sends.length).toBe(1)
  sends[0]?.(OK)
})

test('releases what is cancelled while it waits for a slot', async () => {
  await using scene = open([messageOf(1), messageOf(2)])
  const { hints, sends, settled } = scene
  await expect.poll(() => sends.length).toBe(1)
  hints.emit('withdrawn', { partnerId: 'partner_1', registrationId: 'reg_2' })
  await expect.poll(() => settled).toMatchObject([{ message: { seq: 2 }, attempt: null }])
  sends[0]?.(OK)
})

test('claims no more once it is stopped, and waits for the attempt in flight', async () => {
  const messages = [messageOf(1)]
  const { deliverer, hints, sends, settled, claimMessages } = open(messages)
  await expect.poll(() => sends.length).toBe(1)
  const closed = deliverer.stop()
  const claims = claimMessages.mock.calls.length
  messages.push(messageOf(2))
  hints.emit('messagesDue')
  sends[0]?.(OK)
  await closed
  expect(settled).toMatchObject([{ message: { seq: 1 }, step: { state: 'delivered' } }])
  expect(claimMessages).toHaveBeenCalledTimes(claims)
})

test('what is broken off, and what waited for its slot, is given back, and counts as no attempt', async () => {
  const { deliverer, sends, settled } = open([messageOf(1), messageOf(2)])
  await expect.poll(() => sends.length).toBe(1)
  await deliverer.breakOff()
  const givenBack = { attempt: null, step: { state: 'pending', retries: 0 } }
  expect(settled.toSorted((a, b) => a.message.seq - b.message.seq)).toMatchObject([
    { message: { seq: 1 }, ...givenBack },
    { message: { seq: 2 }, ...givenBack },
  ])
  expect(sends).toHaveLength(1)
})
