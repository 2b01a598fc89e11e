import type { Client } from 'pg'
import type { ActName } from '../../core/act.ts'
import { createClosing } from '../../core/closing.ts'
import { StartError } from '../../core/error.ts'
import { explainOpening } from '../open.ts'
import { COMMAND, type CommandUser } from '../operators/acts.ts'
import { bringUpToDate, openClient } from '../postgres/opening.ts'
import type { Sealed } from '../sealed.ts'
import { openSource, type Source } from './source.ts'
import { MOVED_TABLES, type MovedTable, type Row } from './tables.ts'

export interface MoveOptions {
  /** The real path of the file. */
  from: string
  /** postgres://USER:PASSWORD@HOST/NAME */
  to: string
  /** The target without its password, which the file records. */
  name: string
  sealed: Sealed
  /** User and reason, for the audit. */
  by: CommandUser
  now: () => number
  onRows: (done: number, all: number) => void
  /** Ends the move after the current batch; nothing is moved then. */
  signal: AbortSignal
}

/** How many rows were moved, by table. */
export type Moved = Readonly<Record<string, number>>

/**
 * Copies a whole SQLite file into an empty PostgreSQL database in one transaction, and keeps services from the file. If
 * it fails or is killed, the target stays empty, and it may be run again. Throws a `StartError`; returns null if the
 * signal ended it.
 */
export const moveDatabase = async (options: MoveOptions): Promise<Moved | null> => {
  await using stack = createClosing()
  const source = openSource(options.from, options)
  stack.defer(() => source.close())
  const client = await openTarget(options.to, options.sealed)
  try {
    await client.query('BEGIN')
    if (await hasRows(client)) throw new StartError(NOT_EMPTY)
    const counts = await copyAll(source, client, options)
    if (counts === null) return null
    await recordMove(client, { ...options.by, at: options.now() })
    // In this order: if killed in between, neither database is used until the next run.
    source.markMoved(options.name)
    await client.query('COMMIT')
    return counts
  } finally {
    await client.end()
  }
}

const openTarget = async (url: string, sealed: Sealed): Promise<Client> => {
  try {
    await bringUpToDate(url, { sealed, onStep: () => {} })
    return await openClient(url, 'move')
  } catch (error) {
    throw explainOpening(error, url, '--to')
  }
}

const hasRows = async (client: Client): Promise<boolean> => {
  const any = MOVED_TABLES.map(({ name, where }) => `EXISTS (SELECT FROM ${name} WHERE ${where ?? 'true'})`)
  const { rows } = await client.query<{ any: boolean }>(`SELECT ${any.join(' OR ')} AS "any"`)
  return rows[0]?.any === true
}

const copyAll = async (
  source: Source,
  client: Client,
  { onRows, signal }: Pick<MoveOptions, 'onRows' | 'signal'>,
): Promise<Moved | null> => {
  const all = MOVED_TABLES.reduce((sum, table) => sum + source.count(table), 0)
  const counts: Record<string, number> = {}
  let done = 0
  for (const table of MOVED_TABLES) {
    const before = done
    for (const rows of source.read(table)) {
      if (signal.aborted) return null
      await insert(client, table, rows)
      done += rows.length
      onRows(done, all)
    }
    counts[table.name] = done - before
    await countOn(client, table, source.lastOf(table))
  }
  return counts
}

const insert = async (client: Client, { name, columns }: MovedTable, rows: readonly Row[]): Promise<void> => {
  const names = columns.map(column => column.name).join(', ')
  const arrays = columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ')
  await client.query(
    `INSERT INTO ${name} (${names}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${arrays})`,
    columns.map((_, i) => rows.map(row => row[i] ?? null)),
  )
}

/** Sets the counter of a table to the highest number given so far. */
const countOn = async (client: Client, { name, counter }: MovedTable, last: number): Promise<void> => {
  if (counter === null || last === 0) return
  await client.query('SELECT setval(pg_get_serial_sequence($1, $2), $3)', [name, counter, last])
}

const recordMove = async (client: Client, { at, name, reason }: CommandUser & { at: number }): Promise<void> => {
  const values = [at, COMMAND, name, 'database.move' satisfies ActName, reason]
  await client.query(
    "INSERT INTO acts (at, who, name, act, reason, outcome) VALUES ($1, $2, $3, $4, $5, 'done')",
    values,
  )
}

const NOT_EMPTY = {
  en: '--to: this database has data of its own: name an empty one; if the file has been moved into it already, set DATABASE_URL to it, and start',
  zh: '--to：该数据库中已有数据：请指定一个空数据库；若该文件已迁移到此数据库，请把 DATABASE_URL 设为它，然后启动',
}
