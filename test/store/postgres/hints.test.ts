import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Hint, StoreHints } from '../../../src/store/hints.ts'
import { openHintChannel } from '../../../src/store/postgres/hints.ts'
import { openDatabaseLink } from '../../support/database-link.ts'
import { pause as sleep, useDatabase } from '../../support/postgres-server.ts'

const { server, database } = useDatabase()

/** As other nodes send them. */
const send = (payload: string) => database.query('SELECT pg_notify($1, $2)', ['idface_notifier', payload])

const NAMES = [
  'verificationsDue',
  'messagesDue',
  'bulkActsDue',
  'resolved',
  'withdrawn',
  'callbacksChanged',
  'unreadable',
] as const

let marks = 0

/** Until they have heard all that has been sent so far: it is heard in the order in which it was sent. What they hear last. */
const settled = async (...nodes: readonly { heard: readonly Hint[] }[]): Promise<Hint> => {
  const mark: Hint = ['withdrawn', { partnerId: `mark_${++marks}`, registrationId: null }]
  const payload = JSON.stringify({ from: 'test', hints: [mark] })
  await send(payload)
  for (const { heard } of nodes) await soon(() => expect(heard).toContainEqual(mark))
  return mark
}

/** A node that listens, and what it has heard since then. */
const openNode = async (url = database.url, pause = sleep) => {
  const hints = new EventEmitter<StoreHints>()
  const heard: Hint[] = []
  for (const name of NAMES) hints.on(name, (...args: unknown[]) => void heard.push([name, ...args] as unknown as Hint))
  const channel = openHintChannel({ url, hints, sleep: pause, id: randomUUID() })
  onTestFinished(() => channel.close())
  await vi.waitFor(
    async () => {
      await send('{"from":"test","hints":[["bulkActsDue"]]}')
      expect(heard).toContainEqual(['bulkActsDue'])
    },
    { timeout: 10_000 },
  )
  await settled({ heard })
  heard.length = 0
  return { ...channel, hints, heard }
}

/** Without what they have heard of each other's start. */
const openNodes = async (count: number) => {
  const nodes: Node[] = []
  while (nodes.length < count) nodes.push(await openNode())
  await settled(...nodes)
  for (const { heard } of nodes) heard.length = 0
  return nodes as [Node, Node, Node]
}
type Node = Awaited<ReturnType<typeof openNode>>

const soon = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 5 })

describe('hints between nodes', () => {
  test('are heard by the others, and by the node itself once', async () => {
    const [one, two, three] = await openNodes(3)
    const told: Hint[] = [['messagesDue'], ['withdrawn', { partnerId: 'p', registrationId: null }], ['resolved', ['a']]]
    one.publish(told)
    expect(one.heard).toEqual(told)
    for (const { heard } of [two, three]) await soon(() => expect(heard).toEqual(told))
    const last = await settled(one)
    expect(one.heard).toEqual([...told, last])
  })

  test('are received when sent while others were being sent', async () => {
    let sent = () => {}
    const one = await openNode(database.url, async (...pause) => {
      await sleep(...pause)
      // Once they are being sent, and before the server's answer can be read.
      process.nextTick(() => sent())
    })
    const two = await openNode()
    sent = () => {
      sent = () => {}
      one.publish([['bulkActsDue']])
    }
    one.publish([['messagesDue']])
    await soon(() => expect(two.heard).toEqual([['messagesDue'], ['bulkActsDue']]))
  })

  test('are not disturbed by foreign ones', async () => {
    const [one, two] = await openNodes(2)
    const strange = [
      '',
      'x',
      'null',
      '[]',
      '{"from":1}',
      '{"from":"x","hints":[["broken",{}],["newer",1],["messagesDue"]]}',
    ]
    for (const payload of strange) await send(payload)
    one.publish([['bulkActsDue']])
    await soon(() => expect(two.heard).toEqual([['messagesDue'], ['bulkActsDue']]))
  })

  test('that cannot be read, or that a listener cannot bear, are left out and counted, and end nothing', async () => {
    const node = await openNode()
    node.hints.on('withdrawn', ({ partnerId }) => {
      if (partnerId === 'unbearable') throw new Error('a listener has failed')
    })
    const before = node.unreadable()
    const unreadable = [
      ...['x', '{}', '{"from":"x","hints":null}', '{"from":"x","hints":{}}'],
      ...[null, 5, [], ['newer', 1], ['broken', {}], ['error', 'x'], ['toString']].map(hint => [hint]),
      ...[['resolved'], ['resolved', null], ['resolved', 5], ['resolved', 'reg_1'], ['resolved', [5]]].map(hint => [
        hint,
      ]),
      ...[undefined, null, 5, {}, { partnerId: 5, registrationId: null }, { partnerId: 'p' }].map(what => [
        ['withdrawn', what],
      ]),
      [['messagesDue', { newer: true }]],
      [['withdrawn', { partnerId: 'unbearable', registrationId: null }]],
    ].map(one => (typeof one === 'string' ? one : JSON.stringify({ from: 'x', hints: [...one, ['bulkActsDue']] })))
    for (const payload of unreadable) await send(payload)
    await settled(node)
    expect(node.unreadable() - before).toBe(unreadable.length)
    const bearable = node.heard.filter(
      ([name, what]) => name !== 'withdrawn' || !/^(mark|unbearable)/.test(what.partnerId),
    )
    expect(bearable).toEqual(Array.from({ length: unreadable.length - 4 }, () => ['bulkActsDue']))
  })

  test('of a command that ends at once are heard', async () => {
    const one = await openNode()
    const command = openHintChannel({ url: database.url, hints: new EventEmitter(), sleep, id: randomUUID() })
    command.publish([['messagesDue']])
    await command.close()
    await soon(() => expect(one.heard).toEqual([['messagesDue']]))
  })

  test('do not hold up the end of a node whose database is away', async () => {
    await using link = await openDatabaseLink(server)
    let sleptMs = 0
    const node = await openNode(link.urlOf(database.name), (ms, signal) => {
      sleptMs += ms
      return sleep(ms, signal)
    })
    link.silence(true)
    sleptMs = 0
    node.publish([['messagesDue']])
    await node.close()
    expect(sleptMs).toBeLessThanOrEqual(510)
  })
})
