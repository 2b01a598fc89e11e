import { existsSync, statSync } from 'node:fs'
import type { Config } from '../config/settings.ts'
import { keyBeside } from './master-key.ts'
import type { Store } from './store.ts'

export interface OpenStoreDeps {
  /** Epoch ms. */
  now: () => number
  random: (bytes: number) => Buffer
  /** On a thread of its own no statement holds up the event loop; for a few calls such a thread is not worth its start. */
  runs: 'on its own thread' | 'here'
  /** A key had to be made: the operator should keep a copy, apart from the database. */
  onKeyCreated: (path: string) => void
}

/** Opens the database that the settings name and brings it to the current schema. */
export const openStore = async (
  { storage, upstream }: Pick<Config, 'storage' | 'upstream'>,
  { now, random, runs, onKeyCreated }: OpenStoreDeps,
): Promise<Store> => {
  if (storage.database.kind === 'postgres')
    throw new Error('DATABASE_URL: PostgreSQL is not supported yet; use file:PATH')
  const { path } = storage.database
  const given = storage.masterKey && Buffer.from(storage.masterKey.reveal(), 'base64')
  const masterKey = given ?? readOrMakeKey(path, { random, onKeyCreated })
  const previous = storage.previousMasterKey && Buffer.from(storage.previousMasterKey.reveal(), 'base64')
  const open =
    runs === 'here'
      ? (await import('./sqlite/store.ts')).openSqliteStore
      : (await import('./sqlite/thread/remote-store.ts')).openRemoteStore
  return open({
    path,
    masterKey,
    previousKey: previous ?? undefined,
    now,
    defaultRate: upstream.rate,
    sandbox: upstream.sandbox,
  })
}

const readOrMakeKey = (
  path: string,
  { random, onKeyCreated }: Pick<OpenStoreDeps, 'random' | 'onKeyCreated'>,
): Buffer => {
  // The key is made before the database, so one without the other was written with a key that is elsewhere.
  if (!existsSync(`${path}.key`) && hasContent(path))
    throw new Error(`MASTER_KEY is not set and ${path}.key is not there, but the database is: put its key back`)
  const { key, path: keyPath, created } = keyBeside(path, random)
  if (created) onKeyCreated(keyPath)
  return key
}

const hasContent = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
