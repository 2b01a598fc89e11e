import type { Tx } from './connection.ts'

const CLAIMS = 'claims'

/** A claim begins with it: what keeps it from claiming something is committed before, or comes after its end. */
export const beginClaim = (tx: Tx): Promise<void> => tx.lock([CLAIMS], 'shared')

/** Waits for the end of claims under way; the others come after the transaction. So nothing is claimed that it forbids, once it is committed. */
export const stopClaims = (tx: Tx): Promise<void> => tx.lock([CLAIMS])
