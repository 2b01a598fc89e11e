import { DAY } from '../core/duration.ts'

/**
 * How an act ended: it was done; it was not allowed or not possible; it failed, and a part of it may be done. `begun`: it is under
 * way, or whoever did it ended first, and it may be done or not.
 */
export const ACT_OUTCOMES = ['begun', 'done', 'refused', 'failed'] as const
export type ActOutcome = (typeof ACT_OUTCOMES)[number]
export type ActEnd = Exclude<ActOutcome, 'begun'>

/** The columns of an act. */
export const ACT_COLUMNS = 'id, at, who, name, act, object, reason, changes, outcome'

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

/** Both name it: after a fail-over that lost commits, another may have its id. */
export type BegunAct = Pick<Act, 'id' | 'at'>

export interface ActQuery {
  who: string | null
  act: string | null
  /** Epoch ms. */
  since: number | null
  limit: number
  /** From before this one. */
  before: number | null
}

/** `next`: to go on before; null: there are no more. A page may hold fewer than `limit`, or nothing, and others may follow. */
export interface ActPage {
  acts: Act[]
  next: number | null
}

const KEPT_MS = 366 * DAY

/** What is erased when another act is recorded: of the oldest, so many. */
export const ACTS_ERASED_AT_ONCE = 100

/** Acts before this moment are kept no longer. Only age ends them: nobody can push the acts of others out by many of their own. */
export const actsKeptFrom = (now: number): number => now - KEPT_MS

/** The service tells its log what it does itself; what a command does, it finds in the database. */
export const isForLog = ({ who }: Pick<Act, 'who'>): boolean => who === COMMAND

/** So many acts a page looks at. */
export const ACTS_LOOKED_AT = 5_000

const isAsked = ({ who, act, at }: Act, query: Pick<ActQuery, 'who' | 'act' | 'since'>): boolean =>
  (query.who === null || who === query.who) &&
  (query.act === null || act === query.act) &&
  (query.since === null || at >= query.since)

/** The page out of the newest `ACTS_LOOKED_AT` acts before `query.before`. */
export const actPage = (looked: readonly Act[], query: ActQuery): ActPage => {
  const asked = looked.filter(act => isAsked(act, query))
  const acts = asked.slice(0, query.limit)
  if (asked.length > query.limit) return { acts, next: acts.at(-1)?.id ?? null }
  return { acts, next: looked.length < ACTS_LOOKED_AT ? null : (looked.at(-1)?.id ?? null) }
}
