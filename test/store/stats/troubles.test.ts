import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { troubleKind } from '../../../src/core/trouble-kinds.ts'
import type { ServiceNode } from '../../../src/store/operators/nodes.ts'
import type { AccountStats, SqliteStats, Stats } from '../../../src/store/stats/stats.ts'
import { type TroubleFacts, troublesOf } from '../../../src/store/stats/troubles.ts'
import { newNode } from '../support/nodes.ts'
import { emptyStats } from '../support/stats.ts'

const AT = Date.parse('2026-11-24T16:20:00.000Z')
const ENGINE: SqliteStats = {
  kind: 'sqlite',
  path: '/data/notifier.db',
  databaseBytes: 1e9,
  walBytes: 1e6,
  masterKey: '00000000',
  diskFreeBytes: 100e9,
}

const stats = emptyStats({ id: 'acc_1', apiId: 'C1', rate: 5 }, { at: AT, firstPartnerAt: AT - DAY, engine: ENGINE })
const withAccount = (more: Partial<AccountStats>): Stats => ({
  ...stats,
  accounts: stats.accounts.map(account => ({ ...account, ...more })),
})
const withDeliveries = (more: Partial<Stats['deliveries']>): Stats => ({
  ...stats,
  deliveries: { ...stats.deliveries, ...more },
})

type More = Partial<Omit<TroubleFacts, 'stats'> & Pick<Stats, 'nodes' | 'backup' | 'engine'>>

const told = (stats: Stats, { writeError = null, isServed = true, ...more }: More = {}) =>
  troublesOf({ stats: { ...stats, ...more }, writeError, isServed })

test('nothing is wrong where nothing is late, paused or short', () => {
  expect(told(stats)).toEqual([])
  expect(told(withDeliveries({ due: 9_000, oldestDueAt: AT - 2 * MINUTE }))).toEqual([])
})

test.each([
  [
    'a paused account',
    withAccount({ pausedAt: AT - 1, pauseReason: 'frozen', pauseCode: 4050, probeAt: AT + 1 }),
    {
      ...{ code: 'account_paused', since: AT - 1, account: 'C1', reason: 'frozen', upstreamCode: 4050 },
      nextTryAt: AT + 1,
    },
  ],
  [
    'an account that an operator paused',
    withAccount({ pausedAt: AT - 1, pauseReason: 'operator', waiting: 1 }),
    { code: 'account_paused_by_operator', since: AT - 1, account: 'C1' },
  ],
  [
    'an outage of GetResult',
    withAccount({ unreachableAt: AT - 1, unreachableError: 'timeout' }),
    { code: 'upstream_unreachable', since: AT - 1, account: 'C1', error: 'timeout', nextTryAt: null },
  ],
  [
    'late polls, and how long they take at the rate',
    withAccount({ due: 600, oldestDueAt: AT - 2 * MINUTE - 1, catchUpMs: 120 * SECOND }),
    {
      ...{ code: 'polls_late', since: AT - 1, account: 'C1', due: 600, isCapped: false },
      ...{ rate: 5, rateNow: 5, answers: null, isSlow: false, etaMs: 120 * SECOND },
    },
  ],
  [
    'late polls, where the time of the answers limits the rate',
    withAccount({ due: 64, oldestDueAt: AT - 3 * MINUTE, rateNow: 2, answers: { ms: 1_000, calls: 2 } }),
    {
      ...{ code: 'polls_late', since: AT - MINUTE, account: 'C1', due: 64, isCapped: false, etaMs: 0 },
      ...{ rate: 5, rateNow: 2, answers: { ms: 1_000, calls: 2 }, isSlow: true },
    },
  ],
  [
    'an account whose calls take long, whatever waits',
    withAccount({ answers: { ms: 2_001, calls: 4 } }),
    { code: 'upstream_slow', since: null, account: 'C1', ms: 2_001 },
  ],
  [
    'late webhooks',
    withDeliveries({ due: 10_000, dueIsCapped: true, oldestDueAt: AT - 3 * MINUTE }),
    { code: 'deliveries_late', since: AT - MINUTE, due: 10_000, isCapped: true },
  ],
  [
    'webhooks on hold',
    { ...withDeliveries({ held: 3 }), callbacks: { gone: 1, failing: 0, disabled: 2 } },
    { code: 'messages_held', since: null, held: 3, urls: 3 },
  ],
])('tells of %s', (_name, some, trouble) => {
  expect(told(some)).toEqual([trouble])
})

