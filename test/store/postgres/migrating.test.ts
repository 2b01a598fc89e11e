import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MIGRATIONS, runMigrations } from '../../../src/store/postgres/opening.ts'
import { openPostgres, useDatabase } from '../../support/postgres-server.ts'
import { IN_FLIGHT, rowsInFlight } from '../../support/rows-in-flight.ts'
import { runCli } from '../../support/run-cli.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'
import { CLAIM_ALL } from '../../support/store.ts'
import { newFolder } from '../support/files.ts'
import { BROKEN_SQL, brokenIn } from '../support/invariants.ts'
import { newNode } from '../support/nodes.ts'

const { database } = useDatabase()

const query = (text: string) => database.query(text)

const openNode = async (masterKey = randomBytes(32)) => {
  const node = await openPostgres(database.url, { masterKey })
  onTestFinished(() => node.close())
  return node
}

/** The migrations of today, and one more. */
const oneMore = (statements: readonly string[]): string => {
  const folder = newFolder()
  cpSync(MIGRATIONS, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { idx: number; when: number; tag: string }[] }
  const last = journal.entries.at(-1)
  if (!last) throw new Error('there are no migrations')
  journal.entries.push({ ...last, idx: last.idx + 1, when: last.when + 1, tag: 'one_more' })
  writeFileSync(path, JSON.stringify(journal))
  writeFileSync(join(folder, 'one_more.sql'), statements.join('--> statement-breakpoint\n'))
  return folder
}

/** The first of them, up to this one. */
const migrationsTo = (last: string): string => {
  const folder = oneMore([])
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8'))
  const end = journal.entries.findIndex(({ tag }: { tag: string }) => tag === last) + 1
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, end) }))
  return folder
}

const ADD_TABLE = ['CREATE TABLE one_more (id bigint);']

