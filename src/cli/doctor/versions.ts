import Database from 'better-sqlite3'
import { VERSION } from '../../version.ts'
import { type Finding, failed, ok, todo } from './finding.ts'

/** Before it, SQLite could lose what a restarted log held. */
const SQLITE = '3.51.3'
const NODE = '22.19.0'

/** Whether `version` is `least` or later; what is not a number in it counts as 0. */
export const isAtLeast = (version: string, least: string): boolean => {
  const [given, needed] = [version, least].map(text => text.split('.').map(part => Number.parseInt(part, 10) || 0))
  for (const [index, want] of (needed ?? []).entries()) {
    const have = given?.[index] ?? 0
    if (have !== want) return have > want
  }
  return true
}

export const judgeVersions = ({ node, sqlite, own }: { node: string; sqlite: string; own: string }): Finding => {
  const all = `idface-notifier ${own}, Node ${node}, SQLite ${sqlite}`
  if (!isAtLeast(sqlite, SQLITE))
    return failed(
      `${all}: SQLite before ${SQLITE} can lose acknowledged writes`,
      `${all}：SQLite 低于 ${SQLITE} 可能丢失已确认的写入`,
      todo(
        'install the packages again, as package-lock.json names them',
        '请按 package-lock.json 重新安装依赖',
        'npm ci',
      ),
    )
  if (!isAtLeast(node, NODE))
    return failed(
      `${all}: Node must be ${NODE} or later`,
      `${all}：Node 须为 ${NODE} 或更新`,
      todo('install a later Node', '请升级 Node'),
    )
  return ok(all, all)
}

export const checkVersions = (): Finding => {
  const client = new Database(':memory:')
  try {
    const sqlite = String(client.prepare('SELECT sqlite_version()').pluck().get())
    return judgeVersions({ node: process.versions.node, sqlite, own: VERSION })
  } finally {
    client.close()
  }
}
