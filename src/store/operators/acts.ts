import { DAY } from '../../core/duration.ts'
import type { StoreContext } from '../context.ts'
import { and, desc, eq, gte, lt, or } from '../drizzle.ts'
import { idOf, pageOf } from '../page.ts'
import type { Store } from '../store.ts'
import type { Row, Sql } from '../tx.ts'

/**
 * How an act ended: it was done; it was not allowed or not possible; it failed, and a part of it may be done. `begun`: it is under
 * way, or whoever did it ended first, and it may be done or not.
 */
export const ACT_OUTCOMES = ['begun', 'done', 'refused', 'failed'] as const
export type ActOutcome = (typeof ACT_OUTCOMES)[number]
export type ActEnd = Exclude<ActOutcome, 'begun'>

/** Who does what is done by a command. */
export const COMMAND = 'command'

/** What an id can look like. */
const ID = /^[\x21-\x7e]{1,128}$/
/** The object of an act, by the id that was given; null: it cannot be one, and is not worth keeping. */
export const objectOf = (given: string): string | null => (ID.test(given) ? given : null)

/**
 * What an operator has done, by the admin API or by a command; `id` counts up.
 *
 * - `who`: the id of the token; `ADMIN_TOKEN`; `command`. `name`: the token's; of a command the system's user.
 * - `act`: such as `partner.create`. `object`: the id of what it was done to; null: nothing in particular, or nothing that could be an id.
 * - `reason`: as the operator gave it. `changes`: by `changesOf`; null: nothing changes, or it is not told.
 */
export type Act = Row<'acts'>
export type NewAct = Omit<Act, 'id' | 'at'>

/** Whoever runs a command, and why. */
export type CommandUser = Pick<NewAct, 'name' | 'reason'>

export interface ActQuery {
  /** `who` or `name` of the act. */
  who: string | null
  act: string | null
  /** Epoch ms. */
  since: number | null
  limit: number
  /** From before this one. */
  before: number | null
}

const KEPT_MS = 366 * DAY

/** Of the oldest acts so many are looked at when another is recorded, and erased where they are kept no longer. */
const ACTS_ERASED_AT_ONCE = 100

/** Acts before this moment are kept no longer. Only age ends them: nobody can push the acts of others out by many of their own. */
const actsKeptFrom = (now: number): number => now - KEPT_MS

const ERASE_OLD: Sql = d => `
  DELETE FROM acts WHERE id IN (
    SELECT id FROM acts WHERE id IN (SELECT id FROM acts ORDER BY id LIMIT ${ACTS_ERASED_AT_ONCE}) AND at < @before
    ${d.forUpdate({ skipLocked: true })})`

/** What operators have done. What is old goes with the next act, a bit at a time. */
export const createActs = ({ read, write }: StoreContext) =>
  ({
    recordAct: act =>
      write(async tx => {
        const [id] = await tx.insert('acts', [{ ...act, at: tx.at }])
        await tx.all(ERASE_OLD, { before: actsKeptFrom(tx.at) })
        return id as number
      }),

    endAct: (id, outcome) => write(tx => tx.update('acts', ['id'], [{ id, outcome }])),

    listActs: ({ who, act, since, limit, before }) =>
      read(async ({ db, at, schema: { acts } }) => {
        const asked = and(
          before === null ? undefined : lt(acts.id, before),
          gte(acts.at, Math.max(since ?? 0, actsKeptFrom(at))),
          who === null ? undefined : or(eq(acts.who, who), eq(acts.name, who)),
          act === null ? undefined : eq(acts.act, act),
        )
        const found = db.select().from(acts).where(asked).orderBy(desc(acts.id))
        return pageOf(await found.limit(limit + 1), limit, idOf)
      }),
  }) satisfies Partial<Store>
