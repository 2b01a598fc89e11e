import type Database from 'better-sqlite3'
import { afterBackup, type BackupRecord, NO_BACKUP } from '../backup.ts'
import { BACKUPS, DELIVERIES_HELD, type Fact } from '../facts.ts'
import { onceForClient } from './context.ts'

export const prepareFacts = onceForClient((client: Database.Database) => {
  const find = client.prepare<[key: string], Buffer>('SELECT value FROM meta WHERE key = ?').pluck()
  const put = client.prepare<[key: string, value: Buffer]>(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  const remove = client.prepare<[key: string]>('DELETE FROM meta WHERE key = ?')
  return {
    find: <Value>({ name, read }: Fact<Value>): Value | null => {
      const value = find.get(name)
      return value === undefined ? null : read(value.toString('utf8'))
    },
    put: <Value>({ name, textOf }: Fact<Value>, value: Value): void => void put.run(name, Buffer.from(textOf(value))),
    remove: ({ name }: Pick<Fact<unknown>, 'name'>): void => void remove.run(name),
  }
})

/** Since when no message is claimed; null: they are. It stands in the database, so it holds for each process and after each restart. */
export const heldAt = (client: Database.Database): number | null => prepareFacts(client).find(DELIVERIES_HELD)

export const holdDeliveries = (client: Database.Database, at: number): void => {
  if (heldAt(client) === null) prepareFacts(client).put(DELIVERIES_HELD, at)
}

export const noteBackup = (client: Database.Database, record: BackupRecord): void => {
  const facts = prepareFacts(client)
  facts.put(BACKUPS, afterBackup(facts.find(BACKUPS) ?? NO_BACKUP, record))
}
