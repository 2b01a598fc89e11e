import {
  afterConflict,
  afterLookup,
  afterSerial,
  type EnumerationState,
  NO_ENUMERATION,
} from '../../core/enumeration.ts'
import type { Emit } from '../../telemetry/emit.ts'

export interface EnumerationGuard {
  /** The partner has registered a new serial, or tried to register one that belongs to another partner. */
  recordSerial(partnerId: string, serial: { idcardid: string; isForeign: boolean }): void
  /** The upstream has shown a serial of the partner, or still does not know it after several polls. Called once a serial. */
  recordLookup(partnerId: string, isNotFound: boolean): void
  /** How many ms longer the partner may call only once a second; 0: it is not slowed down. */
  slowedForMs(partnerId: string): number
}

interface EnumerationGuardDeps {
  now: () => number
  emit: Emit<'partner.suspected'>
}

type Sign = 'serials_in_sequence' | 'serials_of_others' | 'serials_unknown'

/** The states of all partners are forgotten when there would be more. */
const MOST_PARTNERS = 10_000

/** Notices partners that enumerate serials, warns the operator, and says who is to be slowed down. */
export const createEnumerationGuard = ({ now, emit }: EnumerationGuardDeps): EnumerationGuard => {
  const states = new Map<string, EnumerationState>()
  const stateOf = (partnerId: string): EnumerationState => states.get(partnerId) ?? NO_ENUMERATION

  const save = (partnerId: string, next: EnumerationState) => {
    if (states.size >= MOST_PARTNERS && !states.has(partnerId)) states.clear()
    states.set(partnerId, next)
  }
  const warnOfChange = (
    sign: Sign,
    { partnerId, before, next }: { partnerId: string; before: EnumerationState; next: EnumerationState },
  ) => {
    // A suspicion that is only prolonged is not reported again.
    const isNew = (until: 'suspectedUntil' | 'slowedUntil') => next[until] > before[until] && before[until] <= now()
    if (!isNew('suspectedUntil') && !isNew('slowedUntil')) return
    const slowedUntil = next.slowedUntil > now() ? new Date(next.slowedUntil).toISOString() : null
    emit('partner.suspected', { partnerId, sign, slowedUntil })
  }

  return {
    recordSerial: (partnerId, { idcardid, isForeign }) => {
      const before = stateOf(partnerId)
      const named = afterSerial(before, idcardid, now())
      const next = isForeign ? afterConflict(named, idcardid, now()) : named
      save(partnerId, next)
      const sign = next.slowedUntil > named.slowedUntil ? 'serials_of_others' : 'serials_in_sequence'
      warnOfChange(sign, { partnerId, before, next })
    },
    recordLookup: (partnerId, isNotFound) => {
      const before = stateOf(partnerId)
      const next = afterLookup(before, isNotFound, now())
      save(partnerId, next)
      warnOfChange('serials_unknown', { partnerId, before, next })
    },
    slowedForMs: partnerId => Math.max(0, stateOf(partnerId).slowedUntil - now()),
  }
}
