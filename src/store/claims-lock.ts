import type { Tx } from './tx.ts'

const CLAIMS = 'claims'

/** Begins a claim. A transaction that forbids claims has committed by then, or waits until this claim ends. */
export const beginClaim = (tx: Tx): Promise<void> => tx.lock([CLAIMS], 'shared')

/** Waits for running claims and stops new ones: after the commit, nothing is claimed that the transaction forbids. */
export const stopClaims = (tx: Tx): Promise<void> => tx.lock([CLAIMS])
