import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { SECOND } from '../../src/core/duration.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import type { NewRegistration } from '../../src/store/store.ts'
import { createEmit } from '../../src/telemetry/emit.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createDeliverer } from '../../src/worker/deliverer.ts'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { openSender } from '../support/sender.ts'
import { openBench, SUCCESS } from '../support/store.ts'

const CONNECTIONS = 2
const turn = () => new Promise(resolve => setImmediate(resolve))

/**
 * A deliverer with two connections to a host that has just answered two attempts, and this many messages due for it. Time
 * stands still unless it is told to pass.
 */
const openScene = async (count: number, ofAnother = 0) => {
  const stack = new AsyncDisposableStack()
  const clock = { ms: Date.now() }
  const open = async () => ({
    store: await openSqliteStore({
      path: ':memory:',
      masterKey: randomBytes(32),
      now: () => clock.ms,
      defaultRate: 1e6,
    }),
    advance: (ms: number) => {
      clock.ms += ms
    },
  })
  const bench = stack.use(await openBench(open))
  /** Requests that wait for their answer. */
  const unanswered: Socket[] = []
  let onRequest = () => {}
  const receiver = stack.use(
    await openRawReceiver(socket => {
      unanswered.push(socket)
      onRequest()
    }),
  )
  const callbackUrl = receiver.url
  const resolve = async (items: readonly NewRegistration[]) => {
    await bench.store.register(items)
    while ((await bench.poll(SUCCESS)) > 0);
  }
  const newOnes = (length: number, partnerId = bench.partnerId) =>
    Array.from({ length }, () => bench.newRegistration({ callbackUrl, partnerId }))
  await resolve(newOnes(1))
  await bench.deliver(200)

  const sender = openSender({ connectionsPerHost: CONNECTIONS })
  const notSent = Promise.withResolvers<void>()
  const destination = { write: (line: string) => line.includes('"not_sent"') && notSent.resolve() }
  let claimed = 0
  let recorded = 0
  const deliverer = createDeliverer({
    store: {
      ...bench.store,
      claimMessages: async claim => {
        const result = await bench.store.claimMessages(claim)
        claimed += result.messages.length
        return result
      },
      settleMessages: async settlements => {
        await bench.store.settleMessages(settlements)
        recorded += settlements.length
      },
    },
    sender,
    scheduleMs: [1_000],
    timeoutMs: 10_000,
    concurrency: 100,
    perHost: CONNECTIONS,
    random: Math.random,
    emit: createEmit([createLog({ level: 'info', destination, now: Date.now })]),
  })
  bench.store.events.on('withdrawn', deliverer.withdraw)
  stack.defer(() => sender.close())

  /** Resolves when so many requests wait for an answer. */
  const waitFor = (open: number) =>
    new Promise<void>(resolve => {
      onRequest = () => {
        if (unanswered.length >= open) resolve()
      }
      onRequest()
    })
  const answerAll = () => {
    for (const socket of unanswered.splice(0)) socket.write(OK)
  }
  await resolve(newOnes(CONNECTIONS))
  deliverer.ring()
  await waitFor(CONNECTIONS)
  answerAll()
  await expect.poll(() => recorded).toBe(CONNECTIONS)
  claimed = 0
  receiver.requests.splice(0)
  const items = newOnes(count)
  await resolve([...items, ...newOnes(ofAnother, await bench.addPartner())])
  return {
    bench,
    receiver,
    deliverer,
    claimed: () => claimed,
    notSent: notSent.promise,
    items,
    waitFor,
    answerAll,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const idsSent = (requests: readonly string[]) =>
  requests.map(request => `reg_${/webhook-id: msg_(\S+)/.exec(request)?.[1]}`)

test('holds as many as have lately ended, and sends them as places become free', async () => {
  await using scene = await openScene(5)
  scene.deliverer.ring()
  await scene.waitFor(CONNECTIONS)
  expect(scene.claimed()).toBe(4)
  expect(scene.receiver.open()).toBe(CONNECTIONS)
  scene.answerAll()
  await scene.waitFor(CONNECTIONS)
  scene.answerAll()
  await scene.waitFor(1)
  scene.answerAll()
  await scene.deliverer.stop()
  expect(new Set(idsSent(scene.receiver.requests)).size).toBe(5)
})

test('has no more at a host than it may, whoever they are for', async () => {
  await using scene = await openScene(1, 4)
  scene.deliverer.ring()
  for (const sent of [2, 4]) {
    await scene.waitFor(CONNECTIONS)
    // All are in this process: what had been sent as well would be here by then.
    for (let turns = 0; turns < 50; turns++) await turn()
    expect(scene.receiver.requests).toHaveLength(sent)
    scene.answerAll()
  }
  await scene.waitFor(1)
  scene.answerAll()
  await scene.deliverer.stop()
  expect(new Set(idsSent(scene.receiver.requests)).size).toBe(5)
})

test('does not begin what was cancelled while it was held', async () => {
  await using scene = await openScene(3)
  scene.deliverer.ring()
  await scene.waitFor(CONNECTIONS)
  const begun = idsSent(scene.receiver.requests)
  const held = scene.items.find(({ id }) => !begun.includes(id))
  if (!held) throw new Error('all have begun')
  await scene.bench.store.cancel(scene.bench.partnerId, held.id)
  scene.answerAll()
  await scene.deliverer.stop()
  expect(idsSent(scene.receiver.requests)).toEqual(begun)
  expect(await scene.bench.store.listAttempts(scene.bench.partnerId, held.id)).toEqual([])
})

test('does not begin what is held of a partner that was disabled, and sends it once it is enabled', async () => {
  await using scene = await openScene(3)
  scene.deliverer.ring()
  await scene.waitFor(CONNECTIONS)
  const begun = idsSent(scene.receiver.requests)
  await scene.bench.store.changePartner(scene.bench.partnerId, { disabled: true })
  scene.answerAll()
  for (const id of begun) await expect.poll(async () => (await scene.bench.find(id)).delivery.state).toBe('delivered')
  expect(idsSent(scene.receiver.requests)).toEqual(begun)
  await scene.bench.store.changePartner(scene.bench.partnerId, { disabled: false })
  await scene.bench.advance(SECOND)
  scene.deliverer.ring()
  await scene.waitFor(1)
  scene.answerAll()
  await scene.deliverer.stop()
  expect(new Set(idsSent(scene.receiver.requests)).size).toBe(3)
})

test('gives back what finds no connection within a second, and sends it later', async () => {
  await using scene = await openScene(3)
  scene.deliverer.ring()
  await scene.waitFor(CONNECTIONS)
  expect(scene.claimed()).toBe(3)
  await scene.bench.advance(SECOND)
  await scene.notSent
  expect(scene.receiver.requests).toHaveLength(CONNECTIONS)
  await scene.bench.advance(SECOND)
  scene.answerAll()
  await scene.waitFor(1)
  scene.answerAll()
  await scene.deliverer.stop()
  expect(new Set(idsSent(scene.receiver.requests)).size).toBe(3)
})
