import type Database from 'better-sqlite3'
import { afterBackup, type BackupRecord, NO_BACKUP } from '../backup.ts'
import { BACKUPS, DELIVERIES_HELD, type Fact } from '../operators/facts.ts'

/** The facts of a file, for what opens no store. */
export const prepareFacts = (client: Database.Database) => {
  const find = client.prepare<[key: string], Buffer>('SELECT value FROM meta WHERE key = ?').pluck()
  const put = client.prepare<[key: string, value: Buffer]>(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  return {
    find: <Value>({ name, read }: Fact<Value>): Value | null => {
      const value = find.get(name)
      return value === undefined ? null : read(value.toString('utf8'))
    },
    put: <Value>({ name, textOf }: Fact<Value>, value: Value): void => void put.run(name, Buffer.from(textOf(value))),
  }
}

export const holdDeliveries = (client: Database.Database, at: number): void => {
  const facts = prepareFacts(client)
  if (facts.find(DELIVERIES_HELD) === null) facts.put(DELIVERIES_HELD, at)
}

export const noteBackup = (client: Database.Database, record: BackupRecord): void => {
  const facts = prepareFacts(client)
  facts.put(BACKUPS, afterBackup(facts.find(BACKUPS) ?? NO_BACKUP, record))
}
