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
}

/** Runs npm, sends it SIGTERM, and gives all lines until nobody has its stdout open any more. */
const stopNpm = async ({ args, env, until }: Run): Promise<string[]> => {
  const npm = spawn('npm', args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own: whatever is left of it is killed below.
    detached: true,
  })
  const signal = AbortSignal.timeout(PATIENCE_MS)
  try {
    const lines: string[] = []
    for await (const line of createInterface({ input: npm.stdout, signal })) {
      lines.push(line)
      if (until.test(line)) npm.kill('SIGTERM')
    }
    return lines
  } finally {
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

test('a SIGTERM to npm run demo -- --keep left the demo running', { timeout: 2 * PATIENCE_MS }, async () => {
  await using folder = await openFolder()
  const env = { npm_config_cache: join(folder.path, 'npm'), TMPDIR: folder.path }
  const args = ['run', 'demo', '--silent', '--', '--keep', '--lang', 'en']
  expect(await stopNpm({ args, env, until: /test_success_3s/ })).not.toEqual([])
  // Its folder is gone, so it has stopped in order.
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
