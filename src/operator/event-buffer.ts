import { type Observation, subjectKey } from '../core/alert.ts'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'

/** Maximum number of notes kept; reached only while the database cannot be written. */
const MAX_PENDING = 1_000
/** Interval of writes: many notes a second of one condition become one row. */
const GAP_MS = SECOND / 2

/** A message given up at another host is notified at once, so it is not merged away. */
const keyOf = (note: Observation): string =>
  note.condition === 'message.exhausted' ? `${subjectKey(note)} ${note.details?.host}` : subjectKey(note)

export const createEventBuffer = (deps: {
  store: Pick<Store, 'noteAlerts'>
  clock: Pick<Clock, 'sleep'>
  emit: Emit<'operator_event.ended'>
}) => {
  const { store, clock, emit } = deps
  const pending = new Map<string, Observation>()
  const stopping = new AbortController()

  const keep = (note: Observation) => {
    const key = keyOf(note)
    const prior = pending.get(key)
    if (prior || pending.size < MAX_PENDING) pending.set(key, prior ? { ...note, adds: prior.adds + note.adds } : note)
    else emit('operator_event.ended', { type: note.condition, outcome: 'dropped' })
  }

  const write = async (): Promise<void> => {
    if (pending.size === 0) return
    const notes = [...pending.values()]
    pending.clear()
    try {
      const { merged, dropped } = await store.noteAlerts(notes)
      for (const type of merged) emit('operator_event.ended', { type, outcome: 'merged' })
      for (const type of dropped) emit('operator_event.ended', { type, outcome: 'dropped' })
    } catch {
      // The watch reports that nothing can be written. Newer notes come after the kept ones.
      const later = [...pending.values()]
      pending.clear()
      for (const note of [...notes, ...later]) keep(note)
    }
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await clock.sleep(GAP_MS, stopping.signal).catch(() => {})
      await write()
    }
  }
  const running = run()

  return {
    /** Keeps a note until it is written. Later notes of the same condition add to it, and an end replaces it. */
    note: (note: Observation): void => {
      keep(note)
      // Other roles may still note something.
      if (stopping.signal.aborted) void write()
    },
    /** Writes the notes that are left. */
    stop: async (): Promise<void> => {
      stopping.abort()
      await running
      await write()
    },
  }
}
