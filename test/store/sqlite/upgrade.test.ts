import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { sealedUnder } from '../../../src/store/sealed.ts'
import { drizzle, migrate } from '../../../src/store/sqlite/drizzle.ts'
import { prepareRestore } from '../../../src/store/sqlite/restore.ts'
import { lockForService } from '../../../src/store/sqlite/service-lock.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { IN_FLIGHT, rowsInFlight } from '../../support/rows-in-flight.ts'
import { runCli } from '../../support/run-cli.ts'
import { CLAIM_ALL, EVERY_ACT } from '../../support/store.ts'
import { newFolder, onFile, openBeside } from '../support/files.ts'
import { findInconsistencies } from '../support/invariants.ts'

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/sqlite', import.meta.url))
const KEY = Buffer.alloc(32, 7)
const NOW = Date.parse('2026-11-24T16:20:00.000Z')

/** A file as migration `last` left it, such as `0000_baseline`, with what `sql` puts into it. */
const makeFile = (last: string, sql: string): string => {
  const folder = newFolder()
  const journal = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'))
  const end = journal.entries.findIndex(({ tag }: { tag: string }) => tag === last) + 1
  const entries: { tag: string }[] = journal.entries.slice(0, end)
  mkdirSync(join(folder, 'migrations/meta'), { recursive: true })
  writeFileSync(join(folder, 'migrations/meta/_journal.json'), JSON.stringify({ ...journal, entries }))
  for (const { tag } of entries)
    writeFileSync(join(folder, `migrations/${tag}.sql`), readFileSync(join(MIGRATIONS, `${tag}.sql`)))
  const path = join(folder, 'notifier.db')
  onFile(path, client => {
    client.pragma('journal_mode = WAL')
    migrate(drizzle({ client }), { migrationsFolder: join(folder, 'migrations') })
    client.pragma('application_id = 1768187502')
    client.exec(sql)
  })
  return path
}

const upgraded = async (path: string, now = () => NOW) => {
  const store = await openSqliteStore({ path, masterKey: KEY, now, defaultRate: 1 })
  onTestFinished(() => store.close())
  return store
}

test('a file of the baseline opens with its data', async () => {
  const sql = `
    INSERT INTO partners (id, name, created_at) VALUES ('prt_1', 'Zoë', 1);
    INSERT INTO callbacks (partner_id, callback_url, state, failing_since, attempts, last_error, last_at, held_since)
      VALUES ('prt_1', 'https://partner.example/hook', 'gone', ${NOW - 1}, 1, 'http_410', ${NOW - 1}, ${NOW - 1});
    INSERT INTO acts (at, who, name, act, outcome) VALUES (${NOW - 1}, 'command', 'ops', 'key.create', 'done');`
  const store = await upgraded(makeFile('0000_baseline', sql))
  expect(await store.findPartner('prt_1')).toMatchObject({ name: 'Zoë', disabled: false })
  expect((await store.listActs(EVERY_ACT)).found).toMatchObject([{ id: 1, act: 'key.create', outcome: 'done' }])
  await store.putContact('prt_1', { url: 'https://partner.example/contact', secret: null, language: 'en' })
  expect(await store.findContact('prt_1')).toMatchObject({ language: 'en' })
})

test('of the commands only migrate changes the schema, since an older service may be at work', async () => {
  const path = makeFile('0001_contacts', '')
  const at = { cwd: dirname(path), env: { DATABASE_URL: `file:${path}`, MASTER_KEY: KEY.toString('base64') } }
  const codeOf = async (...args: string[]) => (await runCli(args, at)).code
  expect(await codeOf('status')).toBe(2)
  expect(await codeOf('partner', 'create', 'one')).toBe(2)
  const older = lockForService(path)
  expect(await runCli(['migrate'], at)).toMatchObject({ code: 1, stderr: expect.stringContaining('another service') })
  older.release()
  expect(await codeOf('status')).toBe(2)
  const migrate = async () => (await runCli(['migrate'], at)).stdout
  expect(await migrate()).toMatch(/changed/)
  expect(await migrate()).not.toMatch(/changed/)
  expect(await codeOf('partner', 'create', 'one')).toBe(0)
})

describe('webhooks that were under way', () => {
  const leaseEnd = NOW + 15_000
  const rows = { masterKey: KEY, now: NOW, leaseEnd, bytes: (hex: string) => `x'${hex}'` }
  const makeOlder = () => makeFile('0001_contacts', rowsInFlight(rows).join(';'))
  /** The store says no more of them than the version before did, and hands each out when that one would have. */
  const expectLeases = async (path: string) => {
    const clock = { at: NOW }
    const store = await upgraded(path, () => clock.at)
    const claimed = async () =>
      (await store.claimMessages(CLAIM_ALL)).messages.map(({ seq, claim }) => ({ seq, claim }))
    expect((await store.stats()).deliveries).toMatchObject({ due: 2, leased: 1, scheduled: 0 })
    expect(await claimed()).toEqual([
      { seq: IN_FLIGHT.lapsed, claim: 2 },
      { seq: IN_FLIGHT.waiting, claim: 1 },
    ])
    clock.at = leaseEnd - 1
    expect(await claimed()).toEqual([])
    clock.at = leaseEnd
    expect(await claimed()).toEqual([{ seq: IN_FLIGHT.leased, claim: 2 }])
    expect((await store.stats()).deliveries).toMatchObject({ due: 0, leased: 3, scheduled: 0 })
    const broken = findInconsistencies(path)
    // Of these webhooks there are no registrations.
    expect(broken.filter(name => name !== 'a lane has no registration')).toEqual([])
  }

  test('are leased for as long as before the upgrade', () => expectLeases(makeOlder()))

  test('are so too in a backup that the version before has made', async () => {
    const path = join(newFolder(), 'restored.db')
    const keys = sealedUnder({ masterKey: KEY }, randomBytes)
    const restore = await prepareRestore({ file: makeOlder(), database: path, keys, now: () => NOW })
    restore.commit({ hold: false, by: { name: 'zoe', reason: 'ticket 7' } })
    restore.close()
    await expectLeases(path)
  })

  test('are free when they are due, if an older service has claimed them after the upgrade', async () => {
    const path = makeOlder()
    const clock = { at: NOW }
    const store = await upgraded(path, () => clock.at)
    const older = openBeside(path)
    older.exec(
      `UPDATE deliveries SET claims = claims + 1, claimed_at = ${NOW}, due_at = ${leaseEnd}, leased_until = NULL`,
    )
    older.exec(`UPDATE lanes SET due_at = ${leaseEnd}`)
    expect((await store.claimMessages(CLAIM_ALL)).messages).toEqual([])
    clock.at = leaseEnd
    expect((await store.claimMessages(CLAIM_ALL)).messages).toHaveLength(3)
  })
})
