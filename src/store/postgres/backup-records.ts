import { afterBackup, type LastBackup, NO_BACKUP } from '../backup.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { findFact, putFact } from './facts.ts'

type Verbs = Pick<Store, 'lastBackup' | 'recordBackup'>

const BACKUPS = 'backups'

/** What the database remembers of its backups. */
export const createBackupRecords = ({ read, write }: Pick<Context, 'read' | 'write'>): Verbs => ({
  lastBackup: () => read(last),
  recordBackup: outcome =>
    write(async tx => {
      await tx.lock([BACKUPS])
      await putFact(tx, BACKUPS, JSON.stringify(afterBackup(await last(tx), outcome)))
    }),
})

const last = async (tx: Tx): Promise<LastBackup> => {
  const text = await findFact(tx, BACKUPS)
  return text === null ? NO_BACKUP : (JSON.parse(text) as LastBackup)
}
