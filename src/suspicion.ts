import { afterLookup, afterSerial, type Conduct, NO_CONDUCT } from './core/suspicion.ts'
import type { Log } from './log.ts'

export interface Suspicion {
  /** The partner has newly registered a serial, or one that is not its own. */
  serial(partnerId: string, idcardid: string): void
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
    // While it is slow, more of the same makes it slow for longer and is nothing new.
    if (next.slowedUntil > before.slowedUntil && before.slowedUntil <= now())
      log.warn('partner.suspected', { partnerId, sign, slowedUntil: new Date(next.slowedUntil).toISOString() })
  }
  const of = (partnerId: string): Conduct => conducts.get(partnerId) ?? NO_CONDUCT

  return {
    serial: (partnerId, idcardid) => {
      const before = of(partnerId)
      change(partnerId, 'serials_in_sequence', afterSerial(before, idcardid, now()), before)
    },
    lookup: (partnerId, isNotFound) => {
      const before = of(partnerId)
      change(partnerId, 'serials_unknown', afterLookup(before, isNotFound, now()), before)
    },
    slowedForMs: partnerId => Math.max(0, of(partnerId).slowedUntil - now()),
  }
}
