import { type AccountState, afterClaim, allowance, claimableAt } from '../../../../src/core/account.ts'
import { fairShare } from '../../../../src/core/fair-share.ts'
import { viewClaimedAccount } from '../../../../src/store/account.ts'
import { tellHints } from '../../../../src/store/hints.ts'
import { afterMessageClaim, FIRST_TURN } from '../../../../src/store/rules/claim-turn.ts'
import { afterReleasing, afterResolving, afterTurning } from '../../../../src/store/rules/hints.ts'
import { NEW_LANE } from '../../../../src/store/rules/lane.ts'
import { ALL_TURNS, FRESH_MS, NEW } from '../../../../src/store/rules/poll-queues.ts'
import { KEPT_ATTEMPTS } from '../../../../src/store/rules/settle-message.ts'
import { endedBy, outcomeOf } from '../../../../src/store/rules/settle-verification.ts'
import { mayHaveMore } from '../../../../src/store/rules/share-slots.ts'
import { isBehind } from '../../../../src/store/rules/take-messages.ts'
import type {
  ClaimedAccount,
  ClaimedMessage,
  ClaimedVerification,
  MessageClaimRequest,
  MessageOutcome,
  MessageSettlement,
  Store,
  TurnedCallback,
  VerificationClaimRequest,
  VerificationOutcome,
  VerificationRelease,
  VerificationSettlement,
} from '../../../../src/store/store.ts'
import { advanceLane, applyHealth, type Context, end, releasePause, waitingOf } from './context.ts'
import { secretsOf } from './reads.ts'
import { attemptKey, isDue, type LaneRow, urlKey, type VerificationRow } from './tables.ts'

type Verbs = Pick<
  Store,
  | 'claimVerifications'
  | 'settleVerifications'
  | 'releaseVerifications'
  | 'mendDueTimes'
  | 'claimMessages'
  | 'settleMessages'
>
type Due = VerificationRow & { dueAt: number }

const stateOf = ({ id: _, apiId: __, apiKey: ___, passwordMode: ____, ...state }: ClaimedAccount): AccountState => state

const first = (times: readonly (number | null)[]): number | null =>
  times.reduce((a, b) => (a === null || b === null ? (a ?? b) : Math.min(a, b)), null)
/** Null comes before every number, as in an index. */
const byNumber = (a: number | null, b: number | null): number => (a ?? -Infinity) - (b ?? -Infinity) || 0

