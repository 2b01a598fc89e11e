import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Emit } from '../../telemetry/emit.ts'
import { createBuckets } from '../rates.ts'

export interface EnumerationGuard {
  /** The partner has named a serial that belongs to another partner. */
  recordConflict(partnerId: string): void
  /** The upstream has shown a serial of the partner, or still does not know it after several polls. Called once a serial. */
  recordLookup(partnerId: string, isNotFound: boolean): void
  /** How many ms longer the partner may call only once a second; 0: it is not slowed down. */
  slowedForMs(partnerId: string): number
}

const SLOWED_MS = 10 * MINUTE
/** Of serials that are not the partner's, or that upstream does not know: so many at once, and so many in ten minutes. */
const GUESSES = { rate: (60 * SECOND) / SLOWED_MS, burst: 60 }
/** A serial that upstream knows gives so many back: only a partner is slowed down of whose serials it does not know four in five. */
const GIVEN_BACK = 4
const TOLD = { rate: SECOND / SLOWED_MS, burst: 1 }

/**
 * Notices partners that enumerate serials, and tells the operator: from what this process sees, and for its own calls. Whoever names
 * mostly unknown serials is slowed down. Whoever names those of others is not: another may have claimed its serials.
 */
export const createEnumerationGuard = ({
  now,
  emit,
}: {
  /** Epoch ms. */
  now: () => number
  emit: Emit<'partner.suspected'>
}): EnumerationGuard => {
  const take = createBuckets({ now })
  /** By partner; only those that were suspected. */
  const slowedUntil = new Map<string, number>()

  const tell = (partnerId: string, sign: 'serials_taken' | 'serials_unknown', until: number | null) => {
    if (take(`told ${sign} ${partnerId}`, TOLD) !== null) return
    emit('partner.suspected', { partnerId, sign, slowedUntil: until === null ? null : new Date(until).toISOString() })
  }

  return {
    recordConflict: partnerId => {
      if (take(`taken ${partnerId}`, GUESSES) !== null) tell(partnerId, 'serials_taken', null)
    },
    recordLookup: (partnerId, isNotFound) => {
      if (take(`unknown ${partnerId}`, { ...GUESSES, count: isNotFound ? 1 : -GIVEN_BACK }) === null) return
      const until = now() + SLOWED_MS
      slowedUntil.set(partnerId, until)
      tell(partnerId, 'serials_unknown', until)
    },
    slowedForMs: partnerId => Math.max(0, (slowedUntil.get(partnerId) ?? 0) - now()),
  }
}
