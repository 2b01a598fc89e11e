import { existsSync, readFileSync } from 'node:fs'
import { url as debuggerUrl } from 'node:inspector'
import { resolve } from 'node:path'
import { openDatabase } from '../app/database.ts'
import { type Need, readConfig, type UpstreamConfig } from '../config/read-config.ts'
import type { Config } from '../config/settings.ts'
import { AppError, codeOf, StartError } from '../core/error.ts'
import type { Language, Words } from '../core/language.ts'
import type { OpeningEvent } from '../store/open.ts'
import { mayPass } from '../store/opening-failure.ts'
import { isDamage } from '../store/sqlite/failure.ts'
import type { Store } from '../store/store.ts'
import { databaseErrorOf } from '../store/unavailable.ts'
import { describeError } from '../telemetry/describe-error.ts'
import type { Emit } from '../telemetry/emit.ts'
import { sayIn } from './command.ts'

/** Between what is named and what is said of it. */
const COLON: Words = { en: ': ', zh: '：' }

export const print = (text: string): void => void process.stdout.write(`${text}\n`)
export const complain = (text: string): void => void process.stderr.write(`${text}\n`)

/** Ends the process with 2: what the user asked for, or set, is not possible. */
export const refuse = (text: string): never => {
  complain(text)
  process.exit(2)
}

/** Ends the process with 1: what was possible did not work. */
export const fail = (text: string): never => {
  complain(text)
  process.exit(1)
}

/** Ends the process: with 1 where it may work later as things are, else with 2. */
export const refuseToOpen = (error: unknown, lang: Language): never => {
  const reason = reasonOf(error, lang)
  return mayPass(error) ? fail(reason) : refuse(reason)
}

/** An error in one line for a terminal, without what drivers put into theirs. What is ours is whole, as paths are. */
export const reasonOf = (error: unknown, lang: Language): string => {
  if (error instanceof StartError) return error.words[lang]
  const reason = error instanceof AppError ? error.detail[lang] : plainReasonOf(error)
  const advice = adviceOn(error)
  return advice === null ? reason : `${reason}${COLON[lang]}${advice[lang]}`
}

const plainReasonOf = (error: unknown): string => {
  const { message, name, code } = describeError(error)
  const isOurs = message !== undefined && error instanceof Error
  return isOurs ? error.message : `${name} ${code ?? ''}`.trim()
}

const DAMAGE: Words = {
  en: 'the database is damaged: do not start again before you have read "A damaged database" in docs/operations.md',
  zh: '数据库已损坏：重新启动之前，请先阅读 docs/operations.zh-CN.md 的“数据库损坏”',
}

const NO_SPACE: Words = {
  en: 'free some space or enlarge the disk, then run this again; to erase takes room too',
  zh: '请先清理或扩容磁盘，再重新运行；删除数据也需要空间',
}

const LOCKED: Words = {
  en: '"idface-notifier doctor --only locks" names the session, and the SQL that ends it',
  zh: '运行 "idface-notifier doctor --only locks" 可查出该会话及结束它的 SQL',
}

/** What to do about a failure of the database that does not pass by itself; null for any other error. */
export const adviceOn = (error: unknown): Words | null => {
  const code = databaseErrorOf(error) ?? codeOf(error)
  if (code === '55P03') return LOCKED
  if (error instanceof Error && isDamage(error)) return DAMAGE
  if (!(error instanceof AppError)) return null
  return code === 'SQLITE_FULL' || code === '53100' ? NO_SPACE : null
}

/** The settings of the environment and of `.env`. All problems are printed at once, and the process ends with 2. */
export function loadConfig(need: 'upstream', lang: Language): UpstreamConfig
export function loadConfig(need: 'database', lang: Language): Config
export function loadConfig(need: Need, lang: Language): Config {
  loadEnvFile(lang)
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const result = readConfig(process.env, { need, readFile, isDebugged: debuggerUrl() !== undefined })
  if (result.ok) return result.config
  return refuse(result.problems.map(({ setting, message }) => `${setting}${COLON[lang]}${message[lang]}`).join('\n'))
}

export const loadEnvFile = (lang: Language) => {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env')
  } catch (error) {
    const [path, code] = [resolve('.env'), codeOf(error)]
    refuse(
      sayIn(lang)(
        `${path} cannot be read (${code}): make it a file that this user may read, or remove it`,
        `无法读取 ${path}（${code}）：请改为当前用户可读的文件，或将其删除`,
      ),
    )
  }
}

/**
 * Runs a command on the database that the settings name. The process ends with 2 where the database cannot be opened, unless that
 * may pass by itself; with 1 where it fails later. What changes nothing makes no database either.
 */
export const withStore = async (
  { lang, changes }: { lang: Language; changes: boolean },
  run: (store: Store, config: Config) => Promise<void>,
): Promise<void> => {
  const config = loadConfig('database', lang)
  const say = sayIn(lang)
  const { database } = config.storage
  if (!changes && database.kind === 'sqlite' && !existsSync(database.path)) {
    const path = resolve(database.path)
    refuse(
      say(
        `There is no database ${path}: run this in the folder of the service, or set its DATABASE_URL`,
        `没有数据库 ${path}：请在服务所在的文件夹中运行，或设置服务所用的 DATABASE_URL`,
      ),
    )
  }
  const emit: Emit<OpeningEvent> = (...[name, fields]) => {
    if (name === 'master_key.created')
      complain(
        say(
          `MASTER_KEY is not set: made ${fields.path}. Keep a copy of it apart from the database.`,
          `未设置 MASTER_KEY：已生成 ${fields.path}。请另存一份，并与数据库分开存放。`,
        ),
      )
    if (name === 'database.created')
      complain(
        say(
          `Made a new database, ${fields.path}: ${fields.advice}.`,
          `已新建数据库 ${fields.path}：若本应已有数据库，说明卷未挂载、工作文件夹不对，或 DATABASE_URL 指向了别的库，请停下检查。`,
        ),
      )
  }
  try {
    const store = await openDatabase(config, { emit, runs: 'here' })
    try {
      const broken = new Promise<never>((_resolve, reject) => store.hints.once('broken', reject))
      await Promise.race([run(store, config), broken])
    } finally {
      await store.close()
    }
  } catch (error) {
    if (error instanceof StartError) refuseToOpen(error, lang)
    fail(reasonOf(error, lang))
  }
}
