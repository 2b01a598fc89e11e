import type { Tx } from './tx.ts'

const CLAIMS = 'claims'

/** Each claim begins with it: what forbids to claim something has been committed by then, or waits until the claim has ended. */
export const beginClaim = (tx: Tx): Promise<void> => tx.lock([CLAIMS], 'shared')

/** Waits for claims that are under way, and lets others wait: once the transaction is committed, nothing is claimed that it forbids. */
export const stopClaims = (tx: Tx): Promise<void> => tx.lock([CLAIMS])
