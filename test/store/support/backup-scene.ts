import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { BackupError, type BackupFault } from '../../../src/store/backup.ts'
import { makeBackup, openRestore } from '../../../src/store/sqlite/backups.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { openStoreFixture } from '../../support/store.ts'
import { newFolder, onFile } from './files.ts'

const KEY = randomBytes(32)
/** After the ids of these tests, which are of today. */
export const NOW = Date.parse('2036-11-26T03:00:00Z')

export const BY = { name: 'zoe', reason: 'ticket 7' }

type Config = Parameters<typeof makeBackup>[0]
export const configOf = (path: string, key: Buffer | null = KEY): Config => {
  const masterKey = key && new Secret(key.toString('base64'))
  return { storage: { database: { kind: 'sqlite', path }, masterKey, previousMasterKey: null } } as unknown as Config
}

/** A database with a partner and so many registrations in a folder of its own, and where its backups go. */
export const openScene = async (registrations = 3) => {
  const folder = newFolder()
  const path = join(folder, 'notifier.db')
  const backups = join(folder, 'backups')
  mkdirSync(backups)
  const reopen = (more: { as?: 'service' } = {}) =>
    openSqliteStore({ path, masterKey: KEY, now: () => NOW, defaultRate: 1_000, ...more })
  const bench = await openStoreFixture(async () => ({ store: await reopen(), advance: () => {} }))
  for (let n = 0; n < registrations; n++) await bench.register()
  onTestFinished(() => bench.store.close())
  const file = join(backups, 'one.db')
  const deps = { now: () => NOW, random: randomBytes, by: BY }
  const backUp = (to = file) => makeBackup(configOf(path), to, deps)
  const prepare = (from = file, { key = KEY as Buffer | null } = {}) => openRestore(configOf(path, key), from, deps)
  return { folder, path, backups, file, bench, reopen, backUp, prepare }
}

export const faultOf = (run: Promise<unknown>): Promise<BackupFault | null> =>
  run.then(
    () => null,
    (error: unknown) => {
      if (error instanceof BackupError) return error.fault
      throw error
    },
  )

export const registrationsIn = (path: string): number =>
  onFile(path, file => file.prepare<[], number>('SELECT count(*) FROM registrations').pluck().get() ?? 0)
