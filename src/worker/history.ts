import { runBatches } from '../core/batches.ts'
import type { Clock } from '../core/clock.ts'
import { HOUR, MINUTE, SECOND } from '../core/duration.ts'
import { ALL_SERIES, answerIn, arrivalIn, createHistoryCounts, type HistorySum, type Series } from '../core/history.ts'
import type { Store } from '../store/store.ts'
import type { Emit, TelemetryEvent } from '../telemetry/emit.ts'
import { createBackgroundJob } from './background-job.ts'
import { startHeartbeat } from './timers.ts'

/** How soon after its end a minute is written. */
const CHECK_EVERY_MS = 5 * SECOND

/** Answers by which GetResult says nothing of the serial. */
const NO_ANSWERS = new Set<string>(['transient', 'throttled', 'account', 'clock'])

/**
 * Counts the events of this process, and writes each minute once it is over. What cannot be written is kept for the next
 * time, in bounded memory.
 *
 * @param deps.node id of this process
 */
export const openHistory = ({
  store,
  node,
  clock,
  emit,
}: {
  store: Pick<Store, 'now' | 'stats' | 'addHistory'>
  node: string
  clock: Pick<Clock, 'monotonic' | 'sleep'>
  emit: Emit
}) => {
  const counts = createHistoryCounts()
  let sampledIn: number | null = null

  const sample = async () => {
    const { at, accounts, polls, deliveries } = await store.stats()
    const [duePolls, dueWebhooks] = [polls.due, deliveries.due]
    // Old rows are erased when others are written: once an hour at the latest.
    if (duePolls + dueWebhooks > 0 || at % HOUR < MINUTE) counts.add(at, ALL_SERIES, { duePolls, dueWebhooks })
    for (const { id, due } of accounts) if (due > 0) counts.add(at, { ...ALL_SERIES, accountId: id }, { duePolls: due })
  }

  /** Writes the oldest minute, without the one of `now`. */
  const writeOne = async (now: number | null) => {
    const minute = counts.take(now)
    if (minute === null) return { count: 0, hasMore: false }
    try {
      await store.addHistory(node, minute)
    } catch (error) {
      for (const entry of minute.entries) counts.add(minute.at, entry, entry)
      throw error
    }
    return { count: minute.entries.length, hasMore: true }
  }

  const batch = async () => {
    const now = store.now()
    const written = await writeOne(now)
    const minute = Math.floor(now / MINUTE)
    if (sampledIn !== minute) {
      await sample()
      sampledIn = minute
    }
    return written
  }
  const job = createBackgroundJob({ batch, event: 'history', clock, emit })
  const heartbeat = startHeartbeat({ everyMs: CHECK_EVERY_MS, wakeUp: job.wakeUp, clock })

  const count = ({ accountId = '', partnerId = '', host = '' }: Partial<Series>, ...names: readonly HistorySum[]) =>
    counts.count(store.now(), { accountId, partnerId, host }, ...names)

  return {
    /** A listener of events. */
    listen: ({ name, fields }: TelemetryEvent): void => {
      switch (name) {
        case 'registration.answered':
          if (fields.answer === 'created') count(fields, 'registrations')
          break
        case 'verdict.received':
          count(fields, fields.status)
          break
        case 'registration.ended':
          if (fields.end !== 'verdict') count(fields, fields.end)
          break
        case 'poll.answered':
          count(fields, 'polls', answerIn(fields.durationMs))
          if (NO_ANSWERS.has(fields.kind)) count(fields, 'failedPolls')
          break
        case 'delivery.attempted':
          if (fields.outcome !== 'delivered' && fields.outcome !== 'not_sent') count(fields, 'failedAttempts')
          break
        case 'message.delivered':
          if (!fields.resent) count(fields, 'delivered', arrivalIn(fields.ageMs))
          break
        case 'message.exhausted':
          if (!fields.resent) count(fields, 'givenUp')
          break
      }
    },
    /** Writes what is left, also of this minute. For when nothing else happens any more. */
    close: async (): Promise<void> => {
      heartbeat.stop()
      await job.stop()
      await runBatches(() => writeOne(null)).catch(error => emit('history.failed', { error }))
    },
  }
}
