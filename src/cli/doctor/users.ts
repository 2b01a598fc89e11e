import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { clock } from '../../app/clock-and-ids.ts'
import { showBytes } from '../../core/show-sizes.ts'
import { type Holder, holdersOf } from '../../store/sqlite/holders.ts'
import { logReaders } from '../../store/sqlite/log-readers.ts'
import { onTables } from './database.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, skipped, todo, warning } from './finding.ts'
import { isAtLeast } from './versions.ts'
import { judgeTrouble } from './work.ts'

const LARGE_LOG = 64 * 1024 * 1024
const HUGE_LOG = 1024 ** 3
const LOOKS = 5
const BETWEEN_LOOKS_MS = 200

const named = (holders: readonly Holder[]): string =>
  holders.map(({ pid, command }) => `${command} (pid ${pid})`).join(', ')

/** @param readers who has read the log whenever it was looked */
export const judgeLog = ({ bytes, readers }: { bytes: number; readers: readonly Holder[] }): Finding => {
  const size = showBytes(bytes)
  if (bytes <= LARGE_LOG) return ok(`the log of the database has ${size}`, `数据库日志为 ${size}`)
  const judge = bytes > HUGE_LOG ? failed : warning
  if (readers.length === 0)
    return judge(
      `the log of the database has ${size}, and nobody is seen who keeps it from beginning anew`,
      `数据库日志已达 ${size}，未发现阻止其重新开始的读取者`,
      todo('look again in a minute; if it still grows, restart the service', '请一分钟后再看；若仍在增长，请重启服务'),
    )
  return judge(
    `the log of the database has ${size}, because ${named(readers)} has been reading the database all the time`,
    `数据库日志已达 ${size}，因为 ${named(readers)} 一直在读取数据库`,
    todo(
      'end the reader, if it is none of ours: its transaction, or the process',
      '若不是本服务，请结束该读取者的事务或进程',
      `kill ${readers[0]?.pid ?? ''}`,
    ),
  )
}

export const checkLog = async ({ path, exists }: Desk): Promise<Finding> => {
  if (path === null || !exists) return skipped('there is no database yet', '尚无数据库')
  const bytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (bytes <= LARGE_LOG) return judgeLog({ bytes, readers: [] })
  let always = [...logReaders(path)]
  for (let look = 1; look < LOOKS; look++) {
    await clock.sleep(BETWEEN_LOOKS_MS)
    const now = logReaders(path)
    always = always.filter(pid => now.has(pid))
  }
  return judgeLog({ bytes, readers: holdersOf(path).filter(({ pid }) => always.includes(pid)) })
}

export const judgeHolders = (holders: readonly Holder[]): Finding => {
  const strangers = holders.filter(({ command }) => !/^(node|idface-notifier|litestream)/.test(command))
  if (holders.length === 0) return ok('nobody else is seen who has the database open', '未发现其他进程打开数据库')
  if (strangers.length === 0)
    return ok(`the database is open in ${named(holders)}`, `打开数据库的进程：${named(holders)}`)
  return warning(
    `the database is also open in ${named(strangers)}, which can hold up the service and keep its log growing`,
    `${named(strangers)} 也打开了数据库，可能阻塞服务并使日志持续增长`,
    todo('end it when it is not needed', '不需要时请结束它', `kill ${strangers[0]?.pid ?? ''}`),
  )
}

/** Where no service has the database open. @param due what waits for one now, polls and webhooks */
export const judgeService = ({ due, ...moment }: { due: number; at: number; call: string }): Finding => ({
  ...judgeTrouble({ code: 'no_service', since: null }, moment),
  state: due > 0 ? 'failed' : 'warning',
})

const checkNodes = (desk: Desk) =>
  onTables(desk, async inspection => {
    const nodes = inspection.kind === 'postgres' ? await inspection.presentNodes() : []
    if (nodes.length > 0) {
      const names = nodes.map(({ name, version }) => `${name} (${version})`)
      return ok(`nodes that work on the database: ${names.join(', ')}`, `在此数据库上运行的节点：${names.join('、')}`)
    }
    const { polls, deliveries } = await inspection.stats()
    return judgeService({ due: polls.due + deliveries.due, at: desk.now, call: desk.call })
  })

export const checkHolders = async (desk: Desk): Promise<Finding | Finding[]> => {
  if (desk.engine === 'postgres') return checkNodes(desk)
  const { path, exists, isServed, inspection } = desk
  if (path === null || !exists) return [skipped('there is no database yet', '尚无数据库')]
  const holders = judgeHolders(holdersOf(path))
  if (isServed) return [holders]
  const stats = inspection?.age === 'current' ? await inspection.stats() : null
  const due = stats === null ? 0 : stats.polls.due + stats.deliveries.due
  const service = judgeService({ due, at: desk.now, call: desk.call })
  // That nobody has it open is no good news then.
  return holders.state === 'ok' ? [service] : [service, holders]
}

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
