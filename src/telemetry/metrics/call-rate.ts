import { MINUTE, SECOND } from '../../core/duration.ts'

const SLOT_MS = 5 * SECOND
const SLOTS = MINUTE / SLOT_MS

/** Counts the calls of each account in the last minute, to within 5 s. There are as many accounts as have a label. */
export const createCallRate = (monotonic: () => number) => {
  /** By account: the count of each slot, in a ring, and which slot was counted last. */
  const calls = new Map<string, { counts: number[]; last: number }>()
  const slotNow = () => Math.floor(monotonic() / SLOT_MS)

  const forward = (account: string) => {
    const now = slotNow()
    const counted = calls.get(account) ?? { counts: new Array<number>(SLOTS).fill(0), last: now }
    calls.set(account, counted)
    for (let slot = Math.max(counted.last, now - SLOTS) + 1; slot <= now; slot++) counted.counts[slot % SLOTS] = 0
    counted.last = now
    return counted.counts
  }

  return {
    called: (account: string): void => {
      const counts = forward(account)
      const slot = slotNow() % SLOTS
      counts[slot] = (counts[slot] ?? 0) + 1
    },
    inLastMinute: (account: string): number =>
      calls.has(account) ? forward(account).reduce((sum, count) => sum + count, 0) : 0,
  }
}
