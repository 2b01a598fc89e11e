import { resolve } from 'node:path'
import { clock, random } from '../app/clock-and-ids.ts'
import type { Parser } from '../config/parsers.ts'
import { databaseUrl } from '../config/url-parsers.ts'
import type { Words } from '../core/language.ts'
import { findKeyBeside, keysOf } from '../store/master-key.ts'
import { moveDatabase } from '../store/move/move.ts'
import { sealedUnder } from '../store/sealed.ts'
import { realPathOf } from '../store/sqlite/database-file.ts'
import { userName } from './audit.ts'
import { type Answer, type Common, defineCommand, option, required } from './command.ts'
import { fail, refuse } from './ending.ts'
import { loadConfig } from './environment.ts'
import { formatCount } from './output.ts'
import { createProgress } from './progress.ts'

/** Parses a database address of one kind, in the form of the settings. */
const database = (kind: 'sqlite' | 'postgres', must: Words): Parser<string> => ({
  must,
  parse: text => {
    const found = databaseUrl.parse(text)
    if (found?.kind !== kind) return null
    return found.kind === 'sqlite' ? found.path : found.url.reveal()
  },
})
const source = database('sqlite', {
  en: 'must be file:PATH, the SQLite file of a service that is stopped',
  zh: '须为 file:路径，即已停止服务的 SQLite 文件',
})
const target = database('postgres', {
  en: 'must be postgres://USER:PASSWORD@HOST/NAME, an empty database',
  zh: '须为 postgres://用户:密码@主机/库名，即一个空数据库',
})

type Input = Common & { from: string; to: string | null }

const move = async ({ from, to: given, say, reason }: Input): Promise<Answer> => {
  const { storage } = loadConfig('database')
  const { database } = storage
  const named = database.kind === 'postgres' ? database.url.reveal() : null
  const to =
    given ??
    named ??
    refuse({
      en: 'The database to move to is missing: set DATABASE_URL (postgres://…) or DATABASE_URL_FILE, or give --to.',
      zh: '未指定目标数据库：请把 DATABASE_URL（postgres://…）或 DATABASE_URL_FILE 设为该库，或使用 --to。',
    })
  const path = realPathOf(resolve(from))
  const { host, pathname } = new URL(to)
  const name = `postgres://${host}${pathname}`
  const progress = createProgress()
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  const masterKey =
    keysOf(storage).masterKey ??
    findKeyBeside(path) ??
    refuse({
      en: 'MASTER_KEY is not set, and there is no key beside the file: set the key that it was written with',
      zh: '未设置 MASTER_KEY，文件旁也没有密钥：请设置写入该文件时使用的密钥',
    })
  const moved = await moveDatabase({
    from: path,
    to,
    name,
    by: { name: userName(), reason },
    now: clock.now,
    sealed: sealedUnder({ masterKey, previousKey: keysOf(storage).previousKey }, random),
    onRows: (done, all) => progress.show(say({ en: 'Copying', zh: '正在复制' }), done, all),
    signal: stopping.signal,
  }).finally(progress.end)
  if (moved === null)
    return fail({
      en: 'Stopped: nothing was moved. Run the same command again, or start the service on the file.',
      zh: '已停止，未迁移任何数据。请再次运行同样的命令，或继续用该文件启动服务。',
    })
  const [registrations, webhooks] = [moved.registrations, moved.message_bodies].map(count => formatCount(count ?? 0))
  const text = [
    say({
      en: `Moved ${registrations} registrations, ${webhooks} webhooks and all that belongs to them to ${name}.\nNow set DATABASE_URL to it on every node, and start them.`,
      zh: `已将 ${registrations} 条登记、${webhooks} 条回调及其相关数据迁移到 ${name}。\n现在请把每个节点的 DATABASE_URL 设为该数据库，然后启动。`,
    }),
  ]
  if (!storage.masterKey)
    text.push(
      say({
        en: `Every node needs the same key: set MASTER_KEY to the content of ${path}.key.`,
        zh: `所有节点须使用同一密钥：请把 MASTER_KEY 设为 ${path}.key 的内容。`,
      }),
    )
  text.push(
    say({
      en: 'The file stays as it was, but no service starts on it any more.',
      zh: '原文件保持不变，但不再有服务能以它启动。',
    }),
  )
  return { data: { to: name, counts: moved }, text: text.join('\n') }
}

export const commands = [
  defineCommand({
    path: 'move',
    words: {
      en: 'move a whole SQLite database into an empty PostgreSQL database',
      zh: '把 SQLite 文件的全部数据迁移到空的 PostgreSQL 数据库',
    },
    options: {
      from: required(
        option('file:PATH', source, { en: 'the file; its service must be stopped', zh: '源文件；须先停止服务' }),
      ),
      to: option('postgres://…', target, {
        en: 'the empty database, unless DATABASE_URL names it, which keeps its password out of the list of processes',
        zh: '空的目标数据库；省略时使用 DATABASE_URL，密码便不会出现在进程列表中',
      }),
    },
    changes: true,
    example: 'move --from file:data/notifier.db',
    run: move,
  }),
]
