import { existsSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from '../../core/error.ts'

/*
 * Nothing here opens and closes a file that this process may have open in SQLite: that would drop all locks which the process
 * holds on it, and another process could take the database away.
 */

/** How often it is looked whether the files are still there. */
const WATCH_EVERY_MS = 5_000

/** The file that `path` names, through symbolic links; the last folder of the path is made where it is missing. */
export const realPathOf = (path: string): string => {
  try {
    mkdirSync(dirname(path), { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  return findRealPath(path)
}

/** The same, without making anything; where there is no file, the path as it is. */
export const findRealPath = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Whether the file must be looked through for damage before it is used: it was not closed, or `markUnchecked` says so. */
export const isUnchecked = (path: string): boolean =>
  (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 || existsSync(uncheckedMark(path))

/** Has each start look through the file until `unmarkUnchecked`: one that finds damage closes the database, and its log is gone. */
export const markUnchecked = (path: string): void => {
  try {
    writeFileSync(uncheckedMark(path), '')
  } catch {
    // A full or read-only disk: this start looks through the file all the same, and damage is told whenever it is read.
  }
}

export const unmarkUnchecked = (path: string): void => rmSync(uncheckedMark(path), { force: true })

const uncheckedMark = (path: string): string => `${path}.unchecked`

/** Which file is at `path` now; null where there is none to be seen. */
const identityOf = (path: string): string | null => {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return null
  }
}

/** Looks every 5 s whether the files that are there now still are. @param onGone one of them has been removed or replaced */
export const watchFiles = (paths: readonly string[], onGone: () => void): { close(): void } => {
  const identify = () => paths.map(identityOf).join()
  const opened = identify()
  const timer = setInterval(() => {
    if (identify() !== opened) onGone()
  }, WATCH_EVERY_MS)
  timer.unref()
  return { close: () => clearInterval(timer) }
}
