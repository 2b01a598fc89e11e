import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import Database from 'better-sqlite3'
import { encodeTime } from 'ulid'
import { codeOf } from '../../core/error.ts'
import type { CommandUser } from '../act.ts'
import { BackupError } from '../backup-problem.ts'
import { insertFileAct } from './acts.ts'
import { type Counts, checkContent, countsOf, type Keys, sizeOfBackup, withCopy } from './backup-check.ts'
import { type BackupManifest, readManifest } from './backup-manifest.ts'
import { prepareBackupRecords } from './backup-records.ts'
import { unmarkUnchecked } from './database-file.ts'
import { prepareHold } from './deliveries-hold.ts'
import { syncFile } from './durable-files.ts'
import { freeBytesOf } from './file-system.ts'
import { beginSwitch, endSwitch, restoreUnderWay, switchFiles } from './half-restored.ts'
import { type Holder, holdersOf } from './holders.ts'
import { tablesOf } from './ownership.ts'
import { openPresence, type Presence } from './presence.ts'

export type RestoreStep = { step: 'copying'; done: number; all: number } | { step: 'checking'; bytes: number }

export interface RestoreOptions {
  /** Absolute path of the backup. */
  file: string
  /** The real path of the database whose place it takes; there need not be one. */
  database: string
  keys: Keys
  /** The file alone is looked through instead of compared with its manifest. */
  withoutManifest: boolean
  now: () => number
  onStep: (step: RestoreStep) => void
}

/** What a restore would do. */
export interface RestorePlan {
  /** Of which moment the backup is, epoch ms; null: without a manifest nobody knows. */
  at: number | null
  version: string | null
  bytes: number
  counts: Counts
  /** Webhooks that it has as not sent yet, and registrations that it has as not decided yet. */
  willSend: number
  willAsk: number
  /** Bulk acts that it has as under way: an operator may have stopped them since. */
  willStop: number
  /** Registrations in the present database that were made after the backup; null: nobody can tell. */
  lost: number | null
  /** Where the present database will be kept; null: there is none. */
  keepsAs: string | null
}

export interface PreparedRestore {
  plan: RestorePlan
  /** Puts it in the place of the database. */
  commit(options: { hold: boolean; by: CommandUser }): void
  /** Releases the place, and leaves nothing behind. Always to be called. */
  close(): void
}

const PRIVATE = 0o600
const SPARE_BYTES = 1024 * 1024
const ID_TIME_CHARACTERS = 10

/**
 * Copies the backup beside the database, and checks the copy: that it is whole, ours, of this version or an earlier one, and opens
 * with the master key. The database is not touched before `commit`.
 *
 * Throws a `BackupError`.
 */
export const prepareRestore = async (options: RestoreOptions): Promise<PreparedRestore> => {
  const { file, database, keys, withoutManifest, now, onStep } = options
  const place = takePlace(database)
  const draft = `${database}.restored`
  // Also a journal, which SQLite would play back into the new copy.
  const clean = () => {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true })
  }
  const close = () => {
    clean()
    place.presence.close()
  }
  try {
    clean()
    const bytes = sizeOfBackup(file)
    const manifest = withoutManifest ? null : readManifest(file)
    if (manifest && manifest.bytes !== bytes)
      throw new BackupError({ kind: 'wrong_size', path: file, expected: manifest.bytes, found: bytes })
    const sha256 = await copy(file, draft, { bytes, onStep })
    if (manifest && manifest.sha256 !== sha256) throw new BackupError({ kind: 'wrong_hash', path: file })
    onStep({ step: 'checking', bytes })
    const content = readDraft(draft, { file, keys, manifest })
    const at = manifest && Date.parse(manifest.at)
    const half = restoreUnderWay(database)
    const keptAs = half?.keptAs ?? `${database}.before-restore-${compactTime(now())}`
    const present = existsSync(keptAs) ? keptAs : database
    const keepsAs = existsSync(present) ? keptAs : null
    const lost = keepsAs === null || at === null ? null : countSince(present, at)
    return {
      plan: { at, version: manifest?.version ?? null, bytes, ...content, lost, keepsAs },
      commit: ({ hold, by }) => {
        writeFacts(draft, { now: now(), hold, by, good: at === null ? null : { at, path: file, bytes } })
        syncFile(draft)
        beginSwitch(database, keptAs)
        try {
          place.renew()
        } catch (error) {
          if (half === null) endSwitch(database)
          throw error
        }
        switchFiles(database, { draft, keptAs })
        unmarkUnchecked(database)
        endSwitch(database)
      },
      close,
    }
  } catch (error) {
    close()
    throw explain(error, { file, database })
  }
}

/** Throws where somebody has the database open. A service that starts from now on sees that somebody is there. */
const takePlace = (database: string): { presence: Presence; renew(): void } => {
  const take = (): Presence => {
    const presence = openPresence(database)
    const holders = holdersOf(database)
    if (!presence.isShared && holders.length === 0) return presence
    presence.close()
    throw inUse(database, holders)
  }
  const place = {
    presence: take(),
    /** Looks once more. Whoever comes after this sees the mark of the switch, and goes away. */
    renew: () => {
      place.presence.close()
      place.presence = take()
    },
  }
  return place
}

