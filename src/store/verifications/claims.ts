/*
 * One claim of verifications. Steps 1 to 6 are one transaction.
 *
 * 0 read    accounts with waiting verifications → queue heads of those that may be asked now; if none is due, ends
 * 1 lock    `claims`, shared; then the accounts that are ready, read anew; skip those that others have locked
 * 2 decide  `shareAccount`: how many per partner, by the account as locked and the heads of step 0
 * 3 read    due verifications of these queues, without locks; decide: `takeDue`
 * 4 lock    those whose due time is unchanged, read with their waiting registrations; skip locked
 * 5 write   verifications: claims + 1, due when the lease ends; then accounts that got some: when to ask next
 * 6 read    queue heads of the locked accounts that may still be polled, for the time of the next claim
 */

import { afterClaim, claimableAt } from '../../core/account.ts'
import { earlier } from '../../core/clock.ts'
import { type ClaimedAccount, createClaimableAccounts, saveAccounts } from '../accounts/rows.ts'
import { beginClaim } from '../claims-lock.ts'
import type { VerbModule } from '../context.ts'
import { columnsOf, type Dialect, type Tx } from '../tx.ts'
import { type DueVerification, FRESH_MS, NEW, takeDue } from './poll-queues.ts'
import { HEADS, type Head } from './queue-heads.ts'
import {
  afterTaking,
  FIRST_POLL_PLACE,
  type PollCursor,
  type PollShare,
  shareAccount,
  type Taken,
} from './round-robin.ts'
import type { ClaimedVerification, ClaimedVerifications, VerificationClaimRequest } from './verification.ts'

/** Retry delay of rows that another node has locked. */
const LOCKED_ELSEWHERE_MS = 50

/** An account and its queues of waiting verifications. */
interface Queued {
  account: ClaimedAccount
  /** Free slots. */
  free: number
  heads: readonly Head[]
  /** Earliest time at which a claim could return more than now; null: not before a hint. */
  nextAt: number | null
}

export const verificationClaimVerbs = {
  loops: context => {
    const { write, read } = context
    const accounts = createClaimableAccounts(context)
    const places = new Map<string, PollCursor>()
    /** The last claim left due verifications, or filled all slots, so that more may be due. */
    let mayHaveMore = false
    const cursorOf = (accountId: string) => places.get(accountId) ?? FIRST_POLL_PLACE

    const claimFrom = async (tx: Tx, ready: readonly Queued[], leaseMs: number) => {
      const { at } = tx
      await beginClaim(tx)
      const byId = new Map(ready.map(one => [one.account.id, one]))
      // The account's row holds the state of its rate, so only a claim that has locked it may take verifications.
      const locked = await accounts.lock(tx, [...byId.keys()])
      const mine = locked.map(account => ({ ...(byId.get(account.id) as Queued), account, from: cursorOf(account.id) }))
      const shares = mine.flatMap(one => shareAccount(one.account, one.heads, { ...one, at }))
      const taken = await take(tx, shares)
      const leaseEnd = at + leaseMs
      const due = taken.flatMap(one => one.due)
      const claimed = await claimDue(tx, due, leaseEnd)
      const takenOf = Map.groupBy(taken, ({ share }) => share.accountId)
      const results = mine.map(one => resultOf(one, takenOf.get(one.account.id) ?? [], { claimed, at, leaseEnd }))
      const fruitful = results.filter(({ claim }) => claim.verifications.length > 0)
      const changed = fruitful.map(({ account }) => account)
      await saveAccounts(tx, changed)
      for (const { id } of locked) byId.delete(id)
      const left = await readQueues(tx, results, Number.POSITIVE_INFINITY)
      const isShort = byId.size > 0 || results.some(result => result.isShort)
      return {
        claims: fruitful.map(({ claim }) => claim),
        nextAt: earliest([...left.map(({ nextAt }) => nextAt), isShort ? at + LOCKED_ELSEWHERE_MS : null]),
        places: results.map(({ account, place }) => [account.id, place] as const),
        mayHaveMore: left.some(({ free, nextAt }) => free <= 0 || (nextAt !== null && nextAt <= at)),
      }
    }

    return {
      /**
       * Claims due verifications, each for one caller until its lease ends: at most `concurrency - busy` per account,
       * within the account's rate, round-robin over the partners. Of a paused or unreachable account it claims one row,
       * once the next canary is due.
       */
      claimVerifications: async (claim: VerificationClaimRequest): Promise<ClaimedVerifications> => {
        const { busy, concurrency, leaseMs } = claim
        // Without locks: usually nothing may be polled.
        const { at, surveys } = await read(async tx => {
          const waiting = await accounts.waiting(tx)
          const slots = waiting.map(account => ({ account, free: concurrency - (busy.get(account.id) ?? 0) }))
          return { at: tx.at, surveys: await readQueues(tx, slots, tx.at) }
        })
        const isReady = ({ nextAt }: Queued) => nextAt !== null && nextAt <= at
        const ready = surveys.filter(isReady)
        const nextAt = earliest(surveys.filter(one => !isReady(one)).map(one => one.nextAt))
        if (ready.length === 0) return { claims: [], nextAt }
        const done = await write(tx => claimFrom(tx, ready, leaseMs), mayHaveMore ? undefined : 'soon')
        mayHaveMore = done.mayHaveMore
        // Places change only after a commit.
        for (const [accountId, place] of done.places) places.set(accountId, place)
        return { claims: done.claims, nextAt: earlier(done.nextAt, nextAt) }
      },
    }
  },
} satisfies VerbModule

