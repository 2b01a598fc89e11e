import { type AccountState, allowance, claimableAt } from '../core/account.ts'
import { earlier } from '../core/clock.ts'
import { type DueVerification, FRESH_MS, NEW, PICKS, takeDue } from './rules/poll-queues.ts'
import type { Asking } from './rules/questions.ts'
import type { ClaimedAccount, ClaimedVerifications, Store, VerificationClaimRequest } from './store.ts'

type Account = AccountState & { id: string }

/** A queue of a partner in which verifications wait, and when the first of them is due. */
export interface Head {
  partnerId: string
  queue: number
  dueAt: number
}

/** The longest due of a queue, `limit` at most, of those that fell due later than `after`. */
export interface DueWindow {
  accountId: string
  partnerId: string
  queue: number
  at: number
  after: number
  limit: number
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

/** The partner that a claim came to last, and how many picks each waiting partner has had, modulo `PICKS`. */
export interface PollPlace {
  lastServed: string
  picks: ReadonlyMap<string, number>
}
export const FIRST_POLL_PLACE: PollPlace = { lastServed: '', picks: new Map() }

export interface Survey<Of extends Account = Account> {
  account: Of
  heads: readonly Head[]
  /** The earliest time at which a claim could bring more than it does now; null: not before something rings. */
  nextAt: number | null
}

/**
 * What an account has to ask. The question is its id, the answer its heads.
 *
 * @param free slots that it has
 */
export function* surveyAccount<Of extends Account>(
  account: Of,
  free: number,
  at: number,
): Asking<string, readonly Head[], Survey<Of>> {
  const from = free > 0 ? claimableAt(account, at) : null
  // While nothing may be asked, reading the waiting would be in vain.
  if (from === null || from > at) return { account, heads: [], nextAt: from }
  const [heads = []] = yield [account.id]
  const dueAt = Math.min(...heads.map(head => head.dueAt))
  return { account, heads, nextAt: dueAt === Number.POSITIVE_INFINITY ? null : claimableAt(account, dueAt) }
}

/**
 * What a claim takes of an account, within its rate and its free slots, round robin over the partners. It looks at no more partners
 * than it takes rows; what one of them leaves of its share the next claim takes.
 *
 * @param heads what the account had to ask
 * @param from where the last claim has come to
 */
export function* takeRoundRobin(
  account: Account,
  heads: readonly Head[],
  { at, free, from }: { at: number; free: number; from: PollPlace },
): Asking<DueWindow, readonly DueVerification[], { taken: readonly DueVerification[]; place: PollPlace }> {
  const byPartner = Map.groupBy(
    heads.filter(({ dueAt }) => dueAt <= at),
    ({ partnerId }) => partnerId,
  )
  const waiting = [...byPartner.keys()].sort()
  // Who does not wait begins anew, so that this is bounded by those who do.
  const picks = new Map(waiting.map(id => [id, from.picks.get(id) ?? 0]))
  const shares = fairShare(waiting, allowance(account, at, free), from.lastServed)
  const wanted = shares.flatMap(({ partnerId, take: limit }) =>
    (byPartner.get(partnerId) ?? []).map(({ queue, dueAt }): DueWindow => {
      // From the head on: an index may have far more before it that is dead than there is to take.
      return { accountId: account.id, partnerId, queue, at, after: dueAt - 1, limit }
    }),
  )
  const found = wanted.length === 0 ? [] : yield wanted
  const windows = wanted.map((window, i) => ({ ...window, due: found[i] ?? [] }))
  const crowded = windows.filter(({ queue, due, limit }) => queue === NEW && due.length >= limit)
  const freshOf = (window: DueWindow) => ({ ...window, after: Math.max(window.after, at - FRESH_MS) })
  const foundFresh = crowded.length === 0 ? [] : yield crowded.map(freshOf)
  const fresh = new Map(crowded.map(({ partnerId }, i) => [partnerId, foundFresh[i] ?? []]))
  const ofPartners = Map.groupBy(windows, ({ partnerId }) => partnerId)

  const taken = shares.flatMap(({ partnerId, take: limit }) => {
    const before = picks.get(partnerId) ?? 0
    const queues = new Map(ofPartners.get(partnerId)?.map(({ queue, due }) => [queue, due]))
    const due = takeDue({ queues, fresh: fresh.get(partnerId) ?? [] }, { limit, picks: before, at })
    picks.set(partnerId, (before + due.length) % PICKS)
    return due
  })
  return { taken, place: { lastServed: shares.at(-1)?.partnerId ?? from.lastServed, picks } }
}

/** When the next claim is worth it; null: not before something rings. */
export const nextClaimAt = (surveys: readonly Pick<Survey, 'nextAt'>[]): number | null =>
  surveys.map(({ nextAt }) => nextAt).reduce(earlier, null)

/** What another node has locked is retried after this. */
const LOCKED_ELSEWHERE_MS = 50

/** The survey of an account of which a claim could not get all, since another node has something of it locked. */
export const heldUp = ({ nextAt }: Pick<Survey, 'nextAt'>, at: number): Pick<Survey, 'nextAt'> => ({
  nextAt: nextAt === null ? null : Math.max(nextAt, at + LOCKED_ELSEWHERE_MS),
})

/** The free slots of an account. */
export type FreeOf = (accountId: string) => number

/** What a claim begins with. */
export interface ClaimBeginning {
  at: number
  freeOf: FreeOf
  /** The accounts that may ask something now, and the others of which somebody waits for an answer. */
  ready: readonly Survey<ClaimedAccount>[]
  later: readonly Survey<ClaimedAccount>[]
  /** Where the claims before it have come to. */
  placeOf: (accountId: string) => PollPlace
}

/** What an engine does of a claim. */
interface ClaimSteps {
  /** Without locks. */
  peek: (freeOf: FreeOf) => Promise<{ at: number; surveys: readonly Survey<ClaimedAccount>[] }>
  /** One transaction, which may be undone and run again. `places`: where it has come to, by account. */
  claim: (
    request: VerificationClaimRequest,
    from: ClaimBeginning,
  ) => Promise<{ claimed: ClaimedVerifications; places: Iterable<readonly [accountId: string, place: PollPlace]> }>
}

/** Peeks first, since most peeks find that nothing may be asked now. The place moves only with a commit. */
export const createVerificationClaiming = ({ peek, claim }: ClaimSteps): Store['claimVerifications'] => {
  const places = new Map<string, PollPlace>()
  const placeOf = (accountId: string) => places.get(accountId) ?? FIRST_POLL_PLACE
  return async request => {
    const freeOf = (accountId: string) => request.concurrency - (request.busy.get(accountId) ?? 0)
    const { at, surveys } = await peek(freeOf)
    const isReady = ({ nextAt }: Survey) => nextAt !== null && nextAt <= at
    const ready = surveys.filter(isReady)
    if (ready.length === 0) return { claims: [], nextAt: nextClaimAt(surveys) }
    const later = surveys.filter(one => !isReady(one))
    const done = await claim(request, { at, freeOf, ready, later, placeOf })
    for (const [accountId, place] of done.places) places.set(accountId, place)
    return done.claimed
  }
}
