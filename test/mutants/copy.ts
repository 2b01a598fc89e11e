import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MINUTE } from '../../src/core/duration.ts'
import { type Mutant, ROOT } from './table.ts'

/** A layer that takes longer hangs. */
const LONGEST_MS = 10 * MINUTE
const NOT_COPIED = new Set(['node_modules', '.git', 'dist', 'coverage', 'data', 'evidence'])
/** A test or a file that is red, the last line of `chaos`, and an error outside of tests. */
const RED = /^ *FAIL +(.+)$|^(BROKEN: .+)$|^(error: .+)$/gm
/** For a run that fails without naming a red test. */
export const UNCLEAR = 'fails, and says not why'

const commandOf = (layer: string): string[] => {
  const [first = '', ...others] = layer.split(' ')
  return first === 'chaos'
    ? ['test/chaos/main.ts', ...others]
    : ['node_modules/vitest/vitest.mjs', 'run', first, ...others]
}

/** A copy of the project as it is now, in `TMPDIR`: mutants are planted there, and nothing is written elsewhere. */
export const openCopy = (signal: AbortSignal) => {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'notifier-mutants-')))
  for (const name of fs.readdirSync(ROOT).filter(name => !NOT_COPIED.has(name)))
    fs.cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  // PostgreSQL, which has a user of its own, has to get in.
  fs.chmodSync(folder, 0o755)
  for (const name of ['node_modules', 'tmp']) fs.mkdirSync(join(folder, name))
  // Links to each package, and not to all at once: tools write into names that begin with a dot.
  const packages = fs.readdirSync(join(ROOT, 'node_modules')).filter(name => name === '.bin' || !name.startsWith('.'))
  for (const name of packages) fs.symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  const { TEST_POSTGRES_SOCKET: _, NODE_COMPILE_CACHE: __, FORCE_COLOR: ___, ...inherited } = process.env
  const env = { ...inherited, TMPDIR: join(folder, 'tmp'), NO_COLOR: '1' }

  return {
    /** Runs a layer; returns its red tests. */
    run: async (layer: string, longestMs = LONGEST_MS): Promise<string[]> => {
      signal.throwIfAborted()
      // Its own process group, so that its children end with it.
      const child = spawn(process.execPath, commandOf(layer), { cwd: folder, env, detached: true })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text))
      const tooLong = AbortSignal.timeout(longestMs)
      const ending = AbortSignal.any([signal, tooLong])
      const end = () => void process.kill(-(child.pid as number), 'SIGKILL')
      ending.addEventListener('abort', end)
      const [code] = await once(child, 'close')
      ending.removeEventListener('abort', end)
      signal.throwIfAborted()
      if (tooLong.aborted) return [`hangs: longer than ${longestMs / MINUTE} minutes`]
      if (code === 0) return []
      const red = [...output.matchAll(RED)].map(([, ...found]) => found.find(one => one !== undefined) ?? '')
      return red.length > 0 ? [...new Set(red)] : [`${UNCLEAR}: ${layer}\n${output.slice(-2_000)}`]
    },
    with: async <T>({ file, old, new: instead }: Mutant, then: () => Promise<T>): Promise<T> => {
      const path = join(folder, file)
      const text = fs.readFileSync(path, 'utf8')
      const planted = text.replace(old, () => instead)
      fs.writeFileSync(path, planted)
      try {
        return await then()
      } finally {
        fs.writeFileSync(path, text)
      }
    },
    remove: () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 9 }),
  }
}
export type Copy = ReturnType<typeof openCopy>
