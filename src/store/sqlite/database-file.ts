import { existsSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from '../../core/error.ts'

/*
 * Nothing here opens and closes a file that this process may have open in SQLite: closing it drops all locks of the
 * process on that file, and another process could take over the database.
 */

/** Interval for checking that the files still exist. */
const WATCH_EVERY_MS = 5_000

/** Returns `path` with symbolic links resolved. Creates its last folder if missing. */
export const realPathOf = (path: string): string => {
  try {
    mkdirSync(dirname(path), { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  return findRealPath(path)
}

/** Returns `path` with symbolic links resolved, or unchanged if no such file exists. Creates nothing. */
export const findRealPath = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Whether the file must be checked for damage before use: it was not closed, or `markUnchecked` marked it. */
export const isUnchecked = (path: string): boolean =>
  (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 || existsSync(uncheckedMark(path))

/**
 * Makes each start check the file until `unmarkUnchecked`. The log alone does not show it: a start that finds damage
 * closes the database, which removes the log.
 */
export const markUnchecked = (path: string): void => {
  try {
    writeFileSync(uncheckedMark(path), '')
  } catch {
    // A full or read-only disk: this start checks the file anyway, and later reads report damage.
  }
}

export const unmarkUnchecked = (path: string): void => rmSync(uncheckedMark(path), { force: true })

const uncheckedMark = (path: string): string => `${path}.unchecked`

/** Returns the identity of the file at `path`, or null if none can be found. */
const identityOf = (path: string): string | null => {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return null
  }
}

/** Checks every 5 s that the present files are still in place. @param onGone a file was removed or replaced */
export const watchFiles = (paths: readonly string[], onGone: () => void): { close(): void } => {
  const identify = () => paths.map(identityOf).join()
  const opened = identify()
  const timer = setInterval(() => {
    if (identify() !== opened) onGone()
  }, WATCH_EVERY_MS)
  timer.unref()
  return { close: () => clearInterval(timer) }
}
