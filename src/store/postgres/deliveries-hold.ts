import type { Store } from '../store.ts'
import { stopClaims } from './claim-stop.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { findFact, putFact, removeFact } from './facts.ts'

type Verbs = Pick<Store, 'holdDeliveries' | 'resumeDeliveries' | 'deliveriesHeldAt'>

const HELD = 'deliveries_held'

/** Since when no message is claimed; null: they are. It stands in the database, so it holds for each node and after each restart. */
export const heldAt = async (tx: Tx): Promise<number | null> => {
  const text = await findFact(tx, HELD)
  return text === null ? null : Number(text)
}

export const createDeliveriesHold = ({ read, write, tell }: Pick<Context, 'read' | 'write' | 'tell'>): Verbs => ({
  holdDeliveries: () =>
    write(async tx => {
      await stopClaims(tx)
      if ((await heldAt(tx)) === null) await putFact(tx, HELD, String(tx.at))
    }),
  resumeDeliveries: async () => {
    await write(tx => removeFact(tx, HELD))
    tell([['messagesDue']])
  },
  deliveriesHeldAt: () => read(heldAt),
})
