import { afterAccountChange, afterClaim, allowance, claimableAt } from '../../core/account.ts'
import { fairShare } from '../../core/fair-share.ts'
import { tellHints } from '../hints.ts'
import { afterReleasing, afterResolving } from '../rules/hints.ts'
import { ALL_TURNS, type DueVerification, FRESH_MS, NEW, takeDue } from '../rules/poll-queues.ts'
import { releaseVerification } from '../rules/release-verification.ts'
import {
  endedBy,
  endsSomebody,
  outcomeOf,
  settleVerification,
  type VerificationFacts,
} from '../rules/settle-verification.ts'
import type {
  ClaimedAccount,
  ClaimedVerification,
  Store,
  VerificationClaimRequest,
  VerificationOutcome,
  VerificationRelease,
  VerificationSettlement,
} from '../store.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'
import { createResolutions, type Resolutions } from './resolutions.ts'
import { type ClaimedRow, claimedOf, type Head, prepareVerifications } from './verification-statements.ts'

type Verbs = Pick<Store, 'claimVerifications' | 'settleVerifications' | 'releaseVerifications'>

/** The partner that a claim came to last, and how many turns each partner that waits has had. */
interface Place {
  lastServed: string
  turns: ReadonlyMap<string, number>
}
const START: Place = { lastServed: '', turns: new Map() }

interface Survey {
  account: ClaimedAccount
  heads: Head[]
  nextAt: number | null
}

interface Taking {
  at: number
  limit: number
  turn: number
}

