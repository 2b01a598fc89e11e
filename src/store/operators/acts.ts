import { ACTS_ERASED_AT_ONCE, actPage, actsKeptFrom } from '../act.ts'
import type { StoreContext } from '../context.ts'
import { and, asc, desc, eq, gte, inArray, lt } from '../drizzle.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'

type Verbs = Pick<Store, 'recordAct' | 'endAct' | 'listActs'>

/** What operators have done. What is old goes with the next act, a bit at a time. */
export const createActs = ({ read, write }: Pick<StoreContext, 'read' | 'write'>): Verbs => ({
  recordAct: act =>
    write(async tx => {
      const [id] = await tx.insert('acts', [{ ...act, at: tx.at }])
      await eraseOld(tx)
      return id as number
    }),

  endAct: (id, outcome) => write(tx => tx.update('acts', ['id'], [{ id, outcome }])),

  listActs: ({ who, act, since, limit, before }) =>
    read(async ({ db, at, schema: { acts } }) => {
      const asked = and(
        before === null ? undefined : lt(acts.id, before),
        gte(acts.at, Math.max(since ?? 0, actsKeptFrom(at))),
        who === null ? undefined : eq(acts.who, who),
        act === null ? undefined : eq(acts.act, act),
      )
      const found = db.select().from(acts).where(asked).orderBy(desc(acts.id))
      return actPage(await found.limit(limit + 1), limit)
    }),
})

const eraseOld = async ({ db, dialect, at, schema: { acts } }: Tx): Promise<void> => {
  const first = db.select({ id: acts.id }).from(acts).orderBy(asc(acts.id)).limit(ACTS_ERASED_AT_ONCE).as('first')
  const isOld = and(inArray(acts.id, db.select({ id: first.id }).from(first)), lt(acts.at, actsKeptFrom(at)))
  const old = await dialect.locked(db.select({ id: acts.id }).from(acts).where(isOld), { skipLocked: true })
  if (old.length > 0)
    await db.delete(acts).where(
      inArray(
        acts.id,
        old.map(({ id }) => id),
      ),
    )
}