test('an account that an operator paused and nothing waits for came first and was red, its serials waiting', () => {
  const idle = withAccount({ pausedAt: AT - 1, pauseReason: 'operator' })
  const held = {
    ...idle,
    ...{ deliveries: { ...stats.deliveries, held: 1 }, callbacks: { ...stats.callbacks, gone: 1 } },
  }
  const found = told(held, { backup: { good: null, failed: { at: AT, reason: 'no_room' } } })
  expect(found.map(({ code }) => code)).toEqual(['messages_held', 'backup_failed', 'account_paused_idle'])
  expect(troubleKind('account_paused_idle')).toMatchObject({ level: 'note', lights: [], ready: null, alert: null })
})

test('a database that cannot be written was no trouble', () => {
  const full = { engine: { ...ENGINE, diskFreeBytes: 0 }, writeError: 'SQLITE_FULL' }
  expect(told(stats, full)).toEqual([
    { code: 'store_failing', since: null, error: 'SQLITE_FULL', file: '/data/notifier.db' },
  ])
  // It may run all the same.
  expect(told(stats, { ...full, isServed: false }).map(({ code }) => code)).not.toContain('no_service')
})

test('where no service runs, that comes first, and the backlog has no time estimate', () => {
  const late = withAccount({ due: 600, oldestDueAt: AT - 3 * MINUTE })
  expect(told(late, { isServed: false })).toMatchObject([
    { code: 'no_service', since: null },
    { code: 'polls_late', due: 600, etaMs: null },
  ])
})

test('slow answers are named beside late polls, and not in a pause', () => {
  const slow = { answers: { ms: 8_000, calls: 4 } }
  const late = withAccount({ ...slow, due: 64, oldestDueAt: AT - 3 * MINUTE, rateNow: 0.5 })
  expect(told(late).map(({ code }) => code)).toEqual(['polls_late', 'upstream_slow'])
  expect(told(withAccount({ ...slow, pausedAt: AT, pauseReason: 'frozen' })).map(({ code }) => code)).toEqual([
    'account_paused',
  ])
  expect(told(withAccount({ answers: { ms: 2_000, calls: 4 } }))).toEqual([])
})

test('polls late in a pause or an outage are named as that', () => {
  const late = { due: 600, oldestDueAt: AT - 60 * MINUTE }
  const paused = withAccount({ ...late, pausedAt: AT - 1, pauseReason: 'frozen', pauseCode: 4050 })
  expect(told(paused).map(({ code }) => code)).toEqual(['account_paused'])
  const silent = withAccount({ ...late, unreachableAt: AT - 1, unreachableError: 'timeout' })
  expect(told(silent).map(({ code }) => code)).toEqual(['upstream_unreachable'])
})

test('tells of a disk that is nearly full', () => {
  expect(told(stats, { engine: { ...ENGINE, diskFreeBytes: 1e9 } })).toEqual([
    { code: 'disk_low', since: null, freeBytes: 1e9 },
  ])
  expect(told(stats, { engine: { ...ENGINE, diskFreeBytes: null } })).toEqual([])
})

test('webhooks that an operator holds are named as held, however late', () => {
  expect(told(withDeliveries({ due: 9, oldestDueAt: AT - 60 * MINUTE, heldAt: AT - MINUTE }))).toEqual([
    { code: 'deliveries_held', since: AT - MINUTE, due: 9, isCapped: false },
  ])
})

const node = (name: string, { seenAt = AT, ...more }: Partial<ServiceNode>): ServiceNode => ({
  ...{ ...newNode(name), name, key: '11111111', startedAt: AT - MINUTE, steadyAt: AT - MINUTE },
  ...{ seenAt, lostAt: seenAt === AT ? null : AT, ...more },
})

