import { type AccountChange, type AccountState, afterAccountChange } from '../../core/account.ts'
import { checkStateOf } from '../../core/answer.ts'
import { loadAccounts, saveAccounts } from '../accounts/rows.ts'
import type { StoreContext, VerbModule } from '../context.ts'
import { openMetadata } from '../registrations/registration.ts'
import { ENDED_BY, type Ending, endRegistrations, type WaitingRegistration } from '../registrations/resolutions.ts'
import { freeSpellings } from '../registrations/serials.ts'
import { columnsOf, type Dialect, type Row, type Tx } from '../tx.ts'
import { queueAfterPoll } from './poll-queues.ts'
import type { VerificationOutcome, VerificationSettlement } from './verification.ts'

/** Columns needed to settle an answer. */
const SETTLED_BY = [
  'id',
  'idcardid',
  'accountId',
  'partnerId',
  'claims',
  'claimedAt',
  'nudgedAt',
  'queue',
  'polls',
  'lastOpenAt',
  'rawStatus',
  'seen',
] as const

/** A verification at the time an answer is settled. */
export interface VerificationFacts extends Pick<Row<'verifications'>, (typeof SETTLED_BY)[number]> {
  /** It has its verdict. */
  isResolved: boolean
  /** Its pending registrations; empty unless `endsRegistrations` requires them. */
  waiting: readonly WaitingRegistration[]
}

/** Whether the settlement may end registrations, so that the pending ones have to be loaded. */
export const endsRegistrations = ({ step }: VerificationSettlement): boolean =>
  step.verdict !== null || step.ended.length > 0 || step.dueAt === null

/**
 * Returns the changes of an answer, or null if it changes nothing. The first verdict counts for all waiting
 * registrations, from any claim and however late. Any other step counts only for the latest claim, and once.
 *
 * @param at epoch ms
 */
export const settleVerification = (settlement: VerificationSettlement, facts: VerificationFacts | null, at: number) => {
  const { claim, idcardid, account, step, answer, askedAt, observedAt } = settlement
  if (facts?.idcardid !== idcardid || facts.accountId !== account.id || facts.isResolved) return null
  const isLatest = facts.claims === claim
  const isSettled = isLatest && facts.claimedAt === null
  if (isSettled || (!isLatest && step.verdict === null)) return null

  const { waiting } = facts
  const reasonOf = ({ id }: WaitingRegistration) => step.ended.find(one => one.registrationId === id)?.reason ?? null
  const ending = step.verdict === null ? waiting.filter(reasonOf) : waiting
  // If no registration is left, polling ends.
  const endsAll = endsRegistrations(settlement) && ending.length === waiting.length
  // If all registrations were cancelled during the poll, nobody may receive the verdict, so it is not kept.
  const verdict = waiting.length === 0 ? null : step.verdict
  const rawStatus = 'status' in answer ? answer.status : (verdict?.status ?? facts.rawStatus)
  // A nudge in the future is from before the clock was set back.
  const isNudged = facts.claimedAt !== null && facts.nudgedAt > facts.claimedAt && facts.nudgedAt <= at
  // An answer that says nothing about the serial leaves it in its queue, at the end.
  const leavesPlace = step.dueAt !== null && step.dueAt <= observedAt
  const dueAt = isNudged ? at : (step.dueAt ?? at)
  const endings = ending.map(
    (registration): Ending => ({
      registration,
      accountId: facts.accountId,
      idcardid: facts.idcardid,
      verdict: step.verdict,
      reason: reasonOf(registration),
      rawStatus,
      observedAt,
      previousPollAt: facts.lastOpenAt,
    }),
  )
  return {
    // Ends the claim.
    update: {
      id: facts.id,
      claimedAt: null,
      polls: facts.polls + 1,
      lastPolledAt: askedAt,
      lastAnswer: answer.kind,
      lastCode: answer.code,
      lastOpenAt: checkStateOf(answer) === 'open' ? askedAt : facts.lastOpenAt,
      failures: step.failures,
      failingSince: step.failingSince,
      invalidIds: step.invalidIds,
      goneChecks: step.goneChecks,
      // Since all have cancelled, another partner may wait for another spelling.
      seen: isLatest || waiting.length > 0 ? step.seen : facts.seen,
      rawStatus,
      // A nudge during the poll causes another poll at once.
      queue: isNudged || leavesPlace ? facts.queue : queueAfterPoll(facts.queue, dueAt - askedAt),
      dueAt: endsAll ? null : dueAt,
      verdict,
      observedAt: verdict && observedAt,
      previousPollAt: verdict && facts.lastOpenAt,
    },
    endings,
  }
}

type VerificationPlan = NonNullable<ReturnType<typeof settleVerification>>

/** The verification as the next answer in the same transaction finds it. */
const afterSettling = (facts: VerificationFacts, { update, endings }: VerificationPlan): VerificationFacts => {
  const ended = new Set(endings.map(({ registration }) => registration))
  const waiting = facts.waiting.filter(registration => !ended.has(registration))
  return { ...facts, ...update, isResolved: update.verdict !== null, waiting }
}

