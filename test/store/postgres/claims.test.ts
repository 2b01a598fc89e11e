import { expect, onTestFinished, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import type { Store } from '../../../src/store/store.ts'
import { openPostgres, pause, useServer } from '../../support/postgres-server.ts'
import { LONG_LIMITS } from '../../support/short-limits.ts'
import { type Claimed, claimedOf, openStoreFixture, SUCCESS, WAITING } from '../../support/store.ts'

const START = Date.parse('2026-11-24T08:00:00Z')

const { newDatabase } = useServer({ template: true })

const clock = { now: START }
/** The shortest pause before a transaction is run again; those between hints are shorter. */
const RUN_AGAIN_MS = 20
/** Upkeep pauses for longer. */
const UPKEEP_MS = 2_000
/** Pauses before a transaction was run again: somebody had stood in its way. */
const pauses: number[] = []

const openAt = (url: string, defaultRate: number) =>
  openPostgres(url, {
    now: () => clock.now,
    hasDatabaseClock: false,
    sleep: ms => {
      if (ms >= RUN_AGAIN_MS && ms < UPKEEP_MS) pauses.push(ms)
      return pause(ms)
    },
    defaultRate,
    connections: 2,
    limits: LONG_LIMITS,
  })

/** So many nodes on one database, by the same clock; the bench is on the first. */
const openNodes = async (count: number, { rate = 1_000 } = {}) => {
  clock.now = START
  const database = await newDatabase()
  const others = await Promise.all(Array.from({ length: count - 1 }, () => openAt(database.url, rate)))
  const advance = (ms: number) => {
    clock.now += ms
  }
  const bench = await openStoreFixture(async () => ({ store: await openAt(database.url, rate), advance }), { rate })
  const nodes = [bench.store, ...others]
  onTestFinished(async () => {
    for (const node of nodes) await node.close()
  })
  const claimOf = async (node: Store): Promise<Claimed[]> =>
    claimedOf(await node.claimVerifications({ busy: new Map(), concurrency: 100, leaseMs: MINUTE }))
  return {
    bench,
    nodes,
    claimOf,
    claimAll: () => Promise.all(nodes.map(claimOf)),
    /** Runs it while another session holds the rows that this statement locks. */
    whileLocked: async (lock: string, run: () => Promise<void>) => {
      await using client = await database.connect()
      await client.query(`BEGIN; ${lock}`)
      await run()
    },
  }
}

test('the rate of an account holds over four nodes, and none of it is lost', async () => {
  const rate = 20
  const { bench, claimAll } = await openNodes(4, { rate })
  await bench.store.register(Array.from({ length: 200 }, () => bench.newRegistration({ isBatch: true })))
  const TICK_MS = 25
  const perTick: number[] = []
  for (let tick = 0; tick < (3 * SECOND) / TICK_MS; tick++) {
    perTick.push((await claimAll()).flat().length)
    await bench.advance(TICK_MS)
  }
  const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)
  const seconds = perTick.map((_, tick) => sumOf(perTick.slice(tick, tick + SECOND / TICK_MS)))
  expect(Math.max(...seconds)).toBeLessThanOrEqual(rate + 1)
  expect(sumOf(perTick)).toBeGreaterThanOrEqual(3 * rate - 1)
})

test('an account that another node claims of is not waited for, and looked at again soon', async () => {
  const { bench, whileLocked } = await openNodes(1)
  await bench.register()
  await whileLocked('SELECT FROM accounts FOR NO KEY UPDATE', async () => {
    expect(await bench.claimWith()).toEqual({ claims: [], nextAt: bench.store.now() + 50 })
  })
  expect(await bench.claim()).toHaveLength(1)
})

test('a serial whose row another session has locked is not waited for, and left to it', async () => {
  const { bench, claimOf, whileLocked } = await openNodes(1)
  const [locked, free] = [await bench.register(), await bench.register()]
  await whileLocked(`SELECT FROM verifications WHERE idcardid = '${locked.idcardid}' FOR UPDATE`, async () => {
    const claimed = await claimOf(bench.store)
    expect(claimed.map(({ verification }) => verification.idcardid)).toEqual([free.idcardid])
  })
})

test('nodes that claim, settle and register the same serials at once never stand in each other’s way', async () => {
  const { bench, nodes, claimOf } = await openNodes(4, { rate: 1_000_000 })
  const serials = Array.from({ length: 60 }, (_, n) => String(1_000 + n))
  const register = (node: Store, order: readonly string[], host: string) =>
    node.register(order.map(idcardid => bench.newRegistration({ idcardid, callbackUrl: `https://${host}.example/` })))
  await register(bench.store, serials, 'first')
  const keys: string[] = []
  const claim = async (node: Store) => {
    const claimed = await claimOf(node)
    keys.push(...claimed.map(({ verification }) => `${verification.id} ${verification.claim}`))
    return claimed
  }
  const work = async (node: Store, n: number) => {
    for (let round = 0; round < 6; round++) {
      const claimed = await claim(node)
      const told = claimed.toReversed()
      await Promise.all([
        node.settleVerifications(told.map((one, i) => bench.answered(one, i % 2 === 0 ? SUCCESS : WAITING))),
        register(node, n % 2 === 0 ? serials : serials.toReversed(), `host-${n}-${round}`),
      ])
    }
  }
  pauses.length = 0
  await Promise.all(nodes.map(work))
  expect(pauses).toEqual([])
  // By now each of the serials may have its verdict.
  await bench.register()
  expect(await claim(bench.store)).not.toEqual([])
  expect(new Set(keys).size).toBe(keys.length)
})

test('a delivery at a host that answers is recorded without waiting for a claim of its lane', async () => {
  const { bench, whileLocked } = await openNodes(1)
  await bench.resolve()
  await bench.deliver(200)
  const { id } = await bench.resolve()
  const claimed = await bench.claimMessages()
  pauses.length = 0
  await whileLocked('SELECT 1 FROM lanes FOR UPDATE', async () => {
    await bench.store.settleMessages(claimed.map(message => bench.received(message, 200)))
  })
  expect(pauses).toEqual([])
  expect((await bench.find(id)).delivery.state).toBe('delivered')
})

test('a bulk act that meets a locked row gives the others their turn', async () => {
  const { bench, whileLocked } = await openNodes(1)
  const [locked, free] = [await bench.register(), await bench.register()]
  for (const [id, idcardid] of [
    ['bulk_0', locked.idcardid],
    ['bulk_1', free.idcardid],
  ] as const) {
    const filter = { ...ALL_REGISTRATIONS, idcardid }
    const counted = { count: 1, isCapped: false }
    const whose = { partnerId: null, reason: 'test', who: 'ADMIN_TOKEN', name: 'ADMIN_TOKEN' }
    const act = { id, act: 'poll' as const, filter, counted, ...whose, probe: false, createdAt: bench.store.now() }
    await bench.store.createBulkAct(act)
    await bench.store.startBulkAct(id)
  }
  const ofLocked = `SELECT FROM verifications WHERE idcardid = '${locked.idcardid}' FOR UPDATE`
  await whileLocked(ofLocked, async () => {
    await expect(bench.store.continueBulkActs(10)).rejects.toMatchObject({ code: 'unavailable' })
    await bench.advance(1)
    expect(await bench.store.continueBulkActs(10)).toMatchObject({ count: 1 })
  })
  expect(await bench.store.findBulkAct('bulk_1')).toMatchObject({ done: 1 })
})
