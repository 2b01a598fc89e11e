import type { Store } from './store.ts'

/** What they are read by. */
export type TroubleVerb = 'stats' | 'deliveriesHeldAt' | 'lastBackup' | 'refusingChannel' | 'listNodes'

/** What `TroubleFacts` needs of the tables. */
export const readTroubleFacts = async (store: Pick<Store, TroubleVerb>) => {
  const [stats, deliveriesHeldAt, backup, refusingChannel, nodes] = await Promise.all([
    store.stats(),
    store.deliveriesHeldAt(),
    store.lastBackup(),
    store.refusingChannel(),
    store.listNodes(),
  ])
  return { stats, deliveriesHeldAt, backup, refusingChannel, nodes }
}
