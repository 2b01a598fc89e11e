import { type AccountChange, afterAccountChange, isProbed } from '../../core/account.ts'
import { createAccountRows } from '../accounts/account-rows.ts'
import { afterReleasing, afterResolving } from '../hints.ts'
import { openMetadata } from '../registration-rows.ts'
import { endRegistrations } from '../registrations/resolutions.ts'
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
  afterReleasingOne,
  afterSettling,
  endedBy,
  endsSomebody,
  outcomeOf,
  releaseVerification,
  settleVerification,
  type VerificationFacts,
  type VerificationPlan,
  type VerificationUpdate,
} from '../rules/settle-verification.ts'
import type { Store, VerificationOutcome, VerificationRelease, VerificationSettlement } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { createVerificationClaims } from './verification-claims.ts'
import {
  FIND,
  type FoundRegistration,
  type FoundVerification,
  headsOf,
  QUEUES_OF,
  RELEASE,
  SETTLE,
  STANDING_BEFORE,
  WAITING,
} from './verification-statements.ts'

type SealedUpdate = Omit<VerificationUpdate, 'verdict'> & { verdict: Buffer | null }

/** In the order of the parameters of `SETTLE`. */
const SETTLED = [
  ...['id', 'polls', 'lastPolledAt', 'lastAnswer', 'lastCode', 'lastOpenAt', 'failures', 'failingSince', 'invalidIds'],
  ...['goneChecks', 'seen', 'rawStatus', 'queue', 'dueAt', 'verdict', 'observedAt', 'previousPollAt'],
] as readonly (keyof SealedUpdate)[]

export const createVerifications = (context: Context) => {
  const { write, sealed, tell } = context
  const accounts = createAccountRows(context)

  /** Accounts that are changed one answer after the other: locked and read once, written once. */
  const openAccounts = async (tx: Tx, ids: readonly string[]) => {
    const known = ids.length === 0 ? new Map<string, never>() : await accounts.load(tx, ids)
    const changed = new Set<string>()
    return {
      change: (id: string, change: AccountChange) => {
        const account = known.get(id)
        const patch = account && afterAccountChange(account, change, tx.at)
        if (!patch) return
        Object.assign(account, patch)
        changed.add(id)
      },
      save: () =>
        accounts.save(
          tx,
          [...changed].flatMap(id => known.get(id) ?? []),
        ),
    }
  }

  const waitingFor = async (tx: Tx, verificationIds: readonly number[]) => {
    if (verificationIds.length === 0) return new Map<number, never>()
    const rows = await tx.rows<FoundRegistration>(WAITING, [verificationIds])
    const opened = rows.map(row => ({
      ...row,
      metadata: openMetadata(context, row),
    }))
    return Map.groupBy(opened, ({ verificationId }) => verificationId)
  }

  const load = async (tx: Tx, settlements: readonly VerificationSettlement[]) => {
    const found = await find(tx, settlements)
    const ending = new Set(settlements.filter(endsSomebody).map(({ id }) => id))
    const waiting = await waitingFor(tx, [...ending])
    const facts = [...found.values()].map((row): VerificationFacts => ({ ...row, waiting: waiting.get(row.id) ?? [] }))
    return new Map(facts.map(one => [one.id, one]))
  }

  const save = async (
    tx: Tx,
    plans: readonly VerificationPlan[],
    facts: ReadonlyMap<number, VerificationFacts>,
  ): Promise<void> => {
    // Of several about one verification the last says all.
    const updates = [...new Map(plans.map(({ update }) => [update.id, update])).values()]
    if (updates.length === 0) return
    const rows = updates.map((update): SealedUpdate => {
      const owner = facts.get(update.id)
      return { ...update, verdict: update.verdict && owner ? sealed.verdict.seal(owner, update.verdict) : null }
    })
    await tx.rows(
      SETTLE,
      SETTLED.map(name => rows.map(row => row[name])),
    )
  }

  const settleAll = async (
    tx: Tx,
    settlements: readonly VerificationSettlement[],
  ): Promise<(VerificationOutcome | null)[]> => {
    const changes = settlements.flatMap(({ account: { id, change } }) => (change ? { id, change } : []))
    const changing = await openAccounts(
      tx,
      changes.map(({ id }) => id),
    )
    for (const { id, change } of changes) changing.change(id, change)
    await changing.save()
    const facts = await load(tx, settlements)
    const plans = settlements.map(settlement => {
      const before = facts.get(settlement.id) ?? null
      const plan = settleVerification(settlement, before, tx.at)
      if (before && plan) facts.set(settlement.id, afterSettling(before, plan))
      return plan
    })
    const counting = plans.filter(plan => plan !== null)
    await save(tx, counting, facts)
    await endRegistrations(
      tx,
      counting.flatMap(({ endings }) => endings),
      context,
    )
    return plans.map(plan => plan && outcomeOf(plan))
  }

  /** @returns how many were released */
  const releaseAll = async (tx: Tx, releases: readonly VerificationRelease[]): Promise<number> => {
    const changing = await openAccounts(
      tx,
      releases.flatMap(({ canaryOf }) => canaryOf ?? []),
    )
    const facts = await find(tx, releases)
    const updates = releases.flatMap(release => {
      const before = facts.get(release.id) ?? null
      const update = releaseVerification(release, before, tx.at)
      if (!before || !update) return []
      facts.set(release.id, { ...before, ...afterReleasingOne(update) })
      if (release.canaryOf !== null) changing.change(release.canaryOf, { kind: 'unasked' })
      return update
    })
    if (updates.length === 0) return 0
    await tx.rows(RELEASE, [
      updates.map(({ id }) => id),
      updates.map(({ claims }) => claims),
      updates.map(({ dueAt }) => dueAt),
    ])
    await changing.save()
    return updates.length
  }

  return {
    ...createVerificationClaims(context),

    settleVerifications: async settlements => {
      if (settlements.length === 0) return []
      const outcomes = await write(tx => settleAll(tx, settlements))
      tell(afterResolving(endedBy(outcomes)))
      return outcomes
    },

    releaseVerifications: async releases => {
      if (releases.length === 0) return
      const released = await write(tx => releaseAll(tx, releases))
      tell(afterReleasing(released))
    },
  } satisfies Partial<Store>
}

