import type { DueLane } from './rules/share-slots.ts'
import type { ClaimedMessage, ClaimedMessages, MessageClaimRequest, Store } from './store.ts'
import type { Opening } from './unreadable.ts'

export const NOTHING_CLAIMED: ClaimedMessages = { messages: [], secrets: new Map(), nextAt: null }

/** What an engine does of a claim. */
interface ClaimSteps {
  /** Without locks: when the first message is due. */
  look: () => Promise<{ at: number; nextAt: number | null }>
  /**
   * One transaction, which may be undone and run again.
   *
   * @param from.last the partner that the claim before it looked at last
   */
  claim: (
    request: MessageClaimRequest,
    from: { at: number; last: string },
  ) => Promise<{ claimed: ClaimedMessages; last: string }>
}

/** Looks first, since most looks find nothing that may be sent now. Whose turn it is goes on with what is committed only. */
export const createClaiming = ({ look, claim }: ClaimSteps): Store['claimMessages'] => {
  let last = ''
  return async request => {
    const { at, nextAt } = await look()
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
