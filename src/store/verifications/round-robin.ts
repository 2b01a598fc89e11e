import { type AccountState, allowance } from '../../core/account.ts'
import { type DueVerification, PICKS } from './poll-queues.ts'
import type { Head } from './queue-heads.ts'

/** Round-robin position: the partner served last, and the picks of each waiting partner, modulo `PICKS`. */
export interface PollCursor {
  lastServed: string
  picks: ReadonlyMap<string, number>
}
export const FIRST_POLL_PLACE: PollCursor = { lastServed: '', picks: new Map() }

/** How many verifications of an account a claim may take from one partner. */
export interface PollShare {
  accountId: string
  partnerId: string
  limit: number
  /** Earlier picks of the partner, modulo `PICKS`. */
  picks: number
  /** Queues with due verifications. */
  heads: readonly Head[]
}

/** Verifications taken of a share, in polling order. */
export interface Taken {
  share: PollShare
  due: readonly DueVerification[]
}

/**
 * Shares `slots` equally among partners, round robin, starting after the one served last, so that a partner with a long
 * queue delays nobody. If there are more partners than slots, the first ones get one each.
 *
 * @param partnerIds in ascending order
 */
export const fairShare = (
  partnerIds: readonly string[],
  slots: number,
  lastServed: string,
): { partnerId: string; take: number }[] => {
  if (partnerIds.length === 0 || slots <= 0) return []
  const first = Math.max(
    0,
    partnerIds.findIndex(id => id > lastServed),
  )
  const inOrder = [...partnerIds.slice(first), ...partnerIds.slice(0, first)]
  const take = Math.ceil(slots / inOrder.length)
  return inOrder
    .slice(0, Math.ceil(slots / take))
    .map((partnerId, i) => ({ partnerId, take: Math.min(take, slots - i * take) }))
}

/**
 * Returns how much a claim may take of an account, within its rate and its free slots, round robin over partners. It
 * reads no more partners than rows it may take; the next claim uses the rest of a share.
 */
export const shareAccount = (
  account: AccountState & { id: string },
  heads: readonly Head[],
  { at, free, from }: { at: number; free: number; from: PollCursor },
): PollShare[] => {
  const due = Map.groupBy(
    heads.filter(({ dueAt }) => dueAt <= at),
    ({ partnerId }) => partnerId,
  )
  const shares = fairShare([...due.keys()].sort(), allowance(account, at, free), from.lastServed)
  return shares.map(({ partnerId, take: limit }) => {
    const picks = from.picks.get(partnerId) ?? 0
    return { accountId: account.id, partnerId, limit, picks, heads: due.get(partnerId) ?? [] }
  })
}

/** Returns the next place. Partners with nothing waiting start anew, so only waiting partners are kept. */
export const afterTaking = (from: PollCursor, heads: readonly Head[], taken: readonly Taken[]): PollCursor => ({
  lastServed: taken.at(-1)?.share.partnerId ?? from.lastServed,
  picks: new Map([
    ...heads.map(({ partnerId }) => [partnerId, from.picks.get(partnerId) ?? 0] as const),
    ...taken.map(({ share: { partnerId, picks }, due }) => [partnerId, (picks + due.length) % PICKS] as const),
  ]),
})
