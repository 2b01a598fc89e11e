import { readFileSync, statSync } from 'node:fs'
import { url as debuggerUrl } from 'node:inspector'
import { basename, resolve } from 'node:path'
import { clock, random } from '../../app/clock-and-ids.ts'
import { type Problem, readConfig } from '../../config/read-config.ts'
import type { Config } from '../../config/settings.ts'
import type { Language, Words } from '../../core/language.ts'
import type { Trouble } from '../../core/trouble.ts'
import type { Inspection } from '../../store/inspection.ts'
import { findKeyBeside } from '../../store/master-key.ts'
import { explainStart } from '../../store/open.ts'
import { troublesOf } from '../../store/rules/troubles.ts'
import { findRealPath } from '../../store/sqlite/database-file.ts'
import { openInspection } from '../../store/sqlite/inspection.ts'
import { readTroubleFacts } from '../../store/trouble-facts.ts'
import { loadEnvFile, reasonOf } from '../environment.ts'
import { type AskedAccount, askAccounts } from './ask-accounts.ts'

/** What all checks look at. Nothing of it changes anything. */
export interface Desk {
  now: number
  deep: boolean
  offline: boolean
  /** How the reader calls this program. */
  call: string
  env: NodeJS.ProcessEnv
  /** Where a command that the reader pastes may write a backup. */
  backupFolder: string
  /** What is wrong with the settings of a service. */
  problems: readonly Problem[]
  /** Null where even a command could not run with them. */
  config: Config | null
  /** Which database the settings name; null: they do not say. */
  engine: 'sqlite' | 'postgres' | null
  /** Null: it is not SQLite, or the settings do not say which. */
  path: string | null
  /** The file is there. */
  exists: boolean
  /** A service works on it; true where nobody knows. */
  isServed: boolean
  /** Null where it is not there, or cannot be opened: `unopened` says why. */
  inspection: Inspection | null
  unopened: Words | null
  /** Asks GetResult once for each account, the first time. */
  asked(): Promise<readonly AskedAccount[]>
  /** What `status` says to be wrong, but for what the checks of the engine look at, at `at`. */
  troubles(): Promise<{ at: number; troubles: readonly Trouble[] }>
}

/** Reads settings and opens the database, as far as they are there. */
export const openDesk = async ({
  lang,
  ...options
}: Pick<Desk, 'now' | 'deep' | 'offline' | 'call'> & { lang: Language }): Promise<
  Desk & { close(): Promise<void> }
> => {
  loadEnvFile(lang)
  const { env } = process
  const given = { readFile: (path: string) => readFileSync(path, 'utf8'), isDebugged: debuggerUrl() !== undefined }
  const service = readConfig(env, { need: 'upstream', ...given })
  const command = readConfig(env, { need: 'database', ...given })
  const config = command.ok ? command.config : null
  const database = config?.storage.database
  const path = database?.kind === 'sqlite' ? findRealPath(resolve(database.path)) : null
  const exists = path !== null && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
  const isThere = exists || database?.kind === 'postgres'
  const { inspection, unopened } = config && isThere ? await tryToOpen(path, config, options.now) : NOTHING
  let asked: Promise<readonly AskedAccount[]> | null = null
  const isServedNow = await hasNodes(inspection)
  let troubles: ReturnType<Desk['troubles']> | null = null
  return {
    ...options,
    env,
    backupFolder: backupFolderOf(env),
    problems: service.ok ? [] : service.problems,
    config,
    engine: database?.kind ?? null,
    path,
    exists,
    isServed: isServedNow,
    inspection,
    unopened,
    asked: () => {
      asked ??= config ? askAccounts(config, inspection) : Promise.resolve([])
      return asked
    },
    troubles: () => {
      troubles ??= readTroubles(inspection, isServedNow, config)
      return troubles
    },
    close: async () => inspection?.close(),
  }
}

const readTroubles = async (
  inspection: Inspection | null,
  isServed: boolean,
  config: Config | null,
): ReturnType<Desk['troubles']> => {
  if (inspection === null) return { at: 0, troubles: [] }
  const facts = await readTroubleFacts(inspection)
  // Where settings cannot be read, none of them is exceeded.
  const pollMaxMs = config?.polling.maxMs ?? Number.POSITIVE_INFINITY
  const troubles = troublesOf({ ...facts, isServed, engine: null, writeError: null, pollMaxMs })
  return { at: facts.stats.at, troubles }
}

/** Where systemd runs it, its sandbox lets commands write into this folder of its state, and nowhere else. */
const backupFolderOf = ({ STATE_DIRECTORY = '' }: NodeJS.ProcessEnv): string =>
  STATE_DIRECTORY.split(':').find(folder => basename(folder) === 'backup') ?? '/backup'

const hasNodes = async (inspection: Inspection | null): Promise<boolean> => {
  if (inspection?.age !== 'current') return true
  // Somebody may have locked their table.
  const present = await inspection.presentNodes().catch(() => null)
  return present === null || present.length > 0
}

const NOTHING = { inspection: null, unopened: null }

const tryToOpen = async (path: string | null, config: Config, now: number) => {
  try {
    return { inspection: await inspect(path, config, now), unopened: null }
  } catch (thrown) {
    const error = explainStart(thrown, config.storage.database)
    return { inspection: null, unopened: { en: reasonOf(error, 'en'), zh: reasonOf(error, 'zh') } }
  }
}

const inspect = async (path: string | null, { storage, upstream }: Config, now: number): Promise<Inspection> => {
  const given = storage.masterKey && Buffer.from(storage.masterKey.reveal(), 'base64')
  const previous = storage.previousMasterKey && Buffer.from(storage.previousMasterKey.reveal(), 'base64')
  const { database } = storage
  const options = { previousKey: previous ?? undefined, defaultRate: upstream.rate }
  if (database.kind === 'postgres' || path === null) {
    const url = database.kind === 'postgres' ? database.url.reveal() : ''
    const { openPostgresInspection } = await import('../../store/postgres/inspection.ts')
    const from = { now: clock.now, sleep: clock.sleep, random }
    return openPostgresInspection({ ...options, ...from, url, masterKey: given ?? random(32) })
  }
  // Without its key the rest can be looked at all the same.
  const masterKey = given ?? findKeyBeside(path) ?? random(32)
  return openInspection({ ...options, path, masterKey, now: () => now })
}
