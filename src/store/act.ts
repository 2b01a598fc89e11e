import { DAY } from '../core/duration.ts'

/** How an act ended: it was done; it was not allowed or not possible; it failed, and a part of it may be done. */
export const ACT_OUTCOMES = ['done', 'refused', 'failed'] as const
export type ActOutcome = (typeof ACT_OUTCOMES)[number]

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
  outcome: ActOutcome
}

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

/** `next`: to go on before; null: there are no more. A page may hold fewer than `limit`, or nothing, and others may follow. */
export interface ActPage {
  acts: Act[]
  next: number | null
}

/** How long acts are kept, and how many at most. */
const KEPT_MS = 366 * DAY
const MOST_KEPT = 1_000_000

/** What is erased when another act is recorded: of the oldest, so many. */
export const ACTS_ERASED_AT_ONCE = 100

/** Acts before this moment, and acts with this id or a smaller one, are kept no longer. */
export const keptActs = (newestId: number, now: number): { from: number; after: number } => ({
  from: now - KEPT_MS,
  after: newestId - MOST_KEPT,
})

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
