import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { onceIn } from '../core/once-in.ts'
import { describeTrouble } from '../core/operator-texts/describe.ts'
import type { TroubleCode } from '../core/trouble.ts'
import type { ReadyCheck as Check } from '../http/probes.ts'
import type { Stats } from '../store/stats/stats.ts'
import { troublesOf } from '../store/stats/troubles.ts'
import type { Store } from '../store/store.ts'
import { databaseErrorOf } from '../store/unavailable.ts'

/** Everybody may ask, a probe writes to the disk, and accounts may be many: requests within a second share one look. */
const LOOK_EVERY_MS = SECOND
/** A reason names so many, and says how many more there are. */
const MOST_NAMED = 20

/** What is wrong elsewhere, by the check that tells of it. It keeps nobody from registering, so the service stays ready. */
const TOLD: Readonly<Record<string, readonly TroubleCode[]>> = {
  accounts: ['account_paused', 'account_paused_by_operator'],
  upstream: ['upstream_unreachable'],
  deliveries: ['deliveries_held'],
  nodes: ['node_lost', 'node_differs'],
  clock: ['clock_wrong'],
  operator: ['operators_not_told'],
}

/** Anybody may ask: an APIID is half of what the upstream takes for a login, and a host's name is nobody's business. */
const withIdsOnly = (stats: Stats): Stats => ({
  ...stats,
  accounts: stats.accounts.map(account => ({ ...account, apiId: account.id })),
  nodes: stats.nodes.map(node => ({ ...node, name: node.id })),
})

const toldOf = (stats: Stats | null): Check[] => {
  const troubles = stats ? troublesOf({ stats: withIdsOnly(stats), writeError: null, isServed: true }) : []
  return Object.entries(TOLD).map(([name, codes]) => {
    const all = troubles.filter(({ code }) => codes.includes(code))
    const named = all.slice(0, MOST_NAMED).map(trouble => describeTrouble(trouble, 'en', stats?.at ?? 0).sentence)
    if (all.length > MOST_NAMED) named.push(`${all.length - MOST_NAMED} more`)
    return { name, ok: true, reason: named.join(' ') || null }
  })
}

/**
 * Whether this process can do its work now, and what keeps it from it.
 *
 * @param stopping aborted when the process begins to stop; then nothing else is asked
 */
export const createReadiness = (
  store: Pick<Store, 'probe' | 'stats'>,
  { monotonic }: Pick<Clock, 'monotonic'>,
  stopping: AbortSignal,
) => {
  const shared = <T>(look: () => Promise<T>) => onceIn(LOOK_EVERY_MS, look, monotonic)

  const database = shared(async (): Promise<Check> => {
    try {
      await store.probe()
      return { name: 'database', ok: true, reason: null }
    } catch (error) {
      const what = error instanceof AppError ? error.message : 'the database cannot be written'
      const code = databaseErrorOf(error)
      if (code === null) return { name: 'database', ok: false, reason: what }
      const { remedy } = describeTrouble({ code: 'store_failing', since: null, error: code }, 'en', 0)
      return { name: 'database', ok: false, reason: `${what}. ${remedy}` }
    }
  })

  const elsewhere = shared(async () => toldOf(await store.stats().catch(() => null)))

  return async (): Promise<Check[]> => {
    // At once, also while the database does not answer.
    if (stopping.aborted) return [{ name: 'process', ok: false, reason: 'the process is stopping' }]
    // At once: each may wait for a database that does not answer until it is given up, and a probe does not wait for their sum.
    const [written, told] = await Promise.all([database(), elsewhere()])
    return [{ name: 'process', ok: true, reason: null }, written, ...told]
  }
}
