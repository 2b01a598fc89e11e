import { execFileSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Compiles `clock-shim.c` into `folder`. Needs what the disk shim needs: `whyNoDiskShim`. */
export const buildClockShim = (folder: string) => {
  const library = join(folder, 'clock-shim.so')
  const source = join(import.meta.dirname, 'clock-shim.c')
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' })
  const file = join(folder, 'clock-offset')
  return {
    /** For the process whose clock it is to be. */
    env: { LD_PRELOAD: library, CLOCK_SHIM: file },
    /** By how many seconds the clock is ahead from now on, or behind (negative). */
    set: (seconds: number) => {
      writeFileSync(`${file}.new`, String(seconds))
      renameSync(`${file}.new`, file)
    },
  }
}