const inUse = (path: string, holders: readonly Holder[]): BackupError =>
  new BackupError({ kind: 'in_use', path, holders })

/** Resolves to the SHA-256 of what was copied. */
const copy = async (
  file: string,
  draft: string,
  { bytes, onStep }: { bytes: number; onStep: RestoreOptions['onStep'] },
): Promise<string> => {
  const [needed, free] = [bytes + SPARE_BYTES, freeBytesOf(dirname(draft))]
  if (free < needed) throw new BackupError({ kind: 'no_room', path: dirname(draft), needed, free })
  const hash = createHash('sha256')
  let done = 0
  const tap = new Transform({
    transform: (chunk: Buffer, _encoding, next) => {
      hash.update(chunk)
      done += chunk.length
      onStep({ step: 'copying', done, all: bytes })
      next(null, chunk)
    },
  })
  await pipeline(
    createReadStream(file, { highWaterMark: 1024 * 1024 }),
    tap,
    createWriteStream(draft, { flags: 'wx', mode: PRIVATE }),
  )
  return hash.digest('hex')
}

const readDraft = (
  draft: string,
  { file, keys, manifest }: { file: string; keys: Keys; manifest: BackupManifest | null },
) => {
  try {
    return withCopy(draft, client => {
      checkContent(client, draft, { keys, deep: manifest === null })
      const count = (text: string) => client.prepare<[], number>(text).pluck().get() ?? 0
      return {
        counts: manifest?.counts ?? countsOf(client),
        willSend: count("SELECT count(*) FROM messages WHERE state = 'pending'"),
        willAsk: count('SELECT count(*) FROM registrations WHERE resolved_at IS NULL'),
        willStop: has(client, 'bulk_acts') ? count(`SELECT count(*) FROM bulk_acts WHERE ${UNDER_WAY}`) : 0,
      }
    })
  } catch (error) {
    // The copy is no longer there when this is read.
    if (error instanceof BackupError && 'path' in error.problem)
      throw new BackupError({ ...error.problem, path: file }, { cause: error })
    throw error
  }
}

/** Registrations made after this time: their ids begin with theirs. Null where the database cannot be read. */
const countSince = (database: string, at: number): number | null => {
  try {
    const client = new Database(database, { readonly: true, fileMustExist: true })
    try {
      return client
        .prepare<[id: string], number>('SELECT count(*) FROM registrations WHERE id > ?')
        .pluck()
        .get(`reg_${encodeTime(at, ID_TIME_CHARACTERS)}`) as number
    } finally {
      client.close()
    }
  } catch {
    return null
  }
}

const UNDER_WAY = "state IN ('probing', 'running')"
/** A backup of an earlier version may not have it. */
const has = (client: Database.Database, table: 'bulk_acts' | 'nodes'): boolean => tablesOf(client).includes(table)

/** What the restored database is to know of itself. */
const writeFacts = (
  draft: string,
  {
    now,
    hold,
    by,
    good,
  }: { now: number; hold: boolean; by: CommandUser; good: { at: number; path: string; bytes: number } | null },
): void =>
  withCopy(
    draft,
    client => {
      // A journal that a kill leaves would be played back into the next copy.
      client.pragma('journal_mode = MEMORY')
      client.pragma('synchronous = FULL')
      client.transaction(() => {
        if (hold) prepareHold(client).hold(now)
        // What was stopped after the backup would go on by itself, and a cancel cannot be undone.
        if (has(client, 'bulk_acts'))
          client.prepare(`UPDATE bulk_acts SET state = 'stopped', ended_at = ? WHERE ${UNDER_WAY}`).run(now)
        // Whoever worked on the other one is not missed here.
        if (has(client, 'nodes')) client.exec('DELETE FROM nodes')
        insertFileAct(client, { ...by, act: 'database.restore', outcome: 'done', at: now })
        if (good !== null) prepareBackupRecords(client).record({ outcome: 'good', ...good })
      })()
    },
    { readonly: false },
  )

const compactTime = (at: number): string => new Date(at).toISOString().replaceAll(/[-:.]/g, '')

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL'])

const explain = (error: unknown, { file, database }: Pick<RestoreOptions, 'file' | 'database'>): unknown => {
  const code = String(codeOf(error) ?? '')
  if (error instanceof BackupError || code === '') return error
  if ((error as { path?: unknown }).path === file)
    return new BackupError({ kind: 'not_readable', path: file, code }, { cause: error })
  const folder = dirname(database)
  return NO_ROOM.has(code)
    ? new BackupError({ kind: 'no_room', path: folder, needed: 0, free: freeBytesOf(folder) }, { cause: error })
    : new BackupError({ kind: 'not_writable', path: folder, code }, { cause: error })
}
