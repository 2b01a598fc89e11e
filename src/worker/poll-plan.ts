import type { Answer } from '../core/answer.ts'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { createPollLearner, type PollLearner } from '../core/polling/learner.ts'
import { afterPoll, NO_LOAD, overloadFactor } from '../core/polling/overload.ts'
import type { PollSchedule } from '../core/polling/schedule.ts'
import type { ClaimedAccount, ClaimedVerification, Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'

/** Learns from the polls of each account when its next ones are best made. */
export interface PollPlan {
  /** How long to wait after a poll at this age: within the schedule's bounds, and longer only where the rate does not suffice. */
  intervalMs(accountId: string, ageMs: number): number
  /** To be told of every call to upstream, once it is answered. */
  polled(account: Pick<ClaimedAccount, 'id' | 'rampAt'>, verification: Asked, poll: Polled): void
  /** Writes what has been learned lately. */
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

/** What a crash may lose: some seconds of statistics. */
const FLUSH_MS = 10 * SECOND

/** What an answer says about the check; the others say nothing about it. */
const STATES: Partial<Record<Answer['kind'], 'complete' | 'open'>> = {
  verdict: 'complete',
  waiting: 'open',
  unknown_status: 'open',
  not_found: 'open',
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
    // Until they are read the rule holds.
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
    await Promise.all([...learners].map(one => flushOne(one).catch(notLearned)))
  }
  const flushSoon = () => {
    if (nextFlush) return
    nextFlush = new AbortController()
    clock.sleep(FLUSH_MS, nextFlush.signal).then(flush, () => {})
  }

  /** How late it came says something about the load only if nothing but the load has kept it waiting. */
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
      // The poll before must have shown the check open, since the last hint: the first poll's verdict is no schedule's merit.
      if (!state || failures > 0 || invalidIds > 0 || lastPolledAt === null || lastPolledAt < nudgedAt) return
      const learner = learnerOf(account.id)
      const fromMs = lastPolledAt - nudgedAt
      weigh(account, lastPolledAt, { gapMs: askedAt - lastPolledAt, wantedMs: learner.interval(fromMs) })
      learner.watch({ fromMs, toMs: askedAt - nudgedAt, isComplete: state === 'complete' })
      flushSoon()
    },

    stop: flush,
  }
}
