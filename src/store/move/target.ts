import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { StartError } from '../../core/error.ts'
import { COMMAND, type CommandUser } from '../act.ts'
import { pg } from '../postgres/drizzle.ts'
import { MOVE, type MoveState, readMove } from '../postgres/half-moved.ts'
import { bringUpToDate } from '../postgres/opening.ts'
import { explainConnecting } from '../postgres/opening-failure.ts'
import type { Sealed } from '../sealed.ts'
import type { Place } from './source.ts'
import { canonical, MOVED_TABLES, type MovedTable, type Row, SHAPE, type Value } from './tables.ts'

export interface Target {
  /** How far an earlier run came; null: this is the first one. */
  state: MoveState | null
  /** Adds rows, and remembers in the same transaction how far it came. */
  add(table: MovedTable, rows: readonly Row[], state: MoveState): Promise<void>
  /** Makes the counters go on behind the highest number that was given. */
  countOn(table: MovedTable, last: number): Promise<void>
  /** How many rows there are, and the hash of all of them in their order. */
  digest(table: MovedTable, onRows: (count: number) => void): Promise<{ count: number; hash: string }>
  /** Puts the move into the audit; from now on nodes may start on it. */
  finish(state: MoveState, by: CommandUser & { at: number }): Promise<void>
  close(): Promise<void>
}

/** Rows that one look of the digest reads. */
const WINDOW = 2_000

/**
 * Opens a database for a move into it. Throws a `StartError` where it holds something else already.
 *
 * @param sourceId whose rows may be there
 */
export const openTarget = async (
  url: string,
  { sealed, sourceId }: { sealed: Sealed; sourceId: string },
): Promise<Target> => {
  const client = new pg.Client({ connectionString: url, application_name: 'idface-notifier move', types })
  try {
    await bringUpToDate(url, { sealed, onStep: () => {}, isMove: true })
    await client.connect()
  } catch (error) {
    throw explainConnecting(error, url, '--to')
  }
  try {
    const state = await readMove(client)
    if (state === null && (await hasRows(client))) throw new StartError(NOT_EMPTY)
    if (state !== null && state.source !== sourceId) throw new StartError(OTHER_SOURCE)
    if (state?.isDone) throw new StartError(ALREADY)
    if (state !== null && state.shape !== SHAPE) throw new StartError(OTHER_VERSION)
    return targetOf(client, state)
  } catch (error) {
    await client.end()
    throw error
  }
}

const targetOf = (client: Client, state: MoveState | null): Target => {
  let saved = state && bytesOf(state)
  /** Throws where another move has come on meanwhile. */
  const save = async (next: MoveState) => {
    const bytes = bytesOf(next)
    const { rowCount } =
      saved === null
        ? await client.query('INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', [MOVE, bytes])
        : await client.query('UPDATE meta SET value = $2 WHERE key = $1 AND value = $3', [MOVE, bytes, saved])
    if (rowCount !== 1) throw new StartError(ANOTHER)
    saved = bytes
  }

  return {
    state,

    add: async (table, rows, next) => {
      await client.query('BEGIN')
      await save({ ...next, shape: SHAPE })
      if (rows.length > 0) await client.query(insertInto(table), columnsOf(table, rows))
      await client.query('COMMIT')
    },

    countOn: async ({ name, counter }, last) => {
      if (counter === null || last === 0) return
      await client.query('SELECT setval(pg_get_serial_sequence($1, $2), $3)', [name, counter, last])
    },

    digest: async (table, onRows) => {
      const hash = createHash('sha256')
      const { order, columns, where, name } = table
      const key = order.postgres
      let count = 0
      for (let after: Place | null = null; ; ) {
        const behind: string =
          after === null ? 'true' : `(${key.join(', ')}) > (${key.map((_, i) => `$${i + 1}`).join(', ')})`
        const selected = [...columns.map(column => column.name), ...key].join(', ')
        const { rows }: { rows: Value[][] } = await client.query({
          text: `SELECT ${selected} FROM ${name} WHERE ${behind} AND ${where ?? 'true'} ORDER BY ${key.join(', ')} LIMIT ${WINDOW}`,
          values: [...(after ?? [])],
          rowMode: 'array',
        })
        for (const row of rows) hash.update(`${canonical(table, row.slice(0, columns.length))}\n`)
        count += rows.length
        onRows(rows.length)
        if (rows.length < WINDOW) return { count, hash: hash.digest('hex') }
        after = (rows.at(-1) ?? []).slice(columns.length) as Place
      }
    },

    finish: async (next, { at, name, reason }) => {
      await client.query('BEGIN')
      await save(next)
      await client.query(
        `INSERT INTO acts (at, who, name, act, reason, outcome) VALUES ($1, $2, $3, 'database.move', $4, 'done')`,
        [at, COMMAND, name, reason],
      )
      await client.query('COMMIT')
    },

    close: () => client.end(),
  }
}

const bytesOf = (state: MoveState): Buffer => Buffer.from(JSON.stringify(state))

const insertInto = ({ name, columns }: MovedTable): string => {
  const names = columns.map(column => column.name).join(', ')
  const arrays = columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ')
  return `INSERT INTO ${name} (${names}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${arrays})`
}

const columnsOf = ({ columns }: MovedTable, rows: readonly Row[]): Value[][] =>
  columns.map((_, i) => rows.map(row => row[i] ?? null))

const hasRows = async (client: Client): Promise<boolean> => {
  const any = MOVED_TABLES.map(({ name, where }) => `EXISTS (SELECT FROM ${name} WHERE ${where ?? 'true'})`).join(
    ' OR ',
  )
  const { rows } = await client.query<{ any: boolean }>(`SELECT ${any} AS "any"`)
  return rows[0]?.any === true
}

const JSONB = 3802
const [INT8, TEXT] = [20, 25]
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return Number
    return pg.types.getTypeParser(oid === JSONB ? TEXT : oid, format as 'text')
  },
}

const ANOTHER = {
  en: '--to: another move into this database is under way: wait until it has ended',
  zh: '--to：另一个迁移正在写入该数据库：请等待其结束',
}
const NOT_EMPTY = {
  en: '--to: this database has data of its own: name an empty one',
  zh: '--to：该数据库中已有数据：请指定一个空数据库',
}
const ALREADY = {
  en: '--to: this file has been moved into this database already: set DATABASE_URL to it, and start',
  zh: '--to：该文件已经迁移到该数据库：请把 DATABASE_URL 设为该数据库，然后启动',
}
const OTHER_VERSION = {
  en: '--to: a move into this database was begun by another version, whose tables are not the same: drop the database, make it anew, and run this again. The file has lost nothing',
  zh: '--to：向该数据库的迁移是由另一个版本开始的，其表结构与本版本不同：请删除并重建该数据库，然后重新运行。文件中的数据没有丢失',
}
const OTHER_SOURCE = {
  en: '--to: another file has been moved into this database, or has begun to be: name an empty one',
  zh: '--to：该数据库中有来自另一个文件的（部分）迁移数据：请指定一个空数据库',
}
