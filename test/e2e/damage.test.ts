import { join } from 'node:path'
import { expect, test } from 'vitest'
import { damageTable } from '../support/damage.ts'
import { runCli } from '../support/service.ts'
import { openScene } from './stage.ts'

const ADVICE = 'the database is damaged: do not start again before you have read "A damaged database"'

test('a start and a command on a damaged database said only that it cannot be used now', async () => {
  await using scene = await openScene()
  const at = { cwd: scene.folder, env: scene.env }
  expect(await runCli(['migrate'], at)).toMatchObject({ code: 0 })
  const path = join(scene.folder, 'notifier.db')
  damageTable(path, 'partners')
  damageTable(path, 'accounts')

  const start = await runCli(['serve'], at)
  expect(start).toMatchObject({ code: 2, stdout: expect.not.stringContaining('listening') })
  expect(start.stderr).toContain(ADVICE)
  const command = await runCli(['partner', 'list'], at)
  expect(command.code).toBe(1)
  expect(command.stderr).toContain(ADVICE)

  const next = await runCli(['serve'], at)
  expect(next.code).toBe(2)
  expect(next.stderr).toMatch(/^the database is damaged \(.*\): keep the file .*\n$/)
})
