import { FIRST_POLL_PLACE, nextClaimAt, type PollPlace, type Survey } from './rules/claim-verifications.ts'
import type { ClaimedAccount, ClaimedVerifications, Store, VerificationClaimRequest } from './store.ts'

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
  look: (freeOf: FreeOf) => Promise<{ at: number; surveys: readonly Survey<ClaimedAccount>[] }>
  /** One transaction, which may be undone and run again. `places`: where it has come to, by account. */
  claim: (
    request: VerificationClaimRequest,
    from: ClaimBeginning,
  ) => Promise<{ claimed: ClaimedVerifications; places: Iterable<readonly [accountId: string, place: PollPlace]> }>
}

/** Looks first, since most looks find that nothing may be asked now. Whose turn it is goes on with what is committed only. */
export const createClaiming = ({ look, claim }: ClaimSteps): Store['claimVerifications'] => {
  const places = new Map<string, PollPlace>()
  const placeOf = (accountId: string) => places.get(accountId) ?? FIRST_POLL_PLACE
  return async request => {
    const freeOf = (accountId: string) => request.concurrency - (request.busy.get(accountId) ?? 0)
    const { at, surveys } = await look(freeOf)
    const isReady = ({ nextAt }: Survey) => nextAt !== null && nextAt <= at
    const ready = surveys.filter(isReady)
    if (ready.length === 0) return { claims: [], nextAt: nextClaimAt(surveys) }
    const later = surveys.filter(one => !isReady(one))
    const done = await claim(request, { at, freeOf, ready, later, placeOf })
    for (const [accountId, place] of done.places) places.set(accountId, place)
    return done.claimed
  }
}
