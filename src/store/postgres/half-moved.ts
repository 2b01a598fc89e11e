import type { Client } from 'pg'
import { StartError } from '../../core/error.ts'

/** The fact that says how far a move into this database has come. */
export const MOVE = 'move'

export interface MoveState {
  /** Tells which file is moved. */
  source: string
  /** The table that it has come to, by its place in the order of tables, and the last row of it; null: none yet. */
  table: number
  after: readonly (string | number)[] | null
  /** How many rows are there. */
  rows: number
  isDone: boolean
  /** Of the tables that the place is a place in; missing where an early version has written it. */
  shape?: string
}

/** Null: nothing was ever moved here. */
export const readMove = async (client: Pick<Client, 'query'>): Promise<MoveState | null> => {
  const { rows } = await client.query<{ value: Buffer }>('SELECT value FROM meta WHERE key = $1', [MOVE])
  return rows[0] ? JSON.parse(rows[0].value.toString('utf8')) : null
}

/** Throws where a move into this database has not ended: part of the registrations would be missing. */
export const refuseHalfMoved = async (client: Pick<Client, 'query'>): Promise<void> => {
  if ((await readMove(client))?.isDone !== false) return
  throw new StartError({
    en: 'DATABASE_URL: a move into this database has not ended: run the same "move" again, which goes on where it was',
    zh: 'DATABASE_URL：向该数据库的迁移尚未完成：请再次运行同样的 move 命令，它会从中断处继续',
  })
}
