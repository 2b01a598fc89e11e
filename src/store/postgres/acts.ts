import { ACTS_ERASED_AT_ONCE, actPage, actsKeptFrom } from '../act.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, desc, eq, gte, inArray, lt } from './drizzle.ts'
import { acts } from './schema.ts'

type Verbs = Pick<Store, 'recordAct' | 'endAct' | 'listActs'>

/** What operators have done. What is old goes with the next act, a bit at a time. */
export const createActs = ({ read, write }: Pick<Context, 'read' | 'write'>): Verbs => ({
  recordAct: act =>
    write(async ({ db, at }) => {
      const [added] = await db
        .insert(acts)
        .values({ ...act, at })
        .returning({ id: acts.id })
      const first = db.select({ id: acts.id }).from(acts).orderBy(asc(acts.id)).limit(ACTS_ERASED_AT_ONCE).as('first')
      const old = db
        .select({ id: acts.id })
        .from(acts)
        .where(and(inArray(acts.id, db.select({ id: first.id }).from(first)), lt(acts.at, actsKeptFrom(at))))
        .for('update', { skipLocked: true })
      await db.delete(acts).where(inArray(acts.id, old))
      return (added as { id: number }).id
    }),

  endAct: (id, outcome) =>
    write(async ({ db }) => {
      await db.update(acts).set({ outcome }).where(eq(acts.id, id))
    }),

  listActs: ({ who, act, since, limit, before }) =>
    read(async ({ db, at }) => {
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
