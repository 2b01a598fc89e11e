import { type AccountState, allowance } from '../../core/account.ts'
import { type DueVerification, PICKS } from './poll-queues.ts'
import type { Head } from './queue-heads.ts'

/** Where the claims of an account have come to: the partner served last, and of each waiting partner its picks, modulo `PICKS`. */
export interface PollPlace {
  lastServed: string
  picks: ReadonlyMap<string, number>
}
export const FIRST_POLL_PLACE: PollPlace = { lastServed: '', picks: new Map() }

/** At most so many a claim takes of one partner's verifications of an account. */
export interface PollShare {
  accountId: string
  partnerId: string
  limit: number
  /** How many have been taken of the partner before. */
  picks: number
  /** Those in which something is due. */
  heads: readonly Head[]
}

/** What is taken of a share, in the order in which it is to be asked. */
export interface Taken {
  share: PollShare
  due: readonly DueVerification[]
}

/**
 * Shares `slots` equally among partners, round robin, from the one served last on, so that a partner with a long
 * queue delays nobody. Of more partners than slots the first have one each.
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
 * What a claim may take of an account, within its rate and its free slots, round robin over the partners. It reads of no more partners
 * than it takes rows; what one of them leaves of its share the next claim takes.
 */
export const shareAccount = (
  account: AccountState & { id: string },
  heads: readonly Head[],
  { at, free, from }: { at: number; free: number; from: PollPlace },
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

/** The place behind what was taken. A partner of whom nothing waits begins anew, so this is bounded by those who wait. */
export const afterTaking = (from: PollPlace, heads: readonly Head[], taken: readonly Taken[]): PollPlace => ({
  lastServed: taken.at(-1)?.share.partnerId ?? from.lastServed,
  picks: new Map([
    ...heads.map(({ partnerId }) => [partnerId, from.picks.get(partnerId) ?? 0] as const),
    ...taken.map(({ share: { partnerId, picks }, due }) => [partnerId, (picks + due.length) % PICKS] as const),
  ]),
})
