import { DAY } from '../../core/duration.ts'
import type { StoreContext } from '../context.ts'
import { and, asc, desc, eq, gte, inArray, lt } from '../drizzle.ts'
import type { Store } from '../store.ts'
import type { Tx } from '../tx.ts'

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

/** What an operator has done, by the admin API or by a command. */
export interface NewAct {
  /** The id of the token; `ADMIN_TOKEN`; `command`. */
  who: string
  /** The token's name; of a command the system's user. */
  name: string
  /** Such as `partner.create`. */
  act: string
  /** The id of what it was done to; null: nothing in particular, or nothing that could be an id. */
  object: string | null
  /** As the operator gave it; null: none was given. */
  reason: string | null
  /** By `changesOf`; null: nothing changes, or it is not told. */
  changes: string | null
  outcome: ActOutcome
}

/** Whoever runs a command, and why. */
export type CommandUser = Pick<NewAct, 'name' | 'reason'>

export interface Act extends NewAct {
  /** Counts up. */
  id: number
  at: number
}

export interface ActQuery {
  who: string | null
  act: string | null
  /** Epoch ms. */
  since: number | null
  limit: number
  /** From before this one. */
  before: number | null
}

/** `next`: to go on before; null: there are no more. */
export interface ActPage {
  acts: Act[]
  next: number | null
}

const KEPT_MS = 366 * DAY

/** Of the oldest acts so many are looked at when another is recorded, and erased where they are kept no longer. */
const ACTS_ERASED_AT_ONCE = 100

/** Acts before this moment are kept no longer. Only age ends them: nobody can push the acts of others out by many of their own. */
const actsKeptFrom = (now: number): number => now - KEPT_MS

/** The page out of the acts that the query asks for: `limit` of them, or one more where there is another page. */
const actPage = (acts: readonly Act[], limit: number): ActPage => ({
  acts: acts.slice(0, limit),
  next: acts.length > limit ? (acts[limit - 1]?.id ?? null) : null,
})

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
