import { DELIVERIES_HELD } from '../facts.ts'
import type { Store } from '../store.ts'
import { stopClaims } from './claim-stop.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { findFact, putFact, removeFact } from './facts.ts'

type Verbs = Pick<Store, 'holdDeliveries' | 'resumeDeliveries' | 'deliveriesHeldAt'>

/** Since when no message is claimed; null: they are. It stands in the database, so it holds for each node and after each restart. */
export const heldAt = (tx: Tx): Promise<number | null> => findFact(tx, DELIVERIES_HELD)

export const createDeliveriesHold = ({ read, write, tell }: Pick<Context, 'read' | 'write' | 'tell'>): Verbs => ({
  holdDeliveries: () =>
    write(async tx => {
      await stopClaims(tx)
      if ((await heldAt(tx)) === null) await putFact(tx, DELIVERIES_HELD, tx.at)
    }),
  resumeDeliveries: async () => {
    await write(tx => removeFact(tx, DELIVERIES_HELD))
    tell([['messagesDue']])
  },
  deliveriesHeldAt: () => read(heldAt),
})
