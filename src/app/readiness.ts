import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import type { ReadyCheck as Check } from '../http/health.ts'
import type { Store } from '../store/store.ts'

/** A probe writes to the disk, so requests within a second share one. */
const PROBE_EVERY_MS = SECOND

/** Something that is wrong elsewhere, and leaves the service ready. */
const told = (name: string, reasons: readonly string[]): Check => ({
  name,
  ok: true,
  reason: reasons.length === 0 ? null : reasons.join('; '),
})

/** Whether this process can do its work now, and what keeps it from it. */
export const createReadiness = (
  store: Pick<Store, 'probe' | 'listAccounts'>,
  { monotonic }: Pick<Clock, 'monotonic'>,
) => {
  let isStopping = false
  let last: { at: number; check: Promise<Check> } | null = null

  const probe = async (): Promise<Check> => {
    try {
      await store.probe()
      return { name: 'database', ok: true, reason: null }
    } catch (error) {
      const reason = error instanceof AppError ? error.message : 'the database cannot be written'
      return { name: 'database', ok: false, reason }
    }
  }

  const database = (): Promise<Check> => {
    const at = monotonic()
    if (last === null || at - last.at >= PROBE_EVERY_MS) last = { at, check: probe() }
    return last.check
  }

  /** A paused account, or an outage of GetResult, keeps nobody from registering: both are told, and the service stays ready. */
  const accounts = async (): Promise<Check[]> => {
    const all = await store.listAccounts({ limit: 100, after: null }).catch(() => [])
    const paused = all.flatMap(({ id, pausedAt, pauseReason, pauseCode }) =>
      pausedAt === null ? [] : [`${id} is paused: ${pauseReason} (${pauseCode ?? '-'})`],
    )
    const silent = all.flatMap(({ id, unreachableAt, unreachableError }) =>
      unreachableAt === null
        ? []
        : [`${id} cannot reach GetResult since ${new Date(unreachableAt).toISOString()} (${unreachableError})`],
    )
    return [told('accounts', paused), told('upstream', silent)]
  }

  return {
    stopping: () => {
      isStopping = true
    },
    checks: async (): Promise<Check[]> => [
      { name: 'process', ok: !isStopping, reason: isStopping ? 'the process is stopping' : null },
      await database(),
      ...(await accounts()),
    ],
  }
}
