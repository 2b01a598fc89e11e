import { DAY } from '../core/duration.ts'
import { activityOf } from '../core/figures.ts'
import type { Store } from './store.ts'

/** What they are read by. */
export type TroubleVerb = 'stats' | 'deliveriesHeldAt' | 'lastBackup' | 'refusingChannel' | 'listNodes' | 'listHistory'

/** What `TroubleFacts` needs of the tables. */
export const readTroubleFacts = async (store: Pick<Store, TroubleVerb>) => {
  const [stats, deliveriesHeldAt, backup, refusingChannel, nodes] = await Promise.all([
    store.stats(),
    store.deliveriesHeldAt(),
    store.lastBackup(),
    store.refusingChannel(),
    store.listNodes(),
  ])
  // By the hours that are not older than a day.
  const { points } = await store.listHistory({ resolution: 'hour', from: stats.at - DAY, to: stats.at + 1 })
  const givenUp = activityOf(points.map(({ sums }) => sums)).exhausted
  return { stats, deliveriesHeldAt, backup, refusingChannel, nodes, givenUp }
}
