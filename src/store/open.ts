import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { Config } from '../config/settings.ts'
import type { Database } from '../config/url-parsers.ts'
import { AppError, codeOf, StartError } from '../core/error.ts'
import { DATABASE_FILE, type DatabaseFault, databaseFaultOf } from '../core/operator-texts/database-fault.ts'
import { CATALOGUES } from '../core/operator-texts/describe.ts'
import type { OpenStoreDeps } from './opening.ts'
import { postgresCodeOf } from './postgres/failure.ts'
import { isDamage, sqliteCodeOf } from './sqlite/failure.ts'
import type { Store } from './store.ts'
import { databaseErrorOf } from './unavailable.ts'

export type { OpeningEvent, OpenStoreDeps } from './opening.ts'

/** Opens the database of the settings and brings it to the current schema. */
export const openStore = async (config: Pick<Config, 'storage' | 'upstream'>, deps: OpenStoreDeps): Promise<Store> => {
  const { database } = config.storage
  try {
    return database.kind === 'sqlite'
      ? await (await import('./sqlite/open.ts')).openSqliteFile(resolve(database.path), config, deps)
      : await (await import('./postgres/open.ts')).openPostgres(database.url.reveal(), config, deps)
  } catch (error) {
    throw explainStart(error, database)
  }
}

/** Explains the error that keeps a service from starting on its database, with the remedy, if it is a known one. */
export const explainStart = (error: unknown, database: Database): unknown =>
  explainOpening(error, database.kind === 'sqlite' ? resolve(database.path) : database.url.reveal())

/** Codes of bugs in our own code; no code counts as one. */
const BUG = /^$|^ERR_(?!TLS)|^42601$/

/** Faults that end once the server responds, or others free space or end: a later start may work. */
const PASSING: readonly DatabaseFault[] = [
  'disk_full',
  'server_full',
  'locked',
  'file_locked',
  'connections',
  'standby',
  'absent',
  'no_host',
  'unreachable',
]

/** Returns SQLite's, PostgreSQL's or the system's code; of an `AppError`, its database code. Empty if there is none. */
const reasonCodeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return ''
  if (error instanceof AppError) return databaseErrorOf(error) ?? ''
  if (/server does not support SSL/.test(error.message)) return 'NO_TLS'
  return sqliteCodeOf(error) || postgresCodeOf(error) || String(codeOf(error) ?? '')
}

/** Returns whether an error from `explainOpening` may pass by itself. */
export const mayPass = (error: unknown): boolean => {
  const code = error instanceof Error ? reasonCodeOf(error.cause) : ''
  // A missing folder is a wrong setting.
  return code !== 'ENOENT' && PASSING.includes(databaseFaultOf(code))
}

const describeUser = (): string => {
  try {
    return `${userInfo().username} (uid ${userInfo().uid})`
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}

/** Parameters that cannot hold a secret. */
const PUBLIC_PARAMETERS = ['host', 'port']

/** Returns `postgres://USER@HOST/NAME` for display: without the password and any parameter not in `PUBLIC_PARAMETERS`. */
export const showAddress = (url: string): string => {
  const { protocol, username, host, pathname, searchParams } = new URL(url)
  const params = new URLSearchParams([...searchParams].filter(([name]) => PUBLIC_PARAMETERS.includes(name)))
  const query = params.size === 0 ? '' : `?${decodeURIComponent(params.toString())}`
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}${query}`
}

/**
 * Explains the error that keeps a database from being opened: the setting or option, the absolute path or the address
 * without the password, and the remedy. Returns a `StartError`, a bug or damage unchanged.
 *
 * @param place the path of a file, or a URL of PostgreSQL
 */
export const explainOpening = (error: unknown, place: string, namedBy = 'DATABASE_URL'): unknown => {
  const code = reasonCodeOf(error)
  if (error instanceof StartError || BUG.test(code) || isDamage(error)) return error
  const fault = databaseFaultOf(code)
  const isKey = (error as { path?: unknown }).path === `${place}.key`
  const setting = isKey ? 'MASTER_KEY' : namedBy
  const location = isKey ? `${place}.key` : place.startsWith('postgres') ? showAddress(place) : place
  const user = describeUser()
  const [en, zh] = fault === 'not_ours' ? [`${user} may not open it. `, `${user} 无法打开它。`] : ['', '']
  const words = {
    en: `${setting}: ${location} cannot be used (${code}): ${en}${CATALOGUES.en.databaseRemedies[fault].replace(DATABASE_FILE, location)}`,
    zh: `${setting}：无法使用 ${location}（${code}）：${zh}${CATALOGUES.zh.databaseRemedies[fault].replace(DATABASE_FILE, location)}`,
  }
  return new StartError(words, { cause: error })
}
