import type { Db } from './connection.ts'
import { and, eq, gt, isNull, or, sql } from './drizzle.ts'
import { lanes } from './schema.ts'

/** `https://partner.example:8443/hook` → `partner.example:8443`. The URL is normalised already. */
const hostOf = (href: string): string => href.split('/', 3)[2] ?? href

/** Keeps each lane's `dueAt` no later than its first message's, so that a claim looks only at lanes that have work. */
export const createLanes = (db: Db) => {
  const host = and(eq(lanes.partnerId, sql.placeholder('partnerId')), eq(lanes.host, sql.placeholder('host')))
  const find = db.select({ id: lanes.id }).from(lanes).where(host).prepare()
  const add = db
    .insert(lanes)
    .values({ partnerId: sql.placeholder('partnerId'), host: sql.placeholder('host') })
    .returning({ id: lanes.id })
    .prepare()
  const advance = db
    .update(lanes)
    .set({ dueAt: sql`${sql.placeholder('dueAt')}` })
    .where(and(eq(lanes.id, sql.placeholder('id')), or(isNull(lanes.dueAt), gt(lanes.dueAt, sql.placeholder('dueAt')))))
    .prepare()

  return {
    /** Null: the partner has none for this URL's host yet. */
    find: (partnerId: string, callbackUrl: string): number | null =>
      find.get({ partnerId, host: hostOf(callbackUrl) })?.id ?? null,

    add: (partnerId: string, callbackUrl: string): number => add.get({ partnerId, host: hostOf(callbackUrl) }).id,

    /** Something in the lane is due at `dueAt`. */
    advance: (id: number, dueAt: number): void => {
      advance.run({ id, dueAt })
    },
  }
}
