import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { noteCallbackChanges } from '../app/callback-changes.ts'
import { openDatabase } from '../app/database.ts'
import { type Need, readConfig, type UpstreamConfig } from '../config/read-config.ts'
import type { Config } from '../config/settings.ts'
import { createClosing } from '../core/closing.ts'
import { codeOf } from '../core/error.ts'
import type { Language } from '../core/language.ts'
import type { OpeningEvent } from '../store/open.ts'
import { findRealPath } from '../store/sqlite/database-file.ts'
import { lockForService } from '../store/sqlite/service-lock.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { type OnStore, sayIn } from './command.ts'
import { refuse } from './ending.ts'

export const print = (text: string): void => void process.stdout.write(`${text}\n`)
export const complain = (text: string): void => void process.stderr.write(`${text}\n`)

/** Reads the settings from the environment and `.env`. Ends the command with all problems at once. */
export function loadConfig(need: 'upstream'): UpstreamConfig
export function loadConfig(need: 'database'): Config
export function loadConfig(need: Need): Config {
  loadEnvFile()
  const result = readConfig(process.env, need)
  if (result.ok) return result.config
  return refuse({
    en: result.problems.map(({ setting, message }) => `${setting}: ${message.en}`).join('\n'),
    zh: result.problems.map(({ setting, message }) => `${setting}：${message.zh}`).join('\n'),
  })
}

export const loadEnvFile = () => {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env')
  } catch (error) {
    const [path, code] = [resolve('.env'), codeOf(error)]
    refuse({
      en: `${path} cannot be read (${code}): make it a file that this user may read, or remove it`,
      zh: `无法读取 ${path}（${code}）：请改为当前用户可读的文件，或将其删除`,
    })
  }
}

/**
 * Runs a command on the database of the settings. A command that changes nothing creates no database. Only `migrate`
 * changes the schema, and of a file only without a running service: one of the previous version would send webhooks twice.
 */
export const withStore = async (
  { lang, changes, migrates }: { lang: Language; changes: boolean; migrates: boolean },
  run: (store: Store, opened: Pick<OnStore, 'config' | 'hasMigrated'>) => Promise<void>,
): Promise<void> => {
  const config = loadConfig('database')
  const say = sayIn(lang)
  const { database } = config.storage
  if (!changes && database.kind === 'sqlite' && !existsSync(database.path)) {
    const path = resolve(database.path)
    refuse({
      en: `There is no database ${path}: run this in the folder of the service, or set its DATABASE_URL`,
      zh: `没有数据库 ${path}：请在服务所在的文件夹中运行，或设置服务所用的 DATABASE_URL`,
    })
  }
  await using locks = createClosing()
  let hasMigrated = false
  const emit: Emit<OpeningEvent> = (...[name, fields]) => {
    hasMigrated ||= name === 'database.migrated'
    if (name === 'database.migrating' && !migrates)
      refuse({
        en: 'The database still has the schema of an older version: stop the service of that version if it runs, then start this one, or run migrate.',
        zh: '数据库仍是旧版本的结构：如旧版本的服务仍在运行，请先停止，再启动本版本的服务，或运行 migrate。',
      })
    if (name === 'database.migrating' && database.kind === 'sqlite')
      locks.defer(lockForService(findRealPath(resolve(database.path))).release)
    if (name === 'master_key.created')
      complain(
        say({
          en: `MASTER_KEY is not set: made ${fields.path}. Keep a copy of it apart from the database.`,
          zh: `未设置 MASTER_KEY：已生成 ${fields.path}。请另存一份，并与数据库分开存放。`,
        }),
      )
    if (name === 'database.created')
      complain(
        say({
          en: `Made a new database, ${fields.path}: ${fields.advice}.`,
          zh: `已新建数据库 ${fields.path}：若本应已有数据库，说明卷未挂载、工作文件夹不对，或 DATABASE_URL 指向了别的库，请停下检查。`,
        }),
      )
  }
  const store = await openDatabase(config, { emit, as: changes || migrates ? 'command' : 'reader' })
  const noteChanges = noteCallbackChanges(store)
  try {
    const broken = new Promise<never>((_resolve, reject) => store.hints.once('broken', reject))
    await Promise.race([run(store, { config, hasMigrated }).then(noteChanges), broken])
  } finally {
    await store.close()
  }
}
