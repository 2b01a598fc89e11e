import type Database from 'better-sqlite3'
import {
  ACT_COLUMNS,
  ACTS_ERASED_AT_ONCE,
  ACTS_LOOKED_AT,
  type Act,
  type ActEnd,
  actPage,
  actsKeptFrom,
  COMMAND,
  type CommandUser,
  isForLog,
} from '../act.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, eq } from './drizzle.ts'
import { hasTable } from './opening.ts'
import { acts } from './schema.ts'

type Verbs = Pick<Store, 'recordAct' | 'endAct' | 'takeActsForLog' | 'listActs'>

/** What operators have done. What is old goes with the next act, a bit at a time. */
export const createActs = ({ db, client, read, write, now }: Context): Verbs => {
  const erase = client.prepare<{ from: number; limit: number }>(`
    DELETE FROM acts WHERE id IN (SELECT id FROM (SELECT id, at FROM acts ORDER BY id LIMIT +@limit) WHERE at < @from)`)
  const newest = client.prepare<{ from: number; before: number; limit: number }, Act>(`
    SELECT ${ACT_COLUMNS} FROM acts
    WHERE id < +@before AND at >= @from ORDER BY id DESC LIMIT +@limit`)

  const take = client.prepare<[number], Act>(`
    UPDATE acts SET is_for_log = 0 WHERE id IN (SELECT id FROM acts WHERE is_for_log = 1 ORDER BY id LIMIT +?)
    RETURNING ${ACT_COLUMNS}`)

  return {
    recordAct: act =>
      write(() => {
        const at = now()
        const { id } = db
          .insert(acts)
          .values({ ...act, at, isForLog: isForLog(act) })
          .returning({ id: acts.id })
          .get()
        erase.run({ from: actsKeptFrom(at), limit: ACTS_ERASED_AT_ONCE })
        return { id, at }
      }),

    endAct: ({ id, at }, outcome) =>
      write(() => {
        const isIt = and(eq(acts.id, id), eq(acts.at, at))
        const act = db.select({ who: acts.who }).from(acts).where(isIt).get()
        if (act)
          db.update(acts)
            .set({ outcome, isForLog: isForLog(act) })
            .where(isIt)
            .run()
      }),

    takeActsForLog: limit => write(() => take.all(limit).toSorted((a, b) => a.id - b.id)),

    listActs: query =>
      read(() => {
        const before = query.before ?? Number.MAX_SAFE_INTEGER
        return actPage(newest.all({ from: actsKeptFrom(now()), before, limit: ACTS_LOOKED_AT }), query)
      }),
  }
}

type FileAct = CommandUser & { act: string; outcome: ActEnd; at: number }

/** Records what a command did that opens no store. A database of an earlier version may have no audit: then there is no trace. */
export const insertFileAct = (client: Database.Database, act: FileAct): void => {
  if (!hasTable(client, 'acts')) return
  client
    .prepare<FileAct & { who: string }>(`
      INSERT INTO acts (at, who, name, act, reason, outcome) VALUES (@at, @who, @name, @act, @reason, @outcome)`)
    .run({ ...act, who: COMMAND })
}
