import { afterAccountChange, afterClaim, isProbed } from '../../core/account.ts'
import { afterReleasing, afterResolving, tellHints } from '../hints.ts'
import { openMetadata } from '../registration-rows.ts'
import {
  forecastPoll,
  MOST_AHEAD,
  type PollForecast,
  partnersWith,
  type QueuePlace,
  type Span,
  spansBefore,
} from '../rules/poll-forecast.ts'
import { answer } from '../rules/questions.ts'
import {
  endedBy,
  endsSomebody,
  outcomeOf,
  releaseVerification,
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
import {
  type ClaimBeginning,
  createVerificationClaiming,
  type Head,
  nextClaimAt,
  type PollPlace,
  type Survey,
  surveyAccount,
  takeRoundRobin,
} from '../verification-claims.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'
import { createResolutions, type Resolutions } from './resolutions.ts'
import { type ClaimedRow, claimedOf, prepareVerifications } from './verification-statements.ts'

export const createVerifications = (context: Context) => {
  const { client, write, read, sealed, now, hints } = context
  const statements = prepareVerifications(client)
  const accounts = createAccountRows(context)
  const beginLanes = createLanes(client)
  const beginResolutions = createResolutions(context)

  const claimDue = (due: readonly { id: number; dueAt: number }[], at: number, leaseEnd: number) => {
    const ids = JSON.stringify(due.map(({ id }) => id))
    const rows = new Map(statements.claim.all(at, leaseEnd, ids).map(row => [row[0], row]))
    const waiting = Map.groupBy(statements.allWaiting.all(ids), ([verificationId]) => verificationId)
    return due.map(({ id, dueAt }) => claimedOf(rows.get(id) as ClaimedRow, dueAt, waiting.get(id) ?? []))
  }

  const claimFrom = (
    account: ClaimedAccount,
    {
      heads,
      at,
      free,
      from,
      leaseMs,
    }: {
      heads: readonly Head[]
      at: number
      free: number
      from: PollPlace
      leaseMs: number
    },
  ) => {
    const { taken, place } = answer(takeRoundRobin(account, heads, { at, free, from }), window =>
      statements.due.all(window),
    )
    if (taken.length === 0) return { verifications: [], place }
    const leaseEnd = at + leaseMs
    accounts.save({ ...account, ...afterClaim(account, { now: at, taken: taken.length, leaseEnd }) })
    return { verifications: claimDue(taken, at, leaseEnd), place }
  }

  /** The accounts of which somebody waits for an answer. */
  const waiting = (at: number) => accounts.those(statements.waitingAccounts.all(), at)

  const survey = (account: ClaimedAccount, free: number, at: number): Survey<ClaimedAccount> =>
    answer(surveyAccount(account, free, at), accountId => statements.heads.all({ accountId }))

  const claimAll = ({ leaseMs }: VerificationClaimRequest, { at, ready, freeOf, placeOf }: ClaimBeginning) => {
    const headsOf = new Map(ready.map(({ account, heads }) => [account.id, heads]))
    const places = new Map<string, PollPlace>()
    const claims: { account: ClaimedAccount; verifications: readonly ClaimedVerification[] }[] = []
    const after = waiting(at).map(account => {
      const heads = headsOf.get(account.id)
      const free = freeOf(account.id)
      if (!heads) return survey(account, free, at)
      const { verifications, place } = claimFrom(account, { heads, at, free, from: placeOf(account.id), leaseMs })
      places.set(account.id, place)
      if (verifications.length > 0) claims.push({ account, verifications })
      const changed = accounts.find(account.id)
      return survey({ ...account, ...changed }, free - verifications.length, at)
    })
    return { claimed: { claims, nextAt: nextClaimAt(after) }, places }
  }

  const load = (settlement: VerificationSettlement): VerificationFacts | null => {
    const row = statements.find.get(settlement.id)
    if (!row) return null
    const waiting = endsSomebody(settlement) ? statements.waiting.all(settlement.id) : []
    return {
      ...row,
      isResolved: row.isResolved === 1,
      waiting: waiting.map(one => ({ ...one, metadata: openMetadata(context, one) })),
    }
  }

  const settleOne = (
    settlement: VerificationSettlement,
    at: number,
    resolutions: Resolutions,
  ): VerificationOutcome | null => {
    const { id, change } = settlement.account
    if (change) accounts.patch(id, account => afterAccountChange(account, change, at))
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
    claimVerifications: createVerificationClaiming({
      peek: freeOf => {
        const at = now()
        return read(() => ({ at, surveys: waiting(at).map(account => survey(account, freeOf(account.id), at)) }))
      },
      claim: (request, from) => write(() => claimAll(request, from)),
    }),

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
  } satisfies Partial<Store>
}

type Place = Pick<QueuePlace, 'accountId' | 'partnerId'> & Omit<Span, 'queues'>

/** Reads how long what is due has to wait still. */
export const createPollPlaces = (context: Context) => {
  const { client } = context
  const { heads, queuesOf } = prepareVerifications(client)
  const accounts = createAccountRows(context)
  const count = client
    .prepare<Place & { queues: string; limit: number }, number>(`
      SELECT count(*) FROM (
        SELECT 1 FROM json_each(@queues) asked CROSS JOIN verifications v
          ON v.account_id = +@accountId AND v.partner_id = +@partnerId AND v.queue = asked.value
        WHERE v.due_at IS NOT NULL AND v.due_at > +@after AND v.due_at <= +@dueAt AND (v.due_at, v.id) < (+@dueAt, +@id)
        LIMIT +@limit)`)
    .pluck()

  const lengthOf = ({ accountId, partnerId }: QueuePlace, { queues, ...span }: Span): number =>
    count.get({ accountId, partnerId, queues: JSON.stringify(queues), ...span, limit: MOST_AHEAD }) ?? 0

  /** Null: its account is not asked now. */
  return (place: QueuePlace, at: number): PollForecast | null => {
    const account = accounts.find(place.accountId)
    if (!account || isProbed(account)) return null
    const queues = queuesOf.all(place).map(({ queue }) => queue)
    const partners = partnersWith(place, heads.all({ accountId: place.accountId }), at)
    const { before, between } = spansBefore(place, queues, at)
    const counted = { before: lengthOf(place, before), between: lengthOf(place, between) }
    return forecastPoll(counted, { account, partners }, at)
  }
}
