import { afterClaim } from '../../core/account.ts'
import { createAccountRows } from '../accounts/account-rows.ts'
import { beginClaim } from '../messages/claims-lock.ts'
import type { DueVerification } from '../rules/poll-queues.ts'
import { answerTogether } from '../rules/questions.ts'
import type { ClaimedAccount, ClaimedVerification, Store, VerificationClaimRequest } from '../store.ts'
import {
  type ClaimBeginning,
  createVerificationClaiming,
  type DueWindow,
  type FreeOf,
  heldUp,
  nextClaimAt,
  type Survey,
  surveyAccount,
  takeRoundRobin,
} from '../verification-claims.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { CLAIM, type ClaimedRow, claimedOf, DUE, headsOf, WAITING_ACCOUNTS } from './verification-statements.ts'

export const createVerificationClaims = (context: Context): Pick<Store, 'claimVerifications'> => {
  const { write, read } = context
  const accounts = createAccountRows(context)

  const survey = (tx: Tx, of: readonly ClaimedAccount[], freeOf: FreeOf): Promise<Survey<ClaimedAccount>[]> =>
    answerTogether(
      of.map(account => surveyAccount(account, freeOf(account.id), tx.at)),
      ids => headsOf(tx, ids),
    )

  const peek = (freeOf: FreeOf) =>
    read(async tx => {
      const waiting = await tx.rows<{ accountId: string }>(WAITING_ACCOUNTS)
      const ids = waiting.map(({ accountId }) => accountId)
      const found = await accounts.those(tx, ids, { lock: 'none' })
      return { at: tx.at, surveys: await survey(tx, found, freeOf) }
    })

  const claimFrom = async (
    tx: Tx,
    { leaseMs }: VerificationClaimRequest,
    { ready, later, freeOf, placeOf }: ClaimBeginning,
  ) => {
    await beginClaim(tx)
    const found = new Map(ready.map(one => [one.account.id, one.heads]))
    // What the rate allows is in the account's row, so nobody claims of an account but who has locked that.
    const locked = await accounts.those(tx, [...found.keys()], { lock: 'skip' })
    const picked = await answerTogether(
      locked.map(account => {
        const [free, from] = [freeOf(account.id), placeOf(account.id)]
        return takeRoundRobin(account, found.get(account.id) ?? [], { at: tx.at, free, from })
      }),
      windows => dueIn(tx, windows),
    )
    const leaseEnd = tx.at + leaseMs
    const claimed = await claimDue(
      tx,
      picked.flatMap(({ taken }) => taken),
      leaseEnd,
    )
    const claims = picked.map(({ taken, place }, i) => {
      const account = locked[i] as ClaimedAccount
      const verifications = taken.flatMap(({ id }) => claimed.get(id) ?? [])
      const count = verifications.length
      const patch = count === 0 ? null : afterClaim(account, { now: tx.at, taken: count, leaseEnd })
      return { account, after: { ...account, ...patch }, verifications, place, isShort: count < taken.length }
    })
    const fruitful = claims.filter(({ verifications }) => verifications.length > 0)
    await accounts.save(
      tx,
      fruitful.map(({ after }) => after),
    )
    const takenOf = new Map(fruitful.map(({ account, verifications }) => [account.id, verifications.length]))
    const surveys = await survey(
      tx,
      claims.map(({ after }) => after),
      id => freeOf(id) - (takenOf.get(id) ?? 0),
    )
    const ours = new Set(locked.map(({ id }) => id))
    const skipped = ready.filter(({ account }) => !ours.has(account.id))
    const nextAt = nextClaimAt([
      ...later,
      ...surveys.map((one, i) => (claims[i]?.isShort ? heldUp(one, tx.at) : one)),
      ...skipped.map(one => heldUp(one, tx.at)),
    ])
    return {
      claimed: { claims: fruitful.map(({ account, verifications }) => ({ account, verifications })), nextAt },
      places: claims.map(({ account, place }) => [account.id, place] as const),
    }
  }

  return {
    claimVerifications: createVerificationClaiming({
      peek,
      claim: (request, from) => write(tx => claimFrom(tx, request, from)),
    }),
  }
}

/** @returns of each window what is due in it */
const dueIn = async (tx: Tx, windows: readonly DueWindow[]): Promise<readonly DueVerification[][]> => {
  const rows = await tx.rows<DueVerification & { nth: number }>(DUE, [
    windows.map(({ accountId }) => accountId),
    windows.map(({ partnerId }) => partnerId),
    windows.map(({ queue }) => queue),
    windows.map(({ at }) => at),
    windows.map(({ after }) => after),
    windows.map(({ limit }) => limit),
  ])
  const byWindow = Map.groupBy(rows, ({ nth }) => nth - 1)
  return windows.map((_, i) => byWindow.get(i)?.map(({ id, dueAt }) => ({ id, dueAt })) ?? [])
}

/** Claims those of them that nobody has changed or locked meanwhile. */
const claimDue = async (
  tx: Tx,
  due: readonly DueVerification[],
  leaseEnd: number,
): Promise<ReadonlyMap<number, ClaimedVerification>> => {
  if (due.length === 0) return new Map()
  const [ids, dueAts] = [due.map(({ id }) => id), due.map(({ dueAt }) => dueAt)]
  const rows = await tx.rows<ClaimedRow>(CLAIM, [ids, dueAts, tx.at, leaseEnd])
  const dueAtOf = new Map(due.map(({ id, dueAt }) => [id, dueAt]))
  const byId = Map.groupBy(rows, ({ id }) => id)
  return new Map(
    [...byId].map(([id, [first, ...more]]) => [
      id,
      claimedOf([first as ClaimedRow, ...more], dueAtOf.get(id) ?? tx.at),
    ]),
  )
}
