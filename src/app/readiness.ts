import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import { onceIn } from '../core/once-in.ts'
import { describeTrouble } from '../core/operator-texts/describe.ts'
import { isoTime } from '../core/show-time.ts'
import type { ReadyCheck as Check } from '../http/probes.ts'
import { listAll } from '../store/list-all.ts'
import type { JudgedNode } from '../store/operators/nodes.ts'
import { wrongClocks } from '../store/stats/troubles.ts'
import type { Store } from '../store/store.ts'
import { databaseErrorOf } from '../store/unavailable.ts'

/** Everybody may ask, a probe writes to the disk, and accounts may be many: requests within a second share one look. */
const LOOK_EVERY_MS = SECOND
/** A reason names so many, and says how many more there are. */
const MOST_NAMED = 20

/** Something that is wrong elsewhere, and leaves the service ready. */
const told = (name: string, reasons: readonly string[]): Check => {
  const more = reasons.length - MOST_NAMED
  const named = [...reasons.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])]
  return { name, ok: true, reason: named.length === 0 ? null : named.join('; ') }
}

export type Readiness = ReturnType<typeof createReadiness>

interface Known {
  /** Why operators are told next to nothing, null: they are told all; null: nobody has said where to tell them. */
  whyOff: (() => string | null) | null
  /** Those that work on the database. */
  nodes: () => readonly JudgedNode[]
  /** Aborted when the process begins to stop; then nothing else is asked. */
  stopping: AbortSignal
}

/** Whether this process can do its work now, and what keeps it from it. */
export const createReadiness = (
  store: Pick<Store, 'probe' | 'listAccounts' | 'deliveriesHeldAt'>,
  { monotonic }: Pick<Clock, 'monotonic'>,
  { whyOff, nodes, stopping }: Known,
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

  /** A paused account, or an outage of GetResult, keeps nobody from registering: both are told, and the service stays ready. */
  const accounts = shared(async (): Promise<Check[]> => {
    // Anybody may ask, and an APIID is half of what the upstream takes for a login.
    const all = await listAll(store.listAccounts).catch(() => [])
    const paused = all.flatMap(({ id, pausedAt, pauseReason, pauseCode }) =>
      pausedAt === null ? [] : [`${id} is paused: ${pauseReason} (${pauseCode ?? '-'})`],
    )
    const silent = all.flatMap(({ id, unreachableAt, unreachableError }) =>
      unreachableAt === null
        ? []
        : [`GetResult has not answered for account ${id} since ${isoTime(unreachableAt)} (${unreachableError})`],
    )
    return [told('accounts', paused), told('upstream', silent)]
  })

  const deliveries = shared(async (): Promise<Check> => {
    const heldAt = await store.deliveriesHeldAt().catch(() => null)
    return told(
      'deliveries',
      heldAt === null ? [] : [`held since ${isoTime(heldAt)}; to send again, run: idface-notifier deliveries resume`],
    )
  })

  /** A host's name is nobody's business who may ask; operators find it by the id. */
  const nodesCheck = (): Check =>
    told(
      'nodes',
      nodes().flatMap(({ id, isLost, seenAt, differsIn }) => {
        if (isLost) return [`${id} has not shown itself since ${isoTime(seenAt)}`]
        return differsIn.length === 0 ? [] : [`${id} differs from the others in its ${differsIn.join(', ')}`]
      }),
    )

  const clockCheck = (): Check => {
    const wrong = wrongClocks(nodes().map(({ id: name, ...node }) => ({ ...node, name })))
    return told(
      'clock',
      wrong.map(trouble => describeTrouble(trouble, 'en', 0).sentence),
    )
  }

  return {
    checks: async (): Promise<Check[]> => {
      // At once, also while the database does not answer.
      if (stopping.aborted) return [{ name: 'process', ok: false, reason: 'the process is stopping' }]
      // At once: each may wait for a database that does not answer until it is given up, and a probe does not wait for their sum.
      const looks = await Promise.all([database(), accounts(), deliveries()])
      return [
        { name: 'process', ok: true, reason: null },
        ...looks.flat(),
        nodesCheck(),
        clockCheck(),
        ...(whyOff === null ? [] : [told('operator', [whyOff() ?? []].flat())]),
      ]
    },
  }
}
