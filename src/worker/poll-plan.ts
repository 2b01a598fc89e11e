import { type Answer, checkStateOf } from '../core/answer.ts'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { createPollLearner, type PollLearner } from '../core/polling/learner.ts'
import type { PollSchedule } from '../core/polling/schedule.ts'
import type { Store } from '../store/store.ts'
import type { ClaimedVerification } from '../store/verifications/verification.ts'
import { startHeartbeat } from './timers.ts'

export type PollPlan = ReturnType<typeof createPollPlan>

type PolledVerification = Pick<ClaimedVerification, 'nudgedAt' | 'lastPolledAt' | 'failures' | 'invalidIds'>
interface Polled {
  answer: Answer
  askedAt: number
}

interface PollPlanDeps {
  store: Pick<Store, 'changeCompletions' | 'completionsOf'>
  schedule: PollSchedule
  clock: Pick<Clock, 'sleep'>
}

/** Interval between writes of the statistics; a crash loses this much. */
const FLUSH_MS = 10 * SECOND

/** Learns from the polls of each account when to poll it next. */
export const createPollPlan = ({ store, schedule, clock }: PollPlanDeps) => {
  const learners = new Map<string, PollLearner>()

  const learnerOf = (accountId: string): PollLearner => {
    const existing = learners.get(accountId)
    if (existing) return existing
    const learner = createPollLearner(schedule)
    learners.set(accountId, learner)
    // The schedule's rule applies until the statistics are read, and if they cannot be read.
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
    // One after the other: each computes a schedule, which blocks the event loop.
    for (const entry of learners) await flushOne(entry).catch(() => {})
  }
  const heartbeat = startHeartbeat({ everyMs: FLUSH_MS, wakeUp: flush, clock })

  return {
    /** Returns how long to wait after a poll at this age, in ms, within the schedule's bounds. */
    intervalMs: (accountId: string, ageMs: number): number => learnerOf(accountId).interval(ageMs),

    /** Call for every answer of GetResult. */
    polled: (accountId: string, verification: PolledVerification, { answer, askedAt }: Polled): void => {
      const { nudgedAt, lastPolledAt, failures, invalidIds } = verification
      const state = checkStateOf(answer)
      // The time of completion is known only if the previous poll, since the last nudge, found the check open.
      if (state === null || failures > 0 || invalidIds > 0 || lastPolledAt === null || lastPolledAt < nudgedAt) return
      const span = { fromMs: lastPolledAt - nudgedAt, toMs: askedAt - nudgedAt }
      learnerOf(accountId).watch({ ...span, isComplete: state === 'complete' })
    },

    /** Writes the statistics that are not written yet. */
    stop: (): Promise<void> => {
      heartbeat.stop()
      return flush()
    },
  }
}
