import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { emptyBins } from '../../../src/core/polling/completion-bins.ts'
import type { NewBulkAct } from '../../../src/store/bulk/states.ts'
import { moveDatabase } from '../../../src/store/move/move.ts'
import { MOVED_TABLES } from '../../../src/store/move/tables.ts'
import { bringUpToDate } from '../../../src/store/postgres/opening.ts'
import { sealedUnder } from '../../../src/store/sealed.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { type TestDatabase, useServer } from '../../support/postgres-server.ts'
import { SUCCESS } from '../../support/store.ts'
import { newPath, openBeside, openFileBench } from '../support/files.ts'

const KEY = Buffer.alloc(32, 7)
const START = Date.parse('2026-11-26T08:00:00Z')
const sealed = sealedUnder({ masterKey: KEY }, randomBytes)

const { newDatabase } = useServer()

const openFile = (path: string, more: { as?: 'service' } = {}) =>
  openSqliteStore({ path, masterKey: KEY, now: () => START, defaultRate: 1_000, ...more })

/** A file with something of everything, of which some waits, and some is done. */
const makeFile = async ({ registrations = 20 } = {}): Promise<string> => {
  const path = newPath()
  await using bench = await openFileBench(path, { startAt: START })
  const { store, partnerId, account } = bench
  const other = await bench.addPartner('other')
  await bench.resolve({ metadata: { order: '7' } })
  await bench.resolve({ callbackUrl: 'https://second.example/hook' })
  await bench.deliver(500)
  await bench.advance(60_000)
  await bench.deliver(200)
  const gone = await bench.resolve({ partnerId: other })
  await bench.deliver(410)
  await store.cancel(other, gone.id)
  const waiting = Array.from({ length: registrations }, () =>
    bench.newRegistration({ isBatch: true, metadata: { a: 'é' } }),
  )
  await store.register(waiting)
  await bench.claim({ concurrency: 5 })
  await bench.poll(SUCCESS)
  const more = emptyBins()
  await store.changeCompletions(account.id, {
    keep: 1,
    more: { completions: more.completions.with(3, 1), exposureMs: more.exposureMs.with(3, 1_000) },
  })
  await store.noteAlerts([
    {
      condition: 'message.exhausted',
      subject: partnerId,
      at: START,
      adds: 1,
      details: { partnerId, host: 'a.example', error: 'timeout' },
    },
  ])
  await store.putContact(other, { url: 'https://partner.example/contact', secret: 'x', language: 'zh' })
  for (const { partnerId, lease, news } of await store.claimContacts(1))
    await store.settleContact({ partnerId, lease, dueAt: START, reports: news })
  await store.holdDeliveries()
  await store.recordAct({
    who: 'command',
    name: 'root',
    act: 'deliveries.hold',
    object: null,
    reason: null,
    changes: '{}',
    outcome: 'done',
  })
  await store.createBulkAct({
    ...{ id: 'bulk_1', act: 'resend', filter: {}, reason: 'r', who: 'w', name: 'n', createdAt: START },
    ...{ probe: false, counted: { count: 1, isCapped: false } },
  } as unknown as NewBulkAct)
  return path
}

const move = (
  from: string,
  to: string,
  {
    onRows = () => {},
    signal = new AbortController().signal,
  }: { onRows?: (done: number, all: number) => void; signal?: AbortSignal } = {},
) =>
  moveDatabase({
    ...{ from, to, name: 'postgres://db/notifier', sealed, onRows, signal },
    ...{ by: { name: 'root', reason: null }, now: () => START },
  })

const rowsOf = async ({ query }: TestDatabase, table: string) => {
  const [row] = await query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`)
  return Number(row?.n)
}

test('all that a file has is in the database after a move, and counters go on behind it', async () => {
  const from = await makeFile({ registrations: 2_500 })
  const target = await newDatabase()
  const told: [done: number, all: number][] = []
  const moved = await move(from, target.url, { onRows: (...rows) => void told.push(rows) })
  const client = openBeside(from, { readonly: true })
  const tables = client
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '__*'",
    )
    .pluck()
    .all()
  const derived = /^counts$|^nodes$/
  expect(tables.filter(name => !derived.test(name)).sort()).toEqual(MOVED_TABLES.map(({ name }) => name).sort())
  const ofFile = client.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck()
  for (const { name, columns } of MOVED_TABLES)
    expect(ofFile.all(name).sort(), name).toEqual(columns.map(column => column.name).sort())
  expect(moved).toMatchObject({ registrations: 2_503, partners: 2, accounts: 1, meta: 1 })
  expect(await rowsOf(target, 'registrations')).toBe(2_503)
  expect(told.at(-1)?.[0]).toBe(told.at(-1)?.[1])
  const last = client.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'verifications'").pluck().get()
  const [next] = await target.query("SELECT nextval(pg_get_serial_sequence('verifications', 'id')) AS n")
  expect(Number(next?.n)).toBe(Number(last) + 1)
  const counted = "SELECT sum(n) AS waiting FROM count_changes WHERE what = 'partner_pending'"
  const [{ waiting } = {}] = await target.query(counted)
  const pending = client.prepare("SELECT count(*) FROM registrations WHERE status = 'pending'").pluck().get()
  expect(Number(waiting)).toBe(pending)
  const acts = await target.query('SELECT act, name FROM acts ORDER BY id DESC LIMIT 1')
  expect(acts).toEqual([{ act: 'database.move', name: 'root' }])
})

test('a move that is stopped leaves both as they were, and may be run again', async () => {
  const from = await makeFile({ registrations: 1_500 })
  const target = await newDatabase()
  const stopping = new AbortController()
  const onRows = (done: number) => void (done > 1_000 && stopping.abort())
  expect(await move(from, target.url, { onRows, signal: stopping.signal })).toBeNull()
  expect(await rowsOf(target, 'partners')).toBe(0)
  await (await openFile(from)).close()
  expect(await move(from, target.url)).toMatchObject({ registrations: 1_503 })
})

test('a file that a service has open is not moved', async () => {
  const from = await makeFile()
  const store = await openFile(from, { as: 'service' })
  const target = await newDatabase()
  await expect(move(from, target.url)).rejects.toThrow('another service has')
  await store.close()
  expect((await move(from, target.url))?.registrations).toBe(23)
})

test('nobody writes to a file while it is moved, and no service starts on it afterwards', async () => {
  const from = await makeFile()
  const target = await newDatabase()
  let refused: unknown = null
  const onRows = () => {
    const client = new Database(from, { timeout: 0 })
    try {
      client.exec("UPDATE partners SET name = 'x'")
    } catch (error) {
      refused = error
    } finally {
      client.close()
    }
  }
  await move(from, target.url, { onRows })
  expect(refused).toMatchObject({ code: 'SQLITE_BUSY' })
  await expect(openFile(from)).rejects.toThrow('was moved to postgres://db/notifier')
  await expect(move(from, target.url)).rejects.toThrow('moved into it already')
})

test('a database that holds anything else is left alone', async () => {
  const from = await makeFile()
  const target = await newDatabase()
  await bringUpToDate(target.url, { sealed, onStep: () => {} })
  await target.query("INSERT INTO partners (id, name, created_at) VALUES ('prt_1', 'one', 1)")
  await expect(move(from, target.url)).rejects.toThrow('data of its own')
  expect(await rowsOf(target, 'partners')).toBe(1)
})
