import type { Db } from './connection.ts'
import { and, eq, gt, isNull, or, sql } from './drizzle.ts'
import { lanes } from './schema.ts'

/** `https://partner.example:8443/hook` → `partner.example:8443`. The URL is normalised already. */
const hostOf = (href: string): string => href.split('/', 3)[2] ?? href

/** Keeps each lane's `dueAt` no later than its first message's, so that a claim looks only at lanes that have work. */
export const createLanes = (db: Db) => {
  const findLane = db
    .select({ id: lanes.id })
    .from(lanes)
    .where(and(eq(lanes.partnerId, sql.placeholder('partnerId')), eq(lanes.host, sql.placeholder('host'))))
    .prepare()
  const addLane = db
    .insert(lanes)
    .values({
      partnerId: sql.placeholder('partnerId'),
      host: sql.placeholder('host'),
      dueAt: sql.placeholder('dueAt'),
    })
    .returning({ id: lanes.id })
    .prepare()
  const advanceLane = db
    .update(lanes)
    .set({ dueAt: sql`${sql.placeholder('dueAt')}` })
    .where(and(eq(lanes.id, sql.placeholder('id')), or(isNull(lanes.dueAt), gt(lanes.dueAt, sql.placeholder('dueAt')))))
    .prepare()

  /** Something in the lane is due at `dueAt`. */
  const advance = (id: number, dueAt: number): void => {
    advanceLane.run({ id, dueAt })
  }

  return {
    advance,
    /** The lane for a message that is due at `dueAt`. */
    laneFor: (partnerId: string, callbackUrl: string, dueAt: number): number => {
      const host = hostOf(callbackUrl)
      const lane = findLane.get({ partnerId, host })
      if (!lane) return addLane.get({ partnerId, host, dueAt }).id
      advance(lane.id, dueAt)
      return lane.id
    },
  }
}
