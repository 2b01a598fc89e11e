import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { clock, random } from '../../app/clock-and-ids.ts'
import { readConfig } from '../../config/read-config.ts'
import type { Config } from '../../config/settings.ts'
import type { Words } from '../../core/language.ts'
import { findKeyBeside, keysOf } from '../../store/master-key.ts'
import { explainStart } from '../../store/open.ts'
import type { PostgresInspection } from '../../store/postgres/inspection.ts'
import { findRealPath } from '../../store/sqlite/database-file.ts'
import { openInspection, type SqliteInspection } from '../../store/sqlite/inspection.ts'
import { wordsOf } from '../ending.ts'
import { loadEnvFile } from '../environment.ts'
import { type AskedAccount, askAccounts, findRefusal } from './ask-accounts.ts'
import { type Found, failed, skipped } from './finding.ts'

type AnyInspection = SqliteInspection | PostgresInspection

/** Input of the checks. None of it changes anything. */
export type DoctorFacts = Awaited<ReturnType<typeof openFacts>>

/** Reads the settings and opens the database, as far as they exist. */
export const openFacts = async (options: { now: number; deep: boolean; offline: boolean; live: string | null }) => {
  loadEnvFile()
  const service = readConfig(process.env, 'upstream')
  const command = readConfig(process.env, 'database')
  const config = command.ok ? command.config : null
  const database = config?.storage.database
  const path = database?.kind === 'sqlite' ? findRealPath(resolve(database.path)) : null
  const exists = path !== null && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
  let inspection: AnyInspection | null = null
  let unopened: Words | null = null
  try {
    if (config && (exists || database?.kind === 'postgres')) inspection = await inspect(path, config, options.now)
  } catch (thrown) {
    unopened = wordsOf(database ? explainStart(thrown, database) : thrown)
  }
  const { live } = options
  const refusal = live === null ? null : await findRefusal(live, { inspection, unopened })
  let asked: Promise<readonly AskedAccount[]> | null = null
  return {
    ...options,
    /** Null if even a command could not run with the settings. */
    config,
    /** Problems of the settings for a service. */
    problems: service.ok ? [] : service.problems,
    /** Kind of the database in the settings; null: unknown. */
    engine: database?.kind ?? null,
    /** Real path of the SQLite file, which may not exist; null: not SQLite, or unknown. */
    file: path,
    /** Null if the database does not exist or cannot be opened; `unopened` has the reason. */
    inspection: inspection as AnyInspection | null,
    unopened: unopened as Words | null,
    /** Why the operator's own serial must not be polled; null: it may be. */
    refusal,
    /** Returns the answers of GetResult, which is called only the first time. */
    asked: () => {
      asked ??= config && !refusal ? askAccounts(config, inspection, live) : Promise.resolve([])
      return asked
    },
    close: async (): Promise<void> => inspection?.close(),
  }
}

const inspect = async (path: string | null, { storage, upstream }: Config, now: number): Promise<AnyInspection> => {
  const { masterKey: given, previousKey } = keysOf(storage)
  const { database } = storage
  const options = { previousKey, defaultRate: upstream.rate }
  // Without its key, everything else can still be checked.
  const masterKey = given ?? (path === null ? null : findKeyBeside(path)) ?? random(32)
  if (database.kind === 'sqlite') return openInspection({ ...options, path: path ?? '', masterKey, now: () => now })
  const { openPostgresInspection } = await import('../../store/postgres/inspection.ts')
  const { now: read, sleep } = clock
  return openPostgresInspection({ ...options, url: database.url.reveal(), masterKey, random, now: read, sleep })
}

export type Check = (facts: DoctorFacts) => Found | Promise<Found>

/** A check that needs valid settings of a command. */
export const withConfig =
  (judge: (config: Config, facts: DoctorFacts) => Found | Promise<Found>): Check =>
  facts =>
    facts.config === null
      ? skipped({ en: 'the settings must be corrected first', zh: '请先改正配置' })
      : judge(facts.config, facts)

/** A check on the database. */
export const onDatabase =
  (judge: (inspection: AnyInspection, facts: DoctorFacts) => Found | Promise<Found>): Check =>
  facts => {
    const { inspection, unopened, engine } = facts
    if (inspection) return judge(inspection, facts)
    if (unopened === null)
      return skipped({ en: 'there is no database yet; the service makes it', zh: '尚无数据库，服务启动时会新建' })
    return failed(
      { en: `the database cannot be opened: ${unopened.en}`, zh: `无法打开数据库：${unopened.zh}` },
      engine === 'postgres'
        ? { en: 'see docs/postgresql.md', zh: '见 docs/postgresql.zh-CN.md' }
        : { en: 'see "A damaged database" in docs/operations.md', zh: '见 docs/operations.zh-CN.md 的“数据库损坏”' },
    )
  }

/** A check that needs the tables of this version. */
export const onTables = (judge: Parameters<typeof onDatabase>[0]): Check =>
  onDatabase(async (inspection, facts) =>
    (await inspection.age()) === 'current'
      ? judge(inspection, facts)
      : skipped({ en: 'the schema is not the one of this version', zh: '数据库结构不是当前版本' }),
  )

/** A check on PostgreSQL; `CHECKS` leaves it out for SQLite. */
export const onPostgres = (judge: (inspection: PostgresInspection) => Promise<Found>): Check =>
  onDatabase(inspection => (inspection.kind === 'postgres' ? judge(inspection) : []))
