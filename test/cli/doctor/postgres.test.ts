import { expect, test } from 'vitest'
import { judgePostgresSchema } from '../../../src/cli/doctor/database.ts'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import {
  judgeConnections,
  judgeDurability,
  judgeLocks,
  judgeServer,
  judgeTransactions,
  judgeVacuum,
} from '../../../src/cli/doctor/postgres.ts'
import type { ServerFacts } from '../../../src/store/postgres/server-facts.ts'

const MINUTE = 60_000

/** Whatever is said is said in both languages, and whoever has something to do is told what. */
const found = (findings: Finding | readonly Finding[]): [state: string, text: string, command: string | null][] =>
  ([findings].flat() as Finding[]).map(({ state, text, todo, command }) => {
    expect(text.zh).toMatch(/[\p{Script=Han}]/u)
    expect(`${text.en}${text.zh}`).not.toMatch(/undefined|null|NaN/)
    if (state !== 'ok') expect(todo?.en).toMatch(/\w/)
    return [state, text.en, command]
  })

const ANY = expect.any(String)

const settings: ServerFacts['settings'] = {
  ...{ synchronous_commit: 'on', fsync: 'on', full_page_writes: 'on', autovacuum: 'on', track_counts: 'on' },
  ...{ max_connections: '100', superuser_reserved_connections: '3', default_transaction_read_only: 'off' },
}
const server = {
  ...{ version: '18.1', versionNumber: 180_001, user: 'notifier', database: 'faces' },
  ...{ isStandby: false, isReadOnly: false, isPooled: false, isEncrypted: true, mayCreate: true, seesOthers: true },
  ...{ foreignTables: [], clockAheadMs: 40 },
}

test('a server is judged by whether it can be written, its schema changed, and its clock', () => {
  expect(found(judgeServer(server))).toEqual([
    ['ok', 'PostgreSQL 18.1, database faces as user notifier, over TLS', null],
  ])
  expect(found(judgeServer({ ...server, isPooled: true }))[0]?.[1]).toContain('through a pooler')
  expect(found(judgeServer({ ...server, isStandby: true }))).toMatchObject([
    ['failed', expect.stringContaining('a standby'), null],
  ])
  const foreign = judgeServer({ ...server, foreignTables: ['messages'], clockAheadMs: -8_000 })
  expect(found(foreign)).toEqual([
    ['failed', expect.stringContaining('(messages)'), `psql -c 'ALTER DATABASE "faces" OWNER TO "notifier"'`],
    ['warning', expect.stringContaining("8 s ahead of the database's"), 'sudo timedatectl set-ntp true'],
  ])
})

test('a server that can lose what it acknowledged has failed; a session without synchronous_commit is overruled', () => {
  expect(found(judgeDurability({ ...settings, synchronous_commit: 'off' }))).toEqual([
    ['ok', expect.stringContaining('synchronous_commit is off, and our transactions set it on'), null],
  ])
  expect(found(judgeDurability({ ...settings, fsync: 'off' }))).toEqual([
    [
      'failed',
      expect.stringMatching(/^fsync is off/),
      `psql -c 'ALTER SYSTEM SET fsync = on' -c 'SELECT pg_reload_conf()'`,
    ],
  ])
})

test('autovacuum is judged by its settings for each table, and by what it has left', () => {
  const table = { name: 'messages', liveRows: 10, deadRows: 100, missing: [] }
  expect(found(judgeVacuum(settings, [table]))).toEqual([['ok', ANY, null]])
  expect(found(judgeVacuum({ ...settings, autovacuum: 'off' }, [table]))).toEqual([['failed', ANY, ANY]])
  const worn = { ...table, deadRows: 60_000, missing: ['autovacuum_vacuum_threshold=1000'] }
  expect(found(judgeVacuum(settings, [worn]))).toEqual([
    ['warning', expect.any(String), `psql -c 'ALTER TABLE "messages" SET (autovacuum_vacuum_threshold=1000)'`],
    ['warning', expect.stringContaining('60000 dead rows'), `psql -c 'VACUUM (ANALYZE) "messages"'`],
  ])
})

