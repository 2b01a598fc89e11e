import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, StartError } from '../../core/error.ts'

/*
 * Nothing here opens and closes a file that this process may have open in SQLite: that would drop all locks which the process
 * holds on it, and another process could take the database away.
 */

/** How each SQLite file begins, and where its application_id is. */
const HEADER = Buffer.from('SQLite format 3\0')
const HEADER_BYTES = 100
const APPLICATION_ID_AT = 68
const PRIVATE = 0o600
/** How often it is looked whether the files are still there. */
const WATCH_EVERY_MS = 2_000

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** With those that it is in. Node's own way to do so never returns for some paths that cannot be, such as /proc/x/y. */
const makeFolder = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false })) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process was faster.
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** The file that `path` names, through all symbolic links; its folder is made where it is missing. */
export const realPathOf = (path: string): string => {
  const link = lstatSync(path, { throwIfNoEntry: false })
  if (link && !statSync(path, { throwIfNoEntry: false }))
    throw new StartError({
      en: `DATABASE_URL: ${path} is a symbolic link to a file that is not there; correct it, or name another file`,
      zh: `DATABASE_URL：${path} 是符号链接，所指文件不存在；请改正，或改用其他文件`,
    })
  if (link) return realpathSync(path)
  makeFolder(dirname(path))
  return join(realpathSync(dirname(path)), basename(path))
}

/** The same, without making anything; where it cannot be told, the path as it is. */
export const findRealPath = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/**
 * Throws what to do where something is at the real path `path` that cannot be the database: a folder, a device, a file of
 * another kind, the database of something else. To be called before anything is changed there, and before this process opens
 * the file in SQLite.
 */
export const refuseForeign = async (path: string): Promise<void> => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return
  if (stat.isDirectory())
    throw new StartError({
      en: `DATABASE_URL: ${path} is a folder; name a file in it, such as file:${join(path, 'notifier.db')}`,
      zh: `DATABASE_URL：${path} 是文件夹；请指定其中的文件，例如 file:${join(path, 'notifier.db')}`,
    })
  if (!stat.isFile())
    throw new StartError({
      en: `DATABASE_URL: ${path} is not a regular file; name another one`,
      zh: `DATABASE_URL：${path} 不是普通文件；请改用其他文件`,
    })
  // After a power cut the first page may still be in the log only.
  if (stat.size === 0 || wasLeftOpen(path)) return
  const start = readStart(path)
  if (start.subarray(0, HEADER.length).equals(HEADER)) return refuseOthers(path, start.readUInt32BE(APPLICATION_ID_AT))
  throw new StartError({
    en: `DATABASE_URL: ${path} is not an SQLite database; name another file (if it was your database, it is damaged: see "A damaged database" in docs/operations.md)`,
    zh: `DATABASE_URL：${path} 不是 SQLite 数据库；请改用其他文件（若它原是您的数据库，则已损坏：见 docs/operations.zh-CN.md 的“数据库损坏”）`,
  })
}

const readStart = (path: string): Buffer => {
  const file = openSync(path, 'r')
  try {
    const start = Buffer.alloc(HEADER_BYTES)
    readSync(file, start, 0, start.length, 0)
    return start
  } finally {
    closeSync(file)
  }
}

/** SQLite is loaded only for a file that has no application_id, as ours had none before. */
const refuseOthers = async (path: string, applicationId: number): Promise<void> => {
  const { APPLICATION_ID, foreignContentOf } = await import('./ownership.ts')
  if (applicationId === APPLICATION_ID) return
  const content = applicationId === 0 ? foreignContentOf(path) : `application_id ${applicationId}`
  if (content === null) return
  throw new StartError({
    en: `DATABASE_URL: ${path} is the SQLite database of something else (${content}) and was left as it is; name another file`,
    zh: `DATABASE_URL：${path} 是其他程序的 SQLite 数据库（${content}），未作改动；请改用其他文件`,
  })
}

/** Creates the file, readable by its owner only, unless there is one. It appears at `path` closed. */
export const createDatabaseFile = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false })) return
  const folder = mkdtempSync(`${path}.`)
  try {
    const draft = join(folder, 'new')
    closeSync(openSync(draft, 'wx', PRIVATE))
    linkSync(draft, path)
  } catch (error) {
    // Another process was faster.
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The mode of a file of ours that group or others can read or write, as `0644`; null for any other. */
export const sharedModeOf = (path: string): string | null => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat || stat.uid !== process.getuid?.() || (stat.mode & 0o077) === 0) return null
  return `0${(stat.mode & 0o777).toString(8)}`
}

/**
 * Takes the database's files of ours back from group and others: which they were, and the modes they had.
 *
 * @param path the real path of what `refuseForeign` has let pass
 */
export const mendModes = (path: string): { path: string; mode: string }[] =>
  [path, `${path}-wal`, `${path}-shm`].flatMap(file => {
    // Never what a symbolic link beside the database leads to.
    const mode = lstatSync(file, { throwIfNoEntry: false })?.isFile() ? sharedModeOf(file) : null
    if (mode === null) return []
    chmodSync(file, PRIVATE)
    return [{ path: file, mode }]
  })

/** Whether the last process did not close the database (or another has it open now): its log is there and not empty. */
export const wasLeftOpen = (path: string): boolean => sizeOf(`${path}-wal`) > 0

/** Whether the file must be looked through for damage before it is used: it was left open, or `markUnchecked` says so. */
export const isUnchecked = (path: string): boolean => wasLeftOpen(path) || existsSync(uncheckedMark(path))

/**
 * Has each start look through the file until `unmarkUnchecked`, however the processes before it ended: one that finds damage
 * still closes the database, which takes away the log that would tell.
 */
export const markUnchecked = (path: string): void => {
  try {
    writeFileSync(uncheckedMark(path), '', { mode: PRIVATE })
  } catch {
    // A full or read-only disk: this start looks through the file all the same, and damage is told whenever it is read.
  }
}

export const unmarkUnchecked = (path: string): void => rmSync(uncheckedMark(path), { force: true })

const uncheckedMark = (path: string): string => `${path}.unchecked`

/** Which file is at `path` now; null where there is none to be seen. */
export const identityOf = (path: string): string | null => {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return null
  }
}

/**
 * Looks every 2 s whether the files are still at their paths.
 *
 * @param opened by path, which file was opened
 * @param onGone one of them has been removed or replaced; told once
 */
export const watchFiles = (opened: ReadonlyMap<string, string | null>, onGone: () => void): { close(): void } => {
  const timer = setInterval(() => {
    if ([...opened].every(([path, identity]) => identityOf(path) === identity)) return
    clearInterval(timer)
    onGone()
  }, WATCH_EVERY_MS)
  timer.unref()
  return { close: () => clearInterval(timer) }
}
