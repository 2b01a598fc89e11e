import { MINUTE } from '../core/duration.ts'
import type { Gauge } from '../core/figures.ts'
import type { HistoryPoint, Stats, Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { EventCounts } from '../telemetry/event-counts.ts'

export interface HistoryRecorder {
  /** Notes that this process has begun its work. */
  begin(version: string): void
  /** Call it each second: when a minute is over, it is recorded. */
  look(): void
  /** Records what has been counted until now. */
  stop(): Promise<void>
}

const gaugesOf = ({ at, polls, deliveries }: Stats): Record<Gauge, number> => ({
  polls_due: polls.due,
  polls_oldest_ms: polls.oldestDueAt === null ? 0 : at - polls.oldestDueAt,
  deliveries_due: deliveries.due,
  deliveries_oldest_ms: deliveries.oldestDueAt === null ? 0 : at - deliveries.oldestDueAt,
})

/** Writes into the history what this process has counted, a minute at a time, and how much waited at its end. */
export const createHistoryRecorder = ({
  store,
  counts,
  emit,
}: {
  store: Pick<Store, 'now' | 'stats' | 'addHistory' | 'addStart'>
  counts: Pick<EventCounts, 'take' | 'putBack'>
  emit: Emit<'history.failed'>
}): HistoryRecorder => {
  const minuteOf = (at: number) => at - (at % MINUTE)
  let minute = minuteOf(store.now())
  let beginning: Promise<void> | null = null
  let writing: Promise<void> | null = null

  /** `over`: the minute that has ended, which is recorded also where nothing happened; its absence tells that nobody counted. */
  const record = async (over: number | null): Promise<void> => {
    const taken = counts.take()
    try {
      const maxima = over === null ? {} : gaugesOf(await store.stats())
      const counted = taken.map((one): HistoryPoint => ({ ...one, maxima: {} }))
      const points = over === null ? counted : [...counted, { at: over, sums: {}, maxima }]
      if (points.length > 0) await store.addHistory(points)
    } catch (error) {
      counts.putBack(taken)
      emit('history.failed', { error })
    } finally {
      writing = null
    }
  }

  return {
    begin: version => {
      beginning = store
        .addStart({ at: store.now(), version })
        .catch((error: unknown) => emit('history.failed', { error }))
    },
    look: () => {
      const now = minuteOf(store.now())
      if (now === minute || writing !== null) return
      const over = minute
      minute = now
      writing = record(over)
    },
    stop: async () => {
      await beginning
      await writing
      await record(null)
    },
  }
}
