import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFolder, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

const ROOT = join(import.meta.dirname, '../..')

test('SIGUSR1 opened the debugger, which shows all secrets', async () => {
  await using scene = await openScene()
  await using service = await spawnService(scene.env, scene.folder)
  service.kill('SIGUSR1')
  const line = await service.line(text => text.includes('"event":"debugger.refused"'))
  expect(JSON.parse(line)).toMatchObject({ level: 'warn', signal: 'SIGUSR1' })
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
  expect(service.texts.stderr).toBe('')
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
