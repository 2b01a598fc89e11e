import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

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

/** Whether one disk that fails takes both away. */
export const areOnOneDisk = (path: string, other: string): boolean =>
  statSync(dirname(path)).dev === statSync(dirname(other)).dev
