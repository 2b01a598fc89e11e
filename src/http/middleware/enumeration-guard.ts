import {
  afterLookup,
  afterSerial,
  type EnumerationState,
  NO_ENUMERATION,
  NO_SEQUENCE,
  type SerialSequence,
} from '../../core/enumeration.ts'
import type { Emit } from '../../telemetry/emit.ts'

export interface EnumerationGuard {
  /** The partner has registered new serials, or tried to register some that belong to other partners. */
  recordSerials(partnerId: string, idcardids: readonly string[]): void
  /** The upstream has shown a serial of the partner, or still does not know it after several polls. Called once a serial. */
  recordLookup(partnerId: string, isNotFound: boolean): void
  /** How many ms longer the partner may call only once a second; 0: it is not slowed down. */
  slowedForMs(partnerId: string): number
}

interface EnumerationGuardDeps {
  /** Epoch ms. */
  now: () => number
  emit: Emit<'partner.suspected'>
}

/** What is known of all partners is forgotten when it would be of more. */
const MOST_PARTNERS = 10_000

const createStates = <State>(initial: State) => {
  const states = new Map<string, State>()
  return {
    get: (partnerId: string): State => states.get(partnerId) ?? initial,
    set: (partnerId: string, state: State): void => {
      if (states.size >= MOST_PARTNERS && !states.has(partnerId)) states.clear()
      states.set(partnerId, state)
    },
  }
}

/**
 * Notices partners that enumerate serials, warns the operator, and says who is to be slowed down: from what this process sees, and for
 * its own calls.
 */
export const createEnumerationGuard = ({ now, emit }: EnumerationGuardDeps): EnumerationGuard => {
  const sequences = createStates<SerialSequence>(NO_SEQUENCE)
  const lookups = createStates<EnumerationState>(NO_ENUMERATION)

  const slowedForMs = (partnerId: string): number => Math.max(0, lookups.get(partnerId).slowedUntil - now())

  return {
    recordSerials: (partnerId, idcardids) => {
      for (const idcardid of idcardids) {
        const before = sequences.get(partnerId)
        const after = afterSerial(before, idcardid, now())
        sequences.set(partnerId, after)
        // A suspicion that is only prolonged is not reported again.
        const isNew = after.suspectedUntil > before.suspectedUntil && before.suspectedUntil <= now()
        if (isNew && slowedForMs(partnerId) === 0)
          emit('partner.suspected', { partnerId, sign: 'serials_in_sequence', slowedUntil: null })
      }
    },
    recordLookup: (partnerId, isNotFound) => {
      const wasSlowed = slowedForMs(partnerId) > 0
      const after = afterLookup(lookups.get(partnerId), isNotFound, now())
      lookups.set(partnerId, after)
      if (wasSlowed || slowedForMs(partnerId) === 0) return
      const slowedUntil = new Date(after.slowedUntil).toISOString()
      emit('partner.suspected', { partnerId, sign: 'serials_unknown', slowedUntil })
    },
    slowedForMs,
  }
}
