import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Command = 'slow' | 'fail-db' | 'fail-wal' | 'full-copies' | 'full-wal' | 'full-db' | 'kill-wal'

const lookForCompiler = (): string | null => {
  if (process.platform !== 'linux') return 'the disk shim needs Linux'
  try {
    execFileSync('cc', ['--version'], { stdio: 'pipe' })
    return null
  } catch {
    return 'the disk shim needs a C compiler (cc)'
  }
}

let why: string | null | undefined
/** Why tests with a faulty disk cannot run here, printed at the first call; null if they can. */
export const whyNoDiskShim = (): string | null => {
  if (why !== undefined) return why
  why = lookForCompiler()
  if (why !== null) process.stderr.write(`skipped: ${why}\n`)
  return why
}

/** Compiles `disk-shim.c` into `folder`, where it keeps its copies too. */
export const buildDiskShim = (folder: string) => {
  mkdirSync(folder, { recursive: true })
  const library = join(folder, 'disk-shim.so')
  const source = join(import.meta.dirname, 'disk-shim.c')
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' })
  return {
    /** For the process whose syncs it is to see. */
    env: { LD_PRELOAD: library, DISK_SHIM: folder },
    /** Where each of the database's files is as its last sync made it safe. */
    safe: folder,
    set: (command: Command) => writeFileSync(join(folder, command), ''),
    unset: (command: Command) => rmSync(join(folder, command), { force: true }),
  }
}
