import type Database from 'better-sqlite3'
import { afterBackup, type BackupRecord, type LastBackup, NO_BACKUP } from '../backup.ts'
import { BACKUPS } from '../facts.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { prepareFacts } from './facts.ts'
import { onceForClient } from './once.ts'

type Verbs = Pick<Store, 'lastBackup' | 'recordBackup'>

/** What the database remembers of its backups. */
export const prepareBackupRecords = onceForClient((client: Database.Database) => {
  const facts = prepareFacts(client)
  const last = (): LastBackup => facts.find(BACKUPS) ?? NO_BACKUP
  return {
    last,
    record: (record: BackupRecord): void => facts.put(BACKUPS, afterBackup(last(), record)),
  }
})

export const createBackupRecords = ({ client, read, write }: Context): Verbs => {
  const { last, record } = prepareBackupRecords(client)
  return {
    lastBackup: () => read(last),
    recordBackup: outcome => write(() => record(outcome)),
  }
}
