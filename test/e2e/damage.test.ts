import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { damageTable } from '../support/damage.ts'
import { runCli } from '../support/run-cli.ts'
import { ADMIN_TOKEN, openFolder, openService, serviceEnvironment } from '../support/service.ts'
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
  expect(next.stderr).toMatch(/^the database is damaged \(.*\): run "restore" with the last backup.*\n$/)
})

test('a running service names a value that cannot be decrypted once, and answers what needs it with 503', async () => {
  await using folder = await openFolder()
  const env = serviceEnvironment({ folder: folder.path, upstreamUrl: 'http://127.0.0.1:9/result' })
  const create = async (name: string) => {
    await using service = await openService(env)
    return await createAdminClient(service.url, ADMIN_TOKEN).createPartner(name)
  }
  const [damaged, sound] = [await create('damaged'), await create('sound')]
  const file = new Database(join(folder.path, 'notifier.db'))
  file.prepare("UPDATE signing_secrets SET secret = x'00112233' WHERE partner_id = ?").run(damaged.partnerId)
  file.close()

  await using service = await openService(env)
  const eventsOf = (apiKey: string) => createApiClient(service.url, apiKey).call('GET', '/v1/events')
  for (let n = 0; n < 2; n++) expect(await eventsOf(damaged.apiKey)).toMatchObject({ status: 503 })
  expect(await eventsOf(sound.apiKey)).toMatchObject({ status: 200 })
  const told = service.log.filter(({ event }) => event === 'value.unreadable')
  expect(told).toMatchObject([{ level: 'error', table: 'signing_secrets' }])
})
