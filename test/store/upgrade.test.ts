import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { drizzle, migrate } from '../../src/store/sqlite/drizzle.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'

const MIGRATIONS = fileURLToPath(new URL('../../migrations/sqlite', import.meta.url))
const KEY = Buffer.alloc(32, 7)
const NOW = Date.parse('2026-11-24T16:20:00.000Z')

/** A file as migration `last` left it, such as `0019_failing_callbacks`, with what `sql` puts into it. */
const makeFile = (last: string, sql: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'upgrade-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const journal = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'))
  const end = journal.entries.findIndex(({ tag }: { tag: string }) => tag === last) + 1
  const entries: { tag: string }[] = journal.entries.slice(0, end)
  mkdirSync(join(folder, 'migrations/meta'), { recursive: true })
  writeFileSync(join(folder, 'migrations/meta/_journal.json'), JSON.stringify({ ...journal, entries }))
  for (const { tag } of entries)
    writeFileSync(join(folder, `migrations/${tag}.sql`), readFileSync(join(MIGRATIONS, `${tag}.sql`)))
  const path = join(folder, 'notifier.db')
  const client = new Database(path)
  client.pragma('journal_mode = WAL')
  migrate(drizzle({ client }), { migrationsFolder: join(folder, 'migrations') })
  client.pragma('application_id = 1768187502')
  client.exec(sql)
  client.close()
  return path
}

const upgraded = async (path: string) => {
  const store = await openSqliteStore({ path, masterKey: KEY, now: () => NOW, defaultRate: 1 })
  onTestFinished(() => store.close())
  const client = new Database(path, { readonly: true })
  onTestFinished(() => void client.close())
  return { store, client }
}

const message = (seq: number, claims: number, fence: number) => `
  INSERT INTO messages (seq, partner_id, registration_id, lane_id, callback_url, type, body, created_at, event, state, claims, fence, attempts)
  VALUES (${seq}, 'prt_1', 'reg_${seq}', 1, 'https://a.example/hook', 'idface.succeeded', x'00', 1, ${seq}, 'exhausted', ${claims}, ${fence}, 9);`
const bulk = (id: string, probeId: string | null) => `
  INSERT INTO bulk_acts (id, act, filter, reason, who, name, probe, count, state, created_at, done, probe_id, probe_attempts)
  VALUES ('${id}', 'resend', '{}', 'x', 'token_1', 'Zoë', 1, 3, 'probing', 1, 1, ${probeId && `'${probeId}'`}, 9);`

test('a probe that is under way is judged by attempts that were claimed after it, not by the number of attempts', async () => {
  // The resend of the probe took claim 12; an attempt was under way then, and one has been claimed since.
  const rows = [message(1, 13, 12), bulk('bulk_1', 'reg_1'), bulk('bulk_2', 'reg_erased'), bulk('bulk_3', null)]
  const { client } = await upgraded(makeFile('0019_failing_callbacks', rows.join('')))
  expect(client.prepare('SELECT id, probe_claims AS claims FROM bulk_acts ORDER BY id').all()).toEqual([
    { id: 'bulk_1', claims: 11 },
    // It is gone, whatever the number.
    { id: 'bulk_2', claims: 9 },
    { id: 'bulk_3', claims: 9 },
  ])
})

test('what commands did before the upgrade is in the audit, and not told to the log again', async () => {
  const act = `INSERT INTO acts (at, who, name, act, outcome) VALUES (${NOW - 1}, 'command', 'ops', 'key.create', 'done');`
  const { store } = await upgraded(makeFile('0020_probe_claims', act))
  expect(await store.takeActsForLog(9)).toEqual([])
  const query = { who: null, act: null, since: null, limit: 9, before: null }
  expect((await store.listActs(query)).acts).toMatchObject([{ id: 1, act: 'key.create', outcome: 'done' }])
})
