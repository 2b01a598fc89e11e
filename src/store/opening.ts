import { readFileSync } from 'node:fs'
import { StartError } from '../core/error.ts'
import type { Emit } from '../telemetry/emit.ts'

export interface OpenStoreDeps {
  /** Epoch ms. */
  now: () => number
  random: (bytes: number) => Buffer
  /** Rejects when the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<unknown>
  as: OpenAs
  emit: Emit<OpeningEvent>
}

/**
 * A service has SQLite's file to itself, and runs it on a thread, so that no statement blocks the event loop. A command
 * makes a few calls beside it, too few to start a thread for; a reader changes nothing, and does not wait for a lock.
 */
export type OpenAs = 'service' | 'command' | 'reader'

export type OpeningEvent =
  | 'master_key.created'
  | 'database.created'
  | 'database.checking'
  | 'database.migrating'
  | 'database.migrated'

/** The schema of a database, compared with this version's. */
export type SchemaAge = 'new' | 'older' | 'current' | 'later'

export interface JournalEntry {
  /** Recorded in the database once the migration has run. */
  when: number
  tag: string
}

/** The migrations of a folder, oldest first. */
const journalOf = (folder: string): JournalEntry[] =>
  (JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as { entries: JournalEntry[] }).entries

/** Returns the `when` of the newest migration of a folder. */
export const newestOf = (folder: string): number => Math.max(...journalOf(folder).map(({ when }) => when))

/** @param applied the `when` of the newest applied migration; null: none */
export const judgeSchema = (folder: string, applied: number | null): SchemaAge => {
  const newest = newestOf(folder)
  if (applied === null) return 'new'
  if (applied > newest) return 'later'
  return applied < newest ? 'older' : 'current'
}

export const refuseLater = (): never => {
  throw new StartError({
    en: 'this database belongs to a later version of idface-notifier, which has changed its schema: start that version again, or restore a backup from before the upgrade',
    zh: '该数据库属于更新版本的 idface-notifier，其结构已被更改：请重新使用该版本，或恢复升级前的备份',
  })
}

export const refuseKey = (): never => {
  throw new StartError({
    en: 'MASTER_KEY is not the key that this database was written with; put the right one back (and while rekey has not ended, the one before it as MASTER_KEY_PREVIOUS)',
    zh: 'MASTER_KEY 不是写入该数据库的密钥；请改回正确的密钥（rekey 未完成时，旧密钥设为 MASTER_KEY_PREVIOUS）',
  })
}
