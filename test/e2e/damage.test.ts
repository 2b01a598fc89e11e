import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onFile } from '../store/support/files.ts'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { ADMIN_TOKEN, openFolder, openService, serviceEnvironment } from '../support/service.ts'

test('a running service names a value that cannot be decrypted once, and answers what needs it with 503', async () => {
  await using folder = await openFolder()
  const env = serviceEnvironment({ folder: folder.path, upstreamUrl: 'http://127.0.0.1:9/result' })
  const create = async (name: string) => {
    await using service = await openService(env)
    return await createAdminClient(service.url, ADMIN_TOKEN).createPartner(name)
  }
  const [damaged, sound] = [await create('damaged'), await create('sound')]
  const damage = "UPDATE signing_secrets SET secret = x'00112233' WHERE partner_id = ?"
  onFile(join(folder.path, 'notifier.db'), file => file.prepare(damage).run(damaged.partnerId))

  await using service = await openService(env)
  const eventsOf = (apiKey: string) => createApiClient(service.url, apiKey).call('GET', '/v1/events')
  for (let n = 0; n < 2; n++) expect(await eventsOf(damaged.apiKey)).toMatchObject({ status: 503 })
  expect(await eventsOf(sound.apiKey)).toMatchObject({ status: 200 })
  const told = service.log.filter(({ event }) => event === 'value.unreadable')
  expect(told).toMatchObject([{ level: 'error', table: 'signing_secrets' }])
})
