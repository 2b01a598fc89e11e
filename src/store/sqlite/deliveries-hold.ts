import type Database from 'better-sqlite3'
import { DELIVERIES_HELD } from '../facts.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { prepareFacts } from './facts.ts'
import { onceForClient } from './once.ts'

type Verbs = Pick<Store, 'holdDeliveries' | 'resumeDeliveries' | 'deliveriesHeldAt'>

/** Whether messages may be claimed. It stands in the database, so it holds for each process and after each restart. */
export const prepareHold = onceForClient((client: Database.Database) => {
  const facts = prepareFacts(client)
  const heldAt = (): number | null => facts.find(DELIVERIES_HELD)
  return {
    heldAt,
    hold: (at: number): void => {
      if (heldAt() === null) facts.put(DELIVERIES_HELD, at)
    },
    resume: (): void => facts.remove(DELIVERIES_HELD),
  }
})

export const createDeliveriesHold = ({ client, read, write, now, hints }: Context): Verbs => {
  const { heldAt, hold, resume } = prepareHold(client)
  return {
    holdDeliveries: () => {
      const at = now()
      return write(() => hold(at))
    },
    resumeDeliveries: async () => {
      await write(resume)
      hints.emit('messagesDue')
    },
    deliveriesHeldAt: () => read(heldAt),
  }
}
