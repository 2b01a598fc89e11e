import { afterClaim } from '../../core/account.ts'
import { createAccountRows } from '../accounts/account-rows.ts'
import type { StoreContext } from '../context.ts'
import { beginClaim } from '../messages/claims-lock.ts'
import type { DueVerification } from '../rules/poll-queues.ts'
import { answerTogether } from '../rules/questions.ts'
import type { ClaimedAccount, ClaimedVerification, Store, VerificationClaimRequest } from '../store.ts'
import { columnsOf, type Dialect, type Tx } from '../tx.ts'
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
import { headsOf } from './queues.ts'

export const createVerificationClaims = (context: StoreContext): Pick<Store, 'claimVerifications'> => {
  const { write, read } = context
  const accounts = createAccountRows(context)

  const survey = (tx: Tx, of: readonly ClaimedAccount[], freeOf: FreeOf): Promise<Survey<ClaimedAccount>[]> =>
    answerTogether(
      of.map(account => surveyAccount(account, freeOf(account.id), tx.at)),
      ids => headsOf(tx, ids),
    )

  const peek = (freeOf: FreeOf) =>
    read(async tx => {
      const waiting = await accounts.waiting(tx)
      return { at: tx.at, surveys: await survey(tx, waiting, freeOf) }
    })

  const claimFrom = async (
    tx: Tx,
    { leaseMs }: VerificationClaimRequest,
    { ready, later, freeOf, placeOf }: ClaimBeginning,
  ) => {
    await beginClaim(tx)
    const found = new Map(ready.map(one => [one.account.id, one.heads]))
    // What the rate allows is in the account's row, so nobody claims of an account but who has locked that.
    const locked = await accounts.lock(tx, [...found.keys()])
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

/** What is due in a queue, the longest due first; the index has all of it. It locks nothing: most of it is not taken. */
export const DUE = (d: Dialect) => `
  SELECT v.id, v.due_at AS "dueAt" FROM verifications v
  WHERE v.account_id = @accountId AND v.partner_id = @partnerId AND v.queue = @queue
    AND v.due_at IS NOT NULL AND v.due_at > @after AND v.due_at <= @at
    AND NOT (SELECT p.disabled FROM partners p WHERE p.id = @partnerId)
  ORDER BY v.due_at, v.last_polled_at ${d.nullsFirst}, v.id LIMIT @most`

/** @returns of each window what is due in it */
const dueIn = (tx: Tx, windows: readonly DueWindow[]): Promise<readonly DueVerification[][]> =>
  tx.each<DueVerification>(
    DUE,
    windows.map(({ accountId, partnerId, queue, at, after, limit: most }) => {
      return { accountId, partnerId, queue, at, after, most }
    }),
  )

const CLAIMED = [
  ...(['id', 'claims', 'partnerId', 'idcardid', 'polls', 'nudgedAt', 'lastPolledAt', 'rawStatus', 'failures'] as const),
  ...(['failingSince', 'invalidIds', 'goneChecks', 'seen'] as const),
]

/** Those that are as they were when they were found, and that nobody has locked; once for each registration that waits. */
export const FREE = (d: Dialect) => `
  SELECT ${columnsOf('verifications', CLAIMED, 'v')}, found.due_at AS "dueAt", r.id AS "registrationId",
    ${columnsOf('registrations', ['createdAt', 'expiresAt', 'traceparent'], 'r')}
  FROM ${d.rows('found', { id: 'int8', dueAt: 'int8' })}
    JOIN verifications v ON v.id = found.id AND v.due_at = found.due_at
    LEFT JOIN registrations r ON r.verification_id = v.id AND r.status = 'pending'
  ORDER BY v.id, r.n ${d.forUpdate({ of: 'v', skipLocked: true })}`

/** A verification once for each registration that waits for it, and once if none does. */
interface FreeRow extends Omit<ClaimedVerification, 'claim' | 'waiting' | 'traceparents'> {
  claims: number
  registrationId: string | null
  createdAt: number
  expiresAt: number
  traceparent: string | null
}

const claimedOf = (rows: readonly [FreeRow, ...FreeRow[]]): ClaimedVerification => {
  const [{ claims, registrationId: _, createdAt: __, expiresAt: ___, traceparent: ____, ...verification }] = rows
  return {
    ...verification,
    claim: claims + 1,
    waiting: rows.flatMap(({ registrationId: id, createdAt, expiresAt }) =>
      id === null ? [] : [{ id, createdAt, expiresAt }],
    ),
    traceparents: rows.flatMap(({ traceparent }) => traceparent ?? []),
  }
}

/** Claims those of them that nobody has changed or locked meanwhile. */
const claimDue = async (
  tx: Tx,
  found: readonly DueVerification[],
  leaseEnd: number,
): Promise<ReadonlyMap<number, ClaimedVerification>> => {
  if (found.length === 0) return new Map()
  const byId = Map.groupBy(await tx.all<FreeRow>(FREE, { found }), ({ id }) => id)
  const claimed = [...byId.values()].map(rows => claimedOf(rows as [FreeRow, ...FreeRow[]]))
  await tx.update(
    'verifications',
    ['id'],
    claimed.map(({ id, claim }) => ({ id, claims: claim, claimedAt: tx.at, dueAt: leaseEnd })),
  )
  return new Map(claimed.map(one => [one.id, one]))
}
