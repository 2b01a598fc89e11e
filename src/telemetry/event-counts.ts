import { MINUTE } from '../core/duration.ts'
import { lagName } from '../core/figures.ts'
import type { Listener, TelemetryEvent } from './emit.ts'
import { attemptOutcomeOf, pollAnswerOf } from './metrics/outcomes.ts'

/** What was counted in a minute. */
export interface CountedMinute {
  /** When it began, in epoch ms. */
  at: number
  sums: Record<string, number>
}

/** So many minutes are kept for whoever takes them; older ones are forgotten. */
const MOST_MINUTES = 60

/** The names by which an event is counted: those of core/figures.ts. */
const namesOf = ({ name, fields }: TelemetryEvent): readonly string[] => {
  switch (name) {
    case 'registration.answered':
      return [`registrations.${fields.answer}`]
    case 'poll.answered':
      return [`polls.${pollAnswerOf(fields)}`]
    case 'verdict.found':
      return [`verdicts.${fields.status}`, ...(fields.lagMs === null ? [] : [lagName('detection_lag', fields.lagMs)])]
    case 'registration.ended':
      return fields.reason === null ? [] : [`unresolved.${fields.reason}`]
    case 'delivery.attempted': {
      if (fields.outcome === 'not_sent') return []
      const lag = fields.origin === 'first' ? [lagName('delivery_lag', fields.lagMs)] : []
      return [`attempts.${attemptOutcomeOf(fields)}`, ...lag]
    }
    case 'message.delivered':
      return ['messages.delivered']
    case 'message.exhausted':
      return [`messages.${fields.end}`]
    default:
      return []
  }
}

/** Counts events by the minute in which they happen, for the history. */
export const createEventCounts = (now: () => number) => {
  const minutes = new Map<number, Record<string, number>>()

  const sumsOf = (minute: number): Record<string, number> => {
    const known = minutes.get(minute)
    if (known) return known
    const [oldest] = minutes.size >= MOST_MINUTES ? minutes.keys() : []
    if (oldest !== undefined) minutes.delete(oldest)
    const sums = {}
    minutes.set(minute, sums)
    return sums
  }
  const listen: Listener = event => {
    const names = namesOf(event)
    if (names.length === 0) return
    const at = now()
    const sums = sumsOf(at - (at % MINUTE))
    for (const name of names) sums[name] = (sums[name] ?? 0) + 1
  }

  return {
    listen,
    /** Gives what was counted and begins anew. */
    take: (): CountedMinute[] => {
      const taken = [...minutes].map(([at, sums]) => ({ at, sums }))
      minutes.clear()
      return taken
    },
    /** Puts back what was taken and could not be kept. */
    putBack: (taken: readonly CountedMinute[]): void => {
      for (const { at, sums } of taken) {
        const all = sumsOf(at)
        for (const [name, count] of Object.entries(sums)) all[name] = (all[name] ?? 0) + count
      }
    },
  }
}

export type EventCounts = ReturnType<typeof createEventCounts>
