import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { onceIn } from '../core/once-in.ts'
import { describeTrouble } from '../core/operator-texts/describe.ts'
import { TROUBLE_CHECKS, troubleKind } from '../core/trouble-kinds.ts'
import type { ReadyCheck as Check } from '../http/api-env.ts'
import type { Stats } from '../store/stats/stats.ts'
import { troublesOf } from '../store/stats/troubles.ts'
import type { Store } from '../store/store.ts'
import { databaseErrorOf } from '../store/unavailable.ts'

/**
 * Minimum interval between readings: the route is open to all, a probe writes to the disk, and accounts may be many.
 */
const CHECK_EVERY_MS = SECOND
/** Maximum troubles that a reason names; it counts the rest. */
const MAX_NAMED = 20

/** The route is open to all: an APIID is half of an upstream login, and host names are private. */
const withIdsOnly = (stats: Stats): Stats => ({
  ...stats,
  accounts: stats.accounts.map(account => ({ ...account, apiId: account.id })),
  nodes: stats.nodes.map(node => ({ ...node, name: node.id })),
})

const troubleChecks = (stats: Stats | null): Check[] => {
  const troubles = stats ? troublesOf({ stats: withIdsOnly(stats), writeError: null, isServed: true }) : []
  return TROUBLE_CHECKS.map(name => {
    const all = troubles.filter(({ code }) => troubleKind(code).ready === name)
    const named = all.slice(0, MAX_NAMED).map(trouble => describeTrouble(trouble, 'en', stats?.at ?? 0).sentence)
    if (all.length > MAX_NAMED) named.push(`${all.length - MAX_NAMED} more`)
    return { name, ok: true, reason: named.join(' ') || null }
  })
}

/**
 * Returns checks that say whether this process can work now, with the reasons against it.
 *
 * @param stopping aborted when the process begins to stop; then nothing else is checked
 */
export const createReadiness = (
  store: Pick<Store, 'probe' | 'stats'>,
  { monotonic }: Pick<Clock, 'monotonic'>,
  stopping: AbortSignal,
) => {
  const shared = <T>(check: () => Promise<T>) => onceIn(CHECK_EVERY_MS, check, monotonic)

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

  const elsewhere = shared(async () => troubleChecks(await store.stats().catch(() => null)))

  return async (): Promise<Check[]> => {
    // Responds at once, even while the database does not answer.
    if (stopping.aborted) return [{ name: 'process', ok: false, reason: 'the process is stopping' }]
    // In parallel: each may wait until a database that does not answer is given up, and a probe must not wait for their
    // sum.
    const [written, checks] = await Promise.all([database(), elsewhere()])
    return [{ name: 'process', ok: true, reason: null }, written, ...checks]
  }
}
