import { afterBackup, type LastBackup, NO_BACKUP } from '../backup.ts'
import { BACKUPS } from '../facts.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { findFact, putFact } from './facts.ts'

type Verbs = Pick<Store, 'lastBackup' | 'recordBackup'>

/** What the database remembers of its backups. */
export const createBackupRecords = ({ read, write }: Pick<Context, 'read' | 'write'>): Verbs => ({
  lastBackup: () => read(last),
  recordBackup: outcome =>
    write(async tx => {
      await tx.lock([BACKUPS.name])
      await putFact(tx, BACKUPS, afterBackup(await last(tx), outcome))
    }),
})

const last = async (tx: Tx): Promise<LastBackup> => (await findFact(tx, BACKUPS)) ?? NO_BACKUP
