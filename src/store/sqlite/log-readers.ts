import { readFileSync, statSync } from 'node:fs'

/** Where SQLite's `unix` VFS locks a read mark of the log, in the `-shm` file: one byte for each of five. */
const READ_MARKS = { first: 123, last: 127 }

/** The processes that read the log at this moment, of what Linux puts into /proc/locks. */
export const readersIn = (locks: string, inode: number): Set<number> =>
  new Set(
    locks.split('\n').flatMap(line => {
      const [, pid, ino, start, end] =
        /^\d+: POSIX +\S+ +READ +(\d+) +[0-9a-f]+:[0-9a-f]+:(\d+) +(\d+) +(\d+)/.exec(line)?.map(Number) ?? []
      if (pid === undefined || ino !== inode || start === undefined || end === undefined) return []
      return end >= READ_MARKS.first && start <= READ_MARKS.last ? [pid] : []
    }),
  )

/** Empty where Linux does not say, as in some containers, and where nobody has the database open. */
export const logReaders = (path: string): Set<number> => {
  try {
    return readersIn(readFileSync('/proc/locks', 'utf8'), statSync(`${path}-shm`).ino)
  } catch {
    return new Set()
  }
}
