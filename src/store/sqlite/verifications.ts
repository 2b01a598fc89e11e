import { afterAccountChange, afterClaim, allowance, claimableAt } from '../../core/account.ts'
import { fairShare } from '../../core/fair-share.ts'
import type { ClaimedAccount, ClaimedVerification, Store, VerificationSettlement } from '../store.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { createTeller, type Telling } from './tell.ts'
import {
  claimedFrom,
  type DueRow,
  type Head,
  isWaiting,
  prepareVerifications,
  stateOf,
  type TakenRow,
} from './verification-statements.ts'

type Verbs = Pick<Store, 'claimVerifications' | 'settleVerifications'>

export const createVerifications = (context: Context): Verbs => {
  const { write, read, sealed, now, events } = context
  const statements = prepareVerifications(context.client)
  const accounts = createAccountRows(context)
  const beginTelling = createTeller(context)
  /** The partner of each account that a claim came to last; the next claim goes on after it. */
  const lastServed = new Map<string, string>()

  /** What is due of one partner: only the index is read. */
  const dueOf = (partnerId: string, accountId: string, { limit, at }: { limit: number; at: number }): DueRow[] =>
    statements.due.all({ accountId, partnerId, at, limit, window: limit + OVERDUE_WINDOW })

  const take = (due: readonly DueRow[], at: number, leaseEnd: number): ClaimedVerification[] => {
    if (due.length === 0) return []
    const ids = JSON.stringify(due.map(([id]) => id))
    const rows = new Map(statements.claim.all(at, leaseEnd, ids).map(row => [row[0], row]))
    const waiting = Map.groupBy(statements.allWaiting.all(ids), ([verificationId]) => verificationId)
    return due.map(([id, dueAt]) => claimedFrom(rows.get(id) as TakenRow, dueAt, waiting.get(id) ?? []))
  }

  const claimFrom = (account: ClaimedAccount, at: number, limits: { free: number; leaseMs: number; heads: Head[] }) => {
    const due = limits.heads.filter(head => head.dueAt <= at)
    const granted = allowance(account, at, limits.free)
    const taken: DueRow[] = []
    const leaseEnd = at + limits.leaseMs
    for (const share of fairShare(
      due.map(head => head.partnerId),
      granted,
      lastServed.get(account.id) ?? '',
    )) {
      if (taken.length === granted) break
      const limit = Math.min(share.take, granted - taken.length)
      taken.push(...dueOf(share.partnerId, account.id, { limit, at }))
      lastServed.set(account.id, share.partnerId)
    }
    if (taken.length === 0) return []
    accounts.save({ ...account, ...afterClaim(account, { now: at, taken: taken.length, leaseEnd }) })
    return take(taken, at, leaseEnd)
  }

  /** The earliest time at which a claim could bring more than it does now. */
  const nextOf = (account: ClaimedAccount, heads: readonly Head[]): number | null => {
    const dueAt = Math.min(...heads.map(head => head.dueAt))
    if (dueAt === Number.POSITIVE_INFINITY) return null
    return claimableAt(account, dueAt)
  }

  const settleOne = (settlement: VerificationSettlement, at: number, { tell }: Telling): readonly string[] => {
    const { id, claim, step, answer } = settlement
    const ofAccount = settlement.account
    if (ofAccount) accounts.patch(ofAccount.id, account => afterAccountChange(account, ofAccount.change, at))
    // The usual case in one statement: whoever waits goes on waiting.
    if (step.verdict === null && step.ended.length === 0) {
      const rawStatus = 'status' in answer ? answer.status : null
      statements.goOn.run(...stateOf(settlement), rawStatus, at, step.dueAt ?? at, id, claim)
      return []
    }
    const found = statements.find.all(id)
    const [row] = found
    if (!row || row.isResolved) return []
    if (row.claims !== claim && step.verdict === null) return []

    const waiting = found.filter(isWaiting)
    const ended = new Map(step.ended.map(end => [end.registrationId, end.reason]))
    const ending = step.verdict === null ? waiting.filter(one => ended.has(one.id)) : waiting
    // Where all who asked have cancelled meanwhile, the verdict is nobody's to keep.
    const verdict = waiting.length === 0 ? null : step.verdict
    const rawStatus = 'status' in answer ? answer.status : (verdict?.status ?? row.rawStatus)
    statements.end.run(
      ...stateOf(settlement),
      rawStatus,
      ending.length === waiting.length ? null : row.isNudged ? at : (step.dueAt ?? at),
      verdict && sealed.verdict.seal(row, verdict),
      verdict && settlement.observedAt,
      verdict && row.lastPolledAt,
      id,
    )
    for (const registration of ending)
      tell({
        registration,
        idcardid: row.idcardid,
        verdict: step.verdict,
        reason: ended.get(registration.id) ?? null,
        rawStatus,
        observedAt: settlement.observedAt,
        previousPollAt: row.lastPolledAt,
      })
    return ending.map(registration => registration.id)
  }

  return {
    claimVerifications: async ({ busy, concurrency, leaseMs }) => {
      const at = now()
      const taken = new Map<string, number>()
      const freeOf = ({ id }: ClaimedAccount) => concurrency - (busy.get(id) ?? 0) - (taken.get(id) ?? 0)
      const survey = () =>
        accounts.all().map(account => {
          const heads = freeOf(account) > 0 ? statements.heads.all({ accountId: account.id }) : []
          return { account, heads, nextAt: nextOf(account, heads) }
        })

      const before = await read(survey)
      const ready = new Map(
        before.flatMap(({ account, heads, nextAt }) => (nextAt === null || nextAt > at ? [] : [[account.id, heads]])),
      )
      if (ready.size === 0) return { claims: [], nextAt: earliest(before) }
      return write(() => {
        const claims = accounts.all().flatMap(account => {
          const heads = ready.get(account.id)
          if (!heads) return []
          const verifications = claimFrom(account, at, { free: freeOf(account), leaseMs, heads })
          taken.set(account.id, verifications.length)
          return verifications.length > 0 ? [{ account, verifications }] : []
        })
        return { claims, nextAt: earliest(survey()) }
      })
    },

    settleVerifications: async settlements => {
      const resolved = await write(() => {
        const at = now()
        const telling = beginTelling(at)
        const resolved = settlements.flatMap(settlement => settleOne(settlement, at, telling))
        telling.end()
        return resolved
      })
      if (resolved.length === 0) return
      events.emit('messagesDue')
      events.emit('resolved', resolved)
    },
  }
}

const earliest = (survey: readonly { nextAt: number | null }[]): number | null => {
  const times = survey.flatMap(({ nextAt }) => (nextAt === null ? [] : [nextAt]))
  return times.length === 0 ? null : Math.min(...times)
}

/** Among those that are due so many more are looked at than are taken, for the one that has waited longest for its kind. */
const OVERDUE_WINDOW = 100