/** The outcome to return once the plan is durable; null if it ends no registration. */
const outcomeOf = ({ update, endings }: VerificationPlan): VerificationOutcome | null =>
  endings.length === 0
    ? null
    : {
        verdict: update.verdict && { previousPollAt: update.previousPollAt },
        ended: endings.map(({ registration: { id: registrationId, partnerId, createdAt }, reason }) => {
          return { registrationId, partnerId, createdAt, reason }
        }),
      }

/** Settles claimed verifications. Locks accounts before verifications, as claims do. */
export const verificationSettlingVerbs = {
  loops: context => ({
    /**
     * Records answers. A step counts once, and only while its claim holds. The first verdict counts even if its claim
     * has lapsed: it resolves every waiting registration and creates their messages, in the same transaction. It is not
     * kept if no registration waits any more. Returns one outcome per settlement, in order; null where it ended no
     * registration.
     */
    settleVerifications: async (
      settlements: readonly VerificationSettlement[],
    ): Promise<readonly (VerificationOutcome | null)[]> => {
      if (settlements.length === 0) return []
      const outcomes = await context.write(tx => settleAll(tx, settlements, context), 'soon')
      const ended = outcomes.flatMap(outcome => outcome?.ended ?? [])
      if (ended.length > 0)
        context.emitHints([['messagesDue'], ['resolved', ended.map(({ registrationId }) => registrationId)]])
      return outcomes
    },
  }),
} satisfies VerbModule

const settleAll = async (
  tx: Tx,
  settlements: readonly VerificationSettlement[],
  context: StoreContext,
): Promise<(VerificationOutcome | null)[]> => {
  const changes = settlements.flatMap(({ account: { id, change } }) => (change ? { id, change } : []))
  const accountIds = [...new Set(changes.map(({ id }) => id))]
  const accounts = await loadAccounts(tx, accountIds, { defaultRate: context.defaultRate, lock: 'wait' })
  await saveAccounts(tx, afterChanges(accounts, changes, tx.at))
  const facts = await load(tx, settlements, context)
  // Of several settlements of one verification, the last plan contains all changes.
  const lastOf = new Map<number, VerificationPlan>()
  const plans = settlements.map(settlement => {
    const { id } = settlement
    const [found, last] = [facts.get(id) ?? null, lastOf.get(id)]
    const before = found && last ? afterSettling(found, last) : found
    if (before) facts.set(id, before)
    const plan = settleVerification(settlement, before, tx.at)
    if (plan) lastOf.set(id, plan)
    return plan
  })
  const rows = [...lastOf.values()].map(({ update }) => {
    const owner = facts.get(update.id)
    return { ...update, verdict: owner && update.verdict ? context.sealed.verdict.seal(owner, update.verdict) : null }
  })
  await tx.update('verifications', ['id'], rows)
  const unseen = rows.flatMap(({ id, dueAt, seen }) => (dueAt === null && !seen ? id : []))
  await freeSpellings(tx, unseen)
  const endings = plans.flatMap(plan => plan?.endings ?? [])
  await endRegistrations(tx, endings, context)
  return plans.map(plan => plan && outcomeOf(plan))
}

/** Loads the verifications, with the waiting registrations of those that may end some. */
const load = async (tx: Tx, settlements: readonly VerificationSettlement[], context: StoreContext) => {
  const found = await tx.all<FoundVerification>(FIND, { ids: settlements.map(({ id }) => id) })
  const ending = [...new Set(settlements.filter(endsRegistrations).map(({ id }) => id))].map(id => ({ id }))
  const rows = ending.length === 0 ? [] : await tx.all<WaitingRow>(WAITING, { ending })
  const waiting = rows.map(row => Object.assign(row, { metadata: openMetadata(context, row) }))
  const waitingOf = Map.groupBy(waiting, ({ verificationId }) => verificationId)
  return new Map<number, VerificationFacts>(
    found.map(row => [row.id, Object.assign(row, { waiting: waitingOf.get(row.id) ?? [] })]),
  )
}

/** Returns the accounts that the changes, applied in order, modify. */
const afterChanges = <Of extends AccountState & { id: string }>(
  accounts: readonly Of[],
  changes: readonly { id: string; change: AccountChange }[],
  at: number,
): Of[] => {
  const byId = new Map(accounts.map(account => [account.id, account]))
  const changed = new Map<string, Of>()
  for (const { id, change } of changes) {
    const account = changed.get(id) ?? byId.get(id)
    const patch = account && afterAccountChange(account, change, at)
    if (patch) changed.set(id, { ...account, ...patch })
  }
  return [...changed.values()]
}

/** Existing verifications, locked in the order of their ids until the transaction ends. */
export const FIND = (d: Dialect) => `
  SELECT ${columnsOf('verifications', SETTLED_BY)}, verdict IS NOT NULL AS "isResolved"
  FROM verifications WHERE id IN ${d.list('ids', 'int8')} ORDER BY id ${d.forUpdate()}`
type FoundVerification = Omit<VerificationFacts, 'waiting'>

/** Registrations that wait for these verifications. */
export const WAITING = (d: Dialect) => `
  SELECT ${columnsOf('registrations', ENDED_BY, 'r')} FROM ${d.rows('ending', { id: 'int8' })}
    ${d.joinByLookup('registrations r', "r.verification_id = ending.id AND r.status = 'pending'")}
  ORDER BY r.verification_id, r.n`
type WaitingRow = Pick<Row<'registrations'>, (typeof ENDED_BY)[number]>
