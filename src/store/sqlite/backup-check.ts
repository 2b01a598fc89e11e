import { existsSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { BackupError, type BackupProblem } from '../backup-problem.ts'
import type { Sealed } from '../sealed.ts'
import { type BackupManifest, hashOf, readManifest } from './backup-manifest.ts'
import { sqliteCodeOf } from './failure.ts'
import { ageOf } from './opening.ts'
import { isOurs, tablesOf } from './ownership.ts'

type Client = Database.Database
/** The canary of the keys that are given, and the current one's fingerprint. */
export type Keys = Pick<Sealed, 'canary' | 'keyId'>

/** Rows, by table. */
export type Counts = Readonly<Record<string, number>>

/** SQLite's words for a file that is not whole. */
export const DAMAGE = /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ)/
/** Damage that comes in many lines is told by the first ones. */
const LONGEST_FINDING = 200

/**
 * Whether the backup can be restored by this version and with these keys: it is whole, and as its manifest says.
 *
 * @param options.deep also looks through the file itself, which takes time in proportion to its size
 */
export const verifyFile = async (
  path: string,
  keys: Keys,
  { deep = false }: { deep?: boolean } = {},
): Promise<{ ok: true; manifest: BackupManifest } | { ok: false; problem: BackupProblem }> => {
  try {
    const manifest = readManifest(path)
    await checkBytes(path, manifest)
    withCopy(path, client => checkContent(client, path, { keys, counts: manifest.counts, deep }))
    return { ok: true, manifest }
  } catch (error) {
    if (error instanceof BackupError) return { ok: false, problem: error.problem }
    throw error
  }
}

/** Throws where the file is not the one that the manifest is about. */
const checkBytes = async (path: string, { bytes, sha256 }: BackupManifest): Promise<void> => {
  const found = sizeOfBackup(path)
  if (found !== bytes) throw new BackupError({ kind: 'wrong_size', path, expected: bytes, found })
  if ((await hashOf(path)) !== sha256) throw new BackupError({ kind: 'wrong_hash', path })
}

/** Throws where there is no file, or one that is not closed. */
export const sizeOfBackup = (path: string): number => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) throw new BackupError({ kind: 'no_backup', path })
  if (stat.isDirectory()) throw new BackupError({ kind: 'is_folder', path })
  for (const log of [`${path}-wal`, `${path}-journal`])
    if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0) throw new BackupError({ kind: 'has_log', path: log })
  return stat.size
}

/** Opens a closed database that nobody else has open. What SQLite says of a damaged one becomes a `BackupError`. */
export const withCopy = <T>(path: string, run: (client: Client) => T, { readonly = true } = {}): T => {
  if (!existsSync(path)) throw new BackupError({ kind: 'no_backup', path })
  let client: Client | null = null
  try {
    client = new Database(path, { readonly, fileMustExist: true })
    return run(client)
  } catch (error) {
    const code = sqliteCodeOf(error)
    if (DAMAGE.test(code)) throw new BackupError({ kind: 'damaged', path, found: code }, { cause: error })
    throw error
  } finally {
    client?.close()
  }
}

/** Throws where the database is of something else, a later version or another key, and where it is damaged. */
export const checkContent = (
  client: Client,
  path: string,
  { keys, counts = null, deep }: { keys: Keys; counts?: Counts | null; deep: boolean },
): void => {
  if (!isOurs(client)) throw new BackupError({ kind: 'not_ours', path })
  if (ageOf(client) === 'later') throw new BackupError({ kind: 'newer_schema', path })
  checkKey(client, path, keys)
  if (deep) checkWhole(client, path)
  if (counts) checkCounts(countsOf(client), { path, counts })
}

const checkKey = (client: Client, path: string, { canary, keyId }: Keys): void => {
  const sealed = client.prepare<[], Buffer>("SELECT value FROM meta WHERE key = 'canary'").pluck().get()
  if (sealed && canary.isOurs(sealed)) return
  const writtenWith = sealed?.toString('hex', 0, keyId.length) ?? '-'
  throw new BackupError({ kind: 'wrong_key', path, writtenWith, given: keyId.toString('hex') })
}

const checkWhole = (client: Client, path: string): void => {
  const findings = client.prepare<[], string>('PRAGMA integrity_check(3)').pluck().all()
  const found = findings.join('; ').replaceAll(/\s+/g, ' ').slice(0, LONGEST_FINDING)
  if (found !== 'ok') throw new BackupError({ kind: 'damaged', path, found })
}

const checkCounts = (found: Counts, { path, counts }: { path: string; counts: Counts }): void => {
  for (const [table, expected] of Object.entries(counts))
    if (found[table] !== expected)
      throw new BackupError({ kind: 'counts_differ', path, table, expected, found: found[table] ?? 0 })
}

/** Of each table of ours, whatever its version. Takes time in proportion to their size. */
export const countsOf = (client: Client): Counts => {
  const count = (table: string) => client.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().get() ?? 0
  return Object.fromEntries(
    tablesOf(client)
      .toSorted()
      .map(table => [table, count(table)]),
  )
}

/** When the newest migration of its schema was made, epoch ms. */
export const schemaOf = (client: Client): number =>
  Number(client.prepare('SELECT max(created_at) FROM __drizzle_migrations').pluck().get() ?? 0)
