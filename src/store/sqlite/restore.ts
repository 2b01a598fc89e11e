import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { BackupError } from '../backup.ts'
import type { CommandUser } from '../operators/acts.ts'
import { DELIVERIES_HELD } from '../operators/facts.ts'
import { backupErrorOf, copyChecked, type Keys, removeDatabase, withDatabase } from './checked-copy.ts'
import { findFact, insertFileAct, putFact } from './facts.ts'
import { isDamage, judgeFailure } from './failure.ts'
import { syncFile, syncFolderOf } from './file-system.ts'
import { lockForService } from './service-lock.ts'

/** Effects of a restore. */
export interface RestorePlan {
  bytes: number
  registrations: number
  /** Creation time of the newest registration in it, epoch ms; null if it has none. */
  newest: number | null
  /** Numbers of unsent webhooks and of undecided registrations in it. */
  willSend: number
  willAsk: number
  /** Path under which the present database will be kept; null if there is none. */
  keepsAs: string | null
}

export interface PreparedRestore {
  plan: RestorePlan
  /** Replaces the database with the copy. */
  commit(options: { hold: boolean; by: CommandUser }): void
  /** Releases the lock and removes the draft. Must always be called. */
  close(): void
}

/**
 * Copies the backup beside the database and checks the copy. The database is unchanged before `commit`, and at any
 * moment it is the old or the new one, whole: a killed restore can be run again.
 *
 * @param options.database real path of the database to replace, which may be missing
 */
export const prepareRestore = async ({
  file,
  database,
  keys,
  now,
}: {
  file: string
  database: string
  keys: Keys
  now: () => number
}): Promise<PreparedRestore> => {
  const lock = lockForService(database)
  const draft = `${database}.restored`
  const close = () => {
    removeDatabase(draft)
    lock.release()
  }
  try {
    removeDatabase(draft)
    await copyChecked(file, draft, keys)
    const keepsAs = existsSync(database) ? `${database}.before-restore-${compactTime(now())}` : null
    return {
      plan: { ...planOf(draft), keepsAs },
      commit: ({ hold, by }) => {
        writeFacts(draft, { now: now(), hold, by })
        syncFile(draft)
        replaceDatabase(database, { draft, keepsAs })
      },
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

const planOf = (draft: string): Omit<RestorePlan, 'keepsAs'> =>
  withDatabase(draft, client => {
    const read = (text: string) => client.prepare<[], number | null>(text).pluck().get() ?? null
    const count = (rows: string) => read(`SELECT count(*) FROM ${rows}`) ?? 0
    return {
      bytes: statSync(draft).size,
      registrations: count('registrations'),
      newest: read('SELECT max(created_at) FROM registrations'),
      willSend: count("messages WHERE state = 'pending'"),
      willAsk: count('registrations WHERE resolved_at IS NULL'),
    }
  })

/** Records the restore in the restored database. */
const writeFacts = (draft: string, { now, hold, by }: { now: number; hold: boolean; by: CommandUser }): void =>
  withDatabase(draft, client => {
    client.transaction(() => {
      if (hold && findFact(client, DELIVERIES_HELD) === null) putFact(client, DELIVERIES_HELD, now)
      // Acts that were stopped after the backup would continue, and a cancel cannot be undone.
      client
        .prepare(
          "UPDATE bulk_acts SET state = 'stopped', ended_at = ? WHERE partner_id IS NULL AND state IN ('probing', 'running')",
        )
        .run(now)
      // Nodes of the replaced database must not count as missing.
      client.exec('DELETE FROM nodes')
      insertFileAct(client, { ...by, act: 'database.restore', outcome: 'done', at: now })
    })()
  })

const replaceDatabase = (path: string, { draft, keepsAs }: { draft: string; keepsAs: string | null }): void => {
  try {
    if (keepsAs !== null) {
      closeDatabase(path)
      linkSync(path, keepsAs)
    }
    // The old log must be durably removed before the new file is in place: SQLite would replay it into that file.
    for (const suffix of ['-journal', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    syncFolderOf(path)
    renameSync(draft, path)
    syncFolderOf(path)
  } catch (error) {
    throw backupErrorOf(error, { from: path, to: path })
  }
}

/** Moves the log into the database, for which SQLite requires exclusive use. The log of a damaged database is lost. */
const closeDatabase = (path: string): void => {
  try {
    withDatabase(path, client => client.pragma('journal_mode = DELETE'))
  } catch (error) {
    if (judgeFailure(error) === 'busy') throw new BackupError('in_use', path, { cause: error })
    if (!isDamage(error)) throw error
  }
}

const compactTime = (at: number): string => new Date(at).toISOString().replaceAll(/[-:.]/g, '')
