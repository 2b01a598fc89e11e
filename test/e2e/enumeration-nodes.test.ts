import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAdminClient, createApiClient, eventually } from '../support/api-client.ts'
import { openTestServer, type TestServer } from '../support/postgres.ts'
import { ADMIN_TOKEN, type Environment, openService } from '../support/service.ts'
import { openScene } from './stage.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

let databases = 0

/** Two nodes that serve and two that poll, on one database, with two partners. */
const openCluster = async () => {
  await using stack = new AsyncDisposableStack()
  const scene = stack.use(
    await openScene({
      DATABASE_URL: await server.createDatabase(`enumerated_${++databases}`),
      MASTER_KEY: randomBytes(32).toString('base64'),
      UPSTREAM_TIMEOUT: '5s',
      NOT_FOUND_GRACE: '0s',
    }),
  )
  const start = async (more: Environment) => stack.use(await openService({ ...scene.env, ...more }))
  const apis = [await start({ ROLES: 'api' }), await start({ ROLES: 'api' })]
  const pollers = [await start({ ROLES: 'poll' }), await start({ ROLES: 'poll' })]
  const admin = createAdminClient(apis[0]?.url ?? '', ADMIN_TOKEN)
  const partner = await admin.createPartner('first')
  const other = await admin.createPartner('other')
  const opened = stack.move()
  const call = ({ url }: { url: string }, key: string, serials: readonly string[]) => {
    const registrations = serials.map(idcardid => ({ idcardid, callbackUrl: scene.receiver.urlFor('/hook') }))
    return createApiClient(url, key).call('POST', '/v1/registrations/batch', { registrations })
  }
  return {
    ...{ ...scene, apis, pollers, partner, other, call },
    start: async (more: Environment) => opened.use(await openService({ ...scene.env, ...more })),
    /** By what each of the nodes answers a batch of the partner, in turn until all refuse it. */
    slowedAt: async (nodes: readonly { url: string }[], apiKey: string): Promise<void> => {
      for (const node of nodes) {
        const serials = ['batch-1', 'batch-2']
        const refused = await eventually(
          () => call(node, apiKey, serials),
          ({ status }) => status === 429,
        )
        expect(refused.body).toMatchObject({ detail: expect.stringContaining('look enumerated') })
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const upTo = (count: number, name: string) => Array.from({ length: count }, (_, n) => `${name}-${n * 7_919}`)

test('a partner that registered unknown serials was slowed down by no node that serves, where others poll', {
  timeout: 60_000,
}, async () => {
  await using cluster = await openCluster()
  const { upstream, apis, pollers, partner, other, call } = cluster
  upstream.setDefault({ code: 4061 })
  const [first, second] = [apis[0] as { url: string }, apis[1] as { url: string }]
  expect((await call(first, partner.apiKey, upTo(30, 'a'))).status).toBe(200)
  expect((await call(second, partner.apiKey, upTo(30, 'b'))).status).toBe(200)
  await cluster.slowedAt(apis, partner.apiKey)
  const warnings = [...apis, ...pollers].flatMap(({ log }) => log.filter(({ event }) => event === 'partner.suspected'))
  expect(warnings).toMatchObject([{ partnerId: partner.partnerId, sign: 'serials_unknown' }])
  expect((await call(second, other.apiKey, ['other-1', 'other-2'])).status).toBe(200)
  // Nor is it fast again after a restart.
  const again = await cluster.start({ ROLES: 'api' })
  expect((await call(again, partner.apiKey, ['batch-1', 'batch-2'])).status).toBe(429)
})
