import { closeSync, fsyncSync, openSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { EngineFigures } from '../stats/stats.ts'

/** File system types of Linux (statfs(2)). */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
])

/** Returns the network file system that holds the file or folder, or null if it is local, unknown or missing. */
export const networkOf = (path: string): string | null => {
  try {
    return NETWORK.get(statfsSync(path).type) ?? null
  } catch {
    return null
  }
}

/** Returns the bytes that this user may still write to the folder's disk. */
export const freeBytesOf = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * Returns a function that reads the sizes of the file and of its log, and the free disk space.
 *
 * @param path its real path; null if it is in memory
 */
export const createFileFigures = (path: string | null) => async (): Promise<EngineFigures> => {
  if (path === null) return { kind: 'sqlite', path, databaseBytes: 0, walBytes: 0, diskFreeBytes: null }
  return {
    kind: 'sqlite',
    path,
    databaseBytes: sizeOf(path),
    walBytes: sizeOf(`${path}-wal`),
    diskFreeBytes: freeBytesOf(dirname(path)),
  }
}

/** Makes all writes to the file so far, by any process, survive a power cut. */
export const syncFile = (path: string): void => {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Makes the creation, renaming or removal of the file at `path` survive a power cut. */
export const syncFolderOf = (path: string): void => syncFile(dirname(path))
