import type { Clock } from '../../core/clock.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Store } from '../../store/store.ts'

const COLLECT_MS = 1 * SECOND
const RECORD_EVERY_MS = 1 * MINUTE
const MOST_KEYS = 10_000

export interface KeyUseDeps {
  store: Pick<Store, 'touchKeys'>
  now: () => number
  sleep: Clock['sleep']
  /** Aborts when the service stops; the collected keys are recorded then. */
  stopping: AbortSignal
}

/**
 * Records when keys were last used: at most once a minute a key, and all keys of one second in one write. Requests do not
 * wait for it, and what cannot be recorded is left out.
 */
export const createKeyUse = ({ store, now, sleep, stopping }: KeyUseDeps) => {
  const recordedAt = new Map<string, number>()
  let used: string[] = []

  const recordSoon = async (): Promise<void> => {
    await sleep(COLLECT_MS, stopping).catch(() => {})
    const ids = used
    used = []
    await store.touchKeys(ids).catch(() => {})
  }

  return (keyId: string): void => {
    const at = now()
    if (Math.abs(at - (recordedAt.get(keyId) ?? Number.NEGATIVE_INFINITY)) < RECORD_EVERY_MS) return
    if (recordedAt.size >= MOST_KEYS) recordedAt.clear()
    recordedAt.set(keyId, at)
    if (used.push(keyId) === 1) void recordSoon()
  }
}
