import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Store } from '../../store/store.ts'
import type { Emit } from '../../telemetry/emit.ts'

const GATHER_MS = 1 * SECOND
const TOUCH_EVERY_MS = 1 * MINUTE
const MOST_KEYS = 10_000

interface KeyUseDeps {
  store: Pick<Store, 'touchKeys'>
  now: () => number
  emit: Emit<'keys.use_not_recorded'>
}

/** Remembers when keys were used, beside the requests: at most once a minute a key, and many keys in one write. */
export const createKeyUse = ({ store, now, emit }: KeyUseDeps) => {
  const touchedAt = new Map<string, number>()
  let used: string[] = []

  const write = (): void => {
    const ids = used
    used = []
    store.touchKeys(ids).catch(error => emit('keys.use_not_recorded', { error }))
  }

  return (keyId: string): void => {
    const at = now()
    if (Math.abs(at - (touchedAt.get(keyId) ?? Number.NEGATIVE_INFINITY)) < TOUCH_EVERY_MS) return
    if (touchedAt.size >= MOST_KEYS) touchedAt.clear()
    touchedAt.set(keyId, at)
    if (used.push(keyId) === 1) setTimeout(write, GATHER_MS).unref()
  }
}
