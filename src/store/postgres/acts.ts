import { ACT_COLUMNS, ACTS_ERASED_AT_ONCE, ACTS_LOOKED_AT, type Act, actPage, actsKeptFrom, isForLog } from '../act.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { and, eq } from './drizzle.ts'
import { acts } from './schema.ts'

type Verbs = Pick<Store, 'recordAct' | 'endAct' | 'takeActsForLog' | 'listActs'>

/** What operators have done. What is old goes with the next act, a bit at a time. */
export const createActs = ({ read, write }: Pick<Context, 'read' | 'write'>): Verbs => ({
  recordAct: act =>
    write(async tx => {
      const { db, at } = tx
      const [added] = await db
        .insert(acts)
        .values({ ...act, at, isForLog: isForLog(act) })
        .returning({ id: acts.id })
      await eraseOld(tx)
      return { id: (added as { id: number }).id, at }
    }),

  endAct: ({ id, at }, outcome) =>
    write(async ({ db }) => {
      const isIt = and(eq(acts.id, id), eq(acts.at, at))
      const [act] = await db.select({ who: acts.who }).from(acts).where(isIt).for('no key update')
      if (act)
        await db
          .update(acts)
          .set({ outcome, isForLog: isForLog(act) })
          .where(isIt)
    }),

  takeActsForLog: limit =>
    write(async tx => {
      const taken = await tx.rows<Act>(
        `UPDATE acts SET is_for_log = false
         WHERE id IN (SELECT id FROM acts WHERE is_for_log ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
         RETURNING ${ACT_COLUMNS}`,
        [limit],
      )
      return taken.toSorted((a, b) => a.id - b.id)
    }),

  listActs: query =>
    read(async tx => {
      const looked = await tx.rows<Act>(
        `SELECT ${ACT_COLUMNS} FROM acts WHERE id < $1 AND at >= $2 ORDER BY id DESC LIMIT ${ACTS_LOOKED_AT}`,
        [query.before ?? Number.MAX_SAFE_INTEGER, actsKeptFrom(tx.at)],
      )
      return actPage(looked, query)
    }),
})

const eraseOld = async (tx: Tx): Promise<void> => {
  await tx.rows(
    `DELETE FROM acts WHERE id IN (
       SELECT id FROM acts WHERE id IN (SELECT id FROM acts ORDER BY id LIMIT ${ACTS_ERASED_AT_ONCE}) AND at < $1
       FOR UPDATE SKIP LOCKED)`,
    [actsKeptFrom(tx.at)],
  )
}