test('names nodes whose clock receivers may not tolerate, except a lost one', () => {
  const ahead = { new: null, well: 29_999, behind: 30_000, ahead: -3_600_000 }
  const nodes = Object.entries(ahead).map(([name, clockAheadMs]) => node(name, { clockAheadMs }))
  nodes.push(node('lost', { clockAheadMs: 3_600_000, seenAt: AT - 40 * SECOND }))
  expect(told(stats, { nodes }).slice(1)).toEqual([
    { code: 'clock_wrong', since: null, node: 'ahead', aheadMs: -3_600_000 },
    { code: 'clock_wrong', since: null, node: 'behind', aheadMs: 30_000 },
  ])
})

test('counts given-up webhooks of the last day, and names hosts that only fail', () => {
  const resent = { code: 'messages_resent', since: null, count: 3, isCapped: false } as const
  expect(told(withDeliveries({ resent: 3 }))).toEqual([{ ...resent, isAll: true }])
  expect(told(withDeliveries({ givenUp: 2, resent: 3 }))).toEqual([
    { code: 'messages_exhausted', since: null, count: 2, isCapped: false },
    { ...resent, isAll: false },
  ])
  const host = { partnerId: 'p', partnerName: 'P', host: 'a.example', urls: 4, since: AT - 1, error: 'http_500' }
  const failingHosts = { worst: [{ ...host, waiting: 60 }], hosts: 1 }
  expect(told({ ...stats, failingHosts })).toEqual([{ code: 'callbacks_failing', since: AT - 1, ...failingHosts }])
})

test('a backup that failed, perhaps one by hand, came before thousands of webhooks that were given up', () => {
  const both = {
    ...withDeliveries({ givenUp: 4_000 }),
    backup: { good: null, failed: { at: AT, reason: 'not_usable' } },
  }
  expect(told(both).map(({ code }) => code)).toEqual(['messages_exhausted', 'backup_failed'])
})

test('a backup that has not run for 36 hours, or never in a day, was nothing wrong', () => {
  const good = (at: number) => ({ good: { at, path: '/b/1.db', bytes: 9 }, failed: null })
  expect(told(stats, { backup: good(AT - 36 * HOUR) })).toEqual([])
  expect(told(stats, { backup: good(AT - 37 * HOUR) })).toEqual([
    { code: 'backup_stale', since: AT - HOUR, madeAt: AT - 37 * HOUR, path: '/b/1.db' },
  ])
  expect(told({ ...stats, firstPartnerAt: AT - DAY - 1 })).toEqual([
    { code: 'backup_stale', since: AT - 1, madeAt: null, path: null },
  ])
  expect(told({ ...stats, firstPartnerAt: null })).toEqual([])
  const { diskFreeBytes: _, walBytes: __, path: ___, ...engine } = ENGINE
  const postgres = { ...engine, kind: 'postgres', serverVersion: '18.1', oldestSnapshotMs: 0 } as const
  const deadRows = { deliveries: 0, lanes: 0, registrations: 0, verifications: 0 }
  expect(told({ ...stats, firstPartnerAt: 0 }, { engine: { ...postgres, deadRows } })).toEqual([])
})

test('names the roles that only a lost node had, and none that others still have', () => {
  const lost = { seenAt: AT - 40 * SECOND }
  const [a, b] = [node('a', { roles: ['api', 'deliver'] }), node('b', { roles: ['poll', 'deliver'], ...lost })]
  expect(told(stats, { nodes: [a, b] })).toEqual([
    { code: 'node_lost', node: 'b', since: AT - 40 * SECOND, undone: ['poll'] },
  ])
  expect(told(stats, { nodes: [a, b, node('c', { roles: ['poll'], ...lost })] })).toMatchObject([
    { node: 'b', undone: ['poll'] },
    { node: 'c', undone: ['poll'] },
  ])
  expect(told(stats, { nodes: [a, b, node('c', { roles: ['poll'] })] })).toEqual([
    { code: 'node_lost', node: 'b', since: AT - 40 * SECOND },
  ])
})
