import { expect, onTestFinished, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { AppError } from '../../src/core/error.ts'
import type { OperatorNote } from '../../src/core/operator-event.ts'
import { Secret } from '../../src/core/secret.ts'
import { keyOf } from '../../src/operator/notebook.ts'
import { createWatch } from '../../src/operator/watch.ts'
import type { NodeEvent, ServiceNode } from '../../src/store/nodes.ts'
import type { SqliteStats } from '../../src/store/stats.ts'
import type { EndedCallbackEvent, Stats } from '../../src/store/store.ts'
import { openNewStore } from '../support/sqlite-template.ts'
import { both } from '../support/words.ts'
import { AT } from './support.ts'

const ENGINE: SqliteStats = { kind: 'sqlite', databaseBytes: 1, walBytes: 1, diskFreeBytes: 1e12, masterKey: 'f00d' }

const open = async () => {
  const sqlite = await openNewStore({ now: () => AT, defaultRate: 5 })
  onTestFinished(() => sqlite.close())
  const apiKey = new Secret('key')
  const account = await sqlite.putDefaultAccount({ id: 'acc_1', apiId: 'C1', apiKey, passwordMode: 'dynamic' })
  const state = {
    engine: {} as Partial<SqliteStats>,
    stats: {} as Partial<Stats>,
    isBroken: false,
    now: AT,
    writeError: '',
    ended: [] as EndedCallbackEvent[],
    nodes: [] as ServiceNode[],
    nodeEvents: [] as NodeEvent[],
  }
  const noted: OperatorNote[] = []
  const store: Parameters<typeof createWatch>[0]['store'] = {
    ...sqlite,
    now: () => state.now,
    endedCallbackEvents: async () => state.ended,
    firingNodeEvents: async () => state.nodeEvents,
    probe: async () => {
      if (state.writeError)
        throw new AppError('unavailable', both(`the database cannot be used now (${state.writeError})`))
    },
    stats: async () => {
      if (state.isBroken) throw new Error('the database cannot be used now')
      const now = await sqlite.stats()
      const { deliveries = now.deliveries, ...stats } = state.stats
      return {
        ...{ ...now, nodes: state.nodes, engine: { ...ENGINE, ...state.engine }, ...stats },
        deliveries: { ...deliveries, heldAt: now.deliveries.heldAt },
      }
    },
  }
  const logged: unknown[] = []
  const emit = (_name: string, fields: unknown) => void logged.push(fields)
  const unwritable: (string | null)[] = []
  const failingSince: (number | null)[] = []
  const tellUnwritable = async (error: string | null, since: number | null) => {
    unwritable.push(error)
    failingSince.push(since)
  }
  const watch = createWatch({ store, note: note => void noted.push(note), tellUnwritable, emit, pollMaxMs: 5 * MINUTE })
  return {
    ...{ sqlite, account, state, watch },
    /** What a look notes, and whether it is wrong. */
    look: async () => {
      noted.length = 0
      await watch.look()
      return noted.map(note => `${keyOf(note)}: ${note.details === null ? 'well' : 'wrong'}`)
    },
    ...{ noted, logged, unwritable, failingSince },
  }
}

test('the first look notes all, and later ones what has changed', async () => {
  const { look, state, noted } = await open()
  expect(await look()).toEqual([
    'account.paused C1: well',
    'upstream.unreachable C1: well',
    'backlog.growing poll C1: well',
    'backlog.growing deliver: well',
    'disk.low disk: well',
    'backup.failed backup: well',
  ])
  expect(await look()).toEqual([])
  state.engine = { diskFreeBytes: 5e8 }
  expect(await look()).toEqual(['disk.low disk: wrong'])
  expect(noted).toMatchObject([{ at: AT, adds: 0, details: { freeBytes: 5e8 } }])
  expect(await look()).toEqual([])
  state.engine = {}
  expect(await look()).toEqual(['disk.low disk: well'])
})

test('while an operator holds webhooks it is not noted that none is late any more', async () => {
  const { look, state, sqlite } = await open()
  await look()
  const { deliveries } = await sqlite.stats()
  state.stats = { deliveries: { ...deliveries, due: 7, oldestDueAt: AT - 3 * MINUTE } }
  expect(await look()).toEqual(['backlog.growing deliver: wrong'])
  await sqlite.holdDeliveries()
  expect(await look()).toEqual([])
  await sqlite.resumeDeliveries()
  expect(await look()).toEqual(['backlog.growing deliver: wrong'])
  await sqlite.holdDeliveries()
  expect(await look()).toEqual([])
  state.stats = {}
  await sqlite.resumeDeliveries()
  expect(await look()).toEqual(['backlog.growing deliver: well'])
})

test('a backlog of polls was told to be over when its account was refused or could not be reached', async () => {
  const { look, state, sqlite } = await open()
  await look()
  const [account] = (await sqlite.stats()).accounts
  if (!account) throw new Error('there is no account')
  const late = { ...account, due: 9_000, oldestDueAt: AT - 3 * MINUTE }
  const asked = async (accounts: (typeof account)[]) => {
    state.stats = { accounts }
    return await look()
  }
  expect(await asked([late])).toEqual(['backlog.growing poll C1: wrong'])
  expect(await asked([{ ...late, pausedAt: AT, pauseReason: 'frozen' }])).toEqual(['account.paused C1: wrong'])
  expect(await asked([{ ...late, pausedAt: AT, pauseReason: 'operator' }])).toEqual(['account.paused C1: well'])
  expect(await asked([{ ...late, unreachableAt: AT }])).toEqual(['upstream.unreachable C1: wrong'])
  expect(await asked([late])).toEqual(['backlog.growing poll C1: wrong', 'upstream.unreachable C1: well'])
  expect(await asked([{ ...late, unreachableAt: AT }])).toEqual(['upstream.unreachable C1: wrong'])
  expect(await asked([account])).toEqual(['upstream.unreachable C1: well', 'backlog.growing poll C1: well'])
})

test('a backup that failed and was made again while nobody looked is noted as made', async () => {
  const { look, sqlite } = await open()
  await sqlite.recordBackup({ outcome: 'failed', at: AT, reason: 'no_room' })
  expect(await look()).toContain('backup.failed backup: wrong')
  await sqlite.recordBackup({ outcome: 'good', at: AT, path: '/backups/one.db', bytes: 1 })
  expect(await look()).toEqual(['backup.failed backup: well'])
})

test('what an event has told of is noted as it is by the next look', async () => {
  const { look, watch } = await open()
  await look()
  watch.forget('account.paused C1')
  expect(await look()).toEqual(['account.paused C1: well'])
})

test('an account that an operator paused is well, and a database that cannot be read says nothing', async () => {
  const { look, sqlite, account, state } = await open()
  await sqlite.pauseAccount(account.id)
  expect(await look()).toContain('account.paused C1: well')
  state.isBroken = true
  expect(await look()).toEqual([])
})

test('a full disk and a backlog came and went without a line in the log', async () => {
  const { look, state, logged } = await open()
  await look()
  expect(logged).toEqual([])
  state.engine = { diskFreeBytes: 5e8 }
  await look()
  await look()
  state.engine = {}
  await look()
  expect(logged).toEqual([
    {
      ...{ type: 'disk.low', subject: 'disk', state: 'firing' },
      sentence: 'The disk of the database has 500 MB left. When it is full, registrations are refused.',
    },
    { type: 'disk.low', subject: 'disk', state: 'resolved', sentence: 'the disk has room again' },
  ])
})

test('that no URL of a host fails any more is noted, whatever has ended it', async () => {
  const { look, state } = await open()
  await look()
  state.ended = [{ condition: 'callback.failing', subject: 'partner_1 a.example' }]
  expect(await look()).toEqual(['callback.failing partner_1 a.example: well'])
})

test('a database that could not be written was told by nobody, because it could not be noted', async () => {
  const { look, state, logged, unwritable } = await open()
  await look()
  state.writeError = 'its disk is full: SQLITE_FULL'
  expect(await look()).toEqual([])
  await look()
  state.writeError = ''
  await look()
  expect(unwritable).toEqual([null, 'SQLITE_FULL', 'SQLITE_FULL', null])
  expect(logged).toEqual([
    {
      ...{ type: 'store.failing', subject: 'database', state: 'firing' },
      sentence: expect.stringContaining('Nothing can be written into the database (SQLITE_FULL)'),
    },
    {
      ...{ type: 'store.failing', subject: 'database', state: 'resolved' },
      sentence: 'the database can be written again',
    },
  ])
})

test('a moment in which another process wrote was told as a database that cannot be written', async () => {
  const { look, state, logged, unwritable } = await open()
  const lookAt = async (writeError: string) => {
    state.writeError = writeError
    await look()
  }
  for (const error of ['SQLITE_BUSY', '', 'SQLITE_LOCKED', '', '55P03', '']) await lookAt(error)
  expect(unwritable.splice(0)).toEqual([null, null, null, null, null, null])
  expect(logged).toEqual([])
  // Whoever keeps it longer is told of, and what came before a moment is not over.
  for (const error of ['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_FULL', 'SQLITE_BUSY', '']) await lookAt(error)
  expect(unwritable).toEqual([null, 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_FULL', 'SQLITE_BUSY', null])
})

test('a database that somebody kept locked was told as locked since the second look at it', async () => {
  const { look, state, failingSince } = await open()
  state.writeError = '55P03'
  for (const now of [AT, AT + 15 * SECOND, AT + 30 * SECOND]) {
    state.now = now
    await look()
  }
  state.writeError = ''
  await look()
  expect(failingSince).toEqual([AT, AT, AT, null])
})

test('what has an event of its own is not logged twice', async () => {
  const { look, sqlite, logged } = await open()
  await look()
  await sqlite.recordBackup({ outcome: 'failed', at: AT, reason: 'no_room' })
  expect(await look()).toEqual(['backup.failed backup: wrong'])
  expect(logged).toEqual([])
})

const node = (name: string, more: Partial<ServiceNode> = {}): ServiceNode => ({
  ...{
    id: `node_${name}`,
    name,
    version: '1.0.0',
    settings: 'aaaaaaaa',
    clockAheadMs: null,
    key: '11111111',
    roles: ['poll'],
  },
  ...{ startedAt: AT - HOUR, seenAt: AT, steadyAt: AT - HOUR, lostAt: null, ...more },
})

test('a lost node is noted, and its end, whether it came back or was replaced while another one looked', async () => {
  const { look, state, noted, logged } = await open()
  state.nodes = [node('a'), node('b')]
  expect((await look()).filter(line => line.startsWith('node'))).toEqual([])
  state.nodes = [node('a'), node('b', { seenAt: AT - 31 * SECOND, lostAt: AT })]
  expect(await look()).toEqual(['node.lost b: wrong'])
  expect(noted).toMatchObject([{ details: { code: 'node_lost', node: 'b', since: AT - 31 * SECOND } }])
  expect(await look()).toEqual([])
  state.nodes = [node('a')]
  expect(await look()).toEqual(['node.lost b: well'])
  expect(logged).toMatchObject([
    { type: 'node.lost', subject: 'b', state: 'firing' },
    { type: 'node.lost', subject: 'b', state: 'resolved' },
  ])
  // Another one had noted it.
  state.nodeEvents = [{ condition: 'node.lost', subject: 'c' }]
  expect(await look()).toEqual(['node.lost c: well'])
})

test('a wrong clock of a node is noted, and its end also where the node is gone by then', async () => {
  const { look, state, noted } = await open()
  state.nodes = [node('a', { clockAheadMs: 3_600_000 })]
  expect(await look()).toContain('clock.wrong a: wrong')
  expect(noted).toContainEqual(expect.objectContaining({ details: expect.objectContaining({ aheadMs: 3_600_000 }) }))
  state.nodes = []
  expect(await look()).toEqual(['clock.wrong a: well'])
})

test('two versions side by side are an event once that lasts longer than an upgrade', async () => {
  const { look, state } = await open()
  const upgraded = (ageMs: number) => node('b', { version: '1.1.0', startedAt: AT - ageMs })
  state.nodes = [node('a'), upgraded(14 * MINUTE)]
  expect((await look()).filter(line => line.startsWith('node'))).toEqual([])
  state.nodes = [node('a'), upgraded(16 * MINUTE)]
  expect(await look()).toEqual(['node.differs a: wrong'])
  state.nodes = [node('a', { version: '1.1.0' }), upgraded(17 * MINUTE)]
  expect(await look()).toEqual(['node.differs a: well'])
})
