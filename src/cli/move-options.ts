import { databaseUrl } from '../config/url-parsers.ts'
import type { Words } from '../core/language.ts'
import type { Reading } from './frame/command.ts'

/** An address of a database of one kind, as the settings write it. */
const readDatabase =
  <Kind extends 'sqlite' | 'postgres'>(kind: Kind, must: Words) =>
  (text: string): Reading<string> => {
    const parsed = databaseUrl(text)
    if (!parsed.ok || parsed.value.kind !== kind) return { ok: false, must }
    return { ok: true, value: parsed.value.kind === 'sqlite' ? parsed.value.path : parsed.value.url.reveal() }
  }

export const readSource = readDatabase('sqlite', {
  en: 'must be file:PATH, the SQLite file of a service that is stopped',
  zh: '须为 file:路径，即已停止服务的 SQLite 文件',
})
export const readTarget = readDatabase('postgres', {
  en: 'must be postgres://USER:PASSWORD@HOST/NAME, an empty database',
  zh: '须为 postgres://用户:密码@主机/库名，即一个空数据库',
})
