import { runBatches } from '../core/batches.ts'
import type { Clock } from '../core/clock.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import { ALL_SERIES, answerIn, arrivalIn, createHistoryCounts } from '../core/history.ts'
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
  const thisMinute = () => Math.floor(store.now() / MINUTE)
  let sampledIn: number | null = null

  const sample = async () => {
    const { at, accounts, polls, deliveries } = await store.stats()
    const [duePolls, dueWebhooks] = [polls.due, deliveries.due]
    if (duePolls + dueWebhooks > 0) counts.add(at, ALL_SERIES, { duePolls, dueWebhooks })
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
    const minute = thisMinute()
    if (sampledIn !== minute) {
      await sample()
      sampledIn = minute
    }
    return writeOne(store.now())
  }
  const job = createBackgroundJob({ batch, event: 'history', clock, emit })
  const wakeUp = () => {
    if (sampledIn !== thisMinute() || counts.hasEnded(store.now())) job.wakeUp()
  }
  const heartbeat = startHeartbeat({ everyMs: CHECK_EVERY_MS, wakeUp, clock })

  return {
    /** A listener of events. */
    listen: (event: TelemetryEvent): void => {
      switch (event.name) {
        case 'registration.answered': {
          const { answer, partnerId } = event.fields
          if (answer === 'created') counts.count(store.now(), { ...ALL_SERIES, partnerId }, 'registrations')
          break
        }
        case 'verdict.received': {
          const { status, partnerId } = event.fields
          counts.count(store.now(), { ...ALL_SERIES, partnerId }, status)
          break
        }
        case 'registration.ended': {
          const { end, partnerId } = event.fields
          if (end !== 'verdict') counts.count(store.now(), { ...ALL_SERIES, partnerId }, end)
          break
        }
        case 'poll.answered': {
          const { accountId, kind, durationMs } = event.fields
          const answered = answerIn(durationMs)
          if (NO_ANSWERS.has(kind))
            counts.count(store.now(), { ...ALL_SERIES, accountId }, 'polls', 'failedPolls', answered)
          else counts.count(store.now(), { ...ALL_SERIES, accountId }, 'polls', answered)
          break
        }
        case 'delivery.attempted': {
          const { outcome, partnerId, host } = event.fields
          if (outcome !== 'delivered' && outcome !== 'not_sent')
            counts.count(store.now(), { accountId: '', partnerId, host }, 'failedAttempts')
          break
        }
        case 'message.delivered': {
          const { ageMs, partnerId, host } = event.fields
          counts.count(store.now(), { accountId: '', partnerId, host }, 'delivered', arrivalIn(ageMs))
          break
        }
        case 'message.exhausted': {
          const { partnerId, host } = event.fields
          counts.count(store.now(), { accountId: '', partnerId, host }, 'givenUp')
          break
        }
      }
    },
    wakeUp,
    /** Writes what is left, also of this minute. For when nothing else happens any more. */
    close: async (): Promise<void> => {
      heartbeat.stop()
      await job.stop()
      await runBatches(() => writeOne(null)).catch(error => emit('history.failed', { error }))
    },
  }
}
