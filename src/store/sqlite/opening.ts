import { fileURLToPath } from 'node:url'
import type Database from 'better-sqlite3'
import { StartError } from '../../core/error.ts'
import { judgeSchema, refuseKey, refuseLater, type SchemaAge } from '../opening.ts'
import { MOVED_TO } from '../operators/facts.ts'
import type { Sealed } from '../sealed.ts'
import type { Connection } from './connection.ts'
import { drizzle, migrate } from './drizzle.ts'
import { findFact } from './facts.ts'
import { isDamage, sqliteCodeOf } from './failure.ts'

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/sqlite', import.meta.url))

const damaged = (found: string): StartError =>
  new StartError({
    en: `the database is damaged (${found}): run "restore" with the last backup, which keeps this file ("A damaged database" in docs/operations.md)`,
    zh: `数据库已损坏（${found}）：请用最近的备份运行 restore，它会保留该文件（见 docs/operations.zh-CN.md 的“数据库损坏”）`,
  })

/** Begin and end of the migration of an existing file with an older schema; a new file has neither. */
export type OpeningStep = 'migrating' | 'migrated'

interface Options {
  sealed: Sealed
  quickCheck: boolean
  /** Writes nothing if the database is current, so that no lock stops it. */
  isReader: boolean
  onStep: (step: OpeningStep) => void
}

/**
 * Brings the database to the current schema. Throws before it changes anything, with advice for the operator, if a
 * later version has changed the schema, the master key differs, the data was moved elsewhere, or the file is damaged.
 *
 * @param options.quickCheck checks the whole file for damage first
 */
export const bringUpToDate = async (
  { client, attempt, write }: Connection,
  { sealed, quickCheck, isReader, onStep }: Options,
): Promise<void> => {
  const isOlder = refuseDamage(() => {
    const age = ageOf(client)
    if (age === 'later') refuseLater()
    if (hasTable(client, 'meta')) {
      assertKey(client, sealed)
      refuseMoved(client)
    }
    if (quickCheck) assertWhole(client)
    return age === 'older'
  })
  if (isOlder) onStep('migrating')
  // Two processes may start at once: the second one fails, and its retry finds nothing to do.
  const migrateOnce = () => attempt(() => migrate(drizzle({ client }), { migrationsFolder: MIGRATIONS }))
  await migrateOnce().catch(migrateOnce)
  const value = sealed.canary.seal()
  if (!isReader || canaryOf(client) === null) await write(tx => tx.all(ADD_CANARY, { value }))
  assertKey(client, sealed)
  if (isOlder) onStep('migrated')
}

const ADD_CANARY = "INSERT INTO meta (key, value) VALUES ('canary', @value) ON CONFLICT DO NOTHING"

/** Runs it, and converts SQLite's error about a damaged file to a `StartError` with advice. */
export const refuseDamage = <T>(run: () => T): T => {
  try {
    return run()
  } catch (error) {
    throw isDamage(error) ? damaged(sqliteCodeOf(error)) : error
  }
}

export const hasTable = (client: Database.Database, name: string): boolean =>
  client.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined

export const ageOf = (client: Database.Database): SchemaAge => {
  if (!hasTable(client, '__drizzle_migrations')) return 'new'
  const applied = client.prepare<[], number | null>('SELECT max(created_at) FROM __drizzle_migrations').pluck().get()
  return judgeSchema(MIGRATIONS, applied ?? null)
}

const assertWhole = (client: Database.Database) => {
  const problem = client.prepare<[], string>('PRAGMA quick_check(1)').pluck().get()
  // SQLite may return several lines.
  const found = problem?.replaceAll(/\s+/g, ' ')
  if (found !== 'ok') throw damaged(String(found))
}

/** Returns the value that only the right master key opens, or null if none is stored yet. */
export const canaryOf = (client: Database.Database): Buffer | null =>
  client.prepare<[], Buffer>("SELECT value FROM meta WHERE key = 'canary'").pluck().get() ?? null

const assertKey = (client: Database.Database, sealed: Sealed) => {
  const canary = canaryOf(client)
  if (canary !== null && !sealed.canary.isOurs(canary)) refuseKey()
}

/** Throws if the data was moved to another database: both would poll and send everything twice. */
const refuseMoved = (client: Database.Database): void => {
  const to = findFact(client, MOVED_TO)
  if (to === null) return
  throw new StartError({
    en: `DATABASE_URL: this file was moved to ${to}: name that database. Only to give up what has happened there since, and go on with this file, remove the mark: DELETE FROM meta WHERE key = '${MOVED_TO.name}'`,
    zh: `DATABASE_URL：该文件的数据已迁移到 ${to}：请改用该数据库。只有在决定放弃迁移之后的全部数据、继续使用此文件时，才执行 DELETE FROM meta WHERE key = '${MOVED_TO.name}' 去除标记`,
  })
}
