import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Emit } from '../../telemetry/emit.ts'
import { createBuckets } from '../rates.ts'

export interface EnumerationGuard {
  /** Records that the partner has named a serial of another partner. */
  recordConflict(partnerId: string): void
  /** Records that upstream knows a serial of the partner, or does not after several polls. Called once a serial. */
  recordLookup(partnerId: string, isNotFound: boolean): void
  /** Returns for how many ms more the partner may call only once a second; 0 if it is not slowed down. */
  slowedForMs(partnerId: string): number
}

const SLOWED_MS = 10 * MINUTE
/** Serials of others, or unknown to upstream, that a partner may name: 60 at once, and 60 in ten minutes. */
const GUESSES = { rate: (60 * SECOND) / SLOWED_MS, burst: 60 }
/** Tokens that a serial known to upstream gives back: a partner is slowed down above four unknown serials in five. */
const GIVEN_BACK = 4
const SUSPECTED_RATE = { rate: SECOND / SLOWED_MS, burst: 1 }

/**
 * Detects partners that enumerate serials and emits `partner.suspected`. It sees only this process's calls and polls,
 * and slows down only calls to it. A partner that names mostly unknown serials is slowed down. One that names serials
 * of others is not: another partner may have claimed its serials.
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
  /** End of the slowdown (epoch ms), by partner. */
  const slowedUntil = new Map<string, number>()

  const emitSuspected = (partnerId: string, sign: 'serials_taken' | 'serials_unknown', until: number | null) => {
    if (take(`told ${sign} ${partnerId}`, SUSPECTED_RATE) !== null) return
    emit('partner.suspected', { partnerId, sign, slowedUntil: until === null ? null : new Date(until).toISOString() })
  }

  return {
    recordConflict: partnerId => {
      if (take(`taken ${partnerId}`, GUESSES) !== null) emitSuspected(partnerId, 'serials_taken', null)
    },
    recordLookup: (partnerId, isNotFound) => {
      if (take(`unknown ${partnerId}`, { ...GUESSES, count: isNotFound ? 1 : -GIVEN_BACK }) === null) return
      const until = now() + SLOWED_MS
      slowedUntil.set(partnerId, until)
      emitSuspected(partnerId, 'serials_unknown', until)
    },
    slowedForMs: partnerId => Math.max(0, (slowedUntil.get(partnerId) ?? 0) - now()),
  }
}
