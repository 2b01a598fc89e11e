import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { Check, Day } from './day.ts'

const OPEN_MS = 8 * SECOND

const singles = ({
  kind,
  from,
  to,
  everyMs,
  partner = 0,
}: {
  kind: string
  from: number
  to: number
  everyMs: number
  partner?: number
}): Check[] =>
  Array.from({ length: Math.ceil((to - from) / everyMs) }, (_, n) => {
    const registeredAt = from + n * everyMs
    return { kind, partner, registeredAt, batch: null, completesAt: registeredAt + OPEN_MS }
  })

const batch = ({ at, size, partner = 0 }: { at: number; size: number; partner?: number }): Check[] =>
  Array.from({ length: size }, () => ({
    kind: 'batch',
    partner,
    registeredAt: at,
    batch: 1,
    completesAt: at + OPEN_MS,
  }))

const BATCH_AT = MINUTE
/** The fewest minutes in which 1,000 calls can be made, and some more. */
const BATCH_TO = BATCH_AT + 4 * MINUTE

/** Checks are completed 8 s after their registration. */
export const DAYS: readonly Day[] = [
  {
    name: 'a batch beside singles',
    checks: [
      ...singles({ kind: 'before', from: 0, to: BATCH_AT, everyMs: 10 * SECOND }),
      ...batch({ at: BATCH_AT, size: 1_000 }),
      ...singles({ kind: 'beside', from: BATCH_AT, to: BATCH_TO, everyMs: 10 * SECOND }),
      ...singles({ kind: 'after', from: BATCH_TO + 30 * SECOND, to: BATCH_TO + 10 * MINUTE, everyMs: 10 * SECOND }),
    ],
  },
  {
    name: 'a batch of another partner',
    checks: [
      ...batch({ at: BATCH_AT, size: 1_000 }),
      ...singles({ kind: 'beside', from: BATCH_AT, to: BATCH_TO, everyMs: 10 * SECOND, partner: 1 }),
    ],
  },
  {
    name: 'an outage and its backlog',
    outage: { from: MINUTE, to: 11 * MINUTE },
    checks: [
      ...singles({ kind: 'before', from: 0, to: MINUTE, everyMs: 10 * SECOND }),
      ...singles({ kind: 'during', from: MINUTE, to: 11 * MINUTE, everyMs: SECOND / 2 }),
      ...singles({ kind: 'after', from: 11 * MINUTE, to: 16 * MINUTE, everyMs: 10 * SECOND }),
    ],
  },
]
