import { existsSync, linkSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { StartError } from '../../core/error.ts'
import { syncFolderOf, writeWhole } from './durable-files.ts'

/*
 * A restore puts two files in the place of three, which no file system does at once. So while it does, a file beside the database
 * says so, and nobody opens the database: an old log on a new file would destroy it, an old file without its log has lost what it
 * acknowledged last. It holds the path under which the database before it is kept, so that the next try goes on with that.
 */
const markOf = (path: string): string => `${path}.restoring`

/** Null: no restore is under way. */
export const restoreUnderWay = (path: string): { keptAs: string; marker: string } | null => {
  const marker = markOf(path)
  if (!existsSync(marker)) return null
  return { keptAs: readFileSync(marker, 'utf8').trim(), marker }
}

/** Throws what to do where a restore was broken off, or is putting the files in their place just now. */
export const refuseHalfRestored = (path: string): void => {
  const half = restoreUnderWay(path)
  if (half === null) return
  throw new StartError({
    en: `DATABASE_URL: a restore into ${path} has not ended: if none is running, run "restore" again with the same backup (the database before it is ${half.keptAs}; to go back to it instead, move it and its -wal to ${path} and ${path}-wal, and remove ${half.marker})`,
    zh: `DATABASE_URL：对 ${path} 的恢复尚未完成：若当前没有恢复在进行，请用同一份备份再次运行 restore（恢复前的数据库是 ${half.keptAs}；若要改回它，请把它及其 -wal 移到 ${path} 和 ${path}-wal，并删除 ${half.marker}）`,
  })
}

/** From now on nobody opens the database. */
export const beginSwitch = (path: string, keptAs: string): void => {
  writeWhole(markOf(path), `${keptAs}\n`)
  syncFolderOf(path)
}

export const endSwitch = (path: string): void => {
  rmSync(markOf(path))
  syncFolderOf(path)
}

/**
 * Moves the database out of the way with its log, and `draft` into its place. Killed anywhere, it may be done again with another
 * draft.
 */
export const switchFiles = (path: string, { draft, keptAs }: { draft: string; keptAs: string }): void => {
  // Where it is kept already, what stands in its place is the same file, or the draft of an earlier try.
  if (existsSync(path) && !existsSync(keptAs)) keep(path, keptAs)
  const log = `${path}-wal`
  if (existsSync(log)) {
    if (statSync(log).size > 0) renameSync(log, `${keptAs}-wal`)
    else rmSync(log)
  }
  rmSync(`${path}-shm`, { force: true })
  renameSync(draft, path)
  syncFolderOf(path)
}

/** A second name, so that something is at the path all the time; where the file system has none, a new one. */
const keep = (path: string, keptAs: string): void => {
  try {
    linkSync(path, keptAs)
  } catch {
    renameSync(path, keptAs)
  }
}