export const createVerifications = (context: Context): Verbs => {
  const { client, write, read, sealed, openOr, now, hints } = context
  const statements = prepareVerifications(client)
  const accounts = createAccountRows(context)
  const beginLanes = createLanes(client)
  const beginResolutions = createResolutions(context)
  /** By account: where the next claim goes on. */
  const places = new Map<string, Place>()

  const claimDue = (due: readonly { id: number; dueAt: number }[], at: number, leaseEnd: number) => {
    const ids = JSON.stringify(due.map(({ id }) => id))
    const rows = new Map(statements.claim.all(at, leaseEnd, ids).map(row => [row[0], row]))
    const waiting = Map.groupBy(statements.allWaiting.all(ids), ([verificationId]) => verificationId)
    return due.map(({ id, dueAt }) => claimedOf(rows.get(id) as ClaimedRow, dueAt, waiting.get(id) ?? []))
  }

  const takeFrom = (accountId: string, heads: readonly Head[], { at, limit, turn }: Taking): DueVerification[] => {
    const due = heads.filter(({ dueAt }) => dueAt <= at)
    const window = (partnerId: string, queue: number) => ({ accountId, partnerId, queue, at, limit })
    const queues = new Map(due.map(({ partnerId, queue }) => [queue, statements.due.all(window(partnerId, queue))]))
    const ofNew = due.find(({ queue }) => queue === NEW)
    const isCrowded = (queues.get(NEW)?.length ?? 0) >= limit
    const fresh =
      ofNew && isCrowded ? statements.fresh.all({ ...window(ofNew.partnerId, NEW), after: at - FRESH_MS }) : []
    return takeDue({ queues, fresh }, { limit, turn, at })
  }

  const claimFrom = (account: ClaimedAccount, at: number, limits: { free: number; leaseMs: number; heads: Head[] }) => {
    const granted = allowance(account, at, limits.free)
    const byPartner = Map.groupBy(limits.heads, ({ partnerId }) => partnerId)
    const waiting = [...byPartner]
      .filter(([, heads]) => heads.some(({ dueAt }) => dueAt <= at))
      .map(([id]) => id)
      .sort()
    const before = places.get(account.id) ?? START
    // Who does not wait begins anew, so that this is bounded by those who do.
    const turns = new Map(waiting.map(id => [id, before.turns.get(id) ?? 0]))
    const place = { lastServed: before.lastServed, turns }
    const taken: DueVerification[] = []
    for (const { partnerId, take } of fairShare(waiting, granted, before.lastServed)) {
      const limit = Math.min(take, granted - taken.length)
      if (limit === 0) break
      const turn = turns.get(partnerId) ?? 0
      const ofPartner = takeFrom(account.id, byPartner.get(partnerId) ?? [], { at, limit, turn })
      taken.push(...ofPartner)
      turns.set(partnerId, (turn + ofPartner.length) % ALL_TURNS)
      place.lastServed = partnerId
    }
    if (taken.length === 0) return { verifications: [], place }
    const leaseEnd = at + limits.leaseMs
    accounts.save({ ...account, ...afterClaim(account, { now: at, taken: taken.length, leaseEnd }) })
    return { verifications: claimDue(taken, at, leaseEnd), place }
  }

  /** The accounts of which somebody waits for an answer. */
  const waiting = (at: number) => accounts.those(statements.waitingAccounts.all(), at)

  /** What an account has to ask, and the earliest time at which a claim could bring more than it does now. */
  const surveyOne = (account: ClaimedAccount, free: number, at: number): Survey => {
    const from = free > 0 ? claimableAt(account, at) : null
    // While nothing may be asked, a look at what waits would be for nothing.
    if (from === null || from > at) return { account, heads: [], nextAt: from }
    const heads = statements.heads.all({ accountId: account.id })
    const dueAt = Math.min(...heads.map(head => head.dueAt))
    return { account, heads, nextAt: dueAt === Number.POSITIVE_INFINITY ? null : claimableAt(account, dueAt) }
  }

  const claimAll = (
    { busy, concurrency, leaseMs }: VerificationClaimRequest,
    ready: ReadonlyMap<string, Head[]>,
    at: number,
  ) => {
    const reached = new Map<string, Place>()
    const claims: { account: ClaimedAccount; verifications: readonly ClaimedVerification[] }[] = []
    const after = waiting(at).map(account => {
      const heads = ready.get(account.id)
      const free = concurrency - (busy.get(account.id) ?? 0)
      if (!heads) return surveyOne(account, free, at)
      const { verifications, place } = claimFrom(account, at, { free, leaseMs, heads })
      reached.set(account.id, place)
      if (verifications.length > 0) claims.push({ account, verifications })
      const changed = accounts.find(account.id)
      return surveyOne({ ...account, ...changed }, free - verifications.length, at)
    })
    return { claims, nextAt: earliest(after), reached }
  }

  const load = (settlement: VerificationSettlement): VerificationFacts | null => {
    const row = statements.find.get(settlement.id)
    if (!row) return null
    const waiting = endsSomebody(settlement) ? statements.waiting.all(settlement.id) : []
    return {
      ...row,
      isResolved: row.isResolved === 1,
      waiting: waiting.map(one => {
        const where = { table: 'registrations', id: one.id } as const
        // Its partner had rather have the verdict without its metadata than neither.
        return { ...one, metadata: openOr(where, { open: () => sealed.metadata.open(one), instead: {} }) }
      }),
    }
  }

  const settleOne = (
    settlement: VerificationSettlement,
    at: number,
    resolutions: Resolutions,
  ): VerificationOutcome | null => {
    const ofAccount = settlement.account
    if (ofAccount) accounts.patch(ofAccount.id, account => afterAccountChange(account, ofAccount.change, at))
    const facts = load(settlement)
    const plan = settleVerification(settlement, facts, at)
    if (!facts || !plan) return null
    const { update, endings } = plan
    statements.settle.run(
      update.polls,
      update.lastPolledAt,
      update.lastAnswer,
      update.lastCode,
      update.lastOpenAt,
      update.failures,
      update.failingSince,
      update.invalidIds,
      update.goneChecks,
      update.seen ? 1 : 0,
      update.rawStatus,
      update.queue,
      update.dueAt,
      update.verdict && sealed.verdict.seal(facts, update.verdict),
      update.observedAt,
      update.previousPollAt,
      update.id,
    )
    for (const ending of endings) resolutions.add(ending)
    return outcomeOf(plan)
  }

  const releaseOne = (release: VerificationRelease, at: number): boolean => {
    const update = releaseVerification(release, statements.find.get(release.id) ?? null, at)
    if (!update) return false
    statements.release.run(update.claims, update.dueAt, update.id)
    const { canaryOf } = release
    if (canaryOf !== null) accounts.patch(canaryOf, account => afterAccountChange(account, { kind: 'unasked' }, at))
    return true
  }

  return {
    claimVerifications: async claim => {
      const at = now()
      const free = (id: string) => claim.concurrency - (claim.busy.get(id) ?? 0)
      const before = await read(() => waiting(at).map(account => surveyOne(account, free(account.id), at)))
      const ready = new Map(
        before.flatMap(({ account, heads, nextAt }) => (nextAt === null || nextAt > at ? [] : [[account.id, heads]])),
      )
      if (ready.size === 0) return { claims: [], nextAt: earliest(before) }
      const { reached, ...claimed } = await write(() => claimAll(claim, ready, at))
      for (const [accountId, place] of reached) places.set(accountId, place)
      return claimed
    },

    settleVerifications: async settlements => {
      const outcomes = await write(() => {
        const at = now()
        const lanes = beginLanes()
        const resolutions = beginResolutions(lanes, at)
        const outcomes = settlements.map(settlement => settleOne(settlement, at, resolutions))
        resolutions.save()
        lanes.save()
        return outcomes
      })
      tellHints(hints, afterResolving(endedBy(outcomes)))
      return outcomes
    },

    releaseVerifications: async releases => {
      const released = await write(() => {
        const at = now()
        return releases.filter(release => releaseOne(release, at)).length
      })
      tellHints(hints, afterReleasing(released))
    },
  }
}

const earliest = (survey: readonly { nextAt: number | null }[]): number | null => {
  const times = survey.flatMap(({ nextAt }) => (nextAt === null ? [] : [nextAt]))
  return times.length === 0 ? null : Math.min(...times)
}
