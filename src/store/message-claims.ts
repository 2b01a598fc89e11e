import { SECOND } from '../core/duration.ts'
import type { Secret } from '../core/secret.ts'
import type { Asking } from './rules/questions.ts'
import type { DueLane } from './rules/share-slots.ts'
import type { Opening } from './sealed.ts'
import type { ClaimedMessage, ClaimedMessages, MessageClaimRequest, Store } from './store.ts'

/** A claim looks at the lanes of so many partners, round robin: the next claim goes on after them. */
const PARTNERS_IN_A_CLAIM = 256

/** Which partners with something to send: the first after `after`, in order, and `limit` at most. */
export interface PartnersQuestion {
  after: string
  limit: number
}

/**
 * The partners that a claim looks at: those after `last`, where the claim before it ended, then from the beginning on; `isAll`: there are
 * no others.
 */
export function* partnersRoundRobin<Partner extends { id: string }>(
  last: string,
): Asking<PartnersQuestion, readonly Partner[], { partners: Partner[]; isAll: boolean }> {
  const [rest = []] = yield [{ after: last, limit: PARTNERS_IN_A_CLAIM }]
  const limit = PARTNERS_IN_A_CLAIM - rest.length
  if (limit === 0) return { partners: [...rest], isAll: false }
  const [start = []] = yield [{ after: '', limit }]
  const isAll = start.length < limit || start.some(({ id }) => id > last)
  return { partners: [...rest, ...start.filter(({ id }) => id <= last)], isAll }
}

/** A lane whose partner has no signing secret that can be decrypted is read again after this: it may have a new one then. */
export const UNSIGNED_MS = 30 * SECOND

/** The lanes whose partner can sign now, and the others, which are put off. */
export const bySigning = (
  lanes: readonly DueLane[],
  secrets: ReadonlyMap<string, readonly Secret[]>,
): { signed: DueLane[]; unsigned: DueLane[] } => {
  const groups = Map.groupBy(lanes, ({ partnerId }) => (secrets.get(partnerId)?.length ?? 0) > 0)
  return { signed: groups.get(true) ?? [], unsigned: groups.get(false) ?? [] }
}

/** Of these secrets those that sign what is handed out. */
export const secretsFor = (
  messages: readonly { partnerId: string }[],
  secrets: ReadonlyMap<string, readonly Secret[]>,
): Map<string, readonly Secret[]> =>
  new Map(messages.map(({ partnerId }) => [partnerId, secrets.get(partnerId) ?? []] as const))

/** When the first message may be due; null: nothing is to be sent. What is held for a URL that is released may be made due at once. */
export const firstDueAt = (
  { firstDue, isReleasing }: { firstDue: number | null; isReleasing: boolean },
  at: number,
): number | null => (isReleasing ? Math.min(firstDue ?? at, at) : firstDue)

/** A claim that has handed out nothing is worth another after this, since it held messages, or other partners wait. */
const GO_ON_MS = 10
const OTHERS_MS = 100

/** What a claim has done. */
interface MessageClaim {
  /** No other partner has anything due. */
  isAll: boolean
  /** The lanes that it took from, or put off. */
  shares: readonly { lane: DueLane }[]
  /** The messages that it hands out. */
  messages: readonly unknown[]
  /** When the first of all lanes is due now. */
  firstDue: number | null
}

/** When the next claim is worth it; null: not before something rings. */
export const afterMessageClaim = ({ isAll, shares, messages, firstDue }: MessageClaim, at: number): number | null => {
  if (firstDue === null || messages.length > 0) return firstDue
  // Whatever lane is taken from makes progress: its messages are claimed or held, or its due time is put right.
  if (shares.length > 0) return Math.max(firstDue, at + GO_ON_MS)
  return isAll ? firstDue : Math.max(firstDue, at + OTHERS_MS)
}

export const NOTHING_CLAIMED: ClaimedMessages = { messages: [], secrets: new Map(), nextAt: null }

/** What an engine does of a claim. */
interface ClaimSteps {
  /** Without locks: when the first message is due. */
  peek: () => Promise<{ at: number; nextAt: number | null }>
  /**
   * One transaction, which may be undone and run again.
   *
   * @param from.last the partner that the claim before it read last
   */
  claim: (
    request: MessageClaimRequest,
    from: { at: number; last: string },
  ) => Promise<{ claimed: ClaimedMessages; last: string }>
}

/** Peeks first, since most peeks find nothing that may be sent now. The cursor moves only with a commit. */
export const createMessageClaiming = ({ peek, claim }: ClaimSteps): Store['claimMessages'] => {
  let last = ''
  return async request => {
    const { at, nextAt } = await peek()
    if (nextAt === null || nextAt > at || request.slots <= 0) return { ...NOTHING_CLAIMED, nextAt }
    const done = await claim(request, { at, last })
    last = done.last
    return done.claimed
  }
}

/** A due message of a lane, as it is stored. */
export type DueOfLane = Pick<
  ClaimedMessage,
  'seq' | 'registrationId' | 'callbackUrl' | 'body' | 'attempts' | 'retries' | 'traceparent' | 'createdAt' | 'dueAt'
> & { claims: number }

/** The message as it is handed out; null: its text does not open. */
export const openClaimed = ({ sealed, openOr }: Opening, lane: DueLane, due: DueOfLane): ClaimedMessage | null => {
  const { seq, claims, registrationId, callbackUrl, attempts, retries, traceparent, createdAt, dueAt } = due
  const { id: laneId, partnerId, host, slow, proven } = lane
  const open = () => sealed.message.openBytes({ partnerId, registrationId, body: due.body })
  const body = openOr({ table: 'messages', id: registrationId }, { open, instead: null })
  if (body === null) return null
  return {
    ...{ seq, claim: claims + 1, partnerId, registrationId, laneId, slow, proven },
    ...{ host, callbackUrl, body, attempts, retries, traceparent, createdAt, dueAt },
  }
}
