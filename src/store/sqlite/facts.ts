import type Database from 'better-sqlite3'
import type { ActName } from '../../core/act.ts'
import { afterBackup, type BackupRecord, NO_BACKUP } from '../backup.ts'
import { type ActEnd, COMMAND, type CommandUser } from '../operators/acts.ts'
import { BACKUPS, type Fact } from '../operators/facts.ts'

/** Returns a fact stored in the file, or null if it is missing; for code that opens no store. */
export const findFact = <Value>(client: Database.Database, { name, read }: Fact<Value>): Value | null => {
  const value = client.prepare<[string], Buffer>('SELECT value FROM meta WHERE key = ?').pluck().get(name)
  return value === undefined ? null : read(value.toString('utf8'))
}

export const putFact = <Value>(client: Database.Database, { name, textOf }: Fact<Value>, value: Value): void => {
  client
    .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
    .run(name, Buffer.from(textOf(value)))
}

export const noteBackup = (client: Database.Database, record: BackupRecord): void =>
  putFact(client, BACKUPS, afterBackup(findFact(client, BACKUPS) ?? NO_BACKUP, record))

type FileAct = CommandUser & { act: ActName; outcome: ActEnd; at: number }

/** Records the act of a command that opens no store. */
export const insertFileAct = (client: Database.Database, act: FileAct): void => {
  client
    .prepare<FileAct & { who: string }>(`
      INSERT INTO acts (at, who, name, act, reason, outcome) VALUES (@at, @who, @name, @act, @reason, @outcome)`)
    .run({ ...act, who: COMMAND })
}
