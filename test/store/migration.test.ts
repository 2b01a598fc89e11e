import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { serialKey } from '../../src/core/serial-key.ts'
import { createSealed } from '../../src/store/sealed.ts'
import { drizzle, migrate } from '../../src/store/sqlite/drizzle.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import { createVault } from '../../src/store/vault.ts'

const MIGRATIONS = fileURLToPath(new URL('../../migrations/sqlite', import.meta.url))
const CHILD = fileURLToPath(new URL('support/migrate.ts', import.meta.url))
const KEY = Buffer.alloc(32, 7)
const ALL = { idcardid: null, status: null, delivery: null, before: null } as const
const NOW = Date.parse('2026-11-24T16:20:00.000Z')
const VERDICT = { status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' } as const

/** A file as the version before composite keys left it, with `rows` registrations: each fourth waits, the others have a message. */
const makeOldFile = (rows: number): string => {
  const folder = mkdtempSync(join(tmpdir(), 'migration-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const migrations = join(folder, 'migrations')
  mkdirSync(join(migrations, 'meta'), { recursive: true })
  writeFileSync(join(migrations, '0000_init.sql'), readFileSync(join(MIGRATIONS, '0000_init.sql')))
  const journal = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'))
  writeFileSync(
    join(migrations, 'meta/_journal.json'),
    JSON.stringify({ ...journal, entries: journal.entries.slice(0, 1) }),
  )
  const path = join(folder, 'notifier.db')
  const client = new Database(path)
  client.pragma('journal_mode = WAL')
  migrate(drizzle({ client }), { migrationsFolder: migrations })
  client.pragma('application_id = 1768187502')
  const sealed = createSealed(createVault(randomBytes, KEY))
  client.function('verdict_of', idcardid =>
    sealed.verdict.seal({ partnerId: 'prt_1', idcardid: String(idcardid) }, VERDICT),
  )
  client.function('body_of', id =>
    sealed.message.seal({ partnerId: 'prt_1', registrationId: String(id) }, `{"of":"${id}"}`),
  )
  client.prepare("INSERT INTO meta VALUES ('canary', ?)").run(sealed.canary.seal())
  client.exec(`INSERT INTO partners (id, name, created_at) VALUES ('prt_1', 'one', 1), ('prt_2', 'two', 1)`)
  client.exec(
    `INSERT INTO lanes (id, partner_id, host, due_at) VALUES (1, 'prt_1', 'a.example', ${NOW}), (2, 'prt_1', 'nobody.example', NULL)`,
  )
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) `
  const id = `'reg_' || printf('%026d', i)`
  client.exec(`${numbers}
    INSERT INTO verifications (id, account_id, partner_id, idcardid, created_at, nudged_at, due_at, claimed_at, claims, verdict)
    SELECT i, 'acc_1', 'prt_1', i, i, i, iif(i % 4, NULL, ${NOW}), iif(i % 4, NULL, ${NOW - 5}), 3,
      iif(i % 4, verdict_of(i), NULL) FROM n`)
  client.exec(`${numbers}
    INSERT INTO registrations (no, id, partner_id, verification_id, callback_url, lane_id, metadata, status, created_at,
      expires_at, resolved_at, message_seq)
    SELECT i * 1000000, ${id}, 'prt_1', i, 'https://a.example/hook', 1, '{}', iif(i % 4, 'succeeded', 'pending'), i, i,
      iif(i % 4, ${NOW}, NULL), iif(i % 4, i, NULL) FROM n`)
  client.exec(`${numbers}
    INSERT INTO messages (seq, partner_id, registration_id, lane_id, callback_url, type, body, created_at, state, due_at,
      claims, attempts)
    SELECT i, 'prt_1', ${id}, 1, 'https://a.example/hook', 'idface.succeeded', body_of(${id}), ${NOW} - ${rows} + i, 'pending',
      ${NOW} + i, 2, 2 FROM n WHERE i % 4`)
  client.exec(`${numbers}
    INSERT INTO attempts (no, at, outcome, duration_ms) SELECT i * 1000000 + 1, i, 'rejected', 9 FROM n WHERE i % 4
    UNION ALL SELECT i * 1000000 + 2, i + 1, 'failed', 9 FROM n WHERE i % 4`)
  // The newest rows are gone: the numbers they had must not be given again.
  client.exec('UPDATE sqlite_sequence SET seq = seq + 1000')
  client.close()
  return path
}

const open = (path: string) => openSqliteStore({ path, masterKey: KEY, now: () => NOW, defaultRate: 1 })
const STARTS = [
  { where: 'here', openSqlite: openSqliteStore },
  { where: 'on a thread', openSqlite: openRemoteStore },
]
const idOf = (i: number) => `reg_${String(i).padStart(26, '0')}`

test('P17 a file of the version before comes over whole', async () => {
  const path = makeOldFile(40)
  const store = await open(path)
  onTestFinished(() => store.close())

  expect(await store.findRegistration('prt_1', idOf(4))).toMatchObject({ status: 'pending', nextPollAt: NOW - 5 })
  expect(await store.findRegistration('prt_1', idOf(5))).toMatchObject({
    status: 'succeeded',
    verdict: VERDICT,
    delivery: { state: 'pending', attempts: 2, nextAttemptAt: NOW + 5 },
  })
  expect(await store.listAttempts('prt_1', idOf(5))).toMatchObject([{ outcome: 'rejected' }, { outcome: 'failed' }])
  expect(await store.listRegistrations('prt_1', { ...ALL, limit: 250 })).toHaveLength(40)

  // A reader goes on with the cursor that it had, and nobody is told that a history was lost.
  const page = await store.listEvents('prt_1', { after: { n: 38, at: null }, limit: 10 })
  expect(page).toMatchObject({ outcome: 'page', events: [{ position: { n: 39 }, registrationId: idOf(39) }] })
  const beyond = await store.listEvents('prt_1', { after: { n: 1_039, at: null }, limit: 10 })
  expect(beyond).toMatchObject({ outcome: 'page', events: [], end: { n: 1_039 } })
  // What is counted from now on was counted once.
  expect(await store.stats()).toMatchObject({
    registrations: { pending: 10, succeeded: 30 },
    messages: { pending: 30, delivered: 0 },
    deliveries: { scheduled: 30, leased: 0, held: 0 },
  })
  // A host that no registration has is gone.
  const lanes = new Database(path, { readonly: true })
  onTestFinished(() => void lanes.close())
  expect(lanes.prepare('SELECT host FROM lanes').pluck().all()).toEqual(['a.example'])
})

test('serials that upstream may take for one come over as they are, and the partner of the oldest gets the next', async () => {
  const path = makeOldFile(4)
  const client = new Database(path)
  const serials = ['007', '7', '70', '7-a', '0', '00x', 'a7', '12345678901234567890123x']
  for (const [at, serial] of serials.entries()) {
    const partnerId = at % 2 === 0 ? 'prt_1' : 'prt_2'
    const id = 100 + at
    client.exec(`INSERT INTO verifications (id, account_id, partner_id, idcardid, created_at, nudged_at, due_at)
      VALUES (${id}, 'acc_1', '${partnerId}', '${serial}', 1, 1, ${NOW})`)
    client.exec(`INSERT INTO registrations (no, id, partner_id, verification_id, callback_url, lane_id, metadata, status, created_at,
      expires_at) VALUES (${id}000000, '${idOf(id)}', '${partnerId}', ${id}, 'https://a.example/hook', 1, '{}', 'pending', 1, ${NOW + 9})`)
  }
  client.close()
  const store = await open(path)
  onTestFinished(() => store.close())
  const moved = new Database(path, { readonly: true })
  onTestFinished(() => void moved.close())
  const keys = moved.prepare('SELECT idcardid, serial_key AS key FROM verifications WHERE id >= 100 ORDER BY id').all()
  expect(keys).toEqual(
    serials.map(idcardid => ({ idcardid, key: serialKey(idcardid) === idcardid ? null : serialKey(idcardid) })),
  )

  // The partner of `7` and `7-a` keeps both, and gets nothing more that may be the other's `007`.
  expect(await store.findRegistration('prt_2', idOf(101))).toMatchObject({ status: 'pending', idcardid: '7' })
  expect(await store.findRegistration('prt_2', idOf(103))).toMatchObject({ status: 'pending', idcardid: '7-a' })
  const register = (partnerId: string, idcardid: string, n: number) => ({
    ...{
      id: `reg_new${n}`,
      partnerId,
      accountId: 'acc_1',
      idcardid,
      metadata: {},
      expiresAt: null,
      ttlMs: 1,
      isBatch: false,
      traceparent: null,
    },
    callbackUrl: 'https://a.example/hook',
  })
  const registered = await store.register([
    register('prt_2', '07', 1),
    register('prt_2', '7', 2),
    register('prt_1', '07', 3),
    register('prt_1', '7', 4),
    register('prt_2', '0a7', 5),
  ])
  expect(registered.map(({ outcome }) => outcome)).toEqual(['taken', 'taken', 'created', 'taken', 'taken'])
})

test('a number that was given once is not given again', async () => {
  const path = makeOldFile(8)
  const store = await open(path)
  const { id: accountId } = await store.putDefaultAccount({
    id: 'acc_1',
    apiId: 'C1',
    apiKey: new Secret('k'),
    passwordMode: 'dynamic',
  })
  await store.register([
    {
      id: 'reg_new',
      partnerId: 'prt_1',
      accountId,
      idcardid: '5',
      callbackUrl: 'https://b.example/',
      metadata: {},
      expiresAt: null,
      ttlMs: 1,
      isBatch: false,
      traceparent: null,
    },
  ])
  await store.close()
  const client = new Database(path, { readonly: true })
  onTestFinished(() => void client.close())
  expect(client.prepare("SELECT seq, event FROM messages WHERE registration_id = 'reg_new'").get()).toEqual({
    seq: 1_008,
    event: 1_008,
  })
})

test('P16 a kill in the middle leaves the old file, and the next start brings it over', async () => {
  const path = makeOldFile(40_000)
  const child = fork(CHILD, [path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  // It is under way now. Whether it has got far or has ended just now, nothing may be half done.
  await sleep(150)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const store = await open(path)
  onTestFinished(() => store.close())
  const client = new Database(path, { readonly: true })
  onTestFinished(() => void client.close())
  const count = (table: string) => client.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
  expect(['registrations', 'verifications', 'messages', 'attempts'].map(count)).toEqual([
    40_000, 40_000, 30_000, 60_000,
  ])
  expect(
    client.prepare("SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_\\_new%' ESCAPE '\\'").pluck().get(),
  ).toBe(0)
  expect(client.pragma('integrity_check', { simple: true })).toBe('ok')
})

test.each(STARTS)('a migration of an existing file was silent, SQLite runs $where', async ({ openSqlite }) => {
  const path = makeOldFile(4)
  for (const expected of [['migrating', 'migrated'], []]) {
    const steps: string[] = []
    const onStep = (step: string) => void steps.push(step)
    const store = await openSqlite({ path, masterKey: KEY, now: () => NOW, defaultRate: 1, onStep })
    expect(steps).toEqual(expected)
    await store.close()
  }
})
