import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { type Environment, openFolder } from '../support/service.ts'
import { openScene } from './stage.ts'

const ROOT = join(import.meta.dirname, '../..')
const PATIENCE_MS = 20_000

interface Run {
  args: readonly string[]
  env: Environment
  /** The line after which SIGTERM is sent. */
  until: RegExp
  /** Then again each millisecond, until it ends. */
  again?: boolean
}

/** Runs npm, sends it SIGTERM, and returns all lines until its stdout is closed by all. */
const stopNpm = async ({ args, env, until, again = false }: Run): Promise<string[]> => {
  const npm = spawn('npm', args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    // Its own process group, which is killed below.
    detached: true,
  })
  const signal = AbortSignal.timeout(PATIENCE_MS)
  let repeated: NodeJS.Timeout | undefined
  try {
    const lines: string[] = []
    for await (const line of createInterface({ input: npm.stdout, signal })) {
      lines.push(line)
      if (!until.test(line)) continue
      npm.kill('SIGTERM')
      if (again) repeated = setInterval(() => npm.kill('SIGTERM'), 1)
    }
    return lines
  } finally {
    clearInterval(repeated)
    killGroup(npm.pid)
    if (npm.exitCode === null && npm.signalCode === null) await once(npm, 'exit')
  }
}

test('a SIGTERM to npm start ended npm only, and left the service running', { timeout: 2 * PATIENCE_MS }, async () => {
  await using scene = await openScene()
  const env = { npm_config_cache: join(scene.folder, 'npm'), ...scene.env }
  const lines = await stopNpm({ args: ['start', '--silent'], env, until: /"event":"listening"/ })
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ event: 'service.stopped' })
})

// The demo removes its folder as it ends, so an empty one shows that it stopped in order.
test.each([
  ['a SIGTERM to npm run demo -- --keep left the demo running', false],
  ['a second SIGTERM to npm run demo left its folder behind', true],
])('%s', { timeout: 2 * PATIENCE_MS }, async (_name, again) => {
  await using folder = await openFolder()
  const env = { npm_config_cache: join(folder.path, 'npm'), TMPDIR: folder.path }
  const args = ['run', 'demo', '--silent', '--', '--keep', '--lang', 'en']
  expect(await stopNpm({ args, env, until: /"idcardid":"test_success_3s"/, again })).not.toEqual([])
  expect((await readdir(folder.path)).filter(name => name.includes('demo'))).toEqual([])
})

const killGroup = (pid: number | undefined) => {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}
