import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { newPartner } from '../../../src/core/new-partner.ts'
import type { EngineCounts } from '../../../src/store/stats/stats.ts'
import type { Store } from '../../../src/store/store.ts'
import { openApi } from '../../http/support/api.ts'
import { type DatabaseLink, openDatabaseLink } from '../../support/database-link.ts'
import { openPostgresBench, pause as sleep, useServer } from '../../support/postgres-server.ts'
import { first, HOOK, SUCCESS } from '../../support/store.ts'

const { server } = useServer()
let link: DatabaseLink
beforeAll(async () => {
  link = await openDatabaseLink(server)
  // Whoever comes this way hears nothing of the others.
  link.judge = sent => (sent.includes('LISTEN ') ? 'lose' : 'pass')
})
afterAll(() => link[Symbol.asyncDispose]())

/** A node with an API, whose clock can be put forward and whose waits can be watched, and, as a bench, workers. */
const openNode = async (url = server.urlOf('postgres'), pause = sleep) => {
  const clock = { aheadMs: 0 }
  const bench = await openPostgresBench(url)
  const { store, newId } = bench
  /** Registrations that calls have looked at: one with `?wait=` waits from then on. */
  const looked = new Set<string>()
  const findRegistration: Store['findRegistration'] = async (partnerId, id) => {
    const found = await store.findRegistration(partnerId, id)
    looked.add(id)
    return found
  }
  const api = await openApi({
    // Each node has partners of its own.
    store: { ...store, findRegistration, createPartner: one => store.createPartner({ ...one, name: one.id }) },
    register: async item => first(await store.register([item])),
    now: () => Date.now() + clock.aheadMs,
    monotonic: () => performance.now() + clock.aheadMs,
    sleep: pause,
    newId,
  })
  onTestFinished(async () => {
    await store.close()
    await api[Symbol.asyncDispose]()
  })
  return { ...bench, call: api.call, looked, clock }
}
type Node = Awaited<ReturnType<typeof openNode>>

const addPartner = async ({ store, newId }: Node) => {
  const { partner, apiKey: key } = newPartner(newId('partner'), { newId, random: randomBytes })
  await store.createPartner(partner)
  return { id: partner.id, keyId: partner.key.id, key }
}

const isListening = (counts: EngineCounts) => counts.kind === 'postgres' && counts.isListening

let serial = 0
const register = (node: Node, key: string) =>
  node.call('POST', '/v1/registrations', { key, body: { idcardid: `serial-${serial++}`, callbackUrl: HOOK } })

test.each([
  { how: 'hears of it', hears: true, within: 0, url: () => server.urlOf('postgres') },
  { how: 'does not hear of it', hears: false, within: 2_000, url: () => link.urlOf('postgres') },
])(
  "a node that $how answers a call that waits for another's verdict within $within ms",
  async ({ hears, within, url }) => {
    let waitedMs = 0
    const pause = async (ms: number, signal?: AbortSignal) => {
      await sleep(hears ? 60_000 : ms, signal)
      waitedMs += ms
    }
    const [node, other] = [await openNode(), await openNode(url(), pause)]
    const { key } = await addPartner(node)
    const { json } = await register(node, key)
    const answer = other.call('GET', `/v1/registrations/${json.id}?wait=60s`, { key })
    await expect.poll(() => other.looked.has(json.id), { interval: 5 }).toBe(true)
    await expect.poll(async () => isListening(await other.store.engineCounts())).toBe(hears)
    await node.poll(SUCCESS)
    waitedMs = 0
    expect((await answer).json.status).toBe('succeeded')
    expect(waitedMs).toBeLessThanOrEqual(within)
  },
)

test('a change of a partner on one node holds on the others within two seconds, without a hint', async () => {
  const [node, other] = [await openNode(), await openNode(link.urlOf('postgres'))]
  const { id, keyId, key } = await addPartner(node)
  const statusOnOther = async () => (await register(other, key)).status
  const soon = async () => {
    other.clock.aheadMs += 2_000
    return statusOnOther()
  }
  expect(await statusOnOther()).toBe(201)
  await node.store.changePartner(id, { quotas: { pending: 0, hosts: null, daily: null } })
  expect(await soon()).toBe(429)
  await node.store.changePartner(id, { quotas: { pending: null, hosts: null, daily: null } })
  expect(await soon()).toBe(201)
  await node.store.changePartner(id, { disabled: true })
  expect(await soon()).toBe(401)
  await node.store.changePartner(id, { disabled: false })
  expect(await soon()).toBe(201)
  await node.store.revokeKey(keyId)
  expect(await soon()).toBe(401)
})
