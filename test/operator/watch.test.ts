import { expect, onTestFinished, test } from 'vitest'
import type { Alert } from '../../src/core/alert.ts'
import { DAY, HOUR, MINUTE } from '../../src/core/duration.ts'
import { Secret } from '../../src/core/secret.ts'
import { createWatch } from '../../src/operator/watch.ts'
import type { FiringAlert } from '../../src/store/operators/alerts.ts'
import type { ServiceNode } from '../../src/store/operators/nodes.ts'
import type { SqliteStats, Stats } from '../../src/store/stats/stats.ts'
import { unavailableBy } from '../../src/store/unavailable.ts'
import { openNewStore } from '../support/sqlite-template.ts'
import { AT, CONSOLE_URL } from './support.ts'

const FILE = { path: null, databaseBytes: 1, walBytes: 1, diskFreeBytes: 1e12 }
const ENGINE: SqliteStats = { kind: 'sqlite', ...FILE, masterKey: 'f00d' }

const open = async () => {
  const sqlite = await openNewStore({ now: () => AT, defaultRate: 5 })
  onTestFinished(() => sqlite.close())
  const apiKey = new Secret('key')
  const account = await sqlite.putDefaultAccount({ id: 'acc_1', apiId: 'C1', apiKey, passwordMode: 'dynamic' })
  const state = {
    engine: {} as Partial<SqliteStats>,
    stats: {} as Partial<Stats>,
    isBroken: false,
    isUntold: false,
    writeError: '',
    nodes: [] as ServiceNode[],
    /** Given-up webhooks that a partner has not received, the last of which was tried just before its alert. */
    left: {} as Record<string, number>,
    resent: {} as Record<string, number>,
  }
  /** The firing events in the store, noted by any node. */
  const firing: FiringAlert[] = []
  const store: Parameters<typeof createWatch>[0]['store'] = {
    ...sqlite,
    firingAlerts: async () => [...firing],
    givenUpOf: async (partnerId, since) => ({
      ...{ givenUp: since < AT - 4 * DAY ? (state.left[partnerId] ?? 0) : 0, givenUpIsCapped: false },
      ...{ resent: state.resent[partnerId] ?? 0, resentIsCapped: false },
    }),
    probe: async () => {
      if (state.writeError) throw unavailableBy(state.writeError, 'full')
    },
    stats: async () => {
      if (state.isBroken) throw new Error('the database cannot be used now')
      const now = await sqlite.stats()
      const { deliveries = now.deliveries, ...stats } = state.stats
      const engine = { ...ENGINE, ...state.engine }
      const held = { ...deliveries, heldAt: now.deliveries.heldAt }
      return { ...now, nodes: state.nodes, engine, ...stats, deliveries: held }
    },
  }
  const noted: string[] = []
  const logged: unknown[] = []
  const toldNow: Alert[] = []
  const watch = createWatch({
    store,
    note: ({ condition, subject, details }) => {
      noted.push(`${condition} ${subject}: ${details === null ? 'over' : 'wrong'}`)
      if (details !== null) firing.push({ condition, subject, since: AT, at: AT })
      else
        firing.splice(
          firing.findIndex(one => one.condition === condition && one.subject === subject),
          1,
        )
    },
    notifyNow: async event => {
      toldNow.push(event)
      return !state.isUntold
    },
    emit: (...event) => void logged.push(event[1]),
    consoleUrl: CONSOLE_URL,
    place: { node: 'a' },
  })
  const check = async () => {
    noted.length = 0
    await watch.check()
    return [...noted]
  }
  return { sqlite, account, state, firing, check, logged, toldNow }
}

test('notes what has come and what is over, once', async () => {
  const { check, state, logged } = await open()
  expect(await check()).toEqual([])
  state.engine = { diskFreeBytes: 5e8 }
  expect(await check()).toEqual(['disk.low disk: wrong'])
  expect(await check()).toEqual([])
  state.engine = {}
  expect(await check()).toEqual(['disk.low disk: over'])
  expect(logged).toMatchObject([
    {
      ...{ type: 'disk.low', subject: 'disk', state: 'firing', page: CONSOLE_URL },
      sentence: expect.stringContaining('500 MB'),
    },
    { type: 'disk.low', subject: 'disk', state: 'resolved' },
  ])
})

test('while an operator holds webhooks, their backlog is neither late nor over', async () => {
  const { check, state, sqlite } = await open()
  const { deliveries } = await sqlite.stats()
  state.stats = { deliveries: { ...deliveries, due: 7, oldestDueAt: AT - 3 * MINUTE } }
  expect(await check()).toEqual(['backlog.growing deliver: wrong'])
  await sqlite.holdDeliveries()
  expect(await check()).toEqual([])
  state.stats = {}
  await sqlite.resumeDeliveries()
  expect(await check()).toEqual(['backlog.growing deliver: over'])
})