/** Returns an account's claim, and its row, free slots and place after it. */
const resultOf = (
  { account, heads, free, from }: Queued & { from: PollCursor },
  taken: readonly Taken[],
  { claimed, at: now, leaseEnd }: { claimed: ReadonlyMap<number, ClaimedVerification>; at: number; leaseEnd: number },
) => {
  const due = taken.flatMap(one => one.due)
  const verifications = due.flatMap(({ id }) => claimed.get(id) ?? [])
  const count = verifications.length
  const patch = count === 0 ? null : afterClaim(account, { now, taken: count, leaseEnd })
  return {
    claim: { account, verifications },
    account: { ...account, ...patch },
    free: free - count,
    place: afterTaking(from, heads, taken),
    /** Another node has locked or changed some of the rows. */
    isShort: count < due.length,
  }
}

/** Returns the earliest time; null stands for never. */
const earliest = (times: readonly (number | null)[]): number | null => times.reduce(earlier, null)

/** @param until queues are read only of accounts that may be polled by then */
const readQueues = async (
  tx: Tx,
  slots: readonly Pick<Queued, 'account' | 'free'>[],
  until: number,
): Promise<Queued[]> => {
  const all = slots.map(slot => ({ ...slot, from: slot.free > 0 ? claimableAt(slot.account, tx.at) : null }))
  const pollable = all.filter(({ from }) => from !== null && from <= until)
  const ids = pollable.map(({ account }) => ({ accountId: account.id }))
  const read = await tx.each<Head>(HEADS, ids)
  const headsOf = new Map(pollable.map(({ account }, i) => [account.id, read[i] ?? []]))
  return all.map(({ account, free, from }) => {
    const heads = headsOf.get(account.id)
    if (!heads) return { account, free, heads: [], nextAt: from }
    const dueAt = Math.min(...heads.map(head => head.dueAt))
    return { account, free, heads, nextAt: heads.length === 0 ? null : claimableAt(account, dueAt) }
  })
}

/**
 * Due verifications of a queue, the longest due first, from the index `verifications_due` alone, which
 * `due_at IS NOT NULL` names. Takes no locks: most are not claimed.
 */
export const DUE = (d: Dialect) => `
  SELECT v.id, v.due_at AS "dueAt" FROM verifications v
  WHERE v.account_id = @accountId AND v.partner_id = @partnerId AND v.queue = @queue
    AND v.due_at IS NOT NULL AND v.due_at > @after AND v.due_at <= @at
    AND NOT (SELECT p.disabled FROM partners p WHERE p.id = @partnerId)
  ORDER BY v.due_at, v.last_polled_at ${d.nullsFirst}, v.id LIMIT @max`

export const take = async ({ at, each }: Pick<Tx, 'at' | 'each'>, shares: readonly PollShare[]): Promise<Taken[]> => {
  const dueIn = (windows: readonly { share: PollShare; queue: number; after: number }[]) =>
    each<DueVerification>(
      DUE,
      windows.map(({ share: { accountId, partnerId, limit: max }, queue, after }) => {
        return { accountId, partnerId, queue, at, after, max }
      }),
    )
  // Start at the head: the index may have far more dead entries before it than there are rows to take.
  const windows = shares.flatMap(share => share.heads.map(({ queue, dueAt }) => ({ share, queue, after: dueAt - 1 })))
  const found = await dueIn(windows)
  const filled = windows.map((window, i) => ({ ...window, due: found[i] ?? [] }))
  const crowded = filled.filter(({ share, queue, due }) => queue === NEW && due.length >= share.limit)
  const fresh = await dueIn(crowded.map(one => ({ ...one, after: Math.max(one.after, at - FRESH_MS) })))
  const freshOf = new Map(crowded.map(({ share }, i) => [share, fresh[i] ?? []]))
  const windowsOf = Map.groupBy(filled, ({ share }) => share)
  return shares.map(share => {
    const queues = new Map(windowsOf.get(share)?.map(({ queue, due }) => [queue, due]))
    return { share, due: takeDue({ queues, fresh: freshOf.get(share) ?? [] }, { ...share, at }) }
  })
}

const CLAIMED = [
  'id',
  'claims',
  'partnerId',
  'idcardid',
  'polls',
  'nudgedAt',
  'lastPolledAt',
  'rawStatus',
  'failures',
  'failingSince',
  'invalidIds',
  'goneChecks',
  'seen',
] as const

/** Found verifications that are unchanged and not locked; one row per waiting registration. */
export const FREE = (d: Dialect) => `
  SELECT ${columnsOf('verifications', CLAIMED, 'v')}, found.due_at AS "dueAt", r.id AS "registrationId",
    ${columnsOf('registrations', ['createdAt', 'expiresAt', 'traceparent'], 'r')}
  FROM ${d.rows('found', { id: 'int8', dueAt: 'int8' })}
    JOIN verifications v ON v.id = found.id AND v.due_at = found.due_at
    LEFT JOIN registrations r ON r.verification_id = v.id AND r.status = 'pending'
  ORDER BY v.id, r.n ${d.forUpdate({ of: 'v', skipLocked: true })}`

const CLAIM = (d: Dialect) => `
  UPDATE verifications SET claims = claims + 1, claimed_at = @at, due_at = @leaseEnd WHERE id IN ${d.list('ids', 'int8')}`

/** One row per waiting registration of a verification, or a single row if none waits. */
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

/** Claims the found verifications that nobody has changed or locked since. */
const claimDue = async (tx: Tx, found: readonly DueVerification[], leaseEnd: number) => {
  if (found.length === 0) return new Map<number, never>()
  const byId = Map.groupBy(await tx.all<FreeRow>(FREE, { found }), ({ id }) => id)
  const claimed = [...byId.values()].map(rows => claimedOf(rows as [FreeRow, ...FreeRow[]]))
  await tx.all(CLAIM, { ids: claimed.map(({ id }) => id), at: tx.at, leaseEnd })
  return new Map(claimed.map(one => [one.id, one]))
}
