import { closeSync, fsyncSync, openSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { EngineFigures } from '../stats/stats.ts'

/** As Linux numbers them (statfs(2)). */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
])

/** The kind of network that the file or folder is behind; null: none that is known, or nothing is there. */
export const networkOf = (path: string): string | null => {
  try {
    return NETWORK.get(statfsSync(path).type) ?? null
  } catch {
    return null
  }
}

/** Bytes that this user may still write to the disk of the folder. */
export const freeBytesOf = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * What the file tells of itself.
 *
 * @param path its real path; null: it is in memory
 */
export const createFileFigures = (path: string | null) => async (): Promise<EngineFigures> => {
  if (path === null) return { kind: 'sqlite', databaseBytes: 0, walBytes: 0, diskFreeBytes: null }
  return {
    kind: 'sqlite',
    databaseBytes: sizeOf(path),
    walBytes: sizeOf(`${path}-wal`),
    diskFreeBytes: freeBytesOf(dirname(path)),
  }
}

/** Whatever has been written to the file, by whom ever, outlasts a power cut from now on. */
export const syncFile = (path: string): void => {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Without this a power cut may take back that a file in the folder was made, renamed or removed. */
export const syncFolderOf = (path: string): void => syncFile(dirname(path))
