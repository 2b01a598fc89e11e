import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFolder, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

const ROOT = join(import.meta.dirname, '../..')

test('SIGUSR1 opened the debugger, which shows all secrets; relaxed settings are told at the start', async () => {
  await using scene = await openScene({ SANDBOX: 'true' })
  await using service = await spawnService(scene.env, scene.folder)
  service.kill('SIGUSR1')
  const line = await service.line(text => text.includes('"event":"debugger.refused"'))
  expect(JSON.parse(line)).toMatchObject({ level: 'warn', signal: 'SIGUSR1' })
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
  expect(service.texts.stderr).toBe('')
  const lines = service.texts.stdout.trimEnd().split('\n')
  const relaxed = lines.map(text => JSON.parse(text)).filter(({ event }) => event === 'setting.relaxed')
  expect(relaxed.map(({ level, setting }) => [level, setting])).toEqual([
    ['warn', 'SANDBOX'],
    ['warn', 'CALLBACK_ALLOW_HTTP'],
    ['warn', 'CALLBACK_ALLOW_NETWORKS'],
  ])
})

test.each(['--inspect=0', '--inspect=127.0.0.1:0'])('%s is refused', async option => {
  await using folder = await openFolder()
  const args = [option, join(ROOT, 'src/cli.ts'), 'partner', 'list']
  const child = spawn(join(ROOT, 'node_modules/.bin/node'), args, {
    cwd: folder.path,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  expect(code).toBe(2)
  expect(stderr).toContain('--inspect: opens the debugger')
})
