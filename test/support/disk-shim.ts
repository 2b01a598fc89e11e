import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

type Command = 'slow' | 'fail-db' | 'fail-wal'

/** Compiles the shim into `folder`, where it keeps its copies too; or says why it cannot be used here. */
export const buildDiskShim = async (folder: string) => {
  if (process.platform !== 'linux') return { skip: 'the disk shim needs Linux' }
  const library = join(folder, 'disk-shim.so')
  try {
    await mkdir(folder, { recursive: true })
    const source = join(import.meta.dirname, 'disk-shim.c')
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' })
  } catch (error) {
    return { skip: `no C compiler here: ${error instanceof Error ? error.message : error}` }
  }
  return {
    /** For the process whose syncs it is to see. */
    env: { LD_PRELOAD: library, DISK_SHIM: folder },
    /** Where the last synced content of each of the database's files is. */
    safe: folder,
    set: (command: Command) => writeFileSync(join(folder, command), ''),
    unset: (command: Command) => rmSync(join(folder, command), { force: true }),
  }
}