test('of an account that is refused, nobody was told that it goes on before a call had succeeded', async () => {
  const { check, state, sqlite, account } = await open()
  const [running] = (await sqlite.stats()).accounts
  const now = (more: object) => ({ accounts: [{ ...running, ...more }] }) as Partial<Stats>
  const refused = { pausedAt: AT, pauseReason: 'credentials_wrong', pauseCode: 405, probes: 1 }
  state.stats = now(refused)
  expect(await check()).toEqual(['account.paused C1: wrong'])
  for (const more of [
    { ...refused, probes: 0 },
    { pausedAt: AT, pauseReason: 'operator' },
  ]) {
    state.stats = now(more)
    expect(await check()).toEqual([])
  }
  state.stats = now({})
  expect(await check()).toEqual([`account.paused ${account.apiId}: over`])
})

test('a wrong clock was told to be right again by each restart, which had not measured it yet', async () => {
  const { check, state } = await open()
  const clocks = async (nodes: Record<string, number | null>, at = AT) => {
    const node = { id: '', key: '', version: '', startedAt: AT, seenAt: AT, steadyAt: AT, settings: '', lostAt: null }
    const all = Object.entries(nodes).map(([name, clockAheadMs]) => ({ ...node, name, clockAheadMs }))
    state.nodes = all.map(one => ({ ...one, roles: ['poll'], answers: null }))
    state.stats = { at }
    return (await check()).filter(noted => noted.startsWith('clock.wrong'))
  }
  expect(await clocks({ a: -HOUR, b: 0 })).toEqual(['clock.wrong a: wrong'])
  for (const nodes of [{ b: 0 }, { a: null, b: 0 }, { a: -HOUR, b: 0 }]) expect(await clocks(nodes)).toEqual([])
  expect(await clocks({ a: 0, b: 0 })).toEqual(['clock.wrong a: over'])
  expect(await clocks({ a: HOUR })).toEqual(['clock.wrong a: wrong'])
  expect(await clocks({ b: 0 })).toEqual([])
  expect(await clocks({ b: 0 }, AT + MINUTE)).toEqual(['clock.wrong a: over'])
})

test('that GetResult is slow ends with quick answers, not because no call is made', async () => {
  const { check, state, sqlite } = await open()
  const [running] = (await sqlite.stats()).accounts
  const answering = async (ms: number | null, more: object = {}) => {
    const answers = ms === null ? null : { ms, calls: 4 }
    state.stats = { accounts: [{ ...running, answers, ...more }] } as Partial<Stats>
    return check()
  }
  expect(await answering(8_000)).toEqual(['upstream.slow C1: wrong'])
  expect(await answering(null)).toEqual([])
  expect(await answering(200, { unreachableAt: AT, unreachableError: 'timeout' })).toEqual([
    'upstream.unreachable C1: wrong',
  ])
  expect(await answering(200)).toEqual(['upstream.slow C1: over', 'upstream.unreachable C1: over'])
})

test('a database that two checks cannot write is told past it until that is told, and its end', async () => {
  const { check, state, logged, toldNow } = await open()
  const checkWith = async (writeError: string, isUntold = false) => {
    Object.assign(state, { writeError, isUntold })
    await check()
  }
  for (const error of ['SQLITE_BUSY', '', '55P03', '']) await checkWith(error)
  expect(toldNow).toEqual([])
  await checkWith('SQLITE_FULL')
  await checkWith('SQLITE_FULL', true)
  for (const error of ['SQLITE_FULL', 'SQLITE_FULL', '', '']) await checkWith(error)
  const firing = { condition: 'store.failing', state: 'firing', details: { error: 'SQLITE_FULL' } }
  expect(toldNow).toMatchObject([firing, firing, { condition: 'store.failing', state: 'resolved' }])
  expect(logged).toMatchObject([
    { type: 'store.failing', state: 'firing', sentence: expect.stringContaining('(SQLITE_FULL)') },
    { type: 'store.failing', state: 'resolved' },
  ])
})

test('given-up webhooks are over when none is left or still on its way again, of one partner at a look, and for four days', async () => {
  const { state, firing, check } = await open()
  const given = (subject: string, at = AT) =>
    firing.push({ condition: 'message.exhausted', subject, since: AT - 4 * DAY, at })
  given('prt_old', AT - 4 * DAY)
  given('prt_left')
  given('prt_none')
  state.left.prt_left = 1
  expect([await check(), await check()]).toEqual([[], ['message.exhausted prt_none: over']])
  expect([await check(), await check()]).toEqual([[], []])
  state.left.prt_left = 0
  state.resent.prt_left = 1
  expect(await check()).toEqual([])
  state.resent.prt_left = 0
  expect(await check()).toEqual(['message.exhausted prt_left: over'])
})