export const createQueues = (context: Context): Verbs => {
  const { tables, rules, now, hints, defaultRate } = context
  const { transaction } = tables
  const lastServed = new Map<string, string>()
  /** By account: how many turns each partner that waits has had. */
  const turns = new Map<string, Map<string, number>>()
  const isEnabled = (partnerId: string): boolean => tables.partners.get(partnerId)?.disabled === false

  const storedAccounts = (): ClaimedAccount[] =>
    tables.accounts.all().map(row => viewClaimedAccount({ ...row, apiKey: Buffer.alloc(0) }, { ...row, defaultRate }))
  const accounts = (): ClaimedAccount[] => storedAccounts().map(account => rules.withoutStepBack(account, now()))
  const saveAccount = (id: string, state: Partial<AccountState>) => {
    const { rate: _, ...patch } = state
    tables.accounts.change(id, patch)
  }

  const dueOf = (accountId: string): Due[] =>
    tables.verifications
      .where(row => row.accountId === accountId && isEnabled(row.partnerId))
      .filter(isDue)
      .sort((a, b) => a.dueAt - b.dueAt || byNumber(a.lastPolledAt, b.lastPolledAt) || a.id - b.id)

  const nextOf = (account: ClaimedAccount, at: number): number | null => {
    const isWaiting = tables.verifications.where(row => row.accountId === account.id && row.dueAt !== null).length > 0
    const from = isWaiting ? claimableAt(account, at) : null
    if (from === null || from > at) return from
    const [due] = dueOf(account.id)
    return due ? claimableAt(account, due.dueAt) : null
  }

  const claimOne = ({ id, dueAt }: { id: number; dueAt: number }, at: number, leaseMs: number): ClaimedVerification => {
    const before = tables.verifications.get(id)
    tables.verifications.change(id, { claims: (before?.claims ?? 0) + 1, claimedAt: at, dueAt: at + leaseMs })
    const row = tables.verifications.get(id) as VerificationRow
    const { claims: claim, partnerId, idcardid, polls, nudgedAt, lastPolledAt, rawStatus } = row
    const { failures, failingSince, invalidIds, goneChecks, seen } = row
    const pending = tables.registrations
      .where(one => one.verificationId === id && one.status === 'pending')
      .sort((a, b) => a.n - b.n)
    const waiting = pending.map(one => ({ id: one.id, createdAt: one.createdAt, expiresAt: one.expiresAt }))
    const traceparents = pending.flatMap(one => one.traceparent ?? [])
    const counts = { rawStatus, failures, failingSince, invalidIds, goneChecks, seen }
    return { id, claim, partnerId, idcardid, dueAt, polls, nudgedAt, lastPolledAt, ...counts, waiting, traceparents }
  }

  const claimFrom = (account: ClaimedAccount, at: number, { free, leaseMs }: { free: number; leaseMs: number }) => {
    const granted = allowance(account, at, free)
    const due = dueOf(account.id).filter(({ dueAt }) => dueAt <= at)
    const partners = [...new Set(due.map(({ partnerId }) => partnerId))].sort()
    const before = turns.get(account.id)
    const place = new Map(partners.map(id => [id, before?.get(id) ?? 0]))
    turns.set(account.id, place)
    const taken: { id: number; dueAt: number }[] = []
    for (const { partnerId, take } of fairShare(partners, granted, lastServed.get(account.id) ?? '')) {
      const limit = Math.min(take, granted - taken.length)
      if (limit === 0) break
      const ofPartner = due.filter(row => row.partnerId === partnerId)
      const queues = Map.groupBy(ofPartner, row => row.queue)
      const fresh = (queues.get(NEW) ?? []).filter(({ dueAt }) => dueAt > at - FRESH_MS)
      const turn = place.get(partnerId) ?? 0
      const picked = rules.takeDue({ queues, fresh }, { limit, turn, at })
      place.set(partnerId, (turn + picked.length) % ALL_TURNS)
      taken.push(...picked)
      lastServed.set(account.id, partnerId)
    }
    if (taken.length > 0)
      saveAccount(account.id, {
        ...stateOf(account),
        ...afterClaim(account, { now: at, taken: taken.length, leaseEnd: at + leaseMs }),
      })
    return taken.map(one => claimOne(one, at, leaseMs))
  }

  const claimVerifications = ({ busy, concurrency, leaseMs }: VerificationClaimRequest) => {
    const at = now()
    const taken = new Map<string, number>()
    const freeOf = (id: string) => concurrency - (busy.get(id) ?? 0) - (taken.get(id) ?? 0)
    const claims = accounts().flatMap(account => {
      const nextAt = freeOf(account.id) > 0 ? nextOf(account, at) : null
      if (nextAt === null || nextAt > at) return []
      const verifications = claimFrom(account, at, { free: freeOf(account.id), leaseMs })
      taken.set(account.id, verifications.length)
      return verifications.length === 0 ? [] : [{ account, verifications }]
    })
    const nextAt = first(accounts().map(account => (freeOf(account.id) > 0 ? nextOf(account, at) : null)))
    return { claims, nextAt }
  }

  const settleVerification = (settlement: VerificationSettlement, at: number): VerificationOutcome | null => {
    const { id, account } = settlement
    const state = account.change && storedAccounts().find(one => one.id === account.id)
    if (account.change && state) saveAccount(account.id, rules.afterAccountChange(state, account.change, at) ?? {})
    const row = tables.verifications.get(id)
    const facts = row ? { ...row, isResolved: row.verdict !== null, waiting: waitingOf(context, id) } : null
    const plan = rules.settleVerification(settlement, facts, at)
    if (!plan) return null
    if (typeof plan.update.failures !== 'number') throw new Error('failures must be a number')
    tables.verifications.change(id, { ...plan.update, claimedAt: null })
    for (const ending of plan.endings) end(context, ending, at)
    return outcomeOf(plan)
  }

  const releaseVerification = (release: VerificationRelease, at: number): boolean => {
    const update = rules.releaseVerification(release, tables.verifications.get(release.id) ?? null, at)
    if (!update) return false
    tables.verifications.change(release.id, { ...update, claimedAt: null })
    const state = storedAccounts().find(({ id }) => id === release.canaryOf)
    if (state) saveAccount(state.id, rules.afterAccountChange(state, { kind: 'unasked' }, at) ?? {})
    return true
  }

  const firstDue = () => first(tables.lanes.where(lane => isEnabled(lane.partnerId)).map(({ dueAt }) => dueAt))
  const inLane = (laneId: number) =>
    tables.messages
      .where(message => message.laneId === laneId)
      .filter(isDue)
      .sort((a, b) => a.dueAt - b.dueAt || a.seq - b.seq)

  const claimLane = (lane: LaneRow, take: number, { at, leaseMs }: { at: number; leaseMs: number }) => {
    const due = inLane(lane.id).filter(({ dueAt }) => dueAt <= at)
    const isPaused = (url: Parameters<typeof urlKey>[0]) => tables.pauses.get(urlKey(url)) !== undefined
    for (const message of due.filter(isPaused)) tables.messages.change(message.seq, rules.held(message))
    const rest = due.filter(message => !isPaused(message))
    const isPausing = tables.pauses.all().some(({ partnerId }) => partnerId === lane.partnerId)
    const newest = new Set(due.slice(-take))
    const read = rest.filter((row, n) => isPausing || n < take || newest.has(row))
    const inTurn = isBehind(due[0]?.dueAt, at) ? rules.firstsAndRetries(read, take) : rest
    return inTurn.slice(0, take).map((message): ClaimedMessage => {
      const { seq, partnerId, registrationId, laneId, callbackUrl, retries, traceparent, createdAt, dueAt } = message
      const attempts = message.attempts + message.unrecorded
      const claim = message.claims + 1
      tables.messages.change(seq, { claims: claim, claimedAt: at, dueAt: at + leaseMs })
      const { slow, proven, host } = lane
      const body = Buffer.from(message.body)
      return {
        seq,
        claim,
        partnerId,
        registrationId,
        laneId,
        slow,
        proven,
        host,
        callbackUrl,
        body,
        attempts,
        retries,
        traceparent,
        createdAt,
        dueAt,
      }
    })
  }

  const claimMessages = (claim: MessageClaimRequest) => {
    const at = now()
    if (tables.hold.get('')) return { messages: [], secrets: new Map(), nextAt: null }
    const before = firstDue()
    if (before === null || before > at || claim.slots <= 0) return { messages: [], secrets: new Map(), nextAt: before }
    const lanes = tables.lanes
      .where(({ partnerId }) => isEnabled(partnerId) && mayHaveMore(partnerId, claim))
      .filter(isDue)
      .filter(({ dueAt }) => dueAt <= at)
    const shares = rules.shareSlots(claim, lanes)
    const messages = shares.flatMap(({ lane, take }) =>
      claimLane(tables.lanes.get(lane.id) as LaneRow, take, { at, leaseMs: claim.leaseMs }),
    )
    for (const { lane } of shares) tables.lanes.change(lane.id, { dueAt: inLane(lane.id)[0]?.dueAt ?? null })
    // It looks at all partners each time, so it needs no turn.
    const looked = { partnerIds: [], isAll: true, shares, messages, firstDue: firstDue() }
    const { nextAt } = afterMessageClaim(FIRST_TURN, looked, at)
    const partners = new Set(messages.map(({ partnerId }) => partnerId))
    const secrets = new Map([...partners].map(id => [id, secretsOf(context, id).map(({ text }) => text)] as const))
    return { messages, secrets, nextAt }
  }

  const settleMessage = (settlement: MessageSettlement, at: number, turns: TurnedCallback[]): MessageOutcome => {
    const { seq, claim, laneId, partnerId, callbackUrl } = settlement.message
    const row = tables.messages.get(seq)
    const isRecorded = tables.attempts.get(attemptKey(seq, claim)) !== undefined
    const facts = row ? { ...row, isErased: row.body === '', isRecorded } : null
    const plan = rules.settleMessage(settlement, facts, tables.lanes.get(laneId) ?? NEW_LANE)
    if (!plan) return null
    tables.messages.change(seq, plan.update)
    if (plan.attempt) {
      if (plan.attempt.outcome === null) throw new Error('outcome must be one')
      tables.attempts.add(attemptKey(seq, plan.attempt.n), { ...plan.attempt, messageSeq: seq })
      const kept = tables.attempts.where(one => one.messageSeq === seq).sort((a, b) => b.n - a.n)
      if (plan.trims) for (const { n } of kept.slice(KEPT_ATTEMPTS)) tables.attempts.delete(attemptKey(seq, n))
    }
    tables.lanes.change(laneId, plan.lane)
    const pause = { partnerId, callbackUrl, since: at }
    const hold = () => {
      if (!tables.pauses.get(urlKey(pause))) tables.pauses.add(urlKey(pause), pause)
    }
    if (plan.pauses) hold()
    if (plan.attempt) {
      const health = rules.afterAttemptAt(tables.health.get(urlKey(pause)) ?? null, plan.attempt, at)
      turns.push(...applyHealth(context, pause, health))
      if (health.turn === 'disabled') hold()
      if (health.turn === 'enabled') releasePause(context, pause, at)
    }
    return plan.end
  }

  return {
    claimVerifications: async claim => transaction(() => claimVerifications(claim)),
    settleVerifications: async settlements => {
      const at = now()
      const outcomes = transaction(() => settlements.map(settlement => settleVerification(settlement, at)))
      tellHints(hints, afterResolving(endedBy(outcomes)))
      return outcomes
    },
    releaseVerifications: async releases => {
      const at = now()
      const released = transaction(() => releases.filter(release => releaseVerification(release, at)).length)
      tellHints(hints, afterReleasing(released))
    },
    mendDueTimes: async ({ pollMs, retryMs }, limit) => {
      const at = now()
      const isLate = (pauseMs: number) => (row: { dueAt: number | null }) => (row.dueAt ?? 0) > at + pauseMs
      const verifications = tables.verifications.where(isLate(pollMs)).slice(0, limit)
      const messages = tables.messages.where(isLate(retryMs)).slice(0, limit)
      transaction(() => {
        for (const { id } of verifications) tables.verifications.change(id, { dueAt: at })
        for (const { seq } of messages) tables.messages.change(seq, { dueAt: at })
        const isDueNow = (row: { dueAt: number | null }) => row.dueAt !== null && row.dueAt <= at
        for (const { laneId } of tables.messages.where(isDueNow)) advanceLane(context, laneId, at)
      })
      const mended = verifications.length + messages.length
      if (mended > 0) tellHints(hints, [['verificationsDue'], ['messagesDue']])
      return mended
    },
    claimMessages: async claim => transaction(() => claimMessages(claim)),
    settleMessages: async settlements => {
      const at = now()
      const turns: TurnedCallback[] = []
      const outcomes = transaction(() => settlements.map(settlement => settleMessage(settlement, at, turns)))
      tellHints(hints, afterTurning(turns))
      return outcomes
    },
  }
}
