import type Database from 'better-sqlite3'
import { afterBackup, type BackupRecord, type LastBackup, NO_BACKUP } from '../backup.ts'
import type { Store } from '../store.ts'
import type { Context } from './context.ts'
import { prepareFacts } from './facts.ts'

type Verbs = Pick<Store, 'lastBackup' | 'recordBackup'>

const BACKUPS = 'backups'

/** What the database remembers of its backups. */
export const prepareBackupRecords = (client: Database.Database) => {
  const facts = prepareFacts(client)
  const last = (): LastBackup => {
    const text = facts.find(BACKUPS)
    return text === null ? NO_BACKUP : (JSON.parse(text) as LastBackup)
  }
  return {
    last,
    record: (record: BackupRecord): void => facts.put(BACKUPS, JSON.stringify(afterBackup(last(), record))),
  }
}

export const createBackupRecords = ({ client, read, write }: Context): Verbs => {
  const { last, record } = prepareBackupRecords(client)
  return {
    lastBackup: () => read(last),
    recordBackup: outcome => write(() => record(outcome)),
  }
}
