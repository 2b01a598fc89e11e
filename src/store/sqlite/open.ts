import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config/settings.ts'
import { StartError } from '../../core/error.ts'
import { keyBeside, keysOf } from '../master-key.ts'
import type { OpenStoreDeps } from '../opening.ts'
import type { Store } from '../store.ts'
import { isUnchecked, markUnchecked, realPathOf, unmarkUnchecked } from './database-file.ts'
import type { OpeningStep } from './opening.ts'

const CREATED = 'if you expected an existing one, stop: the volume or the working folder is wrong'

/** Opens the file at this path, creating it if missing. Without MASTER_KEY its key is in a file beside it. */
export const openSqliteFile = async (
  location: string,
  { storage, upstream }: Pick<Config, 'storage' | 'upstream'>,
  { now, random, as, emit }: Omit<OpenStoreDeps, 'sleep'>,
): Promise<Store> => {
  const path = realPathOf(location)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new StartError(isFolder(path))
  const { masterKey = readOrMakeKey(path, { random, emit }), previousKey } = keysOf(storage)
  const open =
    as === 'service'
      ? (await import('./thread/remote-store.ts')).openRemoteStore
      : (await import('./store.ts')).openSqliteStore
  // A command may run beside a service that has the file open, and must be quick.
  const quickCheck = as === 'service' && isUnchecked(path)
  if (quickCheck) {
    markUnchecked(path)
    emit('database.checking', { bytes: statSync(path).size })
  }
  const isNew = !hasContent(path) && !hasContent(`${path}-wal`)
  let migratingAt = now()
  const onStep = (step: OpeningStep) => {
    if (step === 'migrated') return emit('database.migrated', { durationMs: now() - migratingAt })
    migratingAt = now()
    emit('database.migrating', { bytes: statSync(path).size })
  }
  const store = await open({
    path,
    quickCheck,
    masterKey,
    previousKey,
    now,
    defaultRate: upstream.rate,
    as,
    onStep,
  })
  if (isNew) emit('database.created', { path, advice: CREATED })
  if (quickCheck) unmarkUnchecked(path)
  return store
}

const isFolder = (path: string) => ({
  en: `DATABASE_URL: ${path} is a folder; name a file in it, such as file:${join(path, 'notifier.db')}`,
  zh: `DATABASE_URL：${path} 是文件夹；请指定其中的文件，例如 file:${join(path, 'notifier.db')}`,
})

const readOrMakeKey = (path: string, { random, emit }: Pick<OpenStoreDeps, 'random' | 'emit'>): Buffer => {
  // The key is made before the database, so a database without a key was written with a key that is elsewhere.
  if (!existsSync(`${path}.key`) && hasContent(path))
    throw new StartError({
      en: `MASTER_KEY is not set and ${path}.key is not there, but the database is: put its key back`,
      zh: `未设置 MASTER_KEY，${path}.key 也不存在，而数据库已经存在：请放回它的密钥`,
    })
  const { key, path: keyPath, created } = keyBeside(path, random)
  if (created) {
    const advice = 'keep a copy of this file apart from the database and its backups'
    emit('master_key.created', { path: keyPath, advice })
  }
  return key
}

const hasContent = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
