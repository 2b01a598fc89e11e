import { SECOND } from '../core/duration.ts'

/** So long may it take until the outcome is recorded. */
const RECORD_MS = 5 * SECOND

/**
 * How long a claim holds what it hands out.
 *
 * @param calls how many may be made one after another for one item, each within `timeoutMs`
 */
export const leaseFor = (calls: number, timeoutMs: number): number => calls * timeoutMs + RECORD_MS