/** Those that there are, by their ids, locked in the order of these. */
const find = async (tx: Tx, wanted: readonly { id: number }[]): Promise<Map<number, FoundVerification>> => {
  const rows = await tx.rows<FoundVerification>(FIND, [wanted.map(({ id }) => id)])
  return new Map(rows.map(row => [row.id, row]))
}

/** Reads how long what is due has to wait still. */
export const createPollPlaces = (context: Pick<Context, 'sealed' | 'openOr' | 'defaultRate'>) => {
  const accounts = createAccountRows(context)

  /** Null: its account is not asked now. */
  return async (tx: Tx, place: QueuePlace): Promise<PollForecast | null> => {
    const account = await accounts.find(tx, place.accountId)
    if (!account || isProbed(account)) return null
    const queues = await tx.rows<{ queue: number }>(QUEUES_OF, [place.accountId, place.partnerId])
    const [heads = []] = await headsOf(tx, [place.accountId])
    const partners = partnersWith(place, heads, tx.at)
    const spans = spansBefore(
      place,
      queues.map(({ queue }) => queue),
      tx.at,
    )
    const counted = {
      before: await lengthOf(tx, place, spans.before),
      between: await lengthOf(tx, place, spans.between),
    }
    return forecastPoll(counted, { account, partners }, tx.at)
  }
}

const lengthOf = async (tx: Tx, place: QueuePlace, { queues, after, dueAt, id }: Span): Promise<number> => {
  const span = [place.accountId, place.partnerId, queues, after, dueAt, id, MOST_AHEAD]
  const [counted] = await tx.rows<{ n: number }>(STANDING_BEFORE, span)
  return counted?.n ?? 0
}
