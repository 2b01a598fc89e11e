import type { Answer } from '../core/answer.ts'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { createPollLearner, type PollLearner } from '../core/polling/learner.ts'
import { afterPoll, NO_LOAD, overloadFactor } from '../core/polling/overload.ts'
import type { PollSchedule } from '../core/polling/schedule.ts'
import type { ClaimedAccount, ClaimedVerification, Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'

/** Learns from the polls of each account when to poll it next. */
export interface PollPlan {
  /** How long to wait after a poll at this age. Longer than the schedule's bounds only where the rate does not suffice. */
  intervalMs(accountId: string, ageMs: number): number
  /** Call it for every answer of upstream. */
  polled(account: Pick<ClaimedAccount, 'id' | 'rampAt'>, verification: Asked, poll: Polled): void
  /** Writes what is learned and not written yet. */
  stop(): Promise<void>
}

type Asked = Pick<ClaimedVerification, 'nudgedAt' | 'lastPolledAt' | 'failures' | 'invalidIds'>
interface Polled {
  answer: Answer
  askedAt: number
}

interface PollPlanDeps {
  store: Pick<Store, 'now' | 'changeCompletions' | 'completionsOf'>
  schedule: PollSchedule
  clock: Pick<Clock, 'sleep'>
  emit: Emit<'poll.not_learned' | 'poll.learning_restarted'>
}

/** A crash loses what was learned in this time. */
const FLUSH_MS = 10 * SECOND

/** What an answer says about the check; null: nothing. */
const STATES: Record<Answer['kind'], 'complete' | 'open' | null> = {
  verdict: 'complete',
  waiting: 'open',
  unknown_status: 'open',
  not_found: 'open',
  invalid_id: null,
  transient: null,
  throttled: null,
  account: null,
  clock: null,
}

export const createPollPlan = ({ store, schedule, clock, emit }: PollPlanDeps): PollPlan => {
  const startedAt = store.now()
  const learners = new Map<string, PollLearner>()
  const loads = new Map<string, typeof NO_LOAD>()
  let nextFlush: AbortController | null = null

  const notLearned = (error: unknown) => emit('poll.not_learned', { error })

  const learnerOf = (accountId: string): PollLearner => {
    const known = learners.get(accountId)
    if (known) return known
    const learner = createPollLearner(schedule)
    learners.set(accountId, learner)
    // The rule holds until the statistics are read.
    store.completionsOf(accountId).then(learner.know).catch(notLearned)
    return learner
  }

  const flushOne = async ([accountId, learner]: [string, PollLearner]) => {
    const lesson = learner.take()
    if (lesson === null) return
    if (lesson.isChange) emit('poll.learning_restarted', { accountId })
    await store.changeCompletions(accountId, lesson)
    learner.know(await store.completionsOf(accountId))
  }
  const flush = async () => {
    nextFlush?.abort()
    nextFlush = null
    await Promise.all([...learners].map(entry => flushOne(entry).catch(notLearned)))
  }
  const flushSoon = () => {
    if (nextFlush) return
    nextFlush = new AbortController()
    clock.sleep(FLUSH_MS, nextFlush.signal).then(flush, () => {})
  }

  /** A late poll shows overload, unless a pause of the account or a restart has delayed it. */
  const weigh = (
    account: { id: string; rampAt: number | null },
    lastPolledAt: number,
    gap: Parameters<typeof afterPoll>[1],
  ) => {
    if (lastPolledAt <= Math.max(startedAt, account.rampAt ?? 0)) return
    loads.set(account.id, afterPoll(loads.get(account.id) ?? NO_LOAD, gap))
  }

  return {
    intervalMs: (accountId, ageMs) =>
      learnerOf(accountId).interval(ageMs) * overloadFactor(loads.get(accountId) ?? NO_LOAD),

    polled: (account, { nudgedAt, lastPolledAt, failures, invalidIds }, { answer, askedAt }) => {
      const state = STATES[answer.kind]
      // Only a poll after one that showed the check open, since the last nudge, says when it was completed.
      if (state === null || failures > 0 || invalidIds > 0 || lastPolledAt === null || lastPolledAt < nudgedAt) return
      const learner = learnerOf(account.id)
      const fromMs = lastPolledAt - nudgedAt
      weigh(account, lastPolledAt, { gapMs: askedAt - lastPolledAt, wantedMs: learner.interval(fromMs) })
      learner.watch({ fromMs, toMs: askedAt - nudgedAt, isComplete: state === 'complete' })
      flushSoon()
    },

    stop: flush,
  }
}
