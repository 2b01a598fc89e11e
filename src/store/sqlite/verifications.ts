import { afterAccountChange, isProbed } from '../../core/account.ts'
import { afterResolving, tellHints } from '../hints.ts'
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
import {
  endedBy,
  endsSomebody,
  outcomeOf,
  settleVerification,
  type VerificationFacts,
} from '../rules/settle-verification.ts'
import type { Store, VerificationOutcome, VerificationSettlement } from '../store.ts'
import { createAccountRows } from './accounts.ts'
import type { Context } from './context.ts'
import { createLanes } from './lanes.ts'
import { createResolutions, type Resolutions } from './resolutions.ts'
import { prepareVerifications } from './verification-statements.ts'

export const createVerifications = (context: Context) => {
  const { client, write, sealed, now, hints } = context
  const statements = prepareVerifications(client)
  const accounts = createAccountRows(context)
  const beginLanes = createLanes(client)
  const beginResolutions = createResolutions(context)

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

  return {
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
