import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { openScene } from './stage.ts'

const ROOT = join(import.meta.dirname, '../..')
const PATIENCE_MS = 20_000

test('a SIGTERM to npm start ended npm only, and left the service running', { timeout: 2 * PATIENCE_MS }, async () => {
  await using scene = await openScene()
  const npm = spawn('npm', ['start', '--silent'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, npm_config_cache: join(scene.folder, 'npm'), ...scene.env },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own: whatever is left of it is killed below.
    detached: true,
  })
  const signal = AbortSignal.timeout(PATIENCE_MS)
  try {
    const events: string[] = []
    for await (const line of createInterface({ input: npm.stdout, signal })) {
      const { event } = JSON.parse(line) as { event: string }
      events.push(event)
      if (event === 'listening') npm.kill('SIGTERM')
    }
    // The end of stdout: nobody has it open any more.
    expect(events.at(-1)).toBe('service.stopped')
  } finally {
    killGroup(npm.pid)
    if (npm.exitCode === null && npm.signalCode === null) await once(npm, 'exit')
  }
})

const killGroup = (pid: number | undefined) => {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}
