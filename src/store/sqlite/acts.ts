import type Database from 'better-sqlite3'
import { ACTS_ERASED_AT_ONCE, type ActEnd, actPage, actsKeptFrom, COMMAND, type CommandUser } from '../act.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { and, asc, desc, eq, gte, inArray, lt } from './drizzle.ts'
import { acts } from './schema.ts'

/** What operators have done. What is old goes with the next act, a bit at a time. */
export const createActs = ({ db, read, write, now }: Context): Pick<Store, 'recordAct' | 'endAct' | 'listActs'> => ({
  recordAct: act =>
    write(() => {
      const at = now()
      const { id } = db
        .insert(acts)
        .values({ ...act, at })
        .returning({ id: acts.id })
        .get()
      const oldest = db.select({ id: acts.id }).from(acts).orderBy(asc(acts.id)).limit(ACTS_ERASED_AT_ONCE)
      db.delete(acts)
        .where(and(inArray(acts.id, oldest), lt(acts.at, actsKeptFrom(at))))
        .run()
      return id
    }),

  endAct: (id, outcome) =>
    write(() => {
      db.update(acts).set({ outcome }).where(eq(acts.id, id)).run()
    }),

  listActs: ({ who, act, since, limit, before }) =>
    read(() => {
      const asked = and(
        before === null ? undefined : lt(acts.id, before),
        gte(acts.at, Math.max(since ?? 0, actsKeptFrom(now()))),
        who === null ? undefined : eq(acts.who, who),
        act === null ? undefined : eq(acts.act, act),
      )
      const found = db.select().from(acts).where(asked).orderBy(desc(acts.id))
      return actPage(found.limit(limit + 1).all(), limit)
    }),
})

type FileAct = CommandUser & { act: string; outcome: ActEnd; at: number }

/** Records what a command did that opens no store. */
export const insertFileAct = (client: Database.Database, act: FileAct): void => {
  client
    .prepare<FileAct & { who: string }>(`
      INSERT INTO acts (at, who, name, act, reason, outcome) VALUES (@at, @who, @name, @act, @reason, @outcome)`)
    .run({ ...act, who: COMMAND })
}
