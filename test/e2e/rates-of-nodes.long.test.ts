import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createAdminClient, createApiClient, eventually } from '../support/api-client.ts'
import { useServer } from '../support/postgres-server.ts'
import { ADMIN_TOKEN, type Environment, openService } from '../support/service.ts'
import { openScene } from './stage.ts'

const { newDatabase } = useServer()

/** A number of nodes on one database. */
const openCluster = async (count: number, settings: Environment) => {
  await using stack = new AsyncDisposableStack()
  const scene = stack.use(
    await openScene({
      DATABASE_URL: (await newDatabase()).url,
      MASTER_KEY: randomBytes(32).toString('base64'),
      ...settings,
    }),
  )
  const urls: string[] = []
  for (let n = 0; n < count; n++) urls.push(stack.use(await openService(scene.env)).url)
  const opened = stack.move()
  return {
    ...{ ...scene, urls, admin: createAdminClient(urls[0] ?? '', ADMIN_TOKEN) },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

test('four nodes allowed a key four times its rate', { timeout: 60_000 }, async () => {
  await using cluster = await openCluster(4, { API_RATE: '10' })
  const { urls, admin } = cluster
  let partners = 0
  /** The burst of an unused key, which is 20. */
  const allowed = async (): Promise<number> => {
    const { apiKey } = await admin.createPartner(`partner ${++partners}`)
    // The operator's token has this rate, too.
    if (!apiKey) return Number.POSITIVE_INFINITY
    const statuses = await Promise.all(
      urls.flatMap(url => Array.from({ length: 30 }, () => createApiClient(url, apiKey).call('GET', '/v1/me'))),
    )
    return statuses.filter(({ status }) => status === 200).length
  }
  // Each node looks every 5 s how many there are. While the calls last, some more are allowed.
  const seen = await eventually(allowed, count => count < 60)
  expect(seen).toBeGreaterThanOrEqual(40)
})
