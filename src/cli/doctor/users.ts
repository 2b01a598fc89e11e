import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { showBytes } from '../../core/show-sizes.ts'
import { onTables } from './database.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, quoted, skipped, todo, warning } from './finding.ts'
import { isAtLeast } from './versions.ts'
import { judgeTrouble } from './work.ts'

const LARGE_LOG = 64 * 1024 * 1024
const HUGE_LOG = 1024 ** 3

export const judgeLog = (bytes: number, path: string): Finding => {
  const size = showBytes(bytes)
  if (bytes <= LARGE_LOG) return ok(`the log of the database has ${size}`, `数据库日志为 ${size}`)
  const judge = bytes > HUGE_LOG ? failed : warning
  return judge(
    `the log of the database has ${size}: a reader keeps it from beginning anew`,
    `数据库日志已达 ${size}：有读取者使其无法重新开始`,
    todo(
      'this names who has the database open: end the reader, if it is none of ours',
      '运行以下命令可查出谁打开了数据库；若不是本服务，请结束它',
      `fuser -v ${quoted(path)}`,
    ),
  )
}

export const checkLog = ({ path, exists }: Desk): Finding => {
  if (path === null || !exists) return skipped('there is no database yet', '尚无数据库')
  return judgeLog(statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0, path)
}

/** Where no service has the database open. @param due what waits for one now, polls and webhooks */
export const judgeService = ({ due, ...moment }: { due: number; at: number; call: string }): Finding => ({
  ...judgeTrouble({ code: 'no_service', since: null }, moment),
  state: due > 0 ? 'failed' : 'warning',
})

export const checkHolders = (desk: Desk) =>
  onTables(desk, async inspection => {
    const nodes = await inspection.presentNodes()
    if (nodes.length > 0) {
      const names = nodes.map(({ name, version }) => `${name} (${version})`)
      return ok(`nodes that work on the database: ${names.join(', ')}`, `在此数据库上运行的节点：${names.join('、')}`)
    }
    const { polls, deliveries } = await inspection.stats()
    return judgeService({ due: polls.due + deliveries.due, at: desk.now, call: desk.call })
  })

/** Up to it, Litestream brings an SQLite that can lose what a restarted log held. */
const LAST_UNSAFE = '0.5.16'

/** @param version null: it runs, and nobody knows which one */
export const judgeLitestream = (found: { isRunning: boolean; version: string | null } | null): Finding => {
  if (found === null) return skipped('Litestream is not found here', '未发现 Litestream')
  const { isRunning, version } = found
  const [en, zh] = isRunning ? ['runs here', '正在运行'] : ['is installed here', '已安装']
  const update = todo(`install a version after ${LAST_UNSAFE}`, `请安装高于 ${LAST_UNSAFE} 的版本`)
  if (version === null)
    return warning(`Litestream ${en}, and its version is not known`, `Litestream ${zh}，版本未知`, {
      ...update,
      command: 'litestream version',
    })
  const isSafe = isAtLeast(version, LAST_UNSAFE) && !isAtLeast(LAST_UNSAFE, version)
  return isSafe
    ? ok(`Litestream ${version} ${en}`, `Litestream ${version} ${zh}`)
    : failed(
        `Litestream ${version} ${en}: its SQLite can lose acknowledged writes`,
        `Litestream ${version} ${zh}：其内置 SQLite 可能丢失已确认的写入`,
        update,
      )
}

export const checkLitestream = (): Finding => {
  const isRunning = runningCommands().includes('litestream')
  try {
    const text = execFileSync('litestream', ['version'], {
      encoding: 'utf8',
      timeout: 5_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return judgeLitestream({ isRunning, version: /\d+\.\d+\.\d+/.exec(text)?.[0] ?? null })
  } catch {
    return judgeLitestream(isRunning ? { isRunning, version: null } : null)
  }
}

const runningCommands = (): string[] => {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(commandOf)
  } catch {
    return []
  }
}

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
