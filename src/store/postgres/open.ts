import type { Config } from '../../config/settings.ts'
import { keysOf } from '../master-key.ts'
import { showAddress } from '../open.ts'
import type { OpenStoreDeps } from '../opening.ts'
import type { Store } from '../store.ts'
import type { OpeningStep } from './opening.ts'
import { openPostgresStore } from './store.ts'

const CREATED = 'if you expected an existing one, stop: DATABASE_URL names another database'
/** Size of each pool: one is for calls, one for loops. */
const CONNECTIONS = { service: 5, command: 2 }

/** Opens the database at `url` and emits an event when it is created or migrated. */
export const openPostgres = async (
  url: string,
  { storage, upstream }: Pick<Config, 'storage' | 'upstream'>,
  { now, random, sleep, as, emit }: OpenStoreDeps,
): Promise<Store> => {
  const { masterKey, previousKey } = keysOf(storage)
  if (!masterKey) throw new Error('settings without MASTER_KEY are refused')
  let migratingAt = now()
  const onStep = (step: OpeningStep) => {
    if (step.step === 'created') return emit('database.created', { path: showAddress(url), advice: CREATED })
    if (step.step === 'migrated') return emit('database.migrated', { durationMs: now() - migratingAt })
    migratingAt = now()
    emit('database.migrating', { bytes: step.bytes })
  }
  return openPostgresStore({
    url,
    now,
    random,
    sleep,
    onStep,
    masterKey,
    previousKey,
    defaultRate: upstream.rate,
    connections: as === 'service' ? CONNECTIONS.service : CONNECTIONS.command,
  })
}