describe('a migration', () => {
  test('that does not get its locks gives up soon, with nothing changed', async () => {
    await openNode()
    await using reader = await database.connect()
    await reader.query('BEGIN; SELECT FROM registrations LIMIT 1')
    const change = ['accounts', 'registrations'].map(table => `ALTER TABLE ${table} ADD COLUMN one_more bigint;`)
    await expect(runMigrations(database.url, oneMore(change), SHORT_LIMITS)).rejects.toMatchObject({
      cause: { code: '55P03' },
    })
    expect(await query("SELECT FROM information_schema.columns WHERE column_name = 'one_more'")).toEqual([])
  })

  test('made tables in a schema with the name of the role', async () => {
    await query('CREATE SCHEMA postgres')
    await openNode()
    await runMigrations(database.url, oneMore(ADD_TABLE))
    const schemas = "SELECT DISTINCT schemaname AS name FROM pg_tables WHERE schemaname IN ('public', 'postgres')"
    expect(await query(schemas)).toEqual([{ name: 'public' }])
  })

  test('from the baseline keeps the data, and partners may have contacts then', async () => {
    await runMigrations(database.url, migrationsTo('0000_baseline'))
    await query("INSERT INTO partners (id, name, created_at) VALUES ('prt_1', 'Zoë', 1)")
    await query(`INSERT INTO callbacks (partner_id, callback_url, state, failing_since, attempts, last_error, last_at, held_since)
      VALUES ('prt_1', 'https://partner.example/hook', 'gone', 1, 1, 'http_410', 1, 1)`)
    const node = await openNode()
    expect(await node.findPartner('prt_1')).toMatchObject({ name: 'Zoë' })
    await node.putContact('prt_1', { url: 'https://partner.example/contact', secret: null, language: 'en' })
    expect(await node.findContact('prt_1')).toMatchObject({ language: 'en' })
  })

  test('is left to the service and to migrate by all other commands', async () => {
    await runMigrations(database.url, migrationsTo('0001_contacts'))
    const env = { DATABASE_URL: database.url, MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
    const codeOf = async (...args: string[]) => (await runCli(args, { cwd: tmpdir(), env })).code
    const isChanged = async () =>
      (
        await query(
          "SELECT FROM information_schema.columns WHERE column_name = 'leased_until' AND table_name = 'deliveries'",
        )
      ).length > 0
    expect([await codeOf('status'), await isChanged()]).toEqual([2, false])
    expect([await codeOf('migrate'), await isChanged()]).toEqual([0, true])
  })

  describe('of webhooks that older nodes have under way', () => {
    const LEASE_MS = 60_000
    const masterKey = randomBytes(32)
    /** As those claim: the end of the lease is the due time, and what is due is free. */
    const claimAsBefore = (seq: number) =>
      query(`UPDATE deliveries SET claims = claims + 1, claimed_at = ${Date.now()}, due_at = ${Date.now() + LEASE_MS}
        WHERE seq = ${seq} AND due_at <= ${Date.now()} RETURNING seq`)
    const prepare = async () => {
      const leaseEnd = Date.now() + LEASE_MS
      await runMigrations(database.url, migrationsTo('0001_contacts'))
      const bytes = (hex: string) => `decode('${hex}', 'hex')`
      for (const row of rowsInFlight({ masterKey, now: Date.now(), leaseEnd, bytes })) await query(row)
    }
    const stateOf = (seq: number) =>
      query(`SELECT claims, claimed_at IS NULL AS free, due_at FROM deliveries WHERE seq = ${seq}`)

    test('keeps their leases, and counts as before', async () => {
      await prepare()
      const node = await openNode(masterKey)
      expect((await node.stats()).deliveries).toMatchObject({ due: 2, leased: 1, scheduled: 0 })
      const { messages, nextAt } = await node.claimMessages(CLAIM_ALL)
      expect(messages.map(({ seq }) => seq)).toEqual([IN_FLIGHT.lapsed, IN_FLIGHT.waiting])
      expect(nextAt).toBeGreaterThan(Date.now())
      await query(`UPDATE deliveries SET leased_until = 1; UPDATE lanes SET due_at = 1`)
      const again = (await node.claimMessages(CLAIM_ALL)).messages.map(({ seq }) => seq)
      expect(again.sort()).toEqual(Object.values(IN_FLIGHT))
      expect((await node.stats()).deliveries).toMatchObject({ due: 0, leased: 3, scheduled: 0 })
      const [found] = await query(BROKEN_SQL)
      // Of these webhooks there are no registrations.
      expect(brokenIn(found).filter(name => name !== 'a lane has no registration')).toEqual([])
    })

    test('lets them claim nothing more, and record their earlier claims', async () => {
      await prepare()
      expect(await claimAsBefore(IN_FLIGHT.waiting)).toHaveLength(1)
      const node = await openNode(masterKey)
      const [claimed] = (await node.claimMessages(CLAIM_ALL)).messages
      expect(claimed?.seq).toBe(IN_FLIGHT.lapsed)
      const before = await stateOf(IN_FLIGHT.lapsed)
      await expect(claimAsBefore(IN_FLIGHT.lapsed)).rejects.toMatchObject({ code: '23514' })
      expect(await stateOf(IN_FLIGHT.lapsed)).toEqual(before)
      // A retry, and a delivery.
      const retryAt = Date.now() - 1
      await query(`UPDATE deliveries SET due_at = ${retryAt}, claimed_at = NULL, attempts = 1, retries = 1
        WHERE seq = ${IN_FLIGHT.leased}; UPDATE lanes SET due_at = ${retryAt}`)
      await query(`DELETE FROM deliveries WHERE seq = ${IN_FLIGHT.waiting}`)
      await expect(claimAsBefore(IN_FLIGHT.leased)).rejects.toMatchObject({ code: '23514' })
      expect((await node.claimMessages(CLAIM_ALL)).messages.map(({ seq }) => seq)).toEqual([IN_FLIGHT.leased])
      expect((await node.stats()).deliveries).toMatchObject({ due: 0, leased: 2, scheduled: 0 })
    })
  })

  test('of a later version is seen by a node at its next beat', async () => {
    const node = await openNode()
    const broken: Error[] = []
    node.hints.on('broken', error => broken.push(error))
    const beat = () => node.beatNode(newNode('one'))
    await beat()
    expect(broken).toEqual([])
    await runMigrations(database.url, oneMore(ADD_TABLE))
    await beat()
    expect(broken).toHaveLength(1)
  })
})