test('settings of autovacuum that are missing were told in a line for each table', () => {
  const table = { name: 'messages', liveRows: 10, deadRows: 0, missing: ['autovacuum_vacuum_threshold=1000'] }
  expect(found(judgeVacuum(settings, [table, { ...table, name: 'lanes' }]))).toEqual([
    [
      'warning',
      'the autovacuum of messages, lanes is not set as our migrations set it',
      `psql -c 'ALTER TABLE "messages" SET (autovacuum_vacuum_threshold=1000)' -c 'ALTER TABLE "lanes" SET (autovacuum_vacuum_threshold=1000)'`,
    ],
  ])
})

test('who keeps others waiting for a lock is named, with the statement that ends it', () => {
  const holder = { pid: 77, user: 'bob', application: 'psql', isInTheWay: true, openMs: MINUTE }
  const end = `psql -c 'SELECT pg_terminate_backend(77)'`
  expect(found(judgeLocks([]))).toEqual([['ok', ANY, null]])
  expect(found(judgeLocks([{ ...holder, openMs: 1_000 }]))).toEqual([['ok', ANY, null]])
  expect(found(judgeLocks([holder, { ...holder, isInTheWay: false, openMs: null }]))).toEqual([
    ['failed', expect.stringContaining('bob (psql, pid 77)'), end],
    ['warning', expect.stringContaining('bob (psql, pid 77)'), end],
  ])
})

test('what keeps dead rows is named, with the statement that ends it', () => {
  const session = { kind: 'session', name: '77', user: 'bob', application: 'psql', openMs: 11 * MINUTE } as const
  const prepared = { kind: 'prepared', name: 'gid', user: 'bob', application: null, openMs: 11 * MINUTE } as const
  const slot = { kind: 'slot', name: 'old', user: null, application: null, openMs: null } as const
  expect(found(judgeTransactions([{ ...session, openMs: MINUTE }], server))).toEqual([['ok', ANY, null]])
  expect(found(judgeTransactions([session, prepared, slot], server)).map(([, , command]) => command)).toEqual([
    `psql -c 'SELECT pg_terminate_backend(77)'`,
    `psql -c 'ROLLBACK PREPARED '\\''gid'\\'''`,
    `psql -c 'SELECT pg_drop_replication_slot('\\''old'\\'')'`,
  ])
  const blind = found(judgeTransactions([], { ...server, seesOthers: false }))
  expect(blind).toEqual([['warning', expect.any(String), `psql -c 'GRANT pg_read_all_stats TO "notifier"'`]])
})

test('connections are compared with what a node takes, but not behind a pooler', () => {
  const facts = { settings, connections: 20, connectionLimit: null, isPooled: false }
  expect(found(judgeConnections(facts))).toMatchObject([
    ['ok', '20 of 97 connections are in use; a node takes up to 11', null],
  ])
  expect(found(judgeConnections({ ...facts, connectionLimit: 30 }))).toEqual([['warning', ANY, ANY]])
  expect(found(judgeConnections({ ...facts, connectionLimit: 30, isPooled: true }))).toEqual([['ok', ANY, null]])
})

test('a schema is judged by what is missing or invalid', () => {
  const call = 'idface-notifier'
  const whole = { missing: [], invalid: [], missingTriggers: [] }
  expect(found(judgePostgresSchema('current', whole, call))).toEqual([['ok', ANY, null]])
  expect(found(judgePostgresSchema('older', null, call))).toMatchObject([
    ['warning', expect.any(String), `${call} migrate`],
  ])
  expect(found(judgePostgresSchema('later', null, call))).toEqual([['failed', ANY, null]])
  const torn = {
    missing: ['messages'],
    invalid: ['lanes_due', 'lanes_due_ccnew'],
    missingTriggers: ['lanes_counted_at_insert'],
  }
  expect(found(judgePostgresSchema('current', torn, call)).map(([state, , command]) => [state, command])).toEqual([
    ['failed', null],
    ['failed', `psql -c 'REINDEX INDEX CONCURRENTLY "lanes_due"'`],
    ['failed', `psql -c 'DROP INDEX CONCURRENTLY "lanes_due_ccnew"'`],
    ['failed', `psql -c 'ALTER TABLE "lanes" ENABLE TRIGGER USER'`],
  ])
})
