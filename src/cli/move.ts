import { resolve } from 'node:path'
import { clock, random } from '../app/clock-and-ids.ts'
import { StartError } from '../core/error.ts'
import type { Language, Words } from '../core/language.ts'
import { findKeyBeside } from '../store/master-key.ts'
import { moveDatabase } from '../store/move/move.ts'
import { sealedUnder } from '../store/sealed.ts'
import { realPathOf } from '../store/sqlite/database-file.ts'
import { userName } from './audit.ts'
import { fail, loadConfig, print, reasonOf, refuse, refuseToOpen } from './environment.ts'
import type { Common } from './frame/command.ts'
import { formatCount } from './frame/output.ts'
import { createProgress } from './progress.ts'

const en = {
  copying: 'Copying',
  stopped: 'Stopped: nothing was moved. Run the same command again, or start the service on the file.',
  moved: (counts: Readonly<Record<string, number>>, { name, keyPath }: { name: string; keyPath: string | null }) => [
    `Moved ${formatCount(counts.registrations ?? 0)} registrations, ${formatCount(counts.message_bodies ?? 0)} webhooks and all that belongs to them to ${name}.`,
    'Now set DATABASE_URL to it on every node, and start them.',
    ...(keyPath === null ? [] : [`Every node needs the same key: set MASTER_KEY to the content of ${keyPath}.`]),
    'The file stays as it was, but no service starts on it any more.',
  ],
}

const zh: typeof en = {
  copying: '正在复制',
  stopped: '已停止，未迁移任何数据。请再次运行同样的命令，或继续用该文件启动服务。',
  moved: (counts, { name, keyPath }) => [
    `已将 ${formatCount(counts.registrations ?? 0)} 条登记、${formatCount(counts.message_bodies ?? 0)} 条回调及其相关数据迁移到 ${name}。`,
    '现在请把每个节点的 DATABASE_URL 设为该数据库，然后启动。',
    ...(keyPath === null ? [] : [`所有节点须使用同一密钥：请把 MASTER_KEY 设为 ${keyPath} 的内容。`]),
    '原文件保持不变，但不再有服务能以它启动。',
  ],
}

const TEXTS: Readonly<Record<Language, typeof en>> = { en, zh }

type Input = Common & { from: string; to: string | null }

export const move = async ({ from, to: given, json, lang, reason }: Input): Promise<void> => {
  const { storage } = loadConfig('database', lang)
  const { database } = storage
  const to = given ?? (database.kind === 'postgres' ? database.url.reveal() : refuse(NO_TARGET[lang]))
  const path = realPathOf(resolve(from))
  const { host, pathname } = new URL(to)
  const name = `postgres://${host}${pathname}`
  const ofSettings = storage.masterKey && Buffer.from(storage.masterKey.reveal(), 'base64')
  const keyPath = ofSettings ? null : `${path}.key`
  const progress = createProgress()
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  try {
    const key = ofSettings ?? findKeyBeside(path)
    if (key === null) return refuse(NO_KEY[lang])
    const previous = storage.previousMasterKey && Buffer.from(storage.previousMasterKey.reveal(), 'base64')
    const moved = await moveDatabase({
      ...{ from: path, to, name, by: { name: userName(), reason }, now: clock.now },
      sealed: sealedUnder({ masterKey: key, previousKey: previous }, random),
      onRows: (done, all) => progress.show(TEXTS[lang].copying, done, all),
      signal: stopping.signal,
    })
    progress.end()
    if (moved === null) return fail(TEXTS[lang].stopped)
    print(json ? JSON.stringify({ to: name, counts: moved }) : TEXTS[lang].moved(moved, { name, keyPath }).join('\n'))
  } catch (error) {
    progress.end()
    if (error instanceof StartError) refuseToOpen(error, lang)
    fail(reasonOf(error, lang))
  }
}

const NO_TARGET: Words = {
  en: 'Nothing names the database to move to: set DATABASE_URL to it (postgres://…), or DATABASE_URL_FILE, or give --to.',
  zh: '未指定目标数据库：请把 DATABASE_URL（postgres://…）或 DATABASE_URL_FILE 设为该库，或使用 --to。',
}
const NO_KEY: Words = {
  en: 'MASTER_KEY is not set, and no key stands beside the file: set the one that it was written with',
  zh: '未设置 MASTER_KEY，文件旁也没有密钥：请设置写入该文件时使用的密钥',
}
