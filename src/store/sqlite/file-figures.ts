import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { EngineFigures } from '../stats/stats.ts'

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * What the file tells of itself.
 *
 * @param path its real path; null: it is in memory
 */
export const createFileFigures = (path: string | null) => async (): Promise<EngineFigures> => {
  if (path === null) return { kind: 'sqlite', databaseBytes: 0, walBytes: 0, diskFreeBytes: null }
  const { bavail, bsize } = statfsSync(dirname(path))
  return {
    ...{ kind: 'sqlite', databaseBytes: sizeOf(path), walBytes: sizeOf(`${path}-wal`) },
    diskFreeBytes: bavail * bsize,
  }
}
