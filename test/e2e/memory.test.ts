import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { residentMb } from '../../bench/support/machine.ts'
import { createAdminClient } from '../support/api-client.ts'
import { ADMIN_TOKEN, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

const isLinux = process.platform === 'linux'
const textOf = (pid: number, name: 'cmdline' | 'environ'): string => readFileSync(`/proc/${pid}/${name}`, 'utf8')

test.skipIf(!isLinux)('started by src/cli.ts the service had no limit of memory, which npm start set', async () => {
  await using scene = await openScene()
  await using service = await spawnService(scene.env, scene.folder)
  // It is still the process that was started.
  expect(textOf(service.pid, 'cmdline')).toMatch(/--max-semi-space-size=8\0.*bin\.js\0serve\0$/)
  expect(textOf(service.pid, 'environ')).toContain('MALLOC_ARENA_MAX=2')
  await createAdminClient(service.url, ADMIN_TOKEN).createPartner('partner')
  // At rest it has about 110 MB, and some 30 more where nothing was compiled before.
  expect(residentMb(service.pid)).toBeLessThan(220)
})

test.skipIf(!isLinux)('leaves a limit of memory that somebody has set as it is', async () => {
  await using scene = await openScene({ NODE_OPTIONS: '--max-semi-space-size=32' })
  await using service = await spawnService(scene.env, scene.folder)
  expect(textOf(service.pid, 'cmdline')).not.toContain('--max-semi-space-size')
})
