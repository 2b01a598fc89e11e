import { type Answer, checkStateOf } from '../core/answer.ts'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { createPollLearner, type PollLearner } from '../core/polling/learner.ts'
import type { PollSchedule } from '../core/polling/schedule.ts'
import type { Store } from '../store/store.ts'
import type { ClaimedVerification } from '../store/verifications/verification.ts'
import { startHeartbeat } from './timers.ts'

export type PollPlan = ReturnType<typeof createPollPlan>

type Asked = Pick<ClaimedVerification, 'nudgedAt' | 'lastPolledAt' | 'failures' | 'invalidIds'>
interface Polled {
  answer: Answer
  askedAt: number
}

interface PollPlanDeps {
  store: Pick<Store, 'changeCompletions' | 'completionsOf'>
  schedule: PollSchedule
  clock: Pick<Clock, 'sleep'>
}

/** A crash loses what was learned in this time. */
const FLUSH_MS = 10 * SECOND

/** Learns from the polls of each account when to poll it next. */
export const createPollPlan = ({ store, schedule, clock }: PollPlanDeps) => {
  const learners = new Map<string, PollLearner>()

  const learnerOf = (accountId: string): PollLearner => {
    const known = learners.get(accountId)
    if (known) return known
    const learner = createPollLearner(schedule)
    learners.set(accountId, learner)
    // The rule holds until the statistics are read, and where they cannot be.
    store
      .completionsOf(accountId)
      .then(learner.know)
      .catch(() => {})
    return learner
  }

  const flushOne = async ([accountId, learner]: [string, PollLearner]) => {
    const lesson = learner.take()
    if (lesson === null) return
    await store.changeCompletions(accountId, lesson)
    learner.know(await store.completionsOf(accountId))
  }
  const flush = async () => {
    // One after the other: each computes a schedule, and the event loop waits for that.
    for (const entry of learners) await flushOne(entry).catch(() => {})
  }
  const heartbeat = startHeartbeat({ everyMs: FLUSH_MS, ring: flush, clock })

  return {
    /** How long to wait after a poll at this age, within the schedule's bounds. */
    intervalMs: (accountId: string, ageMs: number): number => learnerOf(accountId).interval(ageMs),

    /** Call it for every answer of upstream. */
    polled: (accountId: string, asked: Asked, { answer, askedAt }: Polled): void => {
      const { nudgedAt, lastPolledAt, failures, invalidIds } = asked
      const state = checkStateOf(answer)
      // Only a poll after one that showed the check open, since the last nudge, says when it was completed.
      if (state === null || failures > 0 || invalidIds > 0 || lastPolledAt === null || lastPolledAt < nudgedAt) return
      const span = { fromMs: lastPolledAt - nudgedAt, toMs: askedAt - nudgedAt }
      learnerOf(accountId).watch({ ...span, isComplete: state === 'complete' })
    },

    /** Writes what is learned and not written yet. */
    stop: (): Promise<void> => {
      heartbeat.stop()
      return flush()
    },
  }
}
