import type Database from 'better-sqlite3'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { prepareFacts } from './facts.ts'

type Verbs = Pick<Store, 'holdDeliveries' | 'resumeDeliveries' | 'deliveriesHeldAt'>

const HELD = 'deliveries_held'

/** Whether messages may be claimed. It stands in the database, so it holds for each process and after each restart. */
export const prepareHold = (client: Database.Database) => {
  const facts = prepareFacts(client)
  const heldAt = (): number | null => {
    const text = facts.find(HELD)
    return text === null ? null : Number(text)
  }
  return {
    heldAt,
    hold: (at: number): void => {
      if (heldAt() === null) facts.put(HELD, String(at))
    },
    resume: (): void => facts.remove(HELD),
  }
}

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
