import { accountChange } from '../core/account.ts'
import type { Answer } from '../core/answer.ts'
import { SECOND } from '../core/duration.ts'
import { afterAnswer, type PollPolicy, type VerificationStep } from '../core/verification.ts'
import type { Log } from '../log.ts'
import type { ClaimedAccount, ClaimedVerification, Store, VerificationSettlement } from '../store/store.ts'
import type { Upstream } from '../upstream/client.ts'
import { createInFlight } from './in-flight.ts'
import { createPace } from './pace.ts'
import type { PollPlan } from './poll-plan.ts'
import { createRecentCalls } from './recent-calls.ts'
import { createRounds, type Round } from './rounds.ts'
import type { Sandbox } from './sandbox.ts'
import { createSettler } from './settler.ts'

export interface Worker {
  ring(): void
  /** Claims no more; resolves when what is in flight has been settled. */
  stop(): Promise<void>
}

export interface PollerDeps {
  store: Pick<Store, 'now' | 'claimVerifications' | 'settleVerifications'>
  upstream: Pick<Upstream, 'ask'>
  /** Answers test serials; null where there are none. */
  sandbox: Sandbox | null
  policy: PollPolicy
  /** When to ask again; null: by the policy's rule. */
  plan: PollPlan | null
  /** Calls in flight for an account. */
  concurrency: number
  timeoutMs: number
  /** In [0, 1). */
  random: () => number
  /** Whether upstream knows a partner's serial. */
  onLookup: (partnerId: string, isNotFound: boolean) => void
  log: Log
}

const LOOKUP_POLLS = 3

/** A call may be made twice (a learned clock), and its answer has to be written. */
const leaseFor = (timeoutMs: number) => 2 * timeoutMs + 5 * SECOND

/** Asks upstream about what is due: claim, ask, decide, settle. */
export const createPoller = (deps: PollerDeps): Worker => {
  const { store, upstream, log, policy, concurrency } = deps
  const inFlight = createInFlight()
  /** Claimed, and what came of it not yet written. */
  const unrecorded = createInFlight()
  const recentCalls = createRecentCalls()
  const alerts = createAlerts(log)
  const settle = createSettler<VerificationSettlement>(settlements => store.settleVerifications(settlements), {
    log,
    event: 'poll.settle',
  })

  const judge = (account: ClaimedAccount, verification: ClaimedVerification, answer: Answer) => {
    const { othersInvalid, mostlyUnknown } = recentCalls.add(account, verification.id, answer)
    const now = store.now()
    const { invalidIds } = verification
    const change = accountChange(account, answer, { now, othersInvalid, mostlyUnknown, invalidIds })
    if (change?.kind === 'pause') recentCalls.paused(account.id, now)
    const intervalMs = deps.plan?.intervalMs(account.id, now - verification.nudgedAt)
    const moment = { now, random: deps.random(), policy, othersInvalid, intervalMs }
    return { step: afterAnswer(verification, answer, moment), change }
  }

  /** `free` gives the slot back: once there is an answer, unless that answer is about the account. */
  const poll = async (account: ClaimedAccount, verification: ClaimedVerification, free: () => void): Promise<void> => {
    const askedAt = store.now()
    const { id, claim } = verification
    const scripted = deps.sandbox?.(verification, askedAt)
    // Upstream was not asked, so this tells nothing about the account.
    if (scripted) return settle({ id, claim, ...scripted, askedAt, observedAt: askedAt, account: null })
    const answer = await upstream.ask(account, verification.idcardid)
    const observedAt = store.now()
    deps.plan?.polled(account, verification, { answer, askedAt })
    const { step, change } = judge(account, verification, answer)
    // What is decided about the account must be known before it is asked again.
    if (change === null && account.pausedAt === null) free()
    alerts.after(account, answer)
    tellLookup(verification, step)
    if (change) log.warn(`account.${change.kind}`, { accountId: account.id, ...change })
    log.debug('poll.answered', { verificationId: id, kind: answer.kind, code: answer.code })
    await settle({
      id,
      claim,
      answer,
      askedAt,
      observedAt,
      step,
      account: change && { id: account.id, change },
    })
  }

  /** Once a serial: upstream shows it, or does not know it even after some polls, when a new one would be visible. */
  const tellLookup = ({ seen, polls, partnerId }: ClaimedVerification, step: VerificationStep) => {
    if (seen) return
    if (step.seen) return deps.onLookup(partnerId, false)
    const isGivenUp = polls + 1 < LOOKUP_POLLS && step.ended.some(end => end.reason === 'not_found')
    if ((polls + 1 === LOOKUP_POLLS && step.failures === 0) || isGivenUp) deps.onLookup(partnerId, true)
  }

  /** Takes a slot, and gives the way to free it, once. */
  const occupy = (accountId: string) => {
    inFlight.start(accountId)
    let isFree = false
    return () => {
      if (isFree) return
      isFree = true
      inFlight.end(accountId)
      rounds.ring()
    }
  }

  const start = (account: ClaimedAccount, verification: ClaimedVerification) => {
    unrecorded.start(account.id)
    const free = occupy(account.id)
    poll(account, verification, free)
      .catch((error: unknown) => log.error('poll.failed', { error, verificationId: verification.id }))
      .finally(() => {
        free()
        unrecorded.end(account.id)
      })
  }

  const round = async (): Promise<Round> => {
    const leaseMs = leaseFor(deps.timeoutMs)
    const { claims, nextAt } = await store.claimVerifications({ busy: inFlight.counts, concurrency, leaseMs })
    let claimed = 0
    for (const { account, verifications } of claims) {
      claimed += verifications.length
      for (const verification of verifications) start(account, verification)
    }
    return { claimed, nextAt }
  }

  const rounds = createRounds(round, {
    now: store.now,
    pace: createPace(() => performance.now()),
    onError: error => log.error('poll.round_failed', { error }),
  })

  return {
    ring: rounds.ring,
    stop: async () => {
      await rounds.stop()
      await unrecorded.whenIdle()
      await deps.plan?.stop()
    },
  }
}

/** What an operator should see once, not once a call: statuses and codes that are in no table. */
const createAlerts = (log: Pick<Log, 'warn'>) => {
  const seen = new Set<string>()
  return {
    after: ({ id: accountId }: ClaimedAccount, answer: Answer) => {
      const what =
        answer.kind === 'unknown_status'
          ? { event: 'upstream.unknown_status', fields: { accountId, status: answer.status } }
          : answer.kind === 'transient' && answer.cause === 'unknown_code'
            ? { event: 'upstream.unknown_code', fields: { accountId, code: answer.code } }
            : null
      if (what === null) return
      const key = JSON.stringify(what)
      if (seen.has(key) || seen.size >= 1_000) return
      seen.add(key)
      log.warn(what.event, what.fields)
    },
  }
}
