import type { UpstreamConfig } from '../config/read-config.ts'
import { SECOND } from '../core/duration.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { clock } from './clock-and-ids.ts'

/** What a role is given: the settings and the verbs that it uses. Whoever opened the store closes it, after the role. */
export interface RoleDeps<Setting extends keyof UpstreamConfig, Verb extends keyof Store> {
  config: Pick<UpstreamConfig, Setting>
  store: Pick<Store, Verb>
  emit: Emit
}

const GRACE_MS = 10 * SECOND

/** Resolves when all have ended, or after 10 s: what is in flight then is repeated after the next start. */
export const drain = async (ending: readonly Promise<unknown>[]): Promise<void> => {
  const limit = new AbortController()
  const timeout = clock.sleep(GRACE_MS, limit.signal).catch(() => {})
  await Promise.race([Promise.all(ending), timeout]).finally(() => limit.abort())
}
