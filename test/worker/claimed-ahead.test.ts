import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { createDeliverer } from '../../src/worker/deliverer.ts'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { openSender } from '../support/sender.ts'
import { openBench, SUCCESS } from '../support/store.ts'

const CONNECTIONS = 2
const turn = () => new Promise(resolve => setImmediate(resolve))

/** A deliverer with two connections to a host that has answered before, and this many messages due for it. */
const openScene = async (count: number, ofAnother = 0) => {
  const stack = new AsyncDisposableStack()
  const open = async () => ({
    store: await openSqliteStore({ path: ':memory:', masterKey: randomBytes(32), now: Date.now, defaultRate: 1e6 }),
    advance: () => {},
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
  await bench.store.register([bench.newRegistration({ callbackUrl })])
  await bench.poll(SUCCESS)
  await bench.deliver(200)
  const items = Array.from({ length: count }, () => bench.newRegistration({ callbackUrl }))
  const partnerId = await bench.addPartner()
  const others = Array.from({ length: ofAnother }, () => bench.newRegistration({ callbackUrl, partnerId }))
  await bench.store.register([...items, ...others])
  while ((await bench.poll(SUCCESS)) > 0);

  const sender = openSender({ connectionsPerHost: CONNECTIONS })
  const notSent = Promise.withResolvers<void>()
  const destination = { write: (line: string) => line.includes('"not_sent"') && notSent.resolve() }
  let claimed = 0
  const deliverer = createDeliverer({
    store: {
      ...bench.store,
      claimMessages: async claim => {
        const result = await bench.store.claimMessages(claim)
        claimed += result.messages.length
        return result
      },
    },
    sender,
    scheduleMs: [1_000],
    timeoutMs: 10_000,
    concurrency: 100,
    perHost: CONNECTIONS,
    random: Math.random,
    log: createLog({ level: 'info', destination }),
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

test('holds as many as there are connections, and sends them as these become free', async () => {
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
  await scene.notSent
  expect(scene.receiver.requests).toHaveLength(CONNECTIONS)
  scene.answerAll()
  await scene.waitFor(1)
  scene.answerAll()
  await scene.deliverer.stop()
  expect(new Set(idsSent(scene.receiver.requests)).size).toBe(3)
})
