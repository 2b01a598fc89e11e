import { afterLookup, afterSerial, type Conduct, NO_CONDUCT } from '../../core/enumeration.ts'
import type { Log } from '../../telemetry/log.ts'

export interface Suspicion {
  /** The partner has newly registered a serial, or one that is not its own. */
  serial(partnerId: string, serial: { idcardid: string; isOthers: boolean }): void
  /** Upstream has shown a serial of the partner, or still does not know it after some polls; once a serial. */
  lookup(partnerId: string, isNotFound: boolean): void
  /** For how many ms more the partner may call only once a second; 0: it may call as usual. */
  slowedForMs(partnerId: string): number
}

const MOST_PARTNERS = 10_000

/** Watches for partners who try out serials that are not theirs, tells the operator, and says whom to slow down. */
export const createSuspicion = ({ now, log }: { now: () => number; log: Pick<Log, 'warn'> }): Suspicion => {
  const conducts = new Map<string, Conduct>()

  const change = (
    partnerId: string,
    sign: 'serials_in_sequence' | 'serials_unknown',
    next: Conduct,
    before: Conduct,
  ) => {
    if (conducts.size >= MOST_PARTNERS && !conducts.has(partnerId)) conducts.clear()
    conducts.set(partnerId, next)
    // More of the same makes it last longer and is nothing new.
    const isNew = (until: keyof Conduct & `${string}Until`) => next[until] > before[until] && before[until] <= now()
    if (!isNew('suspectedUntil') && !isNew('slowedUntil')) return
    const slowedUntil = next.slowedUntil > now() ? new Date(next.slowedUntil).toISOString() : null
    log.warn('partner.suspected', { partnerId, sign, slowedUntil })
  }
  const of = (partnerId: string): Conduct => conducts.get(partnerId) ?? NO_CONDUCT

  return {
    serial: (partnerId, serial) => {
      const before = of(partnerId)
      change(partnerId, 'serials_in_sequence', afterSerial(before, serial, now()), before)
    },
    lookup: (partnerId, isNotFound) => {
      const before = of(partnerId)
      change(partnerId, 'serials_unknown', afterLookup(before, isNotFound, now()), before)
    },
    slowedForMs: partnerId => Math.max(0, of(partnerId).slowedUntil - now()),
  }
}
