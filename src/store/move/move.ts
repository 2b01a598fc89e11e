import { createHash } from 'node:crypto'
import { StartError } from '../../core/error.ts'
import type { CommandUser } from '../act.ts'
import type { MoveState } from '../postgres/half-moved.ts'
import type { Sealed } from '../sealed.ts'
import { openSource, type Place, type Source } from './source.ts'
import { canonical, MOVED_TABLES, type MovedTable } from './tables.ts'
import { openTarget, type Target } from './target.ts'

export type MoveStep = { step: 'copying' | 'checking'; done: number; all: number }

export interface MoveOptions {
  /** The real path of the file. */
  from: string
  /** postgres://USER:PASSWORD@HOST/NAME */
  to: string
  /** The target in words, without its password: the file says where its content has gone. */
  name: string
  sealed: Sealed
  /** Who moves it and why, for the audit. */
  by: CommandUser
  now: () => number
  onStep: (step: MoveStep) => void
  /** Ends it after the batch that is under way; a later run goes on. */
  signal: AbortSignal
}

export interface Moved {
  /** Rows, by table. */
  counts: Readonly<Record<string, number>>
}

/** So many rows go in a transaction, with the place that they have come to. */
const BATCH = 1_000

/**
 * Copies all of an SQLite file into an empty PostgreSQL database, compares both row by row, and only then lets nodes start there, and no
 * more service on the file. It may be killed anywhere and run again. Throws a `StartError`; null: it was ended by the signal.
 */
export const moveDatabase = async ({
  from,
  to,
  name,
  sealed,
  by,
  now,
  onStep,
  signal,
}: MoveOptions): Promise<Moved | null> => {
  using stack = new DisposableStack()
  const source = stack.adopt(openSource(from, { sealed }), opened => opened.close())
  const target = await openTarget(to, { sealed, sourceId: source.id })
  try {
    if (!(await copyAll(source, target, { onStep, signal }))) return null
    for (const table of MOVED_TABLES) await target.countOn(table, source.lastOf(table))
    const counts = await compareAll(source, target, onStep)
    // In this order: killed in between, neither is used before another run has ended it.
    source.markMoved(name)
    await target.finish({ ...FINISHED, source: source.id, rows: sumOf(counts) }, { ...by, at: now() })
    return { counts }
  } finally {
    await target.close()
  }
}

const FINISHED: Omit<MoveState, 'source' | 'rows'> = { table: MOVED_TABLES.length, after: null, isDone: true }

const sumOf = (counts: Moved['counts']): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

type Telling = Pick<MoveOptions, 'onStep' | 'signal'>

const copyAll = async (source: Source, target: Target, { onStep, signal }: Telling): Promise<boolean> => {
  const all = countAll(source)
  const begun = target.state ?? { table: 0, after: null, rows: 0 }
  let done = begun.rows
  for (const [n, table] of MOVED_TABLES.entries()) {
    if (n < begun.table) continue
    let after: Place | null = n === begun.table ? begun.after : null
    do {
      if (signal.aborted) return false
      const { rows, last } = source.read(table, after, BATCH)
      const next = last === null ? { table: n + 1, after: null } : { table: n, after: last }
      done += rows.length
      await target.add(table, rows, { source: source.id, ...next, rows: done, isDone: false })
      onStep({ step: 'copying', done: Math.min(done, all), all })
      after = last
    } while (after !== null)
  }
  return true
}

const countAll = (source: Source): number => MOVED_TABLES.reduce((sum, table) => sum + source.count(table), 0)

/** Throws where a table is not the same in both: the file was changed between two runs, or something else writes there. */
const compareAll = async (source: Source, target: Target, onStep: MoveOptions['onStep']): Promise<Moved['counts']> => {
  const counts: Record<string, number> = {}
  const all = countAll(source)
  let done = 0
  for (const table of MOVED_TABLES) {
    const copied = await target.digest(table, count => {
      done += count
      onStep({ step: 'checking', done: Math.min(done, all), all })
    })
    const own = digestOf(source, table)
    if (own.count !== copied.count || own.hash !== copied.hash)
      throw new StartError(differs(table.name, own.count, copied.count))
    counts[table.name] = own.count
  }
  return counts
}

const digestOf = (source: Source, table: MovedTable): { count: number; hash: string } => {
  const hash = createHash('sha256')
  let count = 0
  let after: Place | null = null
  do {
    const { rows, last }: ReturnType<Source['read']> = source.read(table, after, BATCH)
    for (const row of rows) hash.update(`${canonical(table, row)}\n`)
    count += rows.length
    after = last
  } while (after !== null)
  return { count, hash: hash.digest('hex') }
}

const differs = (table: string, ofFile: number, ofDatabase: number) => ({
  en: `table ${table} is not the same in both (${ofFile} rows in the file, ${ofDatabase} in the database): the file was changed since the first run, or something else has written there. Nothing was given up: drop the database, make it anew, and run this again`,
  zh: `表 ${table} 在两边不一致（文件中 ${ofFile} 行，数据库中 ${ofDatabase} 行）：文件在首次运行后被改动，或有其他程序写入了该数据库。数据没有丢失：请删除并重建该数据库，然后重新运行`,
})
